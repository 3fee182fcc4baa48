"""The headers of Vorbis: codebooks, floors, residues, mappings and modes (Vorbis I specification 4.2), as flat numbers.

The kernels read one int64 table; each part begins where the part before says.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from mediarescue.bitstream.errors import BitstreamError

Int64Array = NDArray[np.int64]
T = TypeVar("T")
MODE_BITS, MODES, CHANNELS, SHORT, LONG = 0, 1, 2, 3, 4
"""Items of the table: bits of a mode number, place of the modes, channels, and samples of the two kinds of blocks."""
_HEAD = 8
_RANGE_BITS = (8, 7, 7, 6)
_MOST_ENTRIES = 1 << 20


@dataclass(frozen=True, slots=True)
class VorbisSetup:
    """What all packets of a track share.

    Attributes
    ----------
    channels, sample_rate : int
    blocks : (int, int)
        Samples of a short and of a long block.
    table : int64 (n,)
        For the kernels.
    """

    channels: int
    sample_rate: int
    blocks: tuple[int, int]
    table: Int64Array


class _Bits:
    """Read numbers with their least significant bit first (2.1)."""

    def __init__(self, data: bytes) -> None:
        self._value, self._left = int.from_bytes(data, "little"), 8 * len(data)

    def read(self, count: int) -> int:
        if count > self._left:
            raise BitstreamError("the Vorbis setup is cut off")
        value = self._value & ((1 << count) - 1)
        self._value >>= count
        self._left -= count
        return value


def parse_setup(configuration: bytes) -> VorbisSetup:
    """Parse the three headers as MP4 keeps them: their number, lengths in Xiph's lacing, then the headers.

    Raises
    ------
    BitstreamError
        When they are cut off or not those of Vorbis I.
    """
    first, _, setup = _unlaced(configuration)
    if len(first) < 30 or first[:7] != b"\1vorbis" or setup[:7] != b"\5vorbis":
        raise BitstreamError("these are not the headers of Vorbis")
    channels, rate = first[11], int.from_bytes(first[12:16], "little")
    blocks = (1 << (first[28] & 15), 1 << (first[28] >> 4))
    if not channels or not rate or not 64 <= blocks[0] <= blocks[1] <= 8192:
        raise BitstreamError("the Vorbis identification header is not sound")
    return VorbisSetup(channels, rate, blocks, _Table(_Bits(setup[7:]), channels, blocks).build())


def _unlaced(data: bytes) -> list[bytes]:
    if not data or data[0] != 2:
        raise BitstreamError("three Vorbis headers are expected")
    at, sizes = 1, []
    for _ in range(2):
        size = 0
        while at < len(data) and data[at] == 255:
            size, at = size + 255, at + 1
        if at >= len(data):
            raise BitstreamError("the Vorbis headers are cut off")
        sizes.append(size + data[at])
        at += 1
    middle = at + sizes[0]
    return [data[at:middle], data[middle : middle + sizes[1]], data[middle + sizes[1] :]]


class _Table:
    """Collect the setup header's parts."""

    def __init__(self, bits: _Bits, channels: int, blocks: tuple[int, int]) -> None:
        self._read = bits.read
        self._channels, self._blocks = channels, blocks
        self._out: list[int] = [0] * _HEAD

    def build(self) -> Int64Array:
        read = self._read
        books = [self._codebook() for _ in range(read(8) + 1)]
        for _ in range(read(6) + 1):
            read(16)
        floors = [self._floor(books) for _ in range(read(6) + 1)]
        residues = [self._residue(books) for _ in range(read(6) + 1)]
        mappings = [self._mapping(floors, residues) for _ in range(read(6) + 1)]
        modes: list[int] = []
        for _ in range(read(6) + 1):
            modes.append(read(1))
            read(32)
            modes.append(_of(mappings, read(8)))
        place = self._put([len(modes) // 2, *modes])
        self._out[:5] = [(len(modes) // 2 - 1).bit_length(), place, self._channels, *self._blocks]
        return np.array(self._out, dtype=np.int64)

    def _put(self, items: list[int]) -> int:
        place = len(self._out)
        self._out += items
        return place

    def _codebook(self) -> tuple[int, int]:
        """Return the place of a codebook's tree and its dimensions (3.2.1)."""
        read = self._read
        if read(24) != 0x564342:
            raise BitstreamError("a Vorbis codebook does not begin as one")
        dimensions, entries = read(16), read(24)
        if not dimensions or entries > _MOST_ENTRIES:
            raise BitstreamError(f"a Vorbis codebook of {entries} entries of {dimensions} numbers is not believed")
        lengths: list[int] = []
        if read(1):
            length = read(5) + 1
            while len(lengths) < entries:
                lengths += [length] * read((entries - len(lengths)).bit_length())
                length += 1
        else:
            sparse = read(1)
            for _ in range(entries):
                lengths.append(read(5) + 1 if not sparse or read(1) else 0)
        lookup = read(4)
        if lookup:
            read(64)
            bits = read(4) + 1
            read(1)
            values = entries * dimensions
            if lookup == 1:
                values = round(entries ** (1 / dimensions)) + 1
                while values**dimensions > entries:
                    values -= 1
            read(bits * values)
        return self._put([dimensions, *_tree(lengths)]), dimensions

    def _floor(self, books: list[tuple[int, int]]) -> int:
        """Return the place of a floor: type, then what is needed to step over one (6.2.1, 7.2.2)."""
        read = self._read
        kind = read(16)
        if kind == 0:
            order = read(8)
            read(32)
            amplitude_bits = read(6)
            read(8)
            used = [_of(books, read(8))[0] for _ in range(read(4) + 1)]
            return self._put([0, order, amplitude_bits, len(used).bit_length(), len(used), *used])
        if kind != 1:
            raise BitstreamError(f"a Vorbis floor of type {kind}")
        partitions = [read(4) for _ in range(read(5))]
        classes = []
        for _ in range(max(partitions, default=-1) + 1):
            dimensions, subclasses = read(3) + 1, read(2)
            master = _of(books, read(8))[0] if subclasses else 0
            numbers = [read(8) - 1 for _ in range(1 << subclasses)]
            picked = [_of(books, n)[0] if n >= 0 else -1 for n in numbers]
            classes.append([dimensions, subclasses, master, *picked, *[-1] * (8 - len(picked))])
        multiplier, bits = read(2), read(4)
        for number in partitions:
            read(bits * classes[number][0])
        places = [self._put(row) for row in classes]
        return self._put([1, _RANGE_BITS[multiplier], len(partitions), *(places[n] for n in partitions)])

    def _residue(self, books: list[tuple[int, int]]) -> int:
        """Return the place of a residue: type, begin, end, size of a partition, classes, books (8.6)."""
        read = self._read
        kind = read(16)
        begin, end, size, classes = read(24), read(24), read(24) + 1, read(6) + 1
        class_book, dimensions = _of(books, read(8))
        if kind > 2 or not dimensions:
            raise BitstreamError(f"a Vorbis residue of type {kind}")
        cascades = [low | (read(5) << 3 if read(1) else 0) for low in (read(3) for _ in range(classes))]
        picked = []
        for cascade in cascades:
            for stage in range(8):
                book = _of(books, read(8)) if cascade >> stage & 1 else (-1, 1)
                if not book[1]:
                    raise BitstreamError("a Vorbis residue of vectors without numbers")
                picked.append(book[0])
        return self._put([kind, begin, end, size, classes, class_book, *picked])

    def _mapping(self, floors: list[int], residues: list[int]) -> int:
        """Return the place of a mapping: submaps, coupled pairs, submap of each channel, floor and residue of each."""
        read, channels = self._read, self._channels
        if read(16):
            raise BitstreamError("a Vorbis mapping of another type than 0")
        submaps = read(4) + 1 if read(1) else 1
        bits = (channels - 1).bit_length()
        pairs = [read(bits) for _ in range(2 * (read(8) + 1))] if read(1) else []
        if read(2) or any(channel >= channels for channel in pairs):
            raise BitstreamError("a Vorbis mapping that is not sound")
        chosen = [read(4) for _ in range(channels)] if submaps > 1 else [0] * channels
        parts: list[int] = []
        for _ in range(submaps):
            read(8)
            parts += [_of(floors, read(8)), _of(residues, read(8))]
        if max(chosen) >= submaps:
            raise BitstreamError("a Vorbis mapping that is not sound")
        return self._put([submaps, len(pairs) // 2, *pairs, *chosen, *parts])


def _of(items: list[T], number: int) -> T:
    if number >= len(items):
        raise BitstreamError("a part of the Vorbis setup that is not there is asked for")
    return items[number]


def _tree(lengths: list[int]) -> list[int]:
    """Return a codebook's tree: two items a node, the next node or, below 0, an entry; 0 for no codeword (3.2.1)."""
    used = [entry for entry, length in enumerate(lengths) if length]
    if len(used) == 1:  # one entry has one codeword of one bit, whatever it is
        return [~used[0], ~used[0]]
    tree = [0, 0]
    free = {0: 0}  # the first codeword left under a branch, by the branch's depth
    for entry in used:
        length = lengths[entry]
        depth = max((d for d in free if d <= length), default=-1)
        if depth < 0:
            raise BitstreamError("a Vorbis codebook has too many codewords")
        code = free.pop(depth) << (length - depth)
        for below in range(depth + 1, length + 1):
            free[below] = (code >> (length - below)) | 1
        node = 0
        for bit in range(length - 1, 0, -1):
            side = 2 * node + (code >> bit & 1)
            if not tree[side]:
                tree[side] = len(tree) // 2
                tree += [0, 0]
            node = tree[side]
        tree[2 * node + (code & 1)] = ~entry
    return tree
