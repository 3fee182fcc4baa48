"""HEIC and AVIF: the picture, or the tiles of it with changed pixels, coded again; every other item stays as it is."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from mediarescue.errors import InputError, OutputError, VerificationError
from mediarescue.isobmff.box import Box
from mediarescue.isobmff.errors import BoxError
from mediarescue.isobmff.item_exchange import NewItem, exchange_items
from mediarescue.isobmff.items import Item, ItemFile, read_items
from mediarescue.isobmff.reader import parse_boxes
from mediarescue.isobmff.sample_table import expand
from mediarescue.media.info import ColorTags
from mediarescue.media.planes import Plane, plane_views
from mediarescue.media.still_metadata import ExifFacts, exif_facts
from mediarescue.media.stills.av_pixels import PixelsError
from mediarescue.media.stills.coded_items import CONFIGURATIONS, NAMES, decode_item, encode_items, repaint
from mediarescue.media.stills.still import (
    PhotoInfo,
    Written,
    check_size,
    decibels,
    first_difference,
    freeze,
    read_whole,
)

_BRANDS = (
    b"heic",
    b"heix",
    b"heim",
    b"heis",
    b"mif1",
    b"mif2",
    b"miaf",
    b"avif",
    b"MiHE",
    b"MiHB",
    b"hevc",
    b"hevx",
    b"avis",
    b"msf1",
)
Frame = Any
"""A decoder's own, `av.VideoFrame`, which is the business of `media`."""

LEAST_DECIBELS = 38.0
"""What a picture coded again must reach against what was meant."""


def recognise(head: bytes) -> bool:
    """Whether a file begins as HEIC or AVIF does (ISO/IEC 23008-12 10)."""
    return head[4:8] == b"ftyp" and head[8:12] in _BRANDS


@dataclass(frozen=True, slots=True)
class Tile:
    """One coded item of the picture, and where its first sample is in the whole (in luma samples)."""

    item: Item
    row: int
    column: int


