"""Planes are the frame's own samples, whatever the layout."""

from __future__ import annotations

from fractions import Fraction

import av
import numpy as np
import pytest

from mediarescue.errors import InputError
from mediarescue.media.planes import FramePlanes, native_frame, plane_views, repainted

LAYOUTS = [
    *("yuv420p", "yuvj420p", "yuv422p", "yuv444p", "yuv410p", "yuv411p", "yuv440p", "yuv420p10le", "yuv422p10le"),
    *("yuv444p12le", "yuv420p16le", "yuva420p", "yuva444p12le", "nv12", "nv21", "nv16", "nv24", "nv20le"),
    *("gray", "gray10le", "gray16le", "ya8", "gbrp", "gbrap", "gbrp10le", "rgb24", "bgr24", "rgba", "bgra"),
    *("argb", "abgr", "bgr0", "0rgb", "rgb48le", "rgba64le", "yuyv422", "uyvy422", "yvyu422"),
]


def shape_of(frame: av.VideoFrame, component: int) -> tuple[int, int]:
    return frame.format.components[component].height, frame.format.components[component].width


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("size", [(16, 8), (17, 9)], ids=["even", "odd"])
def test_every_component_has_a_view_of_its_own(layout: str, size: tuple[int, int]) -> None:
    frame = av.VideoFrame(*size, layout)
    views = plane_views(frame)
    components = frame.format.components
    assert len(views) == len(components)
    assert sorted(v.shape for v in views) == sorted((c.height, c.width) for c in components)
    for number, view in enumerate(views):
        np.copyto(view, number + 1)
    assert [np.unique(v).tolist() for v in plane_views(frame)] == [[n + 1] for n in range(len(views))], "they overlap"


@pytest.mark.parametrize("layout", ["rgb24", "bgr24", "rgba", "bgra", "argb", "abgr", "bgr0", "0rgb", "gbrp"])
def test_colours_come_under_their_own_names(layout: str) -> None:
    red = av.VideoFrame.from_ndarray(np.full((8, 16, 3), (250, 128, 3), np.uint8), "rgb24")
    values = [int(view[3, 3]) for view in plane_views(red.reformat(format=layout))[:3]]
    assert values == ([128, 3, 250] if layout == "gbrp" else [250, 128, 3])


@pytest.mark.parametrize("layout", ["nv12", "nv21", "yuyv422", "uyvy422", "yuv422p"])
def test_chroma_comes_as_cb_then_cr(layout: str) -> None:
    red = av.VideoFrame.from_ndarray(np.full((8, 16, 3), (250, 0, 0), np.uint8), "rgb24")
    _, cb, cr = plane_views(red.reformat(format=layout))
    assert cb[1, 1] < 120
    assert cr[1, 1] > 200


def test_shifted_ten_bits_become_planar_without_loss() -> None:
    planar = av.VideoFrame(16, 8, "yuv420p10le")
    for view in plane_views(planar):
        np.copyto(view, np.arange(view.size, dtype=np.uint16).reshape(view.shape) * 7 % 1024)
    shifted = planar.reformat(format="p010le")
    shifted.pts = 5
    back = native_frame(shifted)
    assert back.format.name == "yuv420p10le"
    assert back.pts == 5
    for one, other in zip(plane_views(planar), plane_views(back), strict=True):
        assert (one == other).all()


def test_floating_point_is_refused_in_a_sentence() -> None:
    with pytest.raises(InputError, match="gbrpf32le"):
        plane_views(av.VideoFrame(16, 8, "gbrpf32le"))


def test_painting_changes_the_planes_that_are_new_and_keeps_the_time() -> None:
    frame = av.VideoFrame(16, 8, "yuv420p")
    for view in plane_views(frame):
        np.copyto(view, 100)
    frame.pts = 9
    source = FramePlanes(frame, 0, Fraction(1, 25))
    new = source.planes[1] + np.uint8(1)
    change = repainted(source, (source.planes[0], new, source.planes[2]))
    assert change is not None
    painted = change.paint()
    assert painted.pts == 9
    assert [int(view[0, 0]) for view in plane_views(painted)] == [100, 101, 100]
    assert (source.planes[1] == 100).all(), "what was looked at stays"
