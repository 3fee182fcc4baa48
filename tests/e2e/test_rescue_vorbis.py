"""Vorbis has no mark to know it by, but its packets are walked to their true ends."""

from __future__ import annotations

from pathlib import Path

import pytest

from mediarescue.api import untrunc
from tests.conftest import Clips
from tests.e2e.test_rescue_codecs import assert_same
from tests.support.breaking import cut, drop_moov
from tests.support.codecs import CODEC_CLIPS
from tests.support.hashes import Frozen


@pytest.mark.parametrize("name", ["vorbis_video", "vorbis_alone"])
@pytest.mark.parametrize("fraction", [1.0, 0.6])
def test_packets_without_a_mark_come_back(
    name: str, fraction: float, clips: Clips, tmp_path: Path, frozen_input: Frozen
) -> None:
    clip = CODEC_CLIPS[name]
    pair = clips.codec(clip)
    broken, size = tmp_path / "broken.mp4", None
    if fraction == 1.0:
        drop_moov(pair.take, broken)
    else:
        size = cut(pair.take, broken, fraction)
    report = untrunc(frozen_input(broken), reference=pair.reference)
    assert report.output is not None
    assert_same(clip, pair.take, Path(report.output), cut_at=size)
    assert [gap for gap in report.gaps if not gap.expected] == []
