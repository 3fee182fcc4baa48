"""VP9 takes: exact where what stands behind a frame can be recognised, though the frames tell no size."""

from __future__ import annotations

from pathlib import Path

import pytest

from mediarescue.api import untrunc
from tests.conftest import Clips
from tests.support.breaking import assert_rescued_like, drop_moov
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
