"""Several tracks of one sound codec beside a picture: each frame goes back to its own track."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from mediarescue.api import untrunc
from tests.conftest import Clips
from tests.support.breaking import assert_rescued_like, cut, drop_moov
from tests.support.clips import AudioSpec, ClipSpec, VideoSpec
from tests.support.hashes import Frozen

_MP3 = AudioSpec("libmp3lame", 44100, content="music", bit_rate=128000)
_AC3 = AudioSpec("ac3", 48000, content="music", bit_rate=192000)


def other(sound: AudioSpec, **changes: Any) -> AudioSpec:
    return replace(sound, seed=9, frequency=900.0, content="noise", **changes)


SOUNDS = {
    "mp3_alike": (_MP3, other(_MP3)),
    "mp3_other_rate": (_MP3, other(_MP3, rate=48000)),
    "mp3_mono_and_stereo": (replace(_MP3, layout="mono", bit_rate=64000), other(_MP3)),
    "ac3_alike": (_AC3, other(_AC3)),
    "ac3_stereo_and_surround": (_AC3, other(_AC3, layout="5.1(side)", bit_rate=384000)),
}


def spec(name: str, scale: Fraction) -> ClipSpec:
    audio = tuple(replace(track, seconds=2 * scale) for track in SOUNDS[name])
    return ClipSpec("mp4", (VideoSpec(frames=int(50 * scale)),), audio)


@pytest.mark.parametrize("name", SOUNDS)
@pytest.mark.parametrize("part", [None, 0.6])
def test_two_tracks_of_one_codec_are_told_apart(
    name: str, part: float | None, clips: Clips, tmp_path: Path, frozen_input: Frozen
) -> None:
    take = clips.clip(f"{name}.mp4", spec(name, Fraction(1)))
    reference = clips.clip(f"{name}-reference.mp4", spec(name, Fraction(7, 5)))
    broken, size = tmp_path / "broken.mp4", None
    if part is None:
        drop_moov(take, broken)
    else:
        size = cut(take, broken, part)
    report = untrunc(frozen_input(broken), reference=reference)
    assert report.output is not None
    assert_rescued_like(take, Path(report.output), cut_at=size)
