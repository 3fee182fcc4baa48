"""What an opened photo is, whatever its format: facts, planes of samples, and a way to write it with other samples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import numpy as np

from mediarescue.errors import InputError
from mediarescue.media.info import ColorTags
from mediarescue.media.planes import Plane

MOST_PIXELS = 1 << 29
"""Of one picture: phones reach 200 million; what claims more than this is a panorama of machines, or a trap."""

RGB = ColorTags(range=2, matrix=0)
"""Full-range R, G, B; which primaries they are is the business of the ICC profile."""

MOST_BYTES = 4 << 30
"""Of a photo that is read whole."""


@dataclass(frozen=True, slots=True)
class PhotoInfo:
    """A photo's facts before its pixels are decoded.

    Attributes
    ----------
    format : str
        ``"JPEG"``, ``"PNG"``, ``"TIFF"``, ``"WebP"``, ``"HEIC"``, ``"AVIF"``.
    width, height : int
        As stored, before `orientation` is applied.
    mode : str
        The stored components (``"RGB"``, ``"YCbCr"``, ``"grey"``, ``"palette"``, ``"CMYK"``, with ``"A"`` for alpha).
    channels : tuple of str
        Names of the planes (``("Y", "Cb", "Cr")``).
    bit_depth : int
        Of a sample in the planes.
    pix_fmt : str
        FFmpeg's name of that layout, ``"cmyk"`` where it has none.
    color : ColorTags
        How the samples become colours, by default RGB.
    orientation : int
        1 to 8 as EXIF counts (CIPA DC-008 4.6.5.1.5): how the stored picture is turned for viewing.
    camera_make, camera_model : str or None
    lossless : bool
        Whether the format keeps every sample it is given.
    """

    path: Path
    format: str
    width: int
    height: int
    mode: str
    channels: tuple[str, ...]
    bit_depth: int
    pix_fmt: str
    color: ColorTags = RGB
    orientation: int = 1
    has_icc: bool = False
    has_exif: bool = False
    has_xmp: bool = False
    camera_make: str | None = None
    camera_model: str | None = None
    lossless: bool = True

    @property
    def megapixels(self) -> float:
        """Millions of pixels."""
        return self.width * self.height / 1e6


@dataclass(frozen=True, slots=True)
class PhotoPlanes:
    """The samples of one photo, with the attributes that the planes of a film's frame have: filters take either.

    Attributes
    ----------
    planes : tuple of NDArray[np.uint8] or NDArray[np.uint16]
        One a channel, shape (rows, columns) of its own, read-only; as stored, not turned upright.
    pix_fmt, bit_depth, channels
        As in `PhotoInfo`.
    color : ColorTags
    index, pts : int
        0: a photo is one frame.
    """

    planes: tuple[Plane, ...] = field(repr=False)
    pix_fmt: str
    bit_depth: int
    channels: tuple[str, ...]
    color: ColorTags
    index: int = 0
    pts: int = 0
    time_base: Fraction = Fraction(1)

    @property
    def seconds(self) -> float:
        """0.0, as a photo begins at once."""
        return 0.0

    @property
    def width(self) -> int:
        """Columns of the first plane."""
        return int(self.planes[0].shape[1])

    @property
    def height(self) -> int:
        """Rows of the first plane."""
        return int(self.planes[0].shape[0])


@dataclass(frozen=True, slots=True)
class Written:
    """What `Still.write` made.

    Attributes
    ----------
    planes : tuple of NDArray
        The samples that the file must give when it is decoded, which `Still.verify` holds it to.
    rewritten : int
        Blocks, strips, tiles or pictures that were coded again.
    of : int
        How many there are.
    unit : str
        What is counted: ``"blocks"``, ``"strips"``, ``"tiles"``, ``"pictures"``.
    notes : tuple of str
        What differs from the source beside the pixels, in sentences.
    """

    planes: tuple[Plane, ...] = field(repr=False)
    rewritten: int
    of: int
    unit: str
    notes: tuple[str, ...] = ()


class Still(Protocol):
    """An opened photo of one format."""

    info: PhotoInfo

    def read_planes(self) -> tuple[Plane, ...]:
        """Decode the samples; raises InputError where the file is damaged or cut short."""

    def write(self, old: tuple[Plane, ...], new: tuple[Plane, ...], output: BinaryIO) -> Written:
        """Write the photo with ``new`` samples in place of ``old``, everything else as it is."""

    def verify(self, path: Path, written: Written) -> None:
        """Decode ``path`` and compare; raises VerificationError where a sample or anything else is not as meant."""

    def close(self) -> None:
        """Close the file."""


def check_size(path: Path, width: int, height: int) -> None:
    """Raise InputError where a header claims no pixels or more than `MOST_PIXELS`."""
    if width < 1 or height < 1:
        raise InputError(f"{path} has no picture: its header says {width} x {height} pixels")
    if width * height > MOST_PIXELS:
        raise InputError(
            f"{path} claims {width} x {height} pixels; pictures of more than {MOST_PIXELS // 1_000_000} megapixels "
            "are not worked on, cut it into parts first"
        )


def read_whole(path: Path) -> bytes:
    """Read a photo's bytes; raises InputError in one sentence where that is not possible."""
    try:
        size = path.stat().st_size
        if size > MOST_BYTES:
            raise InputError(f"{path} has {size} bytes; photos of more than 4 GiB are not worked on")
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from error


def freeze(planes: Sequence[Any]) -> tuple[Plane, ...]:
    """Make planes read-only, contiguous ones without a copy."""
    frozen: list[Plane] = []
    for plane in planes:
        whole = np.ascontiguousarray(plane)
        whole.flags.writeable = False
        frozen.append(whole)
    return tuple(frozen)


def first_difference(got: Sequence[Plane], meant: Sequence[Plane]) -> str | None:
    """Say where two sets of planes differ first, or return None."""
    if len(got) != len(meant):
        return f"{len(got)} planes in place of {len(meant)}"
    for number, (one, other) in enumerate(zip(got, meant, strict=True)):
        if one.shape != other.shape or one.dtype != other.dtype:
            return f"plane {number} is {one.dtype}{list(one.shape)} in place of {other.dtype}{list(other.shape)}"
        if not np.array_equal(one, other):
            row, column = np.argwhere(one != other)[0]
            return f"sample {row}, {column} of plane {number} is {one[row, column]} in place of {other[row, column]}"
    return None


def decibels(got: Sequence[Plane], meant: Sequence[Plane], bit_depth: int = 8) -> float:
    """Return the peak signal-to-noise ratio over all samples; infinite where all are equal."""
    total = sum(int(np.square(a.astype(np.int64) - b).sum()) for a, b in zip(got, meant, strict=True))
    count = sum(plane.size for plane in meant)
    peak = (1 << bit_depth) - 1
    return float("inf") if not total else float(10 * np.log10(peak**2 * count / total))
