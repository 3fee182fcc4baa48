"""VP9 takes: exact where what stands behind a frame can be recognised, though the frames tell no size."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from mediarescue.api import untrunc
from tests.conftest import Clips
from tests.support.breaking import assert_rescued_like, drop_moov
from tests.support.clips import AudioSpec, ClipSpec, VideoSpec
from tests.support.codecs import CODEC_CLIPS
from tests.support.hashes import Frozen


@pytest.mark.parametrize("name", ["vp9", "vp9_hidden"])
def test_vp9_between_aac_comes_back_whole(name: str, clips: Clips, tmp_path: Path, frozen_input: Frozen) -> None:
    pair = clips.codec(CODEC_CLIPS[name])
    broken = frozen_input(drop_moov(pair.take, tmp_path / "broken.mp4"))
    report = untrunc(broken, reference=pair.reference)
    assert report.output is not None
    assert report.exit_code == 0
    assert_rescued_like(pair.take, Path(report.output))


def test_vp9_beside_opus_is_said_to_be_guesswork(clips: Clips, tmp_path: Path) -> None:
    def film(name: str, seed: int, frames: int) -> Path:
        video = VideoSpec("libvpx-vp9", frames=frames, seed=seed)
        sound = AudioSpec("libopus", 48000, content="music", seconds=Fraction(frames, 25), seed=seed)
        return clips.clip(name, ClipSpec(video=(video,), audio=(sound,)))

    broken = drop_moov(film("vp9-opus.mp4", 1, 30), tmp_path / "broken.mp4")
    report = untrunc(broken, reference=film("vp9-opus-reference.mp4", 2, 42))
    assert report.exit_code == 10
    assert [warning for warning in report.warnings if "neither VP9 nor Opus" in warning]
