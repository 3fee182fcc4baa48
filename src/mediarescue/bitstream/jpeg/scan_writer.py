"""One scan written with other coefficients."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

from mediarescue.bitstream.jpeg.decode import JpegImage, blocks_in_interval, load_kernels, scan_books, scan_slots
from mediarescue.bitstream.jpeg.huffman import HuffmanTable, book, codes
from mediarescue.bitstream.jpeg.layout import NATURAL_ORDER
from mediarescue.bitstream.jpeg.structure import HuffmanDefinition, block_order

_ROOM_FOR_CORRECTIONS = 1024


@cache
def _sequential() -> ModuleType:
    from mediarescue.bitstream.jpeg import _splice_kernels

    return _splice_kernels


@cache
def _progressive() -> ModuleType:
    from mediarescue.bitstream.jpeg import _progressive_splice_kernels

    return _progressive_splice_kernels


class ScanWriter:
    """Write one scan.

    Parameters
    ----------
    image : JpegImage
    place : int
        Of the scan in the file.
    flat : int16 array
        The wanted coefficients, laid out as ``image.flat``.
    changed : uint8 array
        For each block, 1 where they are not those of the source.
    whole : bool
        Whether all blocks are coded anew; scans of progressive DC coefficients always are.
    """

    def __init__(
        self, image: JpegImage, place: int, flat: NDArray[np.int16], changed: NDArray[np.uint8], *, whole: bool
    ) -> None:
        self.scan = image.structure.scans[place]
        self.whole = whole
        self._image, self._bits = image, image.scan_bits[place]
        self._flat = flat
        self._order = block_order(image.frame, self.scan)
        self._interval = blocks_in_interval(image.frame, self.scan)
        self._used, _ = scan_books(self.scan)
        self._most = 0
        self._changed = self._changed_here(changed)

    @property
    def touched(self) -> bool:
        """Return whether there is anything to write."""
        return self.whole or bool(self._changed.any())

    def _changed_here(self, changed: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return which blocks differ in what this scan says of them."""
        blocks = self._order[changed[self._order] != 0]
        here = np.zeros_like(changed)
        if not self._image.frame.progressive:
            here[blocks] = 1
            return here
        band, low = NATURAL_ORDER[self.scan.start : self.scan.end + 1], self.scan.low
        pair = [flat.reshape(-1, 64)[blocks[:, None], band] for flat in (self._flat, self._image.flat)]
        # AC loses its lower bits towards zero, DC downwards (G.1.2)
        new, old = (np.sign(v) * (np.abs(v) >> low) if self.scan.start else v >> low for v in pair)
        here[blocks] = (new != old).any(axis=1)
        return here

    def counts(self) -> Iterator[tuple[HuffmanDefinition, NDArray[np.int64]]]:
        """Yield the tables that are used, and how often each of their 256 symbols is needed."""
        histogram = np.zeros(256 * max(1, len(self._used)), np.int64)
        self._most, _ = self._run({}, histogram, np.empty(0, np.uint32))
        for i, definition in enumerate(self._used):
            yield definition, histogram[256 * i : 256 * i + 256]

    def encoded(self, raw: NDArray[np.uint8], tables: Mapping[HuffmanDefinition, HuffmanTable]) -> bytes:
        """Return the entropy-coded bytes, restart markers included; `counts` comes first.

        Parameters
        ----------
        raw : uint8 array
            The file.
        tables : mapping
            What stands in the place of some of the tables.
        """
        out = np.zeros(self._most // 4 + 2, np.uint32)
        size, bounds = self._run(tables, np.zeros(1, np.int64), out)
        clean = out[: size // 4 + 1].astype(">u4").view(np.uint8)
        joined = np.empty(2 * clean.size + self.scan.data_stop - self.scan.data_start, np.uint8)
        count = load_kernels().join(
            raw, self._bits.bounds.reshape(-1), self.scan.data_stop, clean, bounds.reshape(-1), joined
        )
        return joined[:count].tobytes()

    def _run(
        self, tables: Mapping[HuffmanDefinition, HuffmanTable], histogram: NDArray[np.int64], out: NDArray[np.uint32]
    ) -> tuple[int, NDArray[np.int64]]:
        """Run the encoder; return the bytes written and the bounds of the restart intervals among them."""
        scan, order, interval = self.scan, self._order, self._interval
        bounds = np.empty((-(-order.size // interval), 2), np.int64)
        written = np.concatenate([codes(tables.get(d, d.table)) for d in self._used] or [np.zeros(256, np.int64)])
        slots = scan_slots(self._image.frame, scan)
        tail = (histogram, out, bounds.reshape(-1))
        changed = np.ones_like(self._changed) if self.whole else self._changed
        if self._bits.ends is None:
            size = _progressive().encode_dc(interval, order, slots, written, self._flat, scan.low, scan.high, *tail)
            return int(size), bounds
        head = (self._bits.windows, self._bits.bounds.reshape(-1), interval, self._bits.ends, order)
        if self._image.frame.progressive:
            size = _progressive().splice_ac(
                *(*head, written, self._flat, changed, self.whole, scan.start, scan.end, scan.low, scan.high, *tail),
                np.zeros(_ROOM_FOR_CORRECTIONS, np.int64),
            )
        else:
            books = np.concatenate([book(definition.table) for definition in self._used])
            old_dc = np.ascontiguousarray(self._image.flat[::64])
            size = _sequential().splice(*head, slots, books, written, old_dc, self._flat, changed, *tail)
        return int(size), bounds
