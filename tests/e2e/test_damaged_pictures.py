"""Pictures damaged in the middle of a film with PCM: what is lost is a gap, and the sound stays whole."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from mediarescue.api import untrunc
from tests.support.codecs._pictures import encoded_pictures, visual_entry
from tests.support.hashes import Frozen
from tests.support.synthetic import SyntheticTrack, pcm_track, write_movie

_SIZE = (640, 480)


def film(path: Path, seed: int) -> tuple[tuple[int, int], ...]:
    """Write JPEG images in chunks of five beside short runs of PCM; returns offset and size of the images."""
    images = encoded_pictures("mjpeg", 15, seed=seed, size=_SIZE, pix_fmt="yuvj420p", options={"qmax": "2"})
    entry = visual_entry(_SIZE)
    video = SyntheticTrack(b"vide", b"jpeg", tuple(images), timescale=8000, duration=100, entry=entry, per_chunk=5)
    return write_movie(path, (pcm_track(3, seed=seed, frames=500), video)).samples[1]


@pytest.mark.parametrize("zeros", [True, False])
def test_damaged_pictures_are_a_gap_and_no_sound(zeros: bool, tmp_path: Path, frozen_input: Frozen) -> None:
    reference, take = tmp_path / "reference.mov", tmp_path / "take.mov"
    film(reference, 1)
    images = film(take, 2)
    data = bytearray(take.read_bytes())
    data = data[: data.find(b"moov") - 4]
    start = images[6][0] + images[6][1] // 2
    end = images[8][0] + images[8][1] // 2
    data[start:end] = bytes(end - start) if zeros else random.Random(1).randbytes(end - start)
    broken = tmp_path / "broken.mov"
    broken.write_bytes(data)
    report = untrunc(frozen_input(broken), reference=reference)
    assert [(track.codec, track.samples) for track in report.tracks] == [("sowt", 1500), ("jpeg", 12)]
    lost = [(gap.offset, gap.size) for gap in report.gaps if not gap.expected]
    assert lost == [(images[6][0], images[9][0] - images[6][0])]
