from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from mediarescue import open_photo, process_photo
from mediarescue.errors import InputError
from mediarescue.media.planes import Plane
from mediarescue.media.stills.still import PhotoPlanes
from tests.support.jpegs import picture
from tests.support.photos import SAMPLES


def luma(planes: PhotoPlanes) -> list[Plane]:
    changed = planes.planes[0].copy()
    changed[3:9, 3:9] = 90
    return [changed, *planes.planes[1:]]


def alpha(planes: PhotoPlanes) -> list[Plane]:
    return [*planes.planes[:3], 255 - planes.planes[3]]


def saved(image: Image.Image, **options: Any) -> bytes:
    made = io.BytesIO()
    image.save(made, "WEBP", **options)
    return made.getvalue()


def sample(name: str) -> bytes:
    return next(s for s in SAMPLES if s.name == name).build()


def test_alpha_of_lossy_files_stays_byte_for_byte_where_it_is_not_changed(tmp_path: Path) -> None:
    source, target = tmp_path / "a.webp", tmp_path / "b.webp"
    source.write_bytes(data := sample("webp-lossy-alpha"))
    process_photo(source, target, filter=luma)
    at = data.index(b"ALPH")
    end = at + 8 + int.from_bytes(data[at + 4 : at + 8], "little")
    assert data[at:end] in target.read_bytes()


def test_new_alpha_of_lossy_files_is_exact(tmp_path: Path) -> None:
    source, target = tmp_path / "a.webp", tmp_path / "b.webp"
    source.write_bytes(sample("webp-lossy-alpha"))
    process_photo(source, target, filter=alpha)
    with Image.open(source) as was, Image.open(target) as now:
        assert np.array_equal(255 - np.asarray(was)[:, :, 3], np.asarray(now)[:, :, 3])


def test_colours_under_full_transparency_survive(tmp_path: Path) -> None:
    image = picture(60, 40).convert("RGBA")
    image.putalpha(0)
    source, target = tmp_path / "a.webp", tmp_path / "b.webp"
    source.write_bytes(saved(image, lossless=True, exact=True))
    process_photo(source, target, filter=luma)
    with Image.open(target) as made:
        assert (np.asarray(made)[20:, :, :3] == np.asarray(image)[20:, :, :3]).all()


@pytest.mark.parametrize("quality", [40, 75, 95])
def test_what_did_not_change_in_a_lossy_file_stays_close(tmp_path: Path, quality: int) -> None:
    source, target = tmp_path / "a.webp", tmp_path / "b.webp"
    source.write_bytes(saved(picture(300, 200), quality=quality))
    report = process_photo(source, target, filter=luma)
    assert "coded again" in report.notes[0]
    with open_photo(source) as one, open_photo(target) as other:
        error = one.planes.planes[0][16:].astype(float) - other.planes.planes[0][16:]
    assert 10 * np.log10(255**2 / (error**2).mean()) > 44


def test_an_animation_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.webp"
    path.write_bytes(saved(picture(40, 30), save_all=True, append_images=[picture(40, 30, 1)]))
    with pytest.raises(InputError, match="animated WebP"):
        open_photo(path)


def test_a_cut_file_says_how_much_is_there(tmp_path: Path) -> None:
    path = tmp_path / "a.webp"
    path.write_bytes(saved(picture(300, 200))[:-1000])
    with pytest.raises(InputError, match=r"cut short: \d\d % of the file"):
        open_photo(path)


def test_what_follows_the_file_is_kept(tmp_path: Path) -> None:
    source, target = tmp_path / "a.webp", tmp_path / "b.webp"
    source.write_bytes(saved(picture(60, 40)) + b"something behind")
    process_photo(source, target, filter=luma)
    assert target.read_bytes().endswith(b"something behind")
