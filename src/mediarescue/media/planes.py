"""Decoded pictures as planes of samples at their native subsampling and depth, without a way through RGB."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from mediarescue.errors import InputError
from mediarescue.media.info import ColorTags

if TYPE_CHECKING:
    import av

Plane = NDArray[np.uint8] | NDArray[np.uint16]
DecodedFrame: TypeAlias = "av.VideoFrame"
"""A frame as FFmpeg holds it, for those who only hand it on."""

_PACKED = {
    "rgb24": (0, 1, 2), "bgr24": (2, 1, 0), "rgba": (0, 1, 2, 3), "bgra": (2, 1, 0, 3), "argb": (1, 2, 3, 0),
    "abgr": (3, 2, 1, 0), "rgb0": (0, 1, 2), "bgr0": (2, 1, 0), "0rgb": (1, 2, 3), "0bgr": (3, 2, 1),
    "rgb48le": (0, 1, 2), "bgr48le": (2, 1, 0), "rgba64le": (0, 1, 2, 3), "bgra64le": (2, 1, 0, 3), "ya8": (0, 1),
    "ya16le": (0, 1),
}  # fmt: skip
"""Where each component lies in the samples of a pixel; a fourth is alpha."""
_STEP = {"rgb0": 4, "bgr0": 4, "0rgb": 4, "0bgr": 4}
_TWO_PLANES = {"nv12": (0, 1), "nv21": (1, 0), "nv16": (0, 1), "nv24": (0, 1), "nv42": (1, 0), "nv20le": (0, 1)}
"""Formats with a plane of luma and one of U and V (or V and U) in turns."""
_FOUR_TWO_TWO = {
    "yuyv422": ((0, 2), (1, 4), (3, 4)),
    "uyvy422": ((1, 2), (0, 4), (2, 4)),
    "yvyu422": ((0, 2), (3, 4), (1, 4)),
}
"""First sample and step of Y, U and V in a line."""


class FramePlanes:
    """One picture, as a tuple of 2-D arrays, one a component.

    Attributes
    ----------
    planes : tuple of NDArray[np.uint8] or NDArray[np.uint16]
        Y, Cb, Cr (and alpha), or G, B, R for planar RGB, or R, G, B for packed RGB, or grey: each of its own shape
        ``(rows, columns)``, contiguous, read-only. Samples of more than 8 bits are uint16, the value in the low bits.
        Copied from the decoder at the first look, so that what is not looked at costs nothing.
    index : int
        Number of the frame in the order of presentation, from 0.
    pts : int
        When it is shown, in ticks of `time_base`; of MP4 and MOV before the edit list.
    time_base : Fraction
        Seconds of a tick.
    color : ColorTags
    pix_fmt : str
        FFmpeg's name of the layout (``"yuv420p10le"``).
    bit_depth : int
        Of a sample of the first plane.
    """

    __slots__ = ("_frame", "_planes", "index", "pts", "time_base")

    def __init__(self, frame: av.VideoFrame, index: int, time_base: Fraction) -> None:
        assert frame.pts is not None
        self._frame = frame
        self._planes: tuple[Plane, ...] | None = None
        self.index = index
        self.pts = frame.pts
        self.time_base = time_base

    @property
    def planes(self) -> tuple[Plane, ...]:
        """The samples; see the class."""
        if self._planes is None:
            copies = []
            for view in plane_views(self._frame):
                copy = view.copy(order="C")
                copy.flags.writeable = False
                copies.append(copy)
            self._planes = tuple(copies)
        return self._planes

    @property
    def decoded(self) -> av.VideoFrame:
        """The decoder's own frame, which the encoder is given; not to be written to."""
        return self._frame

    @property
    def color(self) -> ColorTags:
        """How the samples become colours, as the frame itself says."""
        frame = self._frame
        return ColorTags(
            int(frame.color_range), int(frame.color_primaries), int(frame.color_trc), int(frame.colorspace)
        )

    @property
    def pix_fmt(self) -> str:
        """FFmpeg's name of the layout."""
        return self._frame.format.name

    @property
    def bit_depth(self) -> int:
        """Bits of a sample of the first plane."""
        return int(self._frame.format.components[0].bits)

    @property
    def seconds(self) -> float:
        """When it is shown, in seconds."""
        return float(self.pts * self.time_base)

    @property
    def width(self) -> int:
        """Columns of the first plane."""
        return int(self._frame.width)

    @property
    def height(self) -> int:
        """Rows of the first plane."""
        return int(self._frame.height)


@dataclass(frozen=True, slots=True)
class Repainted:
    """A frame with new samples in place of some of its planes.

    Attributes
    ----------
    frame : av.VideoFrame
        The decoder's, to be written to by `paint` once nobody looks at it any more.
    planes : dict of int to NDArray
        Number of the component to its new samples.
    """

    frame: Any
    planes: dict[int, Plane] = field(repr=False)

    def paint(self) -> av.VideoFrame:
        """Write the new samples into the frame, whose tags, times and side data stay."""
        self.frame.make_writable()
        views = plane_views(self.frame)
        for number, samples in self.planes.items():
            np.copyto(views[number], samples)
        return self.frame  # type: ignore[no-any-return]


