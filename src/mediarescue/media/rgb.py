"""Between the planes of a frame and an RGB picture, by the film's own matrix and range (ITU-T H.273 8.3).

Notes
-----
Chroma that is subsampled colours the pixels it was taken from, without smoothing; the way back takes the mean of
exactly those pixels. So a picture that nobody changed gives its chroma back, and a change stays where it is. In
interlaced pictures with half the rows of chroma each field has its own.

Pictures are arrays of shape (rows, columns, 3), blue first as OpenCV has them, or (rows, columns) for grey.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mediarescue.errors import InputError
from mediarescue.media.info import ColorTags
from mediarescue.media.planes import FramePlanes, Plane

Picture = NDArray[np.uint8] | NDArray[np.uint16]

UNSPECIFIED = 2
BT709, BT601, BT2020 = 1, 6, 9
_WEIGHTS = {
    1: (0.2126, 0.0722),
    4: (0.30, 0.11),
    5: (0.299, 0.114),
    6: (0.299, 0.114),
    7: (0.212, 0.087),
    9: (0.2627, 0.0593),
    10: (0.2627, 0.0593),
}
"""KR and KB by MatrixCoefficients. The constant luminance of 10 is taken for 9, as every player does."""
_YCGCO = 8
_FULL = 2
_WIDEST_SD, _HIGHEST_SD = 1279, 576
_BAND = 256
"""Rows worked on at a time on the way back, so that numbers with fractions never fill a whole frame."""


@dataclass(frozen=True, slots=True)
class Colours:
    """How samples become the numbers of a picture, and back.

    Attributes
    ----------
    kind : str
        ``"yuv"``, ``"rgb"``, ``"gbr"`` (the order of the planes), or ``"grey"``.
    matrix : int
        MatrixCoefficients used, also where the film says none; 0 for what is no YUV.
    full_range : bool
    forward, backward : NDArray[np.float64]
        Affine, shape (channels, channels + 1): samples to picture and picture to samples.
    sample_peak, picture_peak : int
        Largest numbers.
    interlaced : bool
    """

    kind: str
    matrix: int
    full_range: bool
    forward: NDArray[np.float64]
    backward: NDArray[np.float64]
    sample_peak: int
    picture_peak: int
    interlaced: bool

    @property
    def channels(self) -> int:
        """Of a picture: 3, or 1 where it is grey."""
        return int(self.forward.shape[0])


def plane_kind(pix_fmt: str) -> str:
    """Tell ``"yuv"``, ``"rgb"``, ``"gbr"`` and ``"grey"`` by FFmpeg's name of a layout."""
    if pix_fmt.startswith("gbr"):
        return "gbr"
    if pix_fmt.startswith(("gray", "ya8", "ya16")):
        return "grey"
    return "rgb" if any(order in pix_fmt for order in ("rgb", "bgr")) else "yuv"


def matrix_of(color: ColorTags, width: int, height: int) -> int:
    """Return the film's MatrixCoefficients; where it has none, the usual ones of its primaries or its size."""
    if color.matrix != UNSPECIFIED:
        return color.matrix
    if color.primaries == BT2020:
        return BT2020
    return BT709 if width > _WIDEST_SD or height > _HIGHEST_SD else BT601