class HeifStill:
    """A HEIC or AVIF file; its primary picture is worked on, at its own subsampling and depth.

    Notes
    -----
    Phones store the picture as a grid of tiles of 512 by 512: only those with changed pixels are coded again. Depth
    maps, gain maps, thumbnails, alpha and metadata are items of their own, and stay byte for byte.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        data = read_whole(path)
        try:
            self._file = file = read_items(data)
            self._check(file)
            self._tiles, size = self._layout(file)
            check_size(path, *size)
            first = self._frame(file, self._tiles[0])
        except BoxError as error:
            raise InputError(f"{path} is damaged or cut short: {error}; nothing was written") from error
        self.info = self._info(size, first)

    def _check(self, file: ItemFile) -> None:
        if any(box.kind == b"moov" for box in file.top):
            raise InputError(
                f"{self._path} is a sequence of pictures (HEIF burst or animation); only still pictures are worked on"
            )
        for item in file.items.values():
            if item.is_here:
                file.content(item)  # a file that was cut lacks the end of its last items
        if file.primary not in file.items:
            raise InputError(f"{self._path} is damaged: it does not say which of its pictures is to be shown")

    def _layout(self, file: ItemFile) -> tuple[tuple[Tile, ...], tuple[int, int]]:
        primary = file.items[file.primary]
        size = _size_of(file, primary)
        if primary.kind in CONFIGURATIONS:
            return (Tile(primary, 0, 0),), size
        if primary.kind != b"grid":
            kind = primary.kind.decode("latin-1")
            raise InputError(f"{self._path} has its picture in the form {kind!r}; convert it to JPEG or PNG first")
        grid = file.content(primary)
        if len(grid) < 8 or (grid[1] & 1 and len(grid) < 12):
            raise BoxError("the description of the grid is cut short")
        rows, columns = grid[2] + 1, grid[3] + 1
        size = struct.unpack_from(">II" if grid[1] & 1 else ">HH", grid, 4)
        numbers = file.targets(b"dimg", file.primary)
        tiles = [file.items[number] for number in numbers if number in file.items]
        if (
            len(tiles) != rows * columns
            or len({tile.kind for tile in tiles}) != 1
            or tiles[0].kind not in CONFIGURATIONS
        ):
            raise BoxError("the grid has not the tiles that it says")
        width, height = _size_of(file, tiles[0])
        if (
            any(_size_of(file, tile) != (width, height) for tile in tiles)
            or columns * width < size[0]
            or rows * height < size[1]
        ):
            raise BoxError("the tiles of the grid do not fit it")
        return tuple(Tile(t, i // columns * height, i % columns * width) for i, t in enumerate(tiles)), size

    def _frame(self, file: ItemFile, tile: Tile) -> Frame:
        kind = tile.item.kind
        configuration = next((p for name, p in file.properties_of(tile.item) if name == CONFIGURATIONS[kind]), None)
        if configuration is None:
            raise BoxError(f"item {tile.item.id} has no decoder configuration")
        try:
            frame = decode_item(kind, configuration, file.content(tile.item))
        except PixelsError as error:
            raise InputError(f"{self._path} is damaged: a part of its picture cannot be decoded ({error})") from error
        if (frame.width, frame.height) != _size_of(file, tile.item):
            raise InputError(f"{self._path} is damaged: a part of its picture has not the size that its header says")
        return frame

    def _info(self, size: tuple[int, int], frame: Frame) -> PhotoInfo:
        file = self._file
        exif = next((_exif(file.content(i)) for i in file.items.values() if i.kind == b"Exif" and i.is_here), None)
        facts = ExifFacts() if exif is None else exif_facts(exif)
        form = frame.format
        channels = ("Y",) if len(form.components) == 1 else ("G", "B", "R") if form.is_rgb else ("Y", "Cb", "Cr")
        properties = list(file.properties_of(file.items[file.primary]))
        tiles = list(file.properties_of(self._tiles[0].item))
        return PhotoInfo(
            path=self._path,
            format=NAMES[self._tiles[0].item.kind],
            width=size[0],
            height=size[1],
            mode={1: "grey", 3: "RGB" if form.is_rgb else "YCbCr"}[len(channels)],
            channels=channels,
            bit_depth=form.components[0].bits,
            pix_fmt=form.name,
            color=_color((*properties, *tiles), frame),
            orientation=orientation_of(properties),
            has_icc=any(kind == b"colr" and p[:4] in (b"prof", b"rICC") for kind, p in (*properties, *tiles)),
            has_exif=exif is not None,
            has_xmp=any(i.content_type == b"application/rdf+xml" for i in file.items.values()),
            camera_make=facts.make,
            camera_model=facts.model,
            lossless=False,
        )

    def read_planes(self) -> tuple[Plane, ...]:
        """Decode the picture; raises InputError where it is damaged."""
        whole: list[Any] = []
        for tile, frame in self._decoded():
            views = plane_views(frame)[: len(self.info.channels)]
            if not whole:
                whole = [np.empty(shape, views[0].dtype) for shape in self._shapes(frame)]
            for number, view in enumerate(views):
                target = whole[number][self._part(tile, frame, number)]
                target[:] = view[: target.shape[0], : target.shape[1]]
        return freeze(whole)

    def _decoded(self) -> Iterator[tuple[Tile, Frame]]:
        for tile in self._tiles:
            try:
                frame = self._frame(self._file, tile)
            except BoxError as error:
                raise InputError(f"{self._path} is damaged or cut short: {error}") from error
            if frame.format.name != self.info.pix_fmt:
                raise InputError(f"{self._path} is damaged: its tiles are of different kinds")
            yield tile, frame

    def _shapes(self, frame: Frame) -> list[tuple[int, int]]:
        return [
            (-(-self.info.height // down), -(-self.info.width // across))
            for across, down in (self._steps(frame, number) for number in range(len(self.info.channels)))
        ]

    @staticmethod
    def _steps(frame: Frame, number: int) -> tuple[int, int]:
        """Return how many luma samples, across and down, one of the plane stands for."""
        view = plane_views(frame)[number]
        return -(-frame.width // view.shape[1]), -(-frame.height // view.shape[0])

    def _part(self, tile: Tile, frame: Frame, number: int) -> tuple[slice, slice]:
        across, down = self._steps(frame, number)
        rows, columns = plane_views(frame)[number].shape
        row, column = tile.row // down, tile.column // across
        return slice(row, row + rows), slice(column, column + columns)

    def write(self, old: tuple[Plane, ...], new: tuple[Plane, ...], output: BinaryIO) -> Written:
        """Write the file with the changed tiles coded again."""
        changed: list[tuple[Tile, Any]] = []
        for tile, frame in self._decoded():
            parts = [self._part(tile, frame, number) for number in range(len(new))]
            if any(not np.array_equal(was[p], now[p]) for was, now, p in zip(old, new, parts, strict=True)):
                repaint(frame, [now[p] for now, p in zip(new, parts, strict=True)])
                changed.append((tile, frame))
        kind = self._tiles[0].item.kind
        try:
            made = encode_items(kind, [frame for _, frame in changed])
            configuration, contents = _samples(made, CONFIGURATIONS[kind])
            items = {
                tile.item.id: NewItem(content, configuration)
                for (tile, _), content in zip(changed, contents, strict=True)
            }
            output.write(exchange_items(self._file, items, CONFIGURATIONS[kind]))
        except PixelsError as error:
            raise OutputError(f"{self._path} cannot be written anew: {error}") from error
        except BoxError as error:
            raise InputError(
                f"{self._path} cannot be changed in parts: {error}; convert it to JPEG or PNG first"
            ) from error
        tiled = len(self._tiles) > 1
        notes = () if tiled else (f"{self.info.format} cannot be changed in parts: the whole picture was coded again",)
        return Written(new, len(changed), len(self._tiles), "tiles" if tiled else "pictures", notes)

    def verify(self, path: Path, written: Written) -> None:
        """Decode the new file: tiles without a changed pixel exactly, others closely, all other items byte for byte."""
        try:
            made = HeifStill(path)
            planes = made.read_planes()
            wrong = self._other_items(made) or self._pixels(planes, written.planes)
        except (InputError, BoxError) as error:
            raise VerificationError(f"the written {self.info.format} cannot be read back: {error}") from error
        if wrong:
            raise VerificationError(f"the written {self.info.format} is not what was meant: {wrong}; it was removed")

    def _pixels(self, got: tuple[Plane, ...], meant: tuple[Plane, ...]) -> str | None:
        made: list[Plane] = []
        wanted: list[Plane] = []
        for tile, frame in self._decoded():
            parts = [self._part(tile, frame, number) for number in range(len(meant))]
            views = plane_views(frame)
            source = [v[: m[p].shape[0], : m[p].shape[1]] for v, m, p in zip(views, meant, parts, strict=False)]
            now, then = (
                [g[p] for g, p in zip(got, parts, strict=True)],
                [m[p] for m, p in zip(meant, parts, strict=True)],
            )
            if first_difference(then, source) is None:
                wrong = first_difference(now, source)
                if wrong:
                    return f"a tile without a change: {wrong}"
            else:
                made += now
                wanted += then
        if decibels(made, wanted, self.info.bit_depth) < LEAST_DECIBELS:
            return "the picture differs too much from what was encoded"
        return None

    def _other_items(self, made: HeifStill) -> str | None:
        own = {tile.item.id for tile in self._tiles}
        old, new = self._file, made._file
        if old.items.keys() != new.items.keys() or old.references != new.references:
            return "an item is missing"
        for number, item in old.items.items():
            if number in own or not item.is_here:
                continue
            if old.content(item) != new.content(new.items[number]):
                return f"item {number} is not as it was"
            if list(old.properties_of(item)) != list(new.properties_of(new.items[number])):
                return f"a property of item {number} is not as it was"
        return None

    def close(self) -> None:
        """Let go of nothing: the bytes go with the object."""


def orientation_of(properties: list[tuple[bytes, bytes]]) -> int:
    """Return the EXIF orientation that turns and mirrors the picture as its properties do, in their order.

    Notes
    -----
    ``irot`` turns anticlockwise by quarters; ``imir`` mirrors, about a vertical axis for 0 and a horizontal one for 1
    (ISO/IEC 23008-12 6.5.10 and 6.5.12). In HEIF these count, and what EXIF says does not.
    """
    matrix = np.eye(2, dtype=int)
    for kind, payload in properties:
        if kind == b"irot" and payload:
            matrix = np.linalg.matrix_power(np.array([[0, 1], [-1, 0]]), payload[0] & 3) @ matrix
        elif kind == b"imir" and payload:
            matrix = (np.diag([1, -1]) if payload[0] & 1 else np.diag([-1, 1])) @ matrix
    return _ORIENTATIONS[tuple(matrix.ravel().tolist())]


_ORIENTATIONS = {
    (1, 0, 0, 1): 1, (-1, 0, 0, 1): 2, (-1, 0, 0, -1): 3, (1, 0, 0, -1): 4,
    (0, 1, 1, 0): 5, (0, -1, 1, 0): 6, (0, -1, -1, 0): 7, (0, 1, -1, 0): 8,
}  # fmt: skip
"""Where a step to the right and one down go, as columns (x right, y down), and EXIF's number for it."""


