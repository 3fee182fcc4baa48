"""Metadata of any form beside pictures and sound, and tracks that nobody can recognise."""

from __future__ import annotations

import random
import struct
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from mediarescue.api import untrunc
from mediarescue.errors import ReferenceMismatchError
from tests.support.boxes import tables_of
from tests.support.breaking import cut, drop_moov
from tests.support.clips import AudioSpec, ClipSpec, VideoSpec, make_clip
from tests.support.remux import tracks_of
from tests.support.synthetic import SyntheticTrack, tmcd_track, write_movie

_STEADY = (("x264-params", "bframes=0:keyint=15"),)


def film(folder: Path, seed: int, frames: int) -> tuple[SyntheticTrack, SyntheticTrack]:
    """Return the H.264 and the AAC track of a clip."""
    video = VideoSpec(options=_STEADY, frames=frames, seed=seed)
    audio = AudioSpec(seconds=Fraction(frames, 25), seed=seed)
    video_track, audio_track = tracks_of(
        make_clip(folder / f"clip-{seed}.mp4", ClipSpec(video=(video,), audio=(audio,)))
    )
    return video_track, audio_track


def noise_track(
    handler: bytes, kind: bytes, seed: int, count: int, sizes: tuple[int, int], entry: bytes
) -> SyntheticTrack:
    noise = random.Random(seed)
    samples = tuple(noise.randbytes(noise.randrange(*sizes)) for _ in range(count))
    return SyntheticTrack(handler, kind, samples, timescale=25, duration=1, entry=entry)


def samples_of(path: Path) -> dict[bytes, list[bytes]]:
    data = path.read_bytes()
    found: dict[bytes, list[bytes]] = {}
    for table in tables_of(path):
        found.setdefault(table.handler, []).extend(
            data[at : at + size] for at, size in zip(table.offsets, table.sizes, strict=True)
        )
    return found


def test_metadata_of_unknown_sizes_does_not_swallow_the_last_sound(tmp_path: Path) -> None:
    """The last AAC frame stands alone behind a sample that could be of any size."""
    for name, seed, frames in (("reference.mp4", 1, 80), ("take.mp4", 2, 60)):
        video, audio = film(tmp_path, seed, frames)
        meta = noise_track(b"meta", b"mett", seed, frames, (40, 400), b"\0app/x\0")
        write_movie(tmp_path / name, (video, replace(audio, samples=audio.samples[: frames + 1]), meta))
    broken = drop_moov(tmp_path / "take.mp4", tmp_path / "broken.mp4")
    report = untrunc(broken, reference=tmp_path / "reference.mp4", output=tmp_path / "out.mp4")
    assert samples_of(tmp_path / "out.mp4") == samples_of(tmp_path / "take.mp4")
    assert not report.gaps


def test_two_timecodes_are_told_apart_by_their_order(tmp_path: Path) -> None:
    for name, seed, frames in (("reference.mp4", 1, 80), ("take.mp4", 2, 60)):
        video, audio = film(tmp_path, seed, frames)
        write_movie(tmp_path / name, (video, audio, tmcd_track(7 * seed), tmcd_track(1000 + seed)))
    broken = drop_moov(tmp_path / "take.mp4", tmp_path / "broken.mp4")
    report = untrunc(broken, reference=tmp_path / "reference.mp4", output=tmp_path / "out.mp4")
    assert samples_of(tmp_path / "out.mp4") == samples_of(tmp_path / "take.mp4")
    assert samples_of(tmp_path / "out.mp4")[b"tmcd"] == [struct.pack(">I", 14), struct.pack(">I", 1002)]
    assert report.exit_code == 0


@pytest.mark.parametrize("end", ["whole", "cut"])
def test_sound_of_an_unknown_codec_is_named_and_not_invented(tmp_path: Path, end: str) -> None:
    entry = struct.pack(">HHIHHHHI", 0, 0, 0, 2, 16, 0, 0, 44100 << 16)
    for name, seed, frames in (("reference.mp4", 1, 80), ("take.mp4", 2, 60)):
        video, _ = film(tmp_path, seed, frames)
        write_movie(tmp_path / name, (video, noise_track(b"soun", b"QDM9", seed, frames, (100, 700), entry)))
    take, broken = tmp_path / "take.mp4", tmp_path / "broken.mp4"
    kept = 0
    if end == "whole":
        drop_moov(take, broken)
    else:
        kept = cut(take, broken, 0.6)
    report = untrunc(broken, reference=tmp_path / "reference.mp4", output=tmp_path / "out.mp4")
    whole, got = samples_of(take), samples_of(tmp_path / "out.mp4")
    assert list(got) == [b"vide"]
    assert got[b"vide"] == whole[b"vide"][: len(got[b"vide"])]
    table = tables_of(take)[0]
    assert len(got[b"vide"]) == sum(
        not kept or at + size <= kept for at, size in zip(table.offsets, table.sizes, strict=True)
    )
    assert report.missing_tracks == ("2 (audio, QDM9, which is not supported)",)
    assert report.exit_code == 10


def test_a_film_of_sound_of_an_unknown_codec_is_refused_with_the_reason(tmp_path: Path) -> None:
    entry = struct.pack(">HHIHHHHI", 0, 0, 0, 2, 16, 0, 0, 44100 << 16)
    for name, seed in (("reference.mp4", 1), ("take.mp4", 2)):
        write_movie(tmp_path / name, (noise_track(b"soun", b"QDM9", seed, 60, (100, 700), entry),))
    broken = drop_moov(tmp_path / "take.mp4", tmp_path / "broken.mp4")
    with pytest.raises(ReferenceMismatchError, match="sound of the codec QDM9 is not supported"):
        untrunc(broken, reference=tmp_path / "reference.mp4", output=tmp_path / "out.mp4")
