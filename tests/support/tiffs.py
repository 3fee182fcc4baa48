"""TIFF files built field by field: byte orders, BigTIFF, strips, tiles, planes, predictors, directories of any kind."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 7: 1, 13: 4, 16: 8}
_LETTERS = {3: "H", 4: "I", 13: "I", 16: "Q"}

Value = tuple[int, int, bytes | Sequence[int]]
"""Tag, type, values."""


@dataclass(frozen=True)
class TiffSpec:
    """How the picture lies in the file."""

    order: str = "<"
    big: bool = False
    compression: int = 1
    predictor: int = 1
    rows_per_strip: int = 7
    tile: tuple[int, int] | None = None
    planar: bool = False
    photometric: int = 2
    extra_samples: tuple[int, ...] = ()
    short_numbers: bool = False
    """Offsets and sizes as 16-bit numbers."""
    fields: tuple[Value, ...] = ()
    sample_format: int = 1
    without: tuple[int, ...] = ()
    """Tags that are left out."""


class TiffWriter:
    """Puts directories and data behind each other; every value is at an even place."""

    def __init__(self, spec: TiffSpec) -> None:
        self.spec = spec
        self.data = bytearray(16 if spec.big else 8)

    def put(self, content: bytes) -> int:
        """Append bytes and return where they are."""
        self.data += bytes(len(self.data) % 2)
        self.data += content
        return len(self.data) - len(content)

    def directory(self, values: Sequence[Value], following: int = 0) -> int:
        """Append a directory and return where it is."""
        order, big = self.spec.order, self.spec.big
        pointer, inline = ("Q", 8) if big else ("I", 4)
        rows = b""
        for tag, kind, content in sorted(values, key=lambda value: value[0]):
            packed = (
                content
                if isinstance(content, bytes)
                else struct.pack(f"{order}{len(content)}{_LETTERS[kind]}", *content)
            )
            if len(packed) > inline:
                place = struct.pack(order + pointer, self.put(packed))
            else:
                place = packed.ljust(inline, b"\0")
            rows += struct.pack(order + "HH" + pointer, tag, kind, len(packed) // _SIZES[kind]) + place
        count = struct.pack(order + ("Q" if big else "H"), len(values))
        return self.put(count + rows + struct.pack(order + pointer, following))

    def finish(self, first: int) -> bytes:
        """Write the header and return the file."""
        order = self.spec.order
        mark = b"II" if order == "<" else b"MM"
        head = struct.pack(order + "HHHQ", 43, 8, 0, first) if self.spec.big else struct.pack(order + "HI", 42, first)
        self.data[: 2 + len(head)] = mark + head
        return bytes(self.data)


def tiff(samples: NDArray[Any], spec: TiffSpec, *, pages: int = 1) -> bytes:
    """Return a TIFF of (rows, columns, samples) of any type; further pages are small and grey."""
    writer = TiffWriter(spec)
    height, width, count = samples.shape
    across, down = spec.tile or (width, spec.rows_per_strip)
    pieces = []
    for plane in range(count) if spec.planar else [slice(None)]:
        layer = samples[:, :, plane].reshape(height, width, -1)
        for row in range(0, height, down):
            for column in range(0, width, across):
                piece = layer[row : row + down, column : column + across]
                if spec.tile:
                    piece = np.pad(
                        piece, ((0, down - piece.shape[0]), (0, across - piece.shape[1]), (0, 0)), mode="edge"
                    )
                pieces.append(_packed(piece, spec))
    places = [writer.put(piece) for piece in pieces]
    kind = 3 if spec.short_numbers else 16 if spec.big else 4
    values: list[Value] = [
        (256, 3, [width]), (257, 3, [height]), (258, 3, [8 * samples.dtype.itemsize] * count),
        (259, 3, [spec.compression]), (262, 3, [spec.photometric]), (277, 3, [count]),
        (284, 3, [2 if spec.planar else 1]), (317, 3, [spec.predictor]), (339, 3, [spec.sample_format] * count),
        (324 if spec.tile else 273, kind, places), (325 if spec.tile else 279, kind, [len(piece) for piece in pieces]),
    ]  # fmt: skip
    values += [(322, 3, [across]), (323, 3, [down])] if spec.tile else [(278, 3, [down])]
    if spec.extra_samples:
        values.append((338, 3, list(spec.extra_samples)))
    values = [value for value in values if value[0] not in spec.without]
    following = 0
    for _ in range(pages - 1):
        grey = writer.put(bytes(range(64)))
        following = writer.directory(
            [(256, 3, [8]), (257, 3, [8]), (258, 3, [8]), (259, 3, [1]), (262, 3, [1]), (273, 4, [grey]), (277, 3, [1]),
             (278, 3, [8]), (279, 4, [64])],
            following,
        )  # fmt: skip
    return writer.finish(writer.directory([*values, *described(writer), *spec.fields], following))


def described(writer: TiffWriter) -> list[Value]:
    """Append EXIF and GPS directories; return the fields of the first directory that describe the picture."""
    note = b"maker's own, at its place\xff" * 3
    shot = writer.directory([(0x829A, 5, struct.pack(writer.spec.order + "II", 1, 100)), (0x927C, 7, note)])
    place = writer.directory([(1, 2, b"N\0"), (2, 5, struct.pack(writer.spec.order + "6I", 52, 1, 31, 1, 12, 1))])
    return [
        (271, 2, b"Acme\0"), (272, 2, b"Rocket 3\0"), (274, 3, [6]),
        (282, 5, struct.pack(writer.spec.order + "II", 300, 1)),
        (700, 1, b"<x:xmpmeta/>"), (34675, 7, b"a colour profile" * 20), (34665, 4, [shot]), (34853, 4, [place]),
        (65000, 7, b"private" * 5),
    ]  # fmt: skip


def _packed(piece: NDArray[Any], spec: TiffSpec) -> bytes:
    if spec.predictor == 2:
        piece = np.diff(piece, axis=1, prepend=piece.dtype.type(0))
    raw = piece.astype(piece.dtype.newbyteorder(spec.order)).tobytes()  # type: ignore[arg-type]
    return zlib.compress(raw) if spec.compression in (8, 32946) else raw
