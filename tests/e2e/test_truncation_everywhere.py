"""A tiny clip cut at every byte: each time all whole samples and nothing else, or one clear error; never a crash."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from mediarescue.api import untrunc
from mediarescue.errors import InputError, MediaRescueError, NothingRecoverableError
from mediarescue.options import UntruncOptions
from mediarescue.reports import UntruncReport
from tests.conftest import Clips
from tests.support.boxes import mdat_of, tables_of
from tests.support.breaking import drop_moov
from tests.support.clips import AudioSpec, ClipSpec, VideoSpec
from tests.support.hashes import Frozen, sha256
from tests.support.searching import Search

_DRY = UntruncOptions(dry_run=True)
_OPTIONS = (("x264-params", "bframes=2:b-adapt=0:keyint=5:scenecut=0"),)


def tiny(seed: int, frames: int) -> ClipSpec:
    return ClipSpec(
        video=(VideoSpec(frames=frames, size=(64, 48), options=_OPTIONS, seed=seed),),
        audio=(AudioSpec(layout="mono", seconds=Fraction(frames, 25), bit_rate=32000, seed=seed),),
    )


@pytest.fixture
def pair(clips: Clips) -> tuple[Path, Path]:
    """The take, under 8 kB of media, and a longer reference."""
    take = clips.clip("tiny-take.mp4", tiny(1, 9))
    assert 2500 < mdat_of(take).size < 8192
    return take, clips.clip("tiny-reference.mp4", tiny(7, 30))


Samples = list[tuple[int, int]]


def whole_samples(take: Path, size: int) -> dict[bytes, Samples]:
    """Return (offset, size) of each track's samples wholly below byte ``size``; tracks without any are left out."""
    kept = {
        table.handler: [(o, s) for o, s in zip(table.offsets, table.sizes, strict=True) if o + s <= size]
        for table in tables_of(take)
    }
    return {handler: samples for handler, samples in kept.items() if samples}


def test_identification_at_every_byte_finds_exactly_the_whole_samples(pair: tuple[Path, Path], tmp_path: Path) -> None:
    take, reference = pair
    mdat = mdat_of(take)
    broken = drop_moov(take, tmp_path / "broken.mp4", mdat_size="true")
    wrong: list[str] = []
    with Search(reference) as search:
        for size in range(mdat.end, mdat.offset + mdat.header, -1):
            with broken.open("r+b") as file:
                file.truncate(size)
            found, wanted = search.samples(broken), whole_samples(take, size)
            if found != wanted:
                counts = [{k.decode(): len(v) for k, v in side.items()} for side in (found, wanted)]
                wrong.append(f"{size}: {counts[0]}, not {counts[1]}")
    assert not wrong, f"{len(wrong)} of {mdat.size} cuts are wrong: {wrong[:8]}"


def test_a_file_cut_at_every_byte_gives_a_report_or_an_error_of_ours(
    pair: tuple[Path, Path], tmp_path: Path, frozen_input: Frozen
) -> None:
    """The whole program in its dry run: every byte of the head, every 7th of the media."""
    take, reference = pair
    mdat = mdat_of(take)
    broken = drop_moov(take, tmp_path / "broken.mp4")
    start = mdat.offset + mdat.header
    for size in [*range(mdat.end, start, -7), *range(start, -1, -1)]:
        with broken.open("r+b") as file:
            file.truncate(size)
        wanted = whole_samples(take, size)
        try:
            outcome: UntruncReport | MediaRescueError = untrunc(broken, reference=reference, options=_DRY)
        except MediaRescueError as error:
            outcome = error
        if isinstance(outcome, UntruncReport):
            samples = sum(len(samples) for samples in wanted.values())
            assert sum(track.samples for track in outcome.tracks) == samples, f"cut at {size}"
        else:
            assert b"vide" not in wanted, f"cut at {size}: {outcome}, but there are {len(wanted[b'vide'])} pictures"
            assert isinstance(outcome, NothingRecoverableError | InputError), f"cut at {size}: {outcome!r}"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["broken.mp4"]


@pytest.mark.parametrize("left", [1, 2, 3, 5, 8, 13])
def test_what_is_written_after_a_cut_are_the_original_bytes(pair: tuple[Path, Path], tmp_path: Path, left: int) -> None:
    take, reference = pair
    broken = drop_moov(take, tmp_path / "broken.mp4")
    mdat = mdat_of(take)
    with broken.open("r+b") as file:
        file.truncate(mdat.end - left * mdat.size // 20)
    before = sha256(broken)
    report = untrunc(broken, reference=reference)
    assert sha256(broken) == before
    assert report.output is not None
    data, original = Path(report.output).read_bytes(), take.read_bytes()
    for got, true in zip(tables_of(Path(report.output)), tables_of(take), strict=True):
        for i, (offset, size) in enumerate(zip(got.offsets, got.sizes, strict=True)):
            assert data[offset : offset + size] == original[true.offsets[i] : true.offsets[i] + true.sizes[i]]
