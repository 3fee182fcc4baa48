from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageOps

from mediarescue.media.orientation import stored, to_stored, to_upright, upright, upright_size

PLANE = np.arange(35, dtype=np.uint8).reshape(5, 7)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_picture_is_turned_as_other_programs_turn_it(orientation: int) -> None:
    picture = Image.fromarray(PLANE)
    exif = picture.getexif()
    exif[0x0112] = orientation
    turned = ImageOps.exif_transpose(picture)
    assert turned is not None
    assert np.array_equal(upright(PLANE, orientation), np.asarray(turned))
    assert upright_size(7, 5, orientation) == turned.size
    assert np.array_equal(stored(upright(PLANE, orientation), orientation), PLANE)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_place_that_a_user_names_is_found_in_the_stored_picture(orientation: int) -> None:
    seen = upright(PLANE, orientation)
    for y, x in np.ndindex(seen.shape):
        column, row = to_stored(x, y, orientation, 7, 5)
        assert PLANE[int(row), int(column)] == seen[y, x]
        assert to_upright(column, row, orientation, 7, 5) == (x, y)


@pytest.mark.parametrize("orientation", [0, 9, -1])
def test_there_are_eight_orientations(orientation: int) -> None:
    with pytest.raises(ValueError, match="1 to 8"):
        upright(PLANE, orientation)
