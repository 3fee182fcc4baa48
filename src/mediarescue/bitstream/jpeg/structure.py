"""What the segments of a JPEG file say (ITU-T T.81 Annex B)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mediarescue.bitstream.jpeg.huffman import HuffmanTable
from mediarescue.bitstream.jpeg.layout import NATURAL_ORDER

SOI, EOI, SOS, DQT, DNL, DRI, DHT, DAC, COM = 0xD8, 0xD9, 0xDA, 0xDB, 0xDC, 0xDD, 0xC4, 0xCC, 0xFE
APP0, APP2, APP14 = 0xE0, 0xE2, 0xEE


@dataclass(frozen=True, slots=True)
class Segment:
    """A marker and what belongs to it.

    Parameters
    ----------
    marker : int
        The byte behind FF.
    start, stop : int
        From FF to behind the last byte of its parameters, in the file.
    """

    marker: int
    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class HuffmanDefinition:
    """A Huffman table and the segment that defines it.

    Parameters
    ----------
    segment : int
        Start of the segment in the file; -1 for a table of Annex K that the file leaves out.
    slot : int
        Identifier, 0 to 3; + 16 for AC.
    table : HuffmanTable
    """

    segment: int
    slot: int
    table: HuffmanTable


@dataclass(frozen=True, slots=True)
class QuantDefinition:
    """A quantisation table and where it stands.

    Parameters
    ----------
    offset : int
        Of its first value in the file.
    slot : int
        Identifier, 0 to 3.
    wide : bool
        Whether a value takes two bytes.
    values : tuple of int
        In zigzag order.
    """

    offset: int
    slot: int
    wide: bool
    values: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Component:
    """A component of the frame.

    Parameters
    ----------
    identifier : int
        Ci of the frame header.
    h, v : int
        Sampling factors.
    quant : QuantDefinition
        In force when its first scan starts.
    width, height : int
        In samples.
    block_cols, block_rows : int
        Filled up to whole MCUs.
    first_block : int
        Place of its first block among those of all components.
    """

    identifier: int
    h: int
    v: int
    quant: QuantDefinition
    width: int
    height: int
    block_cols: int
    block_rows: int
    first_block: int

    @property
    def block_count(self) -> int:
        """Return the number of blocks, those that fill up the last MCUs included."""
        return self.block_cols * self.block_rows


@dataclass(frozen=True, slots=True)
class Frame:
    """The frame header.

    Parameters
    ----------
    offset : int
        Of the segment in the file.
    precision : int
        Bits of a sample, 8 or 12.
    width, height : int
        In pixels.
    progressive : bool
    components : tuple of Component
    """

    offset: int
    precision: int
    width: int
    height: int
    progressive: bool
    components: tuple[Component, ...]

    @property
    def h_most(self) -> int:
        """Return the largest horizontal sampling factor."""
        return max(component.h for component in self.components)

    @property
    def v_most(self) -> int:
        """Return the largest vertical sampling factor."""
        return max(component.v for component in self.components)

    @property
    def block_count(self) -> int:
        """Return the number of blocks of all components."""
        return sum(component.block_count for component in self.components)


@dataclass(frozen=True, slots=True)
class Scan:
    """A scan: its header, the tables in force, and where its entropy-coded data stand.

    Parameters
    ----------
    components : tuple of int
        Places in the frame.
    dc, ac : tuple of HuffmanDefinition or None
        For each of the components; None where the table was never defined.
    start, end : int
        Spectral selection, first and last index in zigzag order.
    high, low : int
        Successive approximation.
    interval : int
        MCUs between restart markers, 0 for no such markers.
    data_start, data_stop : int
        Bytes of entropy-coded data in the file, restart markers included.
    """

    components: tuple[int, ...]
    dc: tuple[HuffmanDefinition | None, ...]
    ac: tuple[HuffmanDefinition | None, ...]
    start: int
    end: int
    high: int
    low: int
    interval: int
    data_start: int
    data_stop: int


@dataclass(frozen=True, slots=True)
class Structure:
    """All of a JPEG file but the coefficients.

    Parameters
    ----------
    frame : Frame
    scans : tuple of Scan
    segments : tuple of Segment
        All between SOI and EOI.
    color : str
        "gray", "YCbCr", "RGB", "CMYK", "YCCK", told as libjpeg does; "unknown" of two components.
    end : int
        Where the image ends in the file: behind EOI; what follows is a trailer.
    """

    frame: Frame
    scans: tuple[Scan, ...]
    segments: tuple[Segment, ...]
    color: str
    end: int


def mcu_blocks(frame: Frame, scan: Scan) -> list[tuple[int, int, int]]:
    """Return component within the scan, row and column of each block of one MCU."""
    if len(scan.components) == 1:
        return [(0, 0, 0)]
    return [
        (slot, y, x)
        for slot, place in enumerate(scan.components)
        for y in range(frame.components[place].v)
        for x in range(frame.components[place].h)
    ]


def mcu_count(frame: Frame, scan: Scan) -> int:
    """Return the number of MCUs of a scan; those of one component alone leave out blocks without a pixel (A.2.2)."""
    if len(scan.components) == 1:
        component = frame.components[scan.components[0]]
        return -(-component.width // 8) * -(-component.height // 8)
    return -(-frame.width // (8 * frame.h_most)) * -(-frame.height // (8 * frame.v_most))


def block_order(frame: Frame, scan: Scan) -> NDArray[np.int32]:
    """Return the places of a scan's blocks in their order, among those of all components."""
    if len(scan.components) == 1:
        component = frame.components[scan.components[0]]
        across = np.arange(-(-component.width // 8), dtype=np.int32)
        down = np.arange(-(-component.height // 8), dtype=np.int32)[:, None]
        return (component.first_block + down * np.int32(component.block_cols) + across).reshape(-1)
    blocks = mcu_blocks(frame, scan)
    across = np.arange(-(-frame.width // (8 * frame.h_most)), dtype=np.int32)
    down = np.arange(-(-frame.height // (8 * frame.v_most)), dtype=np.int32)[:, None]
    order = np.empty((down.size, across.size, len(blocks)), np.int32)
    for place, (slot, y, x) in enumerate(blocks):
        component = frame.components[scan.components[slot]]
        row = (down * component.v + y) * np.int32(component.block_cols)
        order[:, :, place] = component.first_block + row + across * component.h + x
    return order.reshape(-1)


def coefficient_steps(structure: Structure) -> NDArray[np.int32]:
    """Return what the quantised coefficients of each component are multiples of, shape (components, 64), row-major.

    1, but for progressive files that leave out the last bits of a band; 0 where they leave out all of it.
    """
    steps = np.zeros((len(structure.frame.components), 64), np.int32)
    for scan in structure.scans:
        band = NATURAL_ORDER[scan.start : scan.end + 1]
        steps[np.array(scan.components)[:, None], band] = 1 << scan.low
    return steps


def coded_blocks(structure: Structure) -> NDArray[np.bool_]:
    """Return for each block of all components whether a scan holds it."""
    coded = np.zeros(structure.frame.block_count, np.bool_)
    for scan in structure.scans:
        if scan.start == 0:
            coded[block_order(structure.frame, scan)] = True
    return coded
