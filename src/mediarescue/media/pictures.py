"""Pictures of frames as files for other programs: PNG, JPEG, TIFF written; those and WebP and BMP read."""

from __future__ import annotations

import struct
import warnings
import zlib
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mediarescue.errors import InputError
from mediarescue.media.rgb import Picture

PICTURE_SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp", ".bmp")
SUFFIXES = {"png": ".png", "jpeg": ".jpg", "tiff": ".tif"}
_RLE = 3
_TIFF_NONE, _TIFF_LZW, _TIFF_DEFLATE = 1, 5, 8
_PNG_IHDR_END = 33
_MOST_ASPECT = 0xFFFF
_PROFILE_WITHIN = 4096


@dataclass(frozen=True, slots=True)
class PictureCoding:
    """How pictures are written.

    Attributes
    ----------
    format : str
        ``"png"``, ``"jpeg"`` or ``"tiff"``.
    quality : int
        Of JPEG, 1 to 100.
    compression : int
        Of PNG 0 (none) to 9; of TIFF 0 for none.
    aspect : Fraction or None
        Width by height of a pixel.
    cicp : tuple of int, optional
        Primaries and transfer (ITU-T H.273) for PNG's cICP chunk.
    """

    format: str = "png"
    quality: int = 95
    compression: int = 1
    aspect: Fraction | None = None
    cicp: tuple[int, int] | None = None


def encode_picture(picture: Picture, coding: PictureCoding) -> bytes:
    """Return a picture as the bytes of a file.

    Raises
    ------
    ValueError
        The format cannot hold the picture.
    """
    import cv2

    done, data = cv2.imencode(SUFFIXES[coding.format], np.ascontiguousarray(picture), _settings(picture, coding))
    if not done:
        raise ValueError(f"no {coding.format} of {picture.dtype}{list(picture.shape)}")
    whole = data.tobytes()
    if coding.format == "png":
        return whole[:_PNG_IHDR_END] + _png_chunks(coding) + whole[_PNG_IHDR_END:]
    if coding.format == "jpeg" and coding.aspect is not None and whole[6:11] == b"JFIF\0":
        return whole[:13] + struct.pack(">BHH", 0, *_density(coding.aspect)) + whole[18:]
    return whole


def decode_picture(data: bytes, path: Path) -> Picture:
    """Decode a file's bytes to an array, blue first, with alpha where it has some; rotation tags are not followed.

    Raises
    ------
    InputError
        Not a whole picture of a known format, or one of floating point numbers.
    """
    import cv2

    _quiet()
    try:
        picture: Any = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED) if data else None
    except cv2.error:
        picture = None
    if picture is None:
        raise InputError(f"{path} cannot be read as a picture; it may be cut, or of a format that is not known here")
    if picture.dtype not in (np.uint8, np.uint16):
        raise InputError(f"{path} holds numbers of {picture.dtype}; save it with 8 or 16 bits a channel")
    return picture  # type: ignore[no-any-return]


def picture_size(path: Path) -> tuple[int, int]:
    """Return columns and rows of a picture from its head.

    Raises
    ------
    InputError
        Not a picture of a known format, or not readable.
    """
    from PIL import Image

    try:
        # How many pixels are too many for a picture is for the size of the film to say.
        with (
            warnings.catch_warnings(action="ignore", category=Image.DecompressionBombWarning),
            Image.open(path) as picture,
        ):
            return picture.size
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise InputError(f"{path} cannot be read as a picture: {error}") from error


def has_own_profile(data: bytes) -> bool:
    """Whether a PNG holds an ICC profile and no cICP chunk: its program made the colours its own."""
    head = data[:_PROFILE_WITHIN]
    return head[1:4] == b"PNG" and b"iCCP" in head and b"cICP" not in head


def _settings(picture: NDArray[Any], coding: PictureCoding) -> list[int]:
    import cv2

    if coding.format == "png":
        settings = [cv2.IMWRITE_PNG_COMPRESSION, coding.compression]
        if coding.compression == 1:
            # Run lengths behind the Paeth filter take half the time of zlib's level 1 on what cameras record,
            # for about the same size.
            settings += [cv2.IMWRITE_PNG_STRATEGY, _RLE]
            if hasattr(cv2, "IMWRITE_PNG_FILTER"):
                settings += [cv2.IMWRITE_PNG_FILTER, cv2.IMWRITE_PNG_FILTER_PAETH]
        return settings
    if coding.format == "jpeg":
        full = cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444
        return [cv2.IMWRITE_JPEG_QUALITY, coding.quality, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, full]
    packed = _TIFF_LZW if picture.dtype == np.uint8 else _TIFF_DEFLATE
    settings = [cv2.IMWRITE_TIFF_COMPRESSION, packed if coding.compression else _TIFF_NONE]
    if coding.aspect is not None:
        across, down = _density(coding.aspect)
        settings += [cv2.IMWRITE_TIFF_RESUNIT, 1, cv2.IMWRITE_TIFF_XDPI, across, cv2.IMWRITE_TIFF_YDPI, down]
    return settings


def _density(aspect: Fraction) -> tuple[int, int]:
    """Pixels across and down in the same length: wide pixels are fewer across."""
    plain = aspect if max(aspect.numerator, aspect.denominator) <= _MOST_ASPECT else aspect.limit_denominator(1000)
    return plain.denominator, plain.numerator


def _png_chunks(coding: PictureCoding) -> bytes:
    chunks = b""
    if coding.cicp is not None:
        # Matrix 0 and full range: the pictures are RGB (PNG third edition, 11.3.2.6).
        chunks += _chunk(b"cICP", bytes((*coding.cicp, 0, 1)))
    if coding.aspect is not None:
        chunks += _chunk(b"pHYs", struct.pack(">IIB", *_density(coding.aspect), 0))
    return chunks


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _quiet() -> None:
    """Keep OpenCV from writing to stderr what is told in an exception."""
    import cv2

    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
