"""A reference of another device whose PCM or captions could be anything: nothing foreign is taken for them."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from mediarescue.api import untrunc
from mediarescue.errors import ReferenceMismatchError
from tests.conftest import Clips
from tests.support.breaking import drop_moov
from tests.support.clips import AudioSpec, ClipSpec
from tests.support.codecs import CODEC_CLIPS
from tests.support.hashes import Frozen


def refused(take: Path, reference: Path, tmp_path: Path, frozen: Frozen) -> str:
    """Return why a reference is refused; nothing is written."""
    broken = drop_moov(take, tmp_path / f"broken{take.suffix}")
    before = sorted(tmp_path.iterdir())
    with pytest.raises(ReferenceMismatchError) as refusal:
        untrunc(frozen(broken), reference=frozen(reference))
    assert sorted(tmp_path.iterdir()) == before
    return str(refusal.value)


@pytest.mark.parametrize("take", ["hevc_b", "audio_only_m4a"])
@pytest.mark.parametrize("reference", ["pcm_sowt_mov", "pcm_in24_mov", "pcm_sowt_long_chunks_mov"])
def test_a_film_is_not_taken_for_the_pcm_of_another_camera(
    take: str, reference: str, clips: Clips, tmp_path: Path, frozen_input: Frozen
) -> None:
    refused(clips.pair(take).take, clips.pair(reference).reference, tmp_path, frozen_input)


@pytest.mark.parametrize("take", ["h264_no_b", "hevc_b", "aac_stereo", "audio_only_m4a"])
def test_a_film_is_not_taken_for_the_sound_of_a_recorder(
    take: str, clips: Clips, tmp_path: Path, frozen_input: Frozen
) -> None:
    sound = ClipSpec(container="mov", video=(), audio=(AudioSpec("pcm_s16le", 48000, seconds=Fraction(3)),))
    reference = clips.clip("recorder-alone.mov", sound)
    assert "does not fit" in refused(clips.pair(take).take, reference, tmp_path, frozen_input)


@pytest.mark.parametrize("reference", ["tx3g", "chapters"])
def test_a_film_with_two_zeros_is_no_empty_subtitle(
    reference: str, clips: Clips, tmp_path: Path, frozen_input: Frozen
) -> None:
    healthy = clips.codec(CODEC_CLIPS[reference]).reference
    refused(clips.pair("h264_open_gop").take, healthy, tmp_path, frozen_input)
