"""A rescue by a saved camera profile is the rescue by the film it was made of, byte for byte."""

from __future__ import annotations

from pathlib import Path

import pytest

from mediarescue.api import save_profile, untrunc
from tests.conftest import Clips
from tests.support.breaking import drop_moov
from tests.support.codecs import CODEC_CLIPS

PRESETS = ("h264_b", "h264_slices4", "hevc_b", "aac_51")


def rescued_both_ways(take: Path, reference: Path, folder: Path, *, pictures: bool = True) -> tuple[bytes, bytes]:
    broken = drop_moov(take, folder / f"broken{take.suffix}")
    profile = folder / "camera.json"
    save_profile(reference, profile, pictures=pictures)
    out = []
    for number, ref in enumerate((reference, profile)):
        report = untrunc(broken, reference=ref, output=folder / f"out{number}{take.suffix}")
        assert report.output is not None
        out.append(Path(report.output).read_bytes())
    return out[0], out[1]


@pytest.mark.parametrize("name", sorted(CODEC_CLIPS))
def test_a_profile_rescues_each_codec_as_the_film_does(name: str, clips: Clips, tmp_path: Path) -> None:
    pair = clips.codec(CODEC_CLIPS[name])
    by_film, by_profile = rescued_both_ways(pair.take, pair.reference, tmp_path)
    assert by_film == by_profile


@pytest.mark.parametrize("preset", PRESETS)
def test_a_profile_rescues_camera_films_as_the_film_does_and_is_small(
    preset: str, clips: Clips, tmp_path: Path
) -> None:
    pair = clips.pair(preset)
    by_film, by_profile = rescued_both_ways(pair.take, pair.reference, tmp_path, pictures=False)
    assert by_film == by_profile
    assert (tmp_path / "camera.json").stat().st_size < 100_000
