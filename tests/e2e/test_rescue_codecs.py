"""Break -> rescue -> compare, for a clip of every codec in the registry."""

from __future__ import annotations

from pathlib import Path

import pytest

from mediarescue.api import untrunc
from tests.conftest import Clips
from tests.support.boxes import tables_of
from tests.support.breaking import MdatSize, assert_rescued_like, cut, drop_moov
from tests.support.codecs import CODEC_CLIPS, CodecClip
from tests.support.hashes import Frozen

EXACT = sorted(name for name, clip in CODEC_CLIPS.items() if clip.exact)
SIZES: tuple[MdatSize, ...] = ("zero", "question_marks", "too_large")


def contents(path: Path) -> list[tuple[bytes, list[bytes]]]:
    """Return handler and sample bytes of each track by the moov's own tables."""
    data = path.read_bytes()
    return [
        (table.handler, [data[at : at + size] for at, size in zip(table.offsets, table.sizes, strict=True)])
        for table in tables_of(path)
    ]


def assert_same(clip: CodecClip, take: Path, rescued: Path, cut_at: int | None = None) -> None:
    if clip.playable:
        assert_rescued_like(take, rescued, cut_at=cut_at)
        return
    whole, got = contents(take), contents(rescued)
    assert [handler for handler, _ in got] == [handler for handler, _ in whole]
    for (handler, samples), (_, found) in zip(whole, got, strict=True):
        assert found == samples[: len(found)], f"{handler!r}: other samples"
        assert len(found) == len(samples) or cut_at is not None, f"{handler!r}: {len(found)} of {len(samples)} samples"


@pytest.mark.parametrize("name", EXACT)
def test_a_take_without_moov_comes_back_whole(name: str, clips: Clips, tmp_path: Path, frozen_input: Frozen) -> None:
    clip = CODEC_CLIPS[name]
    pair = clips.codec(clip)
    size = SIZES[len(name) % len(SIZES)]
    broken = frozen_input(drop_moov(pair.take, tmp_path / f"broken{clip.suffix}", mdat_size=size))
    report = untrunc(broken, reference=pair.reference)
    assert report.output is not None
    assert_same(clip, pair.take, Path(report.output))
    assert report.recovered_bytes == report.media_bytes
    assert [gap for gap in report.gaps if not gap.expected] == []
    if clip.timing_known:
        assert report.exit_code == 0


@pytest.mark.parametrize("name", EXACT)
def test_a_take_cut_short_keeps_all_whole_samples(
    name: str, clips: Clips, tmp_path: Path, frozen_input: Frozen
) -> None:
    clip = CODEC_CLIPS[name]
    pair = clips.codec(clip)
    broken = tmp_path / f"broken{clip.suffix}"
    size = cut(pair.take, broken, 0.6)
    report = untrunc(frozen_input(broken), reference=pair.reference)
    assert report.output is not None
    assert_same(clip, pair.take, Path(report.output), cut_at=size)