def repainted(source: FramePlanes, planes: Sequence[Plane] | None) -> Repainted | None:
    """Compare what a filter returned with what it was given.

    Returns
    -------
    Repainted or None
        None where nothing is to be written: the filter returned None or the planes it was given.

    Raises
    ------
    ValueError
        The number of planes, a shape or a dtype is not that of the source.
    """
    if planes is None:
        return None
    old = source.planes
    if len(planes) != len(old):
        raise ValueError(f"the filter returned {len(planes)} planes for frame {source.index}; it has {len(old)}")
    changed: dict[int, Plane] = {}
    for number, (new, was) in enumerate(zip(planes, old, strict=True)):
        if new is was:
            continue
        if not isinstance(new, np.ndarray) or new.shape != was.shape or new.dtype != was.dtype:
            given = f"{new.dtype}{list(new.shape)}" if isinstance(new, np.ndarray) else f"a {type(new).__name__}"
            raise ValueError(
                f"the filter returned plane {number} of frame {source.index} as {given}; "
                f"it must stay {was.dtype}{list(was.shape)}"
            )
        changed[number] = new
    return Repainted(source.decoded, changed) if changed else None


def native_format(pix_fmt: str) -> str:
    """Return the format that `native_frame` gives frames of ``pix_fmt``."""
    return _PLANAR_FORM.get(pix_fmt, pix_fmt)


def native_frame(frame: av.VideoFrame) -> av.VideoFrame:
    """Bring formats without an own place for each sample (palettes, bits, shifted 10 bits) to the nearest with one.

    Nothing is lost: palettes become RGB, single bits become grey, P010 and the like their planar form.
    """
    name = frame.format.name
    if name in _PLANAR_FORM:
        # With several threads FFmpeg's scaler left out a row of chroma once in some thousand frames.
        plain = frame.reformat(format=_PLANAR_FORM[name], threads=1)
        plain.pts = frame.pts
        if frame.time_base is not None:
            plain.time_base = frame.time_base
        return plain
    return frame


_PLANAR_FORM = {
    "pal8": "rgba", "monob": "gray", "monow": "gray", "rgb555le": "rgb24", "rgb565le": "rgb24", "rgb8": "rgb24",
    "p010le": "yuv420p10le", "p012le": "yuv420p12le", "p016le": "yuv420p16le",
    "p210le": "yuv422p10le", "p212le": "yuv422p12le", "p216le": "yuv422p16le", "p410le": "yuv444p10le",
    "y210le": "yuv422p10le", "y212le": "yuv422p12le", "xv30le": "yuv444p10le", "uyyvyy411": "yuv411p",
    "ayuv64le": "yuva444p16le", "vuya": "yuva444p", "vuyx": "yuv444p", "xyz12le": "rgb48le",
}  # fmt: skip


def plane_views(frame: av.VideoFrame) -> list[Plane]:
    """Give each component of a frame as a view of the frame's own memory, shape (rows, columns) of the component.

    Raises
    ------
    InputError
        The layout has no such views.
    """
    form = frame.format
    components = form.components
    if form.is_big_endian and components[0].bits > 8:
        raise InputError(f"pictures in the layout {form.name} cannot be worked on; convert the film with FFmpeg first")
    kind: type[np.uint8 | np.uint16] = np.uint8 if max(c.bits for c in components) <= 8 else np.uint16
    if max(c.bits for c in components) > 16 or form.name.endswith(("f32le", "f16le", "f32be")):
        raise InputError(f"pictures in the layout {form.name} cannot be worked on; convert the film with FFmpeg first")
    lines = [_lines(plane, kind) for plane in frame.planes]
    if form.name in _PACKED:
        places = _PACKED[form.name]
        step = _STEP.get(form.name, len(places))
        return [lines[0][:, place : frame.width * step : step] for place in places]
    if form.name in _FOUR_TWO_TWO:
        half = (frame.width + 1) // 2
        counts = (frame.width, half, half)
        return [
            lines[0][:, first : first + (count - 1) * step + 1 : step]
            for (first, step), count in zip(_FOUR_TWO_TWO[form.name], counts, strict=True)
        ]
    if form.name in _TWO_PLANES:
        width, height = components[1].width, components[1].height
        luma = lines[0][: frame.height, : frame.width]
        return [luma, *(lines[1][:height, place : 2 * width : 2] for place in _TWO_PLANES[form.name])]
    if len(frame.planes) != len(components):
        raise InputError(f"pictures in the layout {form.name} cannot be worked on; convert the film with FFmpeg first")
    return [
        lines[component.plane][: component.height, : component.width]
        for component in sorted(components, key=lambda c: c.plane)
    ]


def _lines(plane: Any, kind: type[np.uint8 | np.uint16]) -> Plane:
    whole: NDArray[np.uint8] = np.frombuffer(plane, dtype=np.uint8)
    line = abs(plane.line_size)
    rows = whole.size // line
    lines: Any = whole[: rows * line].reshape(rows, line).view(kind)
    return lines  # type: ignore[no-any-return]
