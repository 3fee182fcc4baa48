"""Compressions of TIFF strips and tiles, without loss: bytes in, bytes out; predictors as arithmetic on samples."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mediarescue.media.stills.av_pixels import PixelsError, decode_still, samples_of

NONE, LZW, DEFLATE, PACKBITS, ADOBE_DEFLATE, LZMA, ZSTD = 1, 5, 8, 32773, 32946, 34925, 50000

LOSSLESS = {
    NONE: "none", LZW: "tiff_lzw", DEFLATE: "tiff_adobe_deflate", ADOBE_DEFLATE: "tiff_deflate", PACKBITS: "packbits",
    LZMA: "lzma", ZSTD: "zstd",
}  # fmt: skip
"""Pillow's names of the compressions that give back every byte."""


class StripError(ValueError):
    """A strip cannot be unpacked."""


def unpack(data: bytes, compression: int, rows: int, row_size: int) -> bytes:
    """Undo the compression of a strip or tile of ``rows`` lines of ``row_size`` bytes.

    Raises
    ------
    StripError
        It is damaged, or gives fewer bytes.

    Notes
    -----
    FFmpeg (LZW) and libtiff through Pillow (LZMA, ZSTD) are given each strip as a grey picture of bytes, so that no
    library's idea of pixels stands between. Libtiff prints what it thinks of damage, so it is asked little.
    """
    size = rows * row_size
    if compression == NONE:
        raw = data
    elif compression in (DEFLATE, ADOBE_DEFLATE):
        stream = zlib.decompressobj()
        try:
            raw = stream.decompress(data, size)
        except zlib.error as error:
            raise StripError(str(error)) from error
    elif compression == PACKBITS:
        raw = _unpack_bits(data, size)
    else:
        raw = _unpack_by_library(data, compression, rows, row_size)
    if len(raw) < size:
        raise StripError(f"{len(raw)} bytes of {size}")
    return raw[:size]


def pack(raw: bytes, compression: int, rows: int, row_size: int) -> bytes:
    """Compress a strip or tile."""
    if compression == NONE:
        return raw
    if compression in (DEFLATE, ADOBE_DEFLATE):
        return zlib.compress(raw, 6)
    from PIL import Image

    made = io.BytesIO()
    picture = Image.frombuffer("L", (row_size, rows), raw, "raw", "L", 0, 1)
    picture.save(made, "TIFF", compression=LOSSLESS[compression], tiffinfo={278: rows})
    return _only_strip(made.getvalue())


def _unpack_bits(data: bytes, size: int) -> bytes:
    """Undo PackBits (TIFF 6.0 section 9): a count and as many bytes, or a negative one and a byte to repeat."""
    parts = []
    at = total = 0
    while at < len(data) and total < size:
        count = data[at]
        if count < 128:
            part = data[at + 1 : at + 2 + count]
            at += 2 + count
        else:
            part = b"" if count == 128 else data[at + 1 : at + 2] * (257 - count)
            at += 1 if count == 128 else 2
        parts.append(part)
        total += len(part)
    return b"".join(parts)


def _unpack_by_library(data: bytes, compression: int, rows: int, row_size: int) -> bytes:
    fields = [(256, row_size), (257, rows), (258, 8), (259, compression), (262, 1), (273, 8), (277, 1), (278, rows),
              (279, len(data))]  # fmt: skip
    directory = struct.pack("<H", len(fields)) + b"".join(struct.pack("<HHII", t, 4, 1, v) for t, v in fields)
    at = 8 + len(data) + len(data) % 2
    whole = struct.pack("<2sHI", b"II", 42, at) + data + bytes(len(data) % 2) + directory + bytes(4)
    try:
        if compression == LZW:
            return samples_of(decode_still("tiff", whole), 1, 8).tobytes()
        from PIL import TiffImagePlugin

        return TiffImagePlugin.TiffImageFile(io.BytesIO(whole)).tobytes()
    except (PixelsError, OSError, ValueError, SyntaxError, struct.error) as error:
        raise StripError(str(error)) from error


def _only_strip(tiff: bytes) -> bytes:
    from mediarescue.media.stills.ifd import IfdReader, bytes_reader

    reader = IfdReader(bytes_reader(tiff))
    fields = reader.directory(reader.first).fields
    (at,), (size,) = reader.numbers(fields[273]), reader.numbers(fields[279])
    return tiff[at : at + size]


def undo_predictor(samples: NDArray[Any], predictor: int) -> NDArray[Any]:
    """Sum up horizontal differences (TIFF 6.0 section 14); shape (rows, columns, samples)."""
    return np.cumsum(samples, axis=1, dtype=samples.dtype) if predictor == 2 else samples


def apply_predictor(samples: NDArray[Any], predictor: int) -> NDArray[Any]:
    """Take horizontal differences, modulo the range of the samples."""
    return np.diff(samples, axis=1, prepend=samples.dtype.type(0)) if predictor == 2 else samples
