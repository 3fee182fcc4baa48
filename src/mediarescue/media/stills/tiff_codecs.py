"""Compressions of TIFF strips and tiles, without loss: bytes in, bytes out; predictors as arithmetic on samples."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

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
    The coders beside zlib are libtiff's, through Pillow, which is given each strip as a grey picture of bytes: so no
    library's idea of pixels stands between.
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
    else:
        raw = _unpack_by_libtiff(data, compression, rows, row_size)
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


def _unpack_by_libtiff(data: bytes, compression: int, rows: int, row_size: int) -> bytes:
    from PIL import TiffImagePlugin

    fields = [(256, row_size), (257, rows), (258, 8), (259, compression), (262, 1), (273, 8), (277, 1), (278, rows),
              (279, len(data))]  # fmt: skip
    directory = struct.pack("<H", len(fields)) + b"".join(struct.pack("<HHII", t, 4, 1, v) for t, v in fields)
    at = 8 + len(data) + len(data) % 2
    whole = struct.pack("<2sHI", b"II", 42, at) + data + bytes(len(data) % 2) + directory + bytes(4)
    try:
        return TiffImagePlugin.TiffImageFile(io.BytesIO(whole)).tobytes()
    except (OSError, ValueError, SyntaxError, struct.error) as error:
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
