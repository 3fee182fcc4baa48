"""Several tracks of one codec and one configuration: a recorder's six sound tracks, cameras of two and three lenses."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from mediarescue.api import untrunc
from tests.support.boxes import mdat_of, tables_of
from tests.support.breaking import cut, drop_moov
from tests.support.clips import AudioSpec, ClipSpec, VideoSpec, make_clip
from tests.support.layout import rechunk

_B = (("x264-params", "bframes=2:keyint=50"),)
_SECONDS = Fraction(6)


def _sound(*contents: str) -> tuple[AudioSpec, ...]:
    return tuple(
        AudioSpec(rate=48000, content=content, frequency=200.0 + 130 * n, seconds=_SECONDS, seed=n)
        for n, content in enumerate(contents, 1)
    )


def _lenses(count: int, codec: str = "libx264") -> tuple[VideoSpec, ...]:
    options = _B if codec == "libx264" else (("x265-params", "bframes=0:keyint=30"),)
    return tuple(
        VideoSpec(codec=codec, options=options, frames=int(25 * _SECONDS), seed=n) for n in range(1, count + 1)
    )


FILMS = {
    "six sounds, two silent": ClipSpec(
        video=_lenses(1), audio=_sound("music", "silence", "tone", "noise", "silence", "clicks")
    ),
    "six silent sounds": ClipSpec(video=_lenses(1), audio=_sound(*["silence"] * 6)),
    "three lenses": ClipSpec(video=_lenses(3), audio=_sound("tone")),
    "two lenses": ClipSpec(video=_lenses(2), audio=_sound("tone")),
    "two lenses without sound": ClipSpec(video=_lenses(2), audio=()),
    "two HEVC lenses": ClipSpec(video=_lenses(2, "libx265"), audio=_sound("music")),
}


def other(spec: ClipSpec) -> ClipSpec:
    """Return another take: longer, other pictures, another silence."""
    video = tuple(replace(v, seed=v.seed + 40, frames=v.frames * 4 // 3) for v in spec.video)
    audio = tuple(
        replace(a, seed=a.seed + 40, seconds=a.seconds * 4 / 3, frequency=a.frequency * 1.2) for a in spec.audio
    )
    return replace(spec, video=video, audio=audio)


def places(path: Path, kept: int = 0) -> list[list[tuple[int, int]]]:
    """Return where in the media each track's samples lie, those before byte ``kept`` of the file where it is given."""
    start = mdat_of(path).offset + mdat_of(path).header
    return [
        [(at - start, size) for at, size in zip(t.offsets, t.sizes, strict=True) if not kept or at + size <= kept]
        for t in tables_of(path)
    ]


@pytest.mark.parametrize(
    ("name", "chunk_seconds"),
    [(name, seconds) for name in FILMS for seconds in (0.0, 0.5) if not (seconds and name == "six silent sounds")],
)
def test_each_track_gets_its_own_samples(name: str, chunk_seconds: float, tmp_path: Path) -> None:
    take = make_clip(tmp_path / "take.mp4", FILMS[name])
    reference = make_clip(tmp_path / "reference.mp4", other(FILMS[name]))
    if chunk_seconds:
        take = rechunk(take, tmp_path / "take-laid.mp4", chunk_seconds=chunk_seconds)
        reference = rechunk(reference, tmp_path / "reference-laid.mp4", chunk_seconds=chunk_seconds)
    whole, short = drop_moov(take, tmp_path / "whole.mp4"), tmp_path / "short.mp4"
    kept = cut(take, short, 0.6)
    for broken, limit in ((whole, 0), (short, kept)):
        out = tmp_path / f"{broken.stem}-out.mp4"
        untrunc(broken, reference=reference, output=out)
        assert places(out) == places(take, limit), broken.stem


def test_silence_in_long_chunks_is_shared_out_evenly(tmp_path: Path) -> None:
    """Where the last but one of equal chunks ends nobody can tell: each track has all its frames, all alike."""
    spec = FILMS["six silent sounds"]
    take = rechunk(make_clip(tmp_path / "t.mp4", spec), tmp_path / "take.mp4", chunk_seconds=0.5)
    reference = rechunk(make_clip(tmp_path / "r.mp4", other(spec)), tmp_path / "reference.mp4", chunk_seconds=0.5)
    out = tmp_path / "out.mp4"
    untrunc(drop_moov(take, tmp_path / "broken.mp4"), reference=reference, output=out)
    got, whole = places(out), places(take)
    assert [len(track) for track in got] == [len(track) for track in whole]
    assert got[0] == whole[0]
    for mine, theirs in zip(got[1:], whole[1:], strict=True):
        assert mine[: len(mine) * 9 // 10] == theirs[: len(mine) * 9 // 10]
