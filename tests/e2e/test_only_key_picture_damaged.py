"""A short film whose only key picture is damaged, or lost: the reference fits all the same."""

from __future__ import annotations

import random
from fractions import Fraction
from pathlib import Path

import pytest

from mediarescue.api import untrunc
from mediarescue.errors import ReferenceMismatchError
from mediarescue.isobmff import ByteSource, SampleTable, expand, read_movie
from tests.conftest import Clips
from tests.support.boxes import mdat_of
from tests.support.breaking import drop_moov
from tests.support.clips import AudioSpec, ClipSpec, VideoSpec
from tests.support.hashes import Frozen


def spec(codec: str, seed: int, size: tuple[int, int] = (320, 240)) -> ClipSpec:
    """Return a film of 30 pictures with one key picture, and sound."""
    options = (("g", "250"),) if codec == "libx264" else (("x265-params", "keyint=250:log-level=none"),)
    video = VideoSpec(codec, options=options, frames=30, size=size, seed=seed)
    return ClipSpec(video=(video,), audio=(AudioSpec(seconds=Fraction(6, 5), seed=seed),))


def pictures(path: Path) -> SampleTable:
    """Return the true samples of the video track."""
    with ByteSource.open(path) as source:
        return expand(next(t for t in read_movie(source).tracks if t.handler == b"vide").stbl)


@pytest.mark.parametrize("codec", ["libx264", "libx265"])
@pytest.mark.parametrize("zeros", [True, False])
def test_pictures_behind_a_damaged_key_picture_tell_that_the_reference_fits(
    codec: str, zeros: bool, clips: Clips, tmp_path: Path, frozen_input: Frozen
) -> None:
    take, reference = clips.clip(f"{codec}-take.mp4", spec(codec, 5)), clips.clip(f"{codec}-ref.mp4", spec(codec, 6))
    key = pictures(take)
    data = bytearray(drop_moov(take, tmp_path / "broken.mp4").read_bytes())
    start, size = int(key.offset[0]) + int(key.size[0]) // 2, int(key.size[0]) // 3
    data[start : start + size] = bytes(size) if zeros else random.Random(3).randbytes(size)
    (tmp_path / "broken.mp4").write_bytes(data)
    report = untrunc(frozen_input(tmp_path / "broken.mp4"), reference=reference)
    assert report.tracks[0].samples == 30


def test_a_film_that_begins_behind_its_only_key_picture_is_rescued(
    clips: Clips, tmp_path: Path, frozen_input: Frozen
) -> None:
    take, reference = clips.clip("libx264-take.mp4", spec("libx264", 5)), clips.clip("x-ref.mp4", spec("libx264", 6))
    true = pictures(take)
    carved = tmp_path / "carved.mp4"
    carved.write_bytes(take.read_bytes()[int(true.offset[4]) : mdat_of(take).end])
    report = untrunc(frozen_input(carved), reference=reference)
    assert (report.tracks[0].samples, report.tracks[0].sync_samples) == (26, 0)


@pytest.mark.parametrize("zeros", [True, False])
def test_a_damaged_key_picture_hides_no_reference_of_another_frame_size(
    zeros: bool, clips: Clips, tmp_path: Path, frozen_input: Frozen
) -> None:
    take = clips.clip("libx264-take.mp4", spec("libx264", 5))
    reference = clips.clip("libx264-small.mp4", spec("libx264", 6, (192, 144)))
    key = pictures(take)
    data = bytearray(drop_moov(take, tmp_path / "broken.mp4").read_bytes())
    start, size = int(key.offset[0]) + int(key.size[0]) // 2, int(key.size[0]) // 3
    data[start : start + size] = bytes(size) if zeros else random.Random(3).randbytes(size)
    (tmp_path / "broken.mp4").write_bytes(data)
    with pytest.raises(ReferenceMismatchError, match="does not fit"):
        untrunc(frozen_input(tmp_path / "broken.mp4"), reference=reference)