def colours_of(frame: FramePlanes, picture_bits: int) -> Colours:
    """Find how the samples of a frame become a picture of ``picture_bits`` (8 or 16) bits a channel.

    Raises
    ------
    InputError
        The film's matrix is none that can be undone in numbers (ICtCp and the like).
    """
    kind = plane_kind(frame.pix_fmt)
    bits = frame.bit_depth
    color = frame.color
    full = color.range == _FULL or (color.range == 0 and (kind != "yuv" or frame.pix_fmt.startswith("yuvj")))
    if kind in ("rgb", "gbr"):
        full = True
    matrix = matrix_of(color, frame.width, frame.height) if kind == "yuv" else 0
    step = 1 << (bits - 8)
    peak = (1 << bits) - 1
    low, luma_span, chroma_span = (0, peak, peak) if full else (16 * step, 219 * step, 224 * step)
    decode = _decoding(kind, matrix)
    has_chroma = kind == "yuv" and matrix != 0
    spans = np.array([luma_span, chroma_span, chroma_span] if has_chroma else [luma_span] * len(decode), float)
    zeros = np.array([low, 1 << (bits - 1), 1 << (bits - 1)] if has_chroma else [low] * len(decode), float)
    picture_peak = (1 << picture_bits) - 1
    scale = picture_peak * decode / spans
    back = np.linalg.inv(scale)
    return Colours(
        kind=kind,
        matrix=matrix,
        full_range=full,
        forward=np.column_stack([scale, -scale @ zeros]),
        backward=np.column_stack([back, zeros]),
        sample_peak=peak,
        picture_peak=picture_peak,
        interlaced=bool(frame.decoded.interlaced_frame),
    )


def to_picture(planes: Sequence[Plane], colours: Colours) -> Picture:
    """Paint the planes of a frame as a picture; alpha is left out."""
    planes = planes[: colours.channels]
    if not _by_fields(planes, colours):
        return _painted(planes, colours)
    height, width = planes[0].shape
    kind = np.uint8 if colours.picture_peak == 255 else np.uint16
    picture: Any = np.empty((height, width, 3), kind)
    for field in (0, 1):
        picture[field::2] = _painted([plane[field::2] for plane in planes], colours)
    return picture  # type: ignore[no-any-return]


def from_picture(
    planes: Sequence[Plane], picture: Picture, changed: NDArray[np.bool_], colours: Colours
) -> list[Plane]:
    """Take the changed pixels of a picture over into the planes of its frame.

    Parameters
    ----------
    planes : sequence of NDArray
        The frame's, alpha included.
    picture : NDArray
        As `to_picture` gives it, in numbers up to ``colours.picture_peak``.
    changed : NDArray[np.bool_]
        Shape (rows, columns).

    Returns
    -------
    list of NDArray
        The planes, new where something changed: a luma sample where its pixel did, a chroma sample where any of its
        pixels did. All other samples, and alpha, are those of the frame.
    """
    result = [plane.copy() for plane in planes[: colours.channels]]
    fields = (slice(0, None, 2), slice(1, None, 2)) if _by_fields(result, colours) else (slice(None),)
    for rows in fields:
        _take_over([plane[rows] for plane in result], picture[rows], changed[rows], colours)
    return [*result, *planes[colours.channels :]]


def _decoding(kind: str, matrix: int) -> NDArray[np.float64]:
    """Blue, green and red from the components, all in units of their ranges."""
    if kind == "grey":
        return np.eye(1)
    if kind == "rgb":
        return np.eye(3)[::-1].copy()
    if kind == "gbr" or matrix == 0:
        return np.array([[0, 1, 0], [1, 0, 0], [0, 0, 1]], float)
    if matrix == _YCGCO:
        return np.array([[1, -1, -1], [1, 1, 0], [1, -1, 1]], float)
    if matrix not in _WEIGHTS:
        raise InputError(
            f"the colours of the film are coded with matrix {matrix} of ITU-T H.273, which has no RGB that other "
            "programs know; export its planes instead (--planes)"
        )
    red, blue = _WEIGHTS[matrix]
    green = 1 - red - blue
    return np.array(
        [
            [1, 2 * (1 - blue), 0],
            [1, -2 * blue * (1 - blue) / green, -2 * red * (1 - red) / green],
            [1, 0, 2 * (1 - red)],
        ]
    )


def _by_fields(planes: Sequence[Plane], colours: Colours) -> bool:
    rows, chroma_rows = planes[0].shape[0], planes[min(1, len(planes) - 1)].shape[0]
    return colours.interlaced and chroma_rows * 2 == rows and chroma_rows % 2 == 0


