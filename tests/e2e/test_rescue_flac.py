"""What a FLAC track's configuration says of the sound itself must not be the reference's."""

from __future__ import annotations

from pathlib import Path

from mediarescue.api import untrunc
from mediarescue.bitstream.flac import parse_stream_info
from mediarescue.isobmff import ByteSource
from mediarescue.recover.profile import learn_reference
from tests.conftest import Clips
from tests.support.breaking import drop_moov
from tests.support.codecs import CODEC_CLIPS
from tests.support.hashes import Frozen


def streaminfo(path: Path) -> bytes:
    with ByteSource.open(path) as source:
        track = next(t for t in learn_reference(source).tracks if t.codec == b"fLaC")
    payload = track.configuration(b"dfLa")
    assert payload is not None
    return payload[4:]


def test_length_and_checksum_of_the_reference_are_not_handed_on(
    clips: Clips, tmp_path: Path, frozen_input: Frozen
) -> None:
    pair = clips.codec(CODEC_CLIPS["flac"])
    broken = frozen_input(drop_moov(pair.take, tmp_path / "broken.mp4"))
    report = untrunc(broken, reference=pair.reference)
    assert report.output is not None
    theirs, got = streaminfo(pair.reference), streaminfo(Path(report.output))
    assert parse_stream_info(got) == parse_stream_info(theirs)
    assert any(theirs[22:38])
    assert not any(got[22:38])  # the MD5 of the sound
    assert int.from_bytes(got[14:22], "big") & 0xFFFFFFFFF == 0  # its samples
    assert not any(got[8:14])  # sizes of the smallest and the largest frame
    assert len(got) == len(theirs)