def _size_of(file: ItemFile, item: Item) -> tuple[int, int]:
    for kind, payload in file.properties_of(item):
        if kind == b"ispe" and len(payload) >= 12:
            width, height = struct.unpack_from(">II", payload, 4)
            return width, height
    raise BoxError(f"item {item.id} has no size")


def _color(properties: tuple[tuple[bytes, bytes], ...], frame: Frame) -> ColorTags:
    """Return the colours that the file names (``colr`` of kind ``nclx``), which rule, or else the coded picture."""
    for kind, payload in properties:
        if kind == b"colr" and payload[:4] == b"nclx" and len(payload) >= 11:
            return ColorTags(2 if payload[10] & 0x80 else 1, *struct.unpack_from(">3H", payload, 4))
    return ColorTags(int(frame.color_range), int(frame.color_primaries), int(frame.color_trc), int(frame.colorspace))


def _exif(content: bytes) -> bytes:
    """Skip to the TIFF header (ISO/IEC 23008-12 A.2.1)."""
    return content[4 + int.from_bytes(content[:4], "big") :]


def _samples(mp4: bytes, configuration: bytes) -> tuple[bytes, list[bytes]]:
    """Return the decoder configuration of an encoder's film, and its samples in order."""
    boxes = parse_boxes(mp4)
    moov = next(box for box in boxes if box.kind == b"moov")
    stbl = moov.get(b"trak", b"mdia", b"minf", b"stbl")
    entry = (stbl.get(b"stsd").children or ())[0]
    samples = expand(stbl)
    contents = [mp4[at : at + size] for at, size in zip(samples.offset.tolist(), samples.size.tolist(), strict=True)]
    found: Box = entry.get(configuration)
    return found.payload, contents