def _painted(planes: Sequence[Plane], colours: Colours) -> Picture:
    import cv2

    height, width = planes[0].shape
    wide = colours.picture_peak > 255 or planes[0].dtype != np.uint8
    whole: list[Any] = []
    for plane in planes:
        samples: Any = plane
        down, across = _steps(plane, height, width)
        if (down, across) != (1, 1):
            size = (plane.shape[1] * across, plane.shape[0] * down)
            samples = cv2.resize(samples, size, interpolation=cv2.INTER_NEAREST)[:height, :width]
        whole.append(samples.astype(np.uint16) if wide else samples)
    merged: Any = whole[0] if len(whole) == 1 else cv2.merge(whole)
    picture: Any = cv2.transform(merged, colours.forward)
    if colours.picture_peak == 255 and wide:
        picture = np.minimum(picture, 255).astype(np.uint8)
    return picture.reshape(height, width) if len(whole) == 1 else picture  # type: ignore[no-any-return]


def _take_over(planes: list[Plane], picture: Picture, changed: NDArray[np.bool_], colours: Colours) -> None:
    """Write the changed samples into the planes, working on no more than the rectangle around them, in bands."""
    height, width = changed.shape
    steps = [_steps(plane, height, width) for plane in planes]
    down, across = (max(step[axis] for step in steps) for axis in (0, 1))
    rows, columns = np.flatnonzero(changed.any(axis=1)), np.flatnonzero(changed.any(axis=0))
    if not rows.size:
        return
    left, right = columns[0] // across * across, min(width, (columns[-1] // across + 1) * across)
    for top in range(rows[0] // down * down, rows[-1] + 1, _BAND):
        bottom = min(height, top + _BAND)
        part, where = picture[top:bottom, left:right], changed[top:bottom, left:right]
        if not where.any():
            continue
        targets = [
            plane[top // deep : -(-bottom // deep), left // broad : -(-right // broad)]
            for plane, (deep, broad) in zip(planes, steps, strict=True)
        ]
        _take_over_part(targets, steps, part, where, colours)


def _take_over_part(
    targets: list[Plane],
    steps: list[tuple[int, int]],
    picture: Picture,
    changed: NDArray[np.bool_],
    colours: Colours,
) -> None:
    """Write the changed samples of a part of the picture into those parts of the planes that lie below it."""
    import cv2

    down, across = (max(step[axis] for step in steps) for axis in (0, 1))
    ragged = (-changed.shape[0] % down, -changed.shape[1] % across)
    # A row or column that an odd size lacks is a copy of the last, so that means stay those of real pixels.
    part: Any = cv2.copyMakeBorder(np.asarray(picture, np.float32), 0, ragged[0], 0, ragged[1], cv2.BORDER_REPLICATE)
    where = np.pad(changed, ((0, ragged[0]), (0, ragged[1])))
    part = part.reshape(*where.shape, -1)
    for number, (target, (deep, broad)) in enumerate(zip(targets, steps, strict=True)):
        row = colours.backward[number : number + 1]
        shape = (where.shape[0] // deep, deep, where.shape[1] // broad, broad)
        values = cv2.transform(part, row).reshape(shape).mean(axis=(1, 3))
        new = np.clip(np.rint(values), 0, colours.sample_peak).astype(target.dtype)
        touched: Any = where.reshape(shape).any(axis=(1, 3))
        height, width = target.shape
        np.copyto(target, new[:height, :width], where=touched[:height, :width])


def _steps(plane: Plane, height: int, width: int) -> tuple[int, int]:
    """Rows and columns of the picture for each of the plane's: powers of two, what is odd being rounded up."""
    down = across = 1
    while -(-height // down) > plane.shape[0]:
        down *= 2
    while -(-width // across) > plane.shape[1]:
        across *= 2
    return down, across
