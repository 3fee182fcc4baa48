"""Break -> rescue -> compare with the true tables, for every kind of generated clip."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from mediarescue.api import untrunc
from mediarescue.reports import TimingSource
from tests.conftest import Clips
from tests.support.breaking import MdatSize, assert_rescued_like, cut, drop_moov
from tests.support.hashes import Frozen
from tests.support.presets import PRESETS
from tests.support.shown import assert_no_picture_hidden

NAMES = sorted(PRESETS)
SIZES: tuple[MdatSize, ...] = ("zero", "true", "question_marks", "too_small", "too_large")
CASES = [(name, SIZES[(i + shift) % 5]) for i, name in enumerate(NAMES) for shift in (0, 2)]
CUT = (
    "audio_only_m4a",
    "h264_b",
    "h264_slices4",
    "hevc_b",
    "nal_length_2",
    "pcm_sowt_mov",
    "two_aac_long_chunks",
    "vfr",
)

_ESTIMATE = Fraction(90, 1000)
"""Where decode times vary they can only be estimated: the clip holds single frames twice as long as the others."""
_AV_ESTIMATE = Fraction(45, 1000)
_THREE_FRAMES = Fraction(3, 25)


def assert_like(name: str, take: Path, rescued: Path, cut_at: int | None = None) -> None:
    if PRESETS[name].timing_known:
        assert_rescued_like(take, rescued, cut_at=cut_at)
    else:
        assert_rescued_like(take, rescued, cut_at=cut_at, pts_tolerance=_ESTIMATE, av_tolerance=_AV_ESTIMATE)


@pytest.mark.parametrize(("name", "mdat_size"), CASES)
def test_a_take_without_moov_comes_back_whole(
    name: str, mdat_size: MdatSize, clips: Clips, tmp_path: Path, frozen_input: Frozen
) -> None:
    pair = clips.pair(name)
    broken = frozen_input(drop_moov(pair.take, tmp_path / f"broken{pair.take.suffix}", mdat_size=mdat_size))
    report = untrunc(broken, reference=pair.reference)
    assert report.output is not None
    assert_like(name, pair.take, Path(report.output))
    assert report.recovered_bytes == report.media_bytes
    assert [gap for gap in report.gaps if not gap.expected] == []
    assert report.warnings == ()
    if PRESETS[name].timing_known:
        assert report.exit_code == 0
    else:
        video = next(track for track in report.tracks if track.kind == "video")
        assert video.timing_source in (TimingSource.AUDIO_CLOCK, TimingSource.GUESSED)
        assert report.exit_code == 10


@pytest.mark.parametrize("name", NAMES)
def test_every_rescued_picture_is_shown(name: str, clips: Clips, tmp_path: Path) -> None:
    pair = clips.pair(name)
    broken = drop_moov(pair.take, tmp_path / f"broken{pair.take.suffix}")
    report = untrunc(broken, reference=pair.reference)
    assert report.output is not None
    assert_no_picture_hidden(Path(report.output))


CUT_CASES = [(name, fraction) for name in CUT for fraction in (0.35, 0.6, 0.9)]


@pytest.mark.parametrize(
    ("name", "fraction"),
    CUT_CASES,
)
def test_a_cut_take_comes_back_up_to_its_last_whole_sample(
    name: str, fraction: float, clips: Clips, tmp_path: Path, frozen_input: Frozen
) -> None:
    pair = clips.pair(name)
    broken = tmp_path / f"broken{pair.take.suffix}"
    size = cut(pair.take, broken, fraction, mdat_size="true")
    frozen_input(broken)
    report = untrunc(broken, reference=pair.reference)
    assert report.output is not None
    # Exact times at a cut are the next test's matter.
    tolerance = _THREE_FRAMES if PRESETS[name].timing_known else _ESTIMATE
    assert_rescued_like(pair.take, Path(report.output), cut_at=size, pts_tolerance=tolerance, av_tolerance=_AV_ESTIMATE)
    assert report.recovered_bytes == report.media_bytes - sum(gap.size for gap in report.gaps)


EXACT_CASES = [case for case in CUT_CASES if PRESETS[case[0]].timing_known]


@pytest.mark.parametrize(("name", "fraction"), EXACT_CASES)
def test_times_are_exact_up_to_a_cut(name: str, fraction: float, clips: Clips, tmp_path: Path) -> None:
    pair = clips.pair(name)
    broken = tmp_path / f"broken{pair.take.suffix}"
    size = cut(pair.take, broken, fraction)
    report = untrunc(broken, reference=pair.reference)
    assert report.output is not None
    assert_rescued_like(pair.take, Path(report.output), cut_at=size)
