"""PCM is found by lengths and by what follows: break -> rescue -> compare, for each form of table."""

from __future__ import annotations

from pathlib import Path

import pytest

from mediarescue.api import untrunc
from tests.conftest import Clips
from tests.e2e.test_rescue_codecs import assert_same, contents
from tests.support.boxes import tables_of
from tests.support.breaking import assert_rescued_like, cut_at, drop_moov
from tests.support.codecs import CODEC_CLIPS
from tests.support.hashes import Frozen

NAMES = sorted(name for name in CODEC_CLIPS if name.startswith("pcm_"))


@pytest.mark.parametrize("name", NAMES)
def test_sound_without_a_mark_comes_back_whole(name: str, clips: Clips, tmp_path: Path, frozen_input: Frozen) -> None:
    clip = CODEC_CLIPS[name]
    pair = clips.codec(clip)
    broken = frozen_input(drop_moov(pair.take, tmp_path / f"broken{clip.suffix}"))
    report = untrunc(broken, reference=pair.reference)
    assert report.output is not None
    assert_same(clip, pair.take, Path(report.output))
    whole, rescued = tables_of(pair.take), tables_of(Path(report.output))
    assert [track.dts for track in rescued] == [track.dts for track in whole]
    assert report.exit_code == 0


@pytest.mark.parametrize("name", NAMES)
def test_a_cut_leaves_whole_frames(name: str, clips: Clips, tmp_path: Path, frozen_input: Frozen) -> None:
    clip = CODEC_CLIPS[name]
    pair = clips.codec(clip)
    broken = tmp_path / f"broken{clip.suffix}"
    # a cut where all tracks could just end together is taken for their end
    sound = [at for table in tables_of(pair.take) if table.handler == b"soun" for at in table.offsets]
    size = sorted(sound)[len(sound) * 7 // 10] + 1001
    cut_at(pair.take, broken, size)
    report = untrunc(frozen_input(broken), reference=pair.reference)
    assert report.output is not None
    if clip.playable:
        assert_rescued_like(pair.take, Path(report.output), cut_at=size)
        return
    for (_, whole), (_, got) in zip(contents(pair.take), contents(Path(report.output)), strict=True):
        rescued = b"".join(got)
        assert b"".join(whole).startswith(rescued)
        assert len(rescued) > 0.5 * sum(map(len, whole))
