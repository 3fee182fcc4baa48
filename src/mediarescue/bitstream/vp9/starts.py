"""Where VP9 frames start, as sure as their headers can make it, and where superframes end (Annex B)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mediarescue.bitstream.columns import INVALID, NEED_MORE
from mediarescue.bitstream.errors import BitstreamError
from mediarescue.bitstream.vp9.header import HEADER_BYTES, Vp9Header, parse_header

_HEADER_HEADROOM = 3
_BLOCK = 1 << 15


class FrameStarts:
    """Recognise frame headers by what the reference's frames have in common.

    Parameters
    ----------
    frames : sequence of bytes
        Samples of the reference; of a superframe the first frame counts.

    Notes
    -----
    Some forty bits of an inter frame's header are as in the reference or follow from its rules: profile, the flags
    of frame type and context, tile layout, bits no encoder sets, a compressed header of likely size, the first bit
    of each boolean decoder. In 20 MB of random bytes, H.264, HEVC, AAC and of VP9 itself no other place passed.
    """

    def __init__(self, frames: Sequence[bytes]) -> None:
        self._habits: set[tuple[int, ...]] = set()
        self._references: set[tuple[int, ...]] = set()
        self._refreshes = {0, *(1 << bit for bit in range(8))}
        self._largest = 0
        self.width = next((w for w in map(_key_width, frames) if w), 0)
        for frame in frames:
            try:
                header = parse_header(frame, self.width)
            except BitstreamError:
                continue
            self._learn(header)
            if not header.shown:  # the shown frame of a superframe lies behind the hidden one
                sizes = superframe_index(frame)
                for at in np.cumsum(sizes[:-1]).tolist():
                    try:
                        self._learn(parse_header(frame[at:], self.width))
                    except BitstreamError:
                        continue
        self._prefixes = np.zeros(1 << 16, dtype=bool)
        self._prefixes[[value for value in range(1 << 16) if self._is_prefix(value)]] = True

    def _learn(self, header: Vp9Header) -> None:
        self._habits.add(header.habit)
        self._references.add(tuple(header.references))
        self._refreshes.add(header.refresh)
        self._largest = max(self._largest, header.compressed_size)

    def _is_prefix(self, value: int) -> bool:
        """Whether a header of the reference's habits can begin with these 16 bits."""
        return any(
            value >> 8 == _first_byte(habit) and (_is_intra(habit) or self._refreshed(habit, value))
            for habit in self._habits
        )

    def _refreshed(self, habit: tuple[int, ...], value: int) -> bool:
        """Whether the second byte can hold the reset bits, and the refresh flags that begin in it."""
        shown, resilient, reset = habit[2], habit[3], habit[5]
        if habit[0] == 3:  # one bit more in front
            return True
        before = (0 if shown else 1) + (0 if resilient else 2)
        low = value & 255
        head = low >> (8 - before) if before else 0
        return head == (0 if resilient else reset) and any(
            low & ((1 << (8 - before)) - 1) == flags >> before for flags in self._refreshes
        )

    def header(self, data: bytes) -> Vp9Header | None:
        """Return the header of the frame that ``data`` begins with, None where that is unlikely to be one."""
        try:
            header = parse_header(data, self.width)
        except BitstreamError:
            return None
        limit = max(_HEADER_HEADROOM * self._largest, 64)
        likely = header.habit in self._habits and header.compressed_size <= limit
        if header.references:
            likely &= header.refresh in self._refreshes and header.references in self._references
        if header.key and header.size is not None:
            likely &= header.size[0] == self.width
        marker = header.uncompressed_size
        behind = marker + header.compressed_size + (4 if header.tile_columns_log2 + header.tile_rows_log2 else 0)
        for at in (marker, behind):
            if at < len(data) and data[at] & 128:
                return None
        return header if likely else None

    def least(self, buf: NDArray[np.uint8], at: int, stop: int, header: Vp9Header) -> int:
        """Return the first position where the frame at ``at`` can end: behind a byte of its last tile.

        INVALID where a tile breaks the syntax, NEED_MORE where ``stop`` comes first.
        """
        at += header.uncompressed_size + header.compressed_size
        for _ in range((1 << header.tile_columns_log2 + header.tile_rows_log2) - 1):
            size = int.from_bytes(buf[at : min(at + 4, stop)].tobytes(), "big")
            if at + 4 >= stop:
                return NEED_MORE
            if size == 0 or buf[at + 4] & 128:
                return INVALID
            at += 4 + size
        if at >= stop:
            return NEED_MORE
        return INVALID if buf[at] & 128 else at + 1

    def find(self, buf: NDArray[np.uint8], at: int, limit: int, stop: int) -> int:
        """Return the first index in ``[at, limit)`` where a frame starts, -1 for none."""
        while at < min(limit, stop - 1):
            end = min(at + _BLOCK, limit, stop - 1)
            data = buf[at : end + 1].astype(np.uint16)
            for k in np.flatnonzero(self._prefixes[data[:-1] << 8 | data[1:]]).tolist():
                head = buf[at + k : min(at + k + 4 * HEADER_BYTES, stop)].tobytes()
                if self.header(head) is not None:
                    return int(at + k)
            at = end
        return -1


def superframe_index(sample: bytes) -> list[int]:
    """Return the frame sizes that the index at the end of a sample tells (B.2), empty where there is none."""
    marker = sample[-1] if sample else 0
    if marker & 0xE0 != 0xC0:
        return []
    count, width = (marker & 7) + 1, (marker >> 3 & 3) + 1
    index = sample[-(2 + count * width) :]
    if len(index) < 2 + count * width or index[0] != marker:
        return []
    sizes = [int.from_bytes(index[1 + i * width : 1 + (i + 1) * width], "little") for i in range(count)]
    return sizes if sum(sizes) + len(index) == len(sample) else []


def superframe_end(buf: NDArray[np.uint8], at: int, least: int, limit: int) -> int:
    """Return the end of the superframe at ``at`` by its index, looked for from ``least`` up to ``limit``, or -1."""
    data, best = buf[least:limit], -1
    for count in range(2, 9):
        for width in range(1, 5):
            marker, behind = 0xC0 | (width - 1) << 3 | (count - 1), 1 + count * width
            hits = np.flatnonzero((data[:-behind] == marker) & (data[behind:] == marker))
            for start in (least + hits).tolist():
                sizes = buf[start + 1 : start + behind].reshape(count, width).astype(np.int64)
                if int((sizes << 8 * np.arange(width)).sum()) == start - at and (best < 0 or start + behind < best):
                    best = start + behind + 1
                    break
    return best


def _key_width(frame: bytes) -> int:
    try:
        header = parse_header(frame, 0)
    except BitstreamError:
        return 0
    return header.size[0] if header.key and header.size else 0


def _first_byte(habit: tuple[int, ...]) -> int:
    profile, key, shown, resilient = habit[:4]
    if profile == 3:
        return 0b10110000 | (not key) << 1 | shown
    return 0x80 | (profile & 1) << 5 | (profile >> 1) << 4 | (not key) << 2 | shown << 1 | resilient


def _is_intra(habit: tuple[int, ...]) -> bool:
    return bool(habit[1] or habit[4])
