"""Kinds of MPEG-4 audio: the times of HE-AAC however it is signalled, and what happens to sound nobody can read."""

from __future__ import annotations

from pathlib import Path

import pytest

from mediarescue.api import untrunc
from mediarescue.errors import ReferenceMismatchError
from mediarescue.reports import TimingSource
from tests.conftest import Clips
from tests.support.aac_writer import CPE
from tests.support.boxes import tables_of
from tests.support.breaking import drop_moov, true_packets
from tests.support.codecs import CODEC_CLIPS
from tests.support.codecs.aac import KINDS, Kind, sound
from tests.support.hashes import Frozen
from tests.support.synthetic import write_movie

_LC = bytes.fromhex("121056e500")
XHE_AAC, ER_AAC_LD, ALS = (bytes.fromhex(config) for config in ("f948400000", "ba10000000", "f888400000"))
"""AudioSpecificConfigs of object types 42, 23 and 36, in the five bytes that FFmpeg's muxer gives to AAC LC."""


@pytest.mark.parametrize("name", KINDS)
def test_frames_last_as_long_as_the_reference_has_it(
    name: str, clips: Clips, tmp_path: Path, frozen_input: Frozen
) -> None:
    pair = clips.codec(CODEC_CLIPS[name])
    broken = frozen_input(drop_moov(pair.take, tmp_path / "broken.mp4"))
    report = untrunc(broken, reference=pair.reference)
    assert report.output is not None
    _, true = tables_of(pair.take)
    _, got = tables_of(Path(report.output))
    assert got.dts == true.dts
    assert [t.timing_source for t in report.tracks if t.kind == "audio"] == [TimingSource.BITSTREAM]


@pytest.mark.parametrize("config", [XHE_AAC, ER_AAC_LD, ALS])
def test_a_film_with_sound_nobody_can_read_keeps_its_pictures_and_names_the_track(
    config: bytes, clips: Clips, tmp_path: Path, frozen_input: Frozen
) -> None:
    pair = clips.pair("h264_no_b")
    take, reference = tmp_path / "take.mp4", tmp_path / "reference.mp4"
    for source, target in ((pair.take, take), (pair.reference, reference)):
        data = source.read_bytes()
        assert data.count(_LC) == 1
        target.write_bytes(data.replace(_LC, config))
    broken = frozen_input(drop_moov(take, tmp_path / "broken.mp4"))
    report = untrunc(broken, reference=frozen_input(reference))
    assert report.output is not None
    assert report.exit_code == 10
    assert report.missing_tracks == ("2 (audio, mp4a, which is not supported)",)
    true, got = true_packets(pair.take)[0], true_packets(Path(report.output))[0]
    assert [packet.digest for packet in got.packets] == [packet.digest for packet in true.packets]


def test_such_sound_alone_is_refused_with_a_reason(tmp_path: Path, frozen_input: Frozen) -> None:
    reference, broken = tmp_path / "reference.m4a", tmp_path / "broken.m4a"
    track = sound(Kind("1190", ((CPE,),), 48000, 1024), 1, 1.4)
    entry = track.entry.replace(bytes.fromhex("05021190"), bytes.fromhex("0502f948"))
    assert entry != track.entry
    write_movie(reference, (type(track)(b"soun", b"mp4a", track.samples, 48000, 1024, entry, 4),))
    write_movie(broken, (type(track)(b"soun", b"mp4a", track.samples[:60], 48000, 1024, entry, 4),), with_moov=False)
    with pytest.raises(ReferenceMismatchError, match="mp4a is not supported"):
        untrunc(frozen_input(broken), reference=frozen_input(reference), output=tmp_path / "out.m4a")
