"""Colours are the film's own, and what nobody changed keeps its samples."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mediarescue.errors import InputError
from mediarescue.media.info import ColorTags
from mediarescue.media.rgb import colours_of, from_picture, matrix_of, plane_kind, to_picture
from tests.support.frames import painted_frame

WEIGHTS = {
    1: (0.2126, 0.0722),
    4: (0.30, 0.11),
    5: (0.299, 0.114),
    6: (0.299, 0.114),
    7: (0.212, 0.087),
    9: (0.2627, 0.0593),
}
"""KR and KB of ITU-T H.273, Table 4."""
COLOURS = {
    "red": (1.0, 0.0, 0.0),
    "sky": (0.2, 0.55, 0.9),
    "skin": (0.85, 0.65, 0.5),
    "white": (1, 1, 1),
    "black": (0, 0, 0),
}
LAYOUTS = [
    *("yuv420p", "yuv422p", "yuv444p", "yuv411p", "yuv440p", "yuv410p", "nv12", "yuv420p10le", "yuv422p10le"),
    *(
        "yuv444p12le",
        "yuv420p16le",
        "yuva420p",
        "gray",
        "gray10le",
        "ya8",
        "gbrp",
        "gbrp10le",
        "rgb24",
        "bgra",
        "yuyv422",
    ),
]


def coded(rgb: tuple[float, float, float], matrix: int, bits: int, *, full: bool) -> tuple[int, int, int]:
    """Return Y, Cb and Cr as ITU-T H.273 8.3 (equations 25 to 40) defines them."""
    kr, kb = WEIGHTS[matrix]
    y = kr * rgb[0] + (1 - kr - kb) * rgb[1] + kb * rgb[2]
    pb, pr = (rgb[2] - y) / (2 * (1 - kb)), (rgb[0] - y) / (2 * (1 - kr))
    if full:
        peak = 2**bits - 1
        return (
            round(peak * y),
            min(peak, round(peak * pb) + 2 ** (bits - 1)),
            min(peak, round(peak * pr) + 2 ** (bits - 1)),
        )
    step = 2 ** (bits - 8)
    return round(step * (219 * y + 16)), round(step * (224 * pb + 128)), round(step * (224 * pr + 128))


@pytest.mark.parametrize("full", [False, True], ids=["limited", "full"])
@pytest.mark.parametrize("matrix", WEIGHTS)
@pytest.mark.parametrize("name", COLOURS)
def test_a_colour_comes_out_as_it_was_coded(name: str, matrix: int, full: bool) -> None:
    rgb = COLOURS[name]
    frame = painted_frame("yuv420p", color=(2 if full else 1, 1, 1, matrix), values=coded(rgb, matrix, 8, full=full))
    picture = to_picture(frame.planes, colours_of(frame, 8))
    assert np.abs(picture[5, 7] - 255 * np.array(rgb[::-1])).max() <= 2


@pytest.mark.parametrize("name", COLOURS)
def test_ten_bits_fill_sixteen(name: str) -> None:
    rgb = COLOURS[name]
    frame = painted_frame("yuv420p10le", color=(1, 9, 16, 9), values=coded(rgb, 9, 10, full=False))
    picture = to_picture(frame.planes, colours_of(frame, 16))
    assert picture.dtype == np.uint16
    assert np.abs(picture[0, 0] - 65535 * np.array(rgb[::-1])).max() <= 130


@pytest.mark.parametrize("size", [(32, 16), (33, 17), (10, 777)], ids=["even", "odd", "in bands"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_sixteen_bits_give_every_sample_back(layout: str, size: tuple[int, int]) -> None:
    frame = painted_frame(layout, size)
    colours = colours_of(frame, 16)
    picture = to_picture(frame.planes, colours)
    everything = np.ones(picture.shape[:2], bool)
    # The frame's own samples are not there to be kept.
    blank: list[Any] = [np.zeros_like(plane) for plane in frame.planes]
    back = from_picture(blank, picture, everything, colours)
    for plane, given in list(zip(frame.planes, back, strict=True))[: colours.channels]:
        assert np.array_equal(plane, given)
    for plane in back[colours.channels :]:
        assert not plane.any(), "transparency is not in the picture"


@pytest.mark.parametrize("layout", ["yuv420p", "yuv444p", "yuv420p10le", "gray", "rgb24"])
def test_a_change_stays_where_it_is(layout: str) -> None:
    frame = painted_frame(layout, (34, 18))
    colours = colours_of(frame, 8)
    picture = to_picture(frame.planes, colours).copy()
    changed = np.zeros(picture.shape[:2], bool)
    changed[5:9, 11:14] = True
    picture[changed] = 200
    before = [plane.copy() for plane in frame.planes]
    back = from_picture(frame.planes, picture, changed, colours)
    for number, (old, plane, new) in enumerate(zip(before, frame.planes, back, strict=True)):
        assert np.array_equal(old, plane), "the frame itself was written to"
        step = 2 if number and "420" in layout else 1
        inside = np.zeros(old.shape, bool)
        inside[5 // step : -(-9 // step), 11 // step : -(-14 // step)] = True
        assert np.array_equal(old[~inside], new[~inside])
        assert not np.array_equal(old[inside], new[inside])


def test_chroma_of_fields_is_their_own() -> None:
    frame = painted_frame("yuv420p", (16, 16), fields=True)
    chroma = frame.planes[1]
    assert frame.decoded.interlaced_frame
    colours = colours_of(frame, 16)
    grey = [np.full_like(frame.planes[0], 128), chroma, np.full_like(frame.planes[2], 128)]
    blue = to_picture(grey, colours)[:, ::2, 0].astype(int)
    for row in range(16):
        field, line = row % 2, row // 2
        mine = blue[row]
        assert np.array_equal(np.argsort(mine), np.argsort(chroma[2 * (line // 2) + field].astype(int)))


def test_films_that_say_nothing_are_taken_as_players_take_them() -> None:
    assert matrix_of(ColorTags(), 1920, 1080) == 1
    assert matrix_of(ColorTags(), 720, 576) == 6
    assert matrix_of(ColorTags(primaries=9), 720, 576) == 9
    assert matrix_of(ColorTags(matrix=6), 1920, 1080) == 6


def test_a_coding_without_rgb_is_refused_with_another_way() -> None:
    with pytest.raises(InputError, match="--planes"):
        colours_of(painted_frame("yuv420p", color=(1, 9, 16, 14)), 8)


@pytest.mark.parametrize(
    ("layout", "kind"), [("yuvj420p", "yuv"), ("nv12", "yuv"), ("gbrap", "gbr"), ("bgr0", "rgb"), ("gray16le", "grey")]
)
def test_layouts_are_told_by_their_names(layout: str, kind: str) -> None:
    assert plane_kind(layout) == kind
