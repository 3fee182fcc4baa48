"""TIFF and BigTIFF: strips or tiles with changed pixels are coded again, every other byte stays in place."""

from __future__ import annotations

import os
import shutil
import struct
from pathlib import Path
from typing import BinaryIO

import numpy as np

from mediarescue.errors import InputError, OutputError, VerificationError
from mediarescue.media.planes import Plane
from mediarescue.media.still_metadata import ifd_facts
from mediarescue.media.stills.ifd import Field, IfdError, IfdReader
from mediarescue.media.stills.still import PhotoInfo, Written, check_size, first_difference, freeze
from mediarescue.media.stills.tiff_codecs import (
    StripError,
    apply_predictor,
    pack,
    undo_predictor,
    unpack,
)
from mediarescue.media.stills.tiff_layout import COUNTS, OFFSETS, read_layout
from mediarescue.media.stills.tiff_raw import raw_kind
from mediarescue.media.stills.tiff_room import Range, Room, claims, overlaps, span, table

_XMP, _IPTC, _ICC, _EXIF, _GPS, _PHOTOSHOP = 700, 33723, 34675, 34665, 34853, 34377


def recognise(head: bytes) -> bool:
    """Whether a file begins as TIFF or BigTIFF does."""
    return head[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")


class TiffStill:
    """A TIFF file; its first picture is worked on.

    Notes
    -----
    Nothing of the file is written anew but strips and tiles, their offsets and their sizes: directories of any kind
    (EXIF, GPS, private ones), maker notes with offsets of their own, and further pages stay where they are.
    """

    def __init__(self, path: Path) -> None:
        try:
            self._file: BinaryIO = path.open("rb")
        except OSError as error:
            raise InputError(f"cannot read {path}: {error.strerror or error}") from error
        try:
            self._open(path)
        except IfdError as error:
            self.close()
            raise InputError(f"{path} is damaged or cut short: {error}; nothing was written") from error
        except BaseException:
            self.close()
            raise

    def _open(self, path: Path) -> None:
        self._size = os.fstat(self._file.fileno()).st_size
        self._reader = reader = IfdReader(self._read)
        self._ifd = ifd = reader.directory(reader.first)
        kind = raw_kind(reader, ifd)
        if kind:
            raise InputError(
                f"{path} is a camera's raw file ({kind}), not a finished picture; develop it with a raw converter and "
                "give the TIFF or JPEG that comes out"
            )
        self.layout = read_layout(path, reader, ifd)
        check_size(path, self.layout.width, self.layout.height)
        facts = ifd_facts(reader, ifd)
        layout, fields = self.layout, ifd.fields
        self.info = PhotoInfo(
            path=path,
            format="TIFF",
            width=layout.width,
            height=layout.height,
            mode=layout.mode,
            channels=layout.channels,
            bit_depth=layout.depth,
            pix_fmt=layout.pix_fmt,
            orientation=facts.orientation,
            has_icc=_ICC in fields,
            has_exif=_EXIF in fields,
            has_xmp=_XMP in fields,
            camera_make=facts.make,
            camera_model=facts.model,
        )

    def _read(self, at: int, size: int) -> bytes:
        if at < 0 or at >= self._size:
            return b""
        self._file.seek(at)
        return self._file.read(size)

    def read_planes(self) -> tuple[Plane, ...]:
        """Decode the samples; raises InputError where strips are damaged or outside the file."""
        layout = self.layout
        kind = np.uint16 if layout.depth == 16 else np.uint8
        planes = [np.empty((layout.height, layout.width), kind) for _ in layout.channels]
        for piece in range(len(layout.offsets)):
            try:
                samples = self._piece(piece)
            except StripError as error:
                share = 100 * piece // len(layout.offsets)
                raise InputError(
                    f"{self.info.path} is damaged or cut short: {'tile' if layout.tiled else 'strip'} {piece} of "
                    f"{len(layout.offsets)} cannot be decoded ({error}); {share} % of the picture are in front of it"
                ) from error
            component, row, column, _ = layout.place(piece)
            for number in range(layout.piece_samples):
                if component + number < len(planes):
                    target = planes[component + number][
                        row : row + layout.piece_height, column : column + layout.piece_width
                    ]
                    target[:] = samples[: target.shape[0], : target.shape[1], number]
        if layout.inverted:
            planes[0] = np.invert(planes[0])
        return freeze(planes)

    def _piece(self, piece: int) -> Plane:
        """Decode a strip or tile to shape (rows, columns, samples), in the machine's byte order."""
        layout = self.layout
        _, _, _, rows = layout.place(piece)
        row_size = layout.piece_width * layout.piece_samples * (layout.depth // 8)
        offset, size = layout.offsets[piece], layout.sizes[piece]
        data = self._read(offset, size)
        if len(data) < size:
            raise StripError("it ends outside the file")
        raw = unpack(data, layout.compression, rows, row_size)
        samples = np.frombuffer(raw, self._stored_type()).reshape(rows, layout.piece_width, layout.piece_samples)
        return undo_predictor(samples.astype(samples.dtype.newbyteorder("=")), layout.predictor)

    def _stored_type(self) -> np.dtype[np.uint8] | np.dtype[np.uint16]:
        return np.dtype(f"{self._reader.order}u2") if self.layout.depth == 16 else np.dtype(np.uint8)

    def write(self, old: tuple[Plane, ...], new: tuple[Plane, ...], output: BinaryIO) -> Written:
        """Copy the file and put the changed strips or tiles in it."""
        layout = self.layout
        changed = self._changed(old, new)
        self._file.seek(0)
        shutil.copyfileobj(self._file, output, 1 << 20)
        offsets, sizes = list(layout.offsets), list(layout.sizes)
        claimed = claims(self._reader, self._ifd, self._lists)
        room = Room(layout, set(changed), self._taken(claimed), self._size)
        for piece in changed:
            data = self._packed(piece, new)
            offsets[piece], sizes[piece] = room.take(len(data)), len(data)
            output.seek(offsets[piece])
            output.write(data)
        end = room.end
        output.truncate(end)
        for tag, before, after in zip(self._lists, (layout.offsets, layout.sizes), (offsets, sizes), strict=True):
            if list(before) != after:
                field = self._ifd.fields[tag]
                end = self._put_numbers(field, after, end, output, in_place=not overlaps(span(field), claimed))
        if not self._reader.big and end >= 1 << 32:
            raise OutputError(f"{self.info.path} would pass the 4 GiB that TIFF allows; save it as BigTIFF first")
        return Written(new, len(changed), len(offsets), "tiles" if layout.tiled else "strips", self._notes())

    @property
    def _lists(self) -> tuple[int, int]:
        return OFFSETS[self.layout.tiled], COUNTS[self.layout.tiled]

    def _taken(self, claimed: list[Range]) -> list[Range]:
        """Return what no new piece may cover: what is claimed, and the first directory itself."""
        lists = [span(field) for tag in self._lists if (field := self._ifd.fields.get(tag))]
        return [*claimed, *lists, table(self._reader, self._ifd)]

    def _changed(self, old: tuple[Plane, ...], new: tuple[Plane, ...]) -> list[int]:
        layout = self.layout
        differences = [one != other for one, other in zip(old, new, strict=True)]
        changed = []
        for piece in range(len(layout.offsets)):
            component, row, column, _ = layout.place(piece)
            if any(
                plane[row : row + layout.piece_height, column : column + layout.piece_width].any()
                for plane in differences[component : component + layout.piece_samples]
            ):
                changed.append(piece)
        return changed

    def _packed(self, piece: int, new: tuple[Plane, ...]) -> bytes:
        layout = self.layout
        component, row, column, rows = layout.place(piece)
        # Padding of tiles, and components that are no plane of ours, stay as they are.
        samples = self._piece(piece).copy()
        for number in range(layout.piece_samples):
            if component + number < len(new):
                part = new[component + number][row : row + layout.piece_height, column : column + layout.piece_width]
                part = np.invert(part) if layout.inverted and component + number == 0 else part
                samples[: part.shape[0], : part.shape[1], number] = part
        raw = apply_predictor(samples, layout.predictor).astype(self._stored_type()).tobytes()
        return pack(raw, layout.compression, rows, len(raw) // rows)

    def _put_numbers(self, field: Field, numbers: list[int], end: int, output: BinaryIO, *, in_place: bool) -> int:
        """Write the values of a field in their place, or at the end in the widest type; return the end of the file."""
        order, big = self._reader.order, self._reader.big
        widths = {3: "H", 4: "I", 13: "I", 16: "Q", 18: "Q"}
        form = widths[field.type]
        if in_place and max(numbers) < 1 << 8 * struct.calcsize(order + form):
            output.seek(field.at)
            output.write(struct.pack(f"{order}{len(numbers)}{form}", *numbers))
            return end
        kind, form = (16, "Q") if big else (4, "I")
        if max(numbers) >= 1 << 8 * struct.calcsize(order + form):
            raise OutputError(f"{self.info.path} would pass the 4 GiB that TIFF allows; save it as BigTIFF first")
        values = struct.pack(f"{order}{len(numbers)}{form}", *numbers)
        pointer = "Q" if big else "I"
        inline = struct.calcsize(order + pointer)
        output.seek(field.entry + 2)
        output.write(struct.pack(order + "H" + pointer, kind, len(numbers)))
        if len(values) <= inline:
            output.write(values.ljust(inline, b"\0"))
            return end
        end += end % 2
        output.write(struct.pack(order + pointer, end))
        output.seek(end)
        output.write(values)
        return end + len(values)

    def _notes(self) -> tuple[str, ...]:
        try:
            pages = sum(1 for _ in self._reader.directories())
        except IfdError:
            return ()
        return (f"of its {pages} pictures the first was worked on, the others are as they were",) if pages > 1 else ()

    def verify(self, path: Path, written: Written) -> None:
        """Decode the new file and hold the samples against what they must be, and the bytes around them."""
        try:
            made = TiffStill(path)
        except InputError as error:
            raise VerificationError(f"the written TIFF cannot be read back: {error}") from error
        try:
            wrong = first_difference(made.read_planes(), written.planes) or self._other_bytes(made)
        except InputError as error:
            raise VerificationError(f"the written TIFF cannot be read back: {error}") from error
        finally:
            made.close()
        if wrong:
            raise VerificationError(f"the written TIFF is not what was meant: {wrong}; it was removed")

    def _other_bytes(self, made: TiffStill) -> str | None:
        """Compare all bytes of the source but those of its own strips and of the two lists of them."""
        claimed = claims(self._reader, self._ifd, self._lists)
        own = Room(self.layout, range(len(self.layout.offsets)), self._taken(claimed), self._size)
        holes = [(start, size) for start, size in own.places]
        for tag in self._lists:
            if field := self._ifd.fields.get(tag):
                holes.append((field.entry, 20 if self._reader.big else 12))
                holes += [] if overlaps(span(field), claimed) else [span(field)]
        at = 0
        for start, size in [*sorted(holes), (own.end, 0)]:
            while at < start:
                step = min(start - at, 1 << 20)
                if self._read(at, step) != made._read(at, step):
                    return f"bytes from {at} on are not as they were"
                at += step
            at = max(at, start + size)
        return None

    def close(self) -> None:
        """Close the file."""
        self._file.close()
