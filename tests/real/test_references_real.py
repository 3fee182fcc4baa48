"""Real films: a camera profile does what its film does, and the right film is found on a card of many cameras."""

from __future__ import annotations

from pathlib import Path

import pytest

from mediarescue.api import save_profile, untrunc
from mediarescue.options import UntruncOptions
from tests.real.test_real_pairs import PAIRS
from tests.support.breaking import drop_moov
from tests.support.hashes import Frozen
from tests.support.prefix import prefix_reference
from tests.support.shared import shared_media

pytestmark = pytest.mark.shared

PROFILED = (
    "gopro/hero7.mp4",
    "iphone_misc/dv84.mp4",
    "iphone_misc/sample_edit_list.mp4",
    "pixel_motionphoto/mv_with_2_top_shots.mp4",
    "misc_devices/quicktime-hvc1.mov",
)


def assert_same_rescue(film: Path, reference: Path, folder: Path) -> None:
    broken = drop_moov(film, folder / f"broken{film.suffix}")
    save_profile(reference, folder / "camera.json")
    rescued = []
    for number, ref in enumerate((reference, folder / "camera.json")):
        report = untrunc(broken, reference=ref, output=folder / f"{number}{film.suffix}")
        assert report.output is not None
        rescued.append(Path(report.output).read_bytes())
    assert rescued[0] == rescued[1]
    assert (folder / "camera.json").stat().st_size < 50_000


@pytest.mark.parametrize("name", sorted(PAIRS))
def test_a_profile_of_another_film_of_the_device_rescues_as_that_film(
    name: str, tmp_path: Path, frozen_input: Frozen
) -> None:
    film, reference = (frozen_input(shared_media(f"video/{path}")) for path in (name, PAIRS[name]))
    assert_same_rescue(film, reference, tmp_path)


@pytest.mark.parametrize("name", PROFILED)
def test_a_profile_of_the_beginning_rescues_as_the_beginning(name: str, tmp_path: Path, frozen_input: Frozen) -> None:
    film = frozen_input(shared_media(f"video/{name}"))
    assert_same_rescue(film, prefix_reference(film, tmp_path / f"good{film.suffix}", 0.4), tmp_path)


@pytest.mark.parametrize("name", sorted(PAIRS))
def test_the_film_of_the_same_device_is_found_among_all(name: str, tmp_path: Path) -> None:
    media = shared_media("video")
    broken = drop_moov(media / name, tmp_path / Path(name).name)
    card = tmp_path / "card"
    for film in sorted(path for path in media.rglob("*") if path.suffix.lower() in (".mp4", ".mov", ".3gp")):
        if film != media / name:
            link = card / film.relative_to(media)
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(film)
    report = untrunc(broken, reference=card, output=tmp_path / "out.mp4", options=UntruncOptions(dry_run=True))
    assert report.reference == str(card / PAIRS[name])
    assert all(candidate.verdict for candidate in report.candidates[1:])
