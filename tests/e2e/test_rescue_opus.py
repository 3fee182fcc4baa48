"""Opus packets do not tell their length: most of them come back whole, and the report says that it is an estimate."""

from __future__ import annotations

from pathlib import Path

import pytest

from mediarescue.api import untrunc
from mediarescue.reports import TimingSource
from tests.conftest import Clips
from tests.support.boxes import tables_of
from tests.support.breaking import cut, drop_moov
from tests.support.codecs import CODEC_CLIPS
from tests.support.hashes import Frozen


def samples(path: Path, end: int | None = None) -> list[tuple[bytes, set[bytes]]]:
    """Return each track's handler and the bytes of its samples that lie below ``end``."""
    data = path.read_bytes()
    return [
        (
            t.handler,
            {data[at : at + n] for at, n in zip(t.offsets, t.sizes, strict=True) if end is None or at + n <= end},
        )
        for t in tables_of(path)
    ]


@pytest.mark.parametrize("name", ["opus_video", "opus_av1", "opus_hevc", "opus_alone", "opus_surround"])
@pytest.mark.parametrize("fraction", [1.0, 0.6])
def test_nearly_all_packets_come_back_and_are_called_estimates(
    name: str, fraction: float, clips: Clips, tmp_path: Path, frozen_input: Frozen
) -> None:
    pair = clips.codec(CODEC_CLIPS[name])
    broken = tmp_path / "broken.mp4"
    end = None
    if fraction == 1.0:
        drop_moov(pair.take, broken, mdat_size="true")
    else:
        end = cut(pair.take, broken, fraction, mdat_size="true")
    report = untrunc(frozen_input(broken), reference=pair.reference)
    assert report.output is not None
    whole, got = samples(pair.take, end), samples(Path(report.output))
    for (handler, true), (_, found), track in zip(whole, got, report.tracks, strict=True):
        right = len(true & found)
        assert right >= (0.85 if handler == b"soun" else 1.0) * len(true), f"{handler!r}: {right} of {len(true)}"
        assert right >= (0.85 if handler == b"soun" else 1.0) * len(found)
        if handler == b"soun":
            assert track.timing_source is TimingSource.GUESSED
    assert report.exit_code == 10
