"""Read the quantised coefficients of a JPEG file."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

from mediarescue.bitstream.buffers import as_buffer
from mediarescue.bitstream.jpeg import layout
from mediarescue.bitstream.jpeg.errors import JpegError
from mediarescue.bitstream.jpeg.huffman import book
from mediarescue.bitstream.jpeg.parse import parse
from mediarescue.bitstream.jpeg.structure import (
    Frame,
    HuffmanDefinition,
    Scan,
    Structure,
    block_order,
    mcu_blocks,
    mcu_count,
)

_WORDS = {
    layout.BAD_CODE: "the picture data of the JPEG file are damaged: there is no such code",
    layout.TOO_FAR: "the picture data of the JPEG file are damaged: a block has too many coefficients",
    layout.ENDED: "the picture data of the JPEG file end too early or are damaged",
    layout.OUT_OF_RANGE: "the picture data of the JPEG file are damaged: a coefficient is too large",
}


@dataclass(frozen=True, slots=True, eq=False)
class ScanBits:
    """The entropy-coded data of a scan as bits.

    Parameters
    ----------
    windows : int64 array
        64 bits of the data without stuffing and markers at every 32nd bit; empty where ``ends`` is None.
    bounds : int64 array, shape (intervals, 4)
        Of each restart interval: start and stop in the file, start and stop among the bytes without stuffing.
    ends : int64 array or None
        Bit behind every block of the scan, -1 where an end-of-band run goes on there; None for progressive scans of DC.
    """

    windows: NDArray[np.int64]
    bounds: NDArray[np.int64]
    ends: NDArray[np.int64] | None


@dataclass(frozen=True, slots=True, eq=False)
class JpegImage:
    """A JPEG file and its quantised coefficients.

    Parameters
    ----------
    data : bytes
        The file.
    structure : Structure
        What its segments say; ``structure.frame`` and ``structure.color`` tell what the components are.
    flat : int16 array
        The coefficients of all blocks of all components, see ``coefficients``.
    scan_bits : tuple of ScanBits
        What `write_coefficients` copies from.
    """

    data: bytes
    structure: Structure
    flat: NDArray[np.int16]
    scan_bits: tuple[ScanBits, ...]

    @property
    def frame(self) -> Frame:
        """Return the frame header."""
        return self.structure.frame

    @property
    def coefficients(self) -> tuple[NDArray[np.int16], ...]:
        """Return the quantised coefficients of each component, int16 of shape (block_rows, block_cols, 64).

        The blocks that fill up the last MCUs are among them. Each block is in row-major order (not zigzag).
        """
        return self.views(self.flat)

    def views(self, flat: NDArray[np.int16]) -> tuple[NDArray[np.int16], ...]:
        """Return the components within an array like ``flat``."""
        return tuple(
            flat[c.first_block * 64 : (c.first_block + c.block_count) * 64].reshape(c.block_rows, c.block_cols, 64)
            for c in self.frame.components
        )

    @property
    def quantisation(self) -> tuple[NDArray[np.int32], ...]:
        """Return the table of each component, int32 of shape (64,), in row-major order."""
        return tuple(row_major(component.quant.values) for component in self.frame.components)


def row_major(zigzag: tuple[int, ...]) -> NDArray[np.int32]:
    """Return 64 values given in zigzag order as an array in row-major order."""
    values = np.empty(64, np.int32)
    values[layout.NATURAL_ORDER] = zigzag
    return values


@cache
def load_kernels() -> ModuleType:
    """Import the kernels at first use: numba is not paid for by who only reads headers."""
    from mediarescue.bitstream.jpeg import _kernels

    return _kernels


@cache
def _progressive() -> ModuleType:
    from mediarescue.bitstream.jpeg import _progressive_kernels

    return _progressive_kernels


def read_coefficients(data: bytes) -> JpegImage:
    """Decode the entropy-coded data of a JPEG file.

    Parameters
    ----------
    data : bytes
        The whole file; what follows the image is kept as it is.

    Raises
    ------
    JpegError
        If the file is no JPEG, is damaged or cut; nothing is guessed.
    UnsupportedJpegError
        If it is lossless, arithmetic-coded or hierarchical.

    Notes
    -----
    Baseline, extended sequential (8 and 12 bits) and progressive images of one to four components.
    """
    structure = parse(data)
    frame = structure.frame
    for scan in structure.scans:
        blocks = mcu_count(frame, scan) * len(mcu_blocks(frame, scan))
        # an end-of-band run stands for many blocks, but of DC every block has one bit: sizes are checked before memory
        if scan.start == 0 and blocks > 8 * (scan.data_stop - scan.data_start):
            raise JpegError(_WORDS[layout.ENDED], scan.data_stop)
    flat = np.zeros(frame.block_count * 64, np.int16)
    raw = as_buffer(data)
    scan_bits = tuple(_decode(raw, frame, scan, flat) for scan in structure.scans)
    return JpegImage(data, structure, flat, scan_bits)


def scan_books(scan: Scan) -> tuple[list[HuffmanDefinition], list[tuple[int, int]]]:
    """Return the tables a scan uses, each once, and for each of its components the places of DC and AC among them."""
    used: list[HuffmanDefinition] = []
    places = []
    for pair in zip(scan.dc, scan.ac, strict=True):
        for definition in pair:
            if definition is not None and definition not in used:
                used.append(definition)
        dc, ac = (0 if definition is None else used.index(definition) for definition in pair)
        places.append((dc, ac))
    return used, places


def scan_slots(frame: Frame, scan: Scan) -> NDArray[np.int64]:
    """Return what the kernels have to know of each block of an MCU, see `layout.SLOT_SIZE`."""
    _, places = scan_books(scan)
    return np.array([(slot, *places[slot]) for slot, _, _ in mcu_blocks(frame, scan)], np.int64).reshape(-1)


def blocks_in_interval(frame: Frame, scan: Scan) -> int:
    """Return the number of blocks between restart markers; that of the whole scan where there are none."""
    return (scan.interval or mcu_count(frame, scan)) * len(mcu_blocks(frame, scan))


def _decode(raw: NDArray[np.uint8], frame: Frame, scan: Scan, flat: NDArray[np.int16]) -> ScanBits:
    """Decode one scan into the coefficients of all components."""
    order = block_order(frame, scan)
    interval = blocks_in_interval(frame, scan)
    windows, bounds = _bits(raw, frame, scan, -(-order.size // interval))
    used, _ = scan_books(scan)
    books = np.concatenate([book(definition.table) for definition in used]) if used else np.zeros(1, np.int64)
    slots = scan_slots(frame, scan)
    ends = None
    head = (windows, bounds.reshape(-1), interval, order)
    if not frame.progressive:
        ends = np.empty(order.size, np.int64)
        result = load_kernels().decode_sequential(*head, slots, books, flat, ends)
    elif scan.start == 0:
        result = _progressive().decode_dc(*head, slots, books, flat, scan.low, scan.high)
    else:
        ends = np.empty(order.size, np.int64)
        kernels = _progressive()
        kernel = kernels.decode_ac_refine if scan.high else kernels.decode_ac_first
        result = kernel(*head, books, flat, ends, scan.start, scan.end, scan.low)
    if result < 0:
        block, reason = divmod(-1 - result, layout.REASONS)
        part = bounds[block // interval]
        # where in a restart interval the damage is cannot be told: the bits went wrong somewhere before
        share = block / order.size if order.size == frame.block_count and not frame.progressive else None
        raise JpegError(_WORDS[reason], int(part[1] if reason == layout.ENDED else part[0]), share)
    # scans of progressive DC are never copied from
    return ScanBits(windows if ends is not None else np.zeros(0, np.int64), bounds, ends)


def _bits(
    raw: NDArray[np.uint8], frame: Frame, scan: Scan, intervals: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return windows and bounds of a scan's data."""
    spare = 4 * layout.SPARE_WINDOWS
    clean = np.zeros((scan.data_stop - scan.data_start + spare + 3) // 4 * 4, np.uint8)
    # one marker more than needed is written by some encoders at the end
    bounds = np.zeros((intervals + 1, 4), np.int64)
    count = load_kernels().split(raw, scan.data_start, scan.data_stop, clean, bounds.reshape(-1))
    if count < 0:
        raise JpegError("the restart markers of the JPEG file are out of order", int(-1 - count))
    if count < intervals:
        raise JpegError(_WORDS[layout.ENDED], scan.data_stop, None if frame.progressive else (count - 1) / intervals)
    words = clean.view(">u4").astype(np.int64)
    return (words[:-1] << 32) | words[1:], bounds[:count]
