"""Takes that lack a track of the reference, and takes with one it has not: said, not guessed."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from mediarescue.api import untrunc
from mediarescue.recover.foreign import looks_like
from tests.support.boxes import tables_of
from tests.support.breaking import cut, drop_moov
from tests.support.clips import AudioSpec, ClipSpec, VideoSpec, make_clip
from tests.support.codecs import metadata as made
from tests.support.layout import rechunk
from tests.support.remux import tracks_of
from tests.support.synthetic import SyntheticTrack, gpmf_track, mebx_track, tmcd_track, write_movie

_NO_B = (("x264-params", "bframes=0:keyint=15"),)


def clip(path: Path, seed: int, frames: int, *sounds: str) -> Path:
    video = VideoSpec(options=_NO_B, frames=frames, seed=seed)
    audio = tuple(AudioSpec(codec, seconds=Fraction(frames, 25), seed=seed) for codec in sounds)
    return make_clip(path, ClipSpec("mov", (video,), audio))


def pictures(path: Path) -> list[bytes]:
    data = path.read_bytes()
    table = next(t for t in tables_of(path) if t.handler == b"vide")
    return [data[at : at + size] for at, size in zip(table.offsets, table.sizes, strict=True)]


def whole_pictures(path: Path, kept: int) -> list[bytes]:
    """Return the pictures in front of byte ``kept``; all for 0."""
    table = next(t for t in tables_of(path) if t.handler == b"vide")
    count = sum(not kept or at + size <= kept for at, size in zip(table.offsets, table.sizes, strict=True))
    return pictures(path)[:count]


def broken_ways(take: Path, folder: Path) -> list[tuple[Path, int]]:
    short = folder / "short.mov"
    kept = cut(take, short, 0.6)
    return [(drop_moov(take, folder / "whole.mov"), 0), (short, kept)]


@pytest.mark.parametrize("sound", ["aac", "pcm_s16le", "pcm_s24le"])
def test_sound_the_take_has_not_is_missed_and_not_invented(sound: str, tmp_path: Path) -> None:
    reference, take = clip(tmp_path / "r.mov", 1, 70, sound), clip(tmp_path / "t.mov", 2, 60)
    for broken, kept in broken_ways(take, tmp_path):
        out = tmp_path / f"{broken.stem}-out.mov"
        report = untrunc(broken, reference=reference, output=out)
        assert [table.handler for table in tables_of(out)] == [b"vide"]
        assert pictures(out) == whole_pictures(take, kept)
        assert len(report.missing_tracks) == 1
        assert report.missing_tracks[0].startswith("2 (audio, ")
        assert report.exit_code == 10


def test_metadata_the_take_has_not_is_a_warning(tmp_path: Path) -> None:
    tracks = tracks_of(clip(tmp_path / "r0.mov", 1, 70, "aac"))
    write_movie(tmp_path / "r.mov", (*tracks, gpmf_track(20), mebx_track(20), tmcd_track()))
    take = clip(tmp_path / "t.mov", 2, 60, "aac")
    report = untrunc(drop_moov(take, tmp_path / "b.mov"), reference=tmp_path / "r.mov", output=tmp_path / "o.mov")
    assert pictures(tmp_path / "o.mov") == pictures(take)
    assert [len(table.sizes) for table in tables_of(tmp_path / "o.mov")] == [len(t.sizes) for t in tables_of(take)]
    assert report.exit_code == 0
    assert sum("no sample of the reference's track" in warning for warning in report.warnings) == 3


@pytest.mark.parametrize("chunk_seconds", [0.0, 0.3])
@pytest.mark.parametrize(("sound", "name"), [("aac", "AAC audio"), ("ac3", "AC-3 audio"), ("pcm_s16le", "PCM audio")])
def test_sound_the_reference_has_not_is_named(sound: str, name: str, chunk_seconds: float, tmp_path: Path) -> None:
    reference, take = clip(tmp_path / "r.mov", 1, 70), clip(tmp_path / "t.mov", 2, 60, sound)
    if chunk_seconds and not sound.startswith("pcm"):
        take = rechunk(take, tmp_path / "laid.mov", chunk_seconds=chunk_seconds)
    for broken, kept in broken_ways(take, tmp_path):
        out = tmp_path / f"{broken.stem}-out.mov"
        report = untrunc(broken, reference=reference, output=out)
        assert pictures(out) == whole_pictures(take, kept)
        seen = [gap for gap in report.gaps if gap.reason == f"looks like {name}, of no track of the reference"]
        others = [gap for gap in report.gaps if gap not in seen and not gap.expected]
        assert sum(gap.size for gap in others) < 0.1 * sum(gap.size for gap in seen)
        assert any(f"look like {name}" in reservation for reservation in report.reservations)


def test_telemetry_the_reference_has_not_is_named(tmp_path: Path) -> None:
    reference = clip(tmp_path / "r.mov", 1, 70, "aac")
    write_movie(tmp_path / "t.mov", (*tracks_of(clip(tmp_path / "t0.mov", 2, 60, "aac")), gpmf_track(60)))
    report = untrunc(drop_moov(tmp_path / "t.mov", tmp_path / "b.mov"), reference=reference, output=tmp_path / "o.mov")
    assert pictures(tmp_path / "o.mov") == pictures(tmp_path / "t.mov")
    counts = [len(table.sizes) for table in tables_of(tmp_path / "t.mov")]
    assert [len(table.sizes) for table in tables_of(tmp_path / "o.mov")] == counts[:2]
    assert {gap.reason for gap in report.gaps} == {"looks like GoPro telemetry, of no track of the reference"}


def test_bytes_are_named_by_their_structure(tmp_path: Path) -> None:
    video, sound = tracks_of(clip(tmp_path / "c.mov", 3, 12, "aac"))
    sounds = {b"".join(sound.samples[:3]): "AAC audio", b"".join(video.samples[:2]): "H.264 video"}
    sounds |= {made_of(made.camm_samples): "camera motion metadata", made_of(made.rtmd_samples): "Sony metadata"}
    assert {looks_like(data) for data in sounds} == set(sounds.values())
    for data, name in sounds.items():
        assert looks_like(data) == name
    assert looks_like(bytes(3000)) == ""
    assert looks_like(replace(video, samples=()).entry[:20]) == ""


def made_of(samples: made.Samples) -> bytes:
    import random

    return b"".join(samples(random.Random(4), 6))


def test_a_film_of_other_pictures_stays_refused(tmp_path: Path) -> None:
    track = SyntheticTrack(b"meta", b"gpmd", gpmf_track(12).samples)
    write_movie(tmp_path / "t.mov", (track,))
    with pytest.raises(Exception, match="does not fit"):
        untrunc(
            drop_moov(tmp_path / "t.mov", tmp_path / "b.mov"),
            reference=clip(tmp_path / "r.mov", 1, 20),
            output=tmp_path / "o.mov",
        )


def test_pcm_beside_pictures_hides_none_where_the_reference_has_a_timecode(tmp_path: Path) -> None:
    video, sound = tracks_of(clip(tmp_path / "r.mov", 1, 70, "aac"), per_chunk=2)
    reference = tmp_path / "reference.mov"
    write_movie(reference, (video, sound, tmcd_track()))
    take = clip(tmp_path / "t.mov", 2, 60, "pcm_s16le")
    broken, out = drop_moov(take, tmp_path / "broken.mov"), tmp_path / "out.mov"
    report = untrunc(broken, reference=reference, output=out)
    assert pictures(out) == pictures(take)
    assert report.exit_code == 10
