"""FLAC frame headers (RFC 9639 9.1) and the stream's configuration (8.2)."""

from __future__ import annotations

from functools import cache
from types import ModuleType
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mediarescue.bitstream.columns import INVALID, NEED_MORE
from mediarescue.bitstream.errors import BitstreamError
from mediarescue.bitstream.frames import Frame
from mediarescue.bitstream.search import find_bytes

_SYNC = b"\xff\xf8"
_LONGEST_HEADER = 16
_STREAM_INFO, _STREAM_INFO_SIZE = 0, 34
_BLOCK_SIZES = {
    1: 192,
    **{code: 576 << (code - 2) for code in range(2, 6)},
    **{c: 256 << (c - 8) for c in range(8, 16)},
}
_RATES = {
    1: 88200, 2: 176400, 3: 192000, 4: 8000, 5: 16000, 6: 22050, 7: 24000, 8: 32000, 9: 44100, 10: 48000, 11: 96000,
}  # fmt: skip
_DEPTHS = {1: 8, 2: 12, 4: 16, 5: 20, 6: 24, 7: 32}
_SIDE = {8: 1, 9: 0, 10: 1}
"""Which of two channels is the difference, by the channel bits: left and side, side and right, mid and side."""


class StreamInfo(NamedTuple):
    """What the streaminfo block says: samples of the largest block, Hz, channels, bits a sample."""

    largest_block: int
    sampling_frequency: int
    channels: int
    depth: int


def parse_stream_info(payload: bytes) -> StreamInfo:
    """Return the streaminfo of a ``dfLa`` box's payload behind version and flags.

    Raises
    ------
    BitstreamError
        When there is none in front.
    """
    if len(payload) < 4 + _STREAM_INFO_SIZE or payload[0] & 127 != _STREAM_INFO:
        raise BitstreamError("the FLAC configuration does not begin with a streaminfo block")
    info = payload[4 : 4 + _STREAM_INFO_SIZE]
    bits = int.from_bytes(info[10:14], "big")  # sampling frequency 20, channels 3, depth 5, 4 of the sample count
    return StreamInfo(int.from_bytes(info[2:4], "big"), bits >> 12, (bits >> 9 & 7) + 1, (bits >> 4 & 31) + 1)


class FlacSyntax:
    """Read FLAC frames by walking them.

    Parameters
    ----------
    info : StreamInfo

    Notes
    -----
    A header with a CRC-8, and a CRC-16 where the walk ends: no false accept at any offset of 16 MB of H.264, HEVC,
    PCM, AAC and random bytes.
    """

    evidence = 38.0

    def __init__(self, info: StreamInfo) -> None:
        self._info = info
        self.rate = info.sampling_frequency
        block = info.largest_block or 1 << 16
        self.largest = _LONGEST_HEADER + 64 + block * info.channels * (info.depth + 1) // 8

    def frame(self, buf: NDArray[np.uint8], at: int, stop: int, *, final: bool) -> Frame | int:
        """Return the frame at ``buf[at]``; see `FrameSyntax`."""
        head = buf[at : min(at + _LONGEST_HEADER, stop)].tobytes()
        if not _may_begin(head):
            return INVALID
        header = _parse_header(head)
        if header is None:
            return NEED_MORE if len(head) < _LONGEST_HEADER and at + len(head) == stop else INVALID
        size, block_size, frequency, channel_bits, depth = header
        info = self._info
        channels = 2 if channel_bits in _SIDE else channel_bits + 1
        if (
            channels != info.channels
            or depth not in (0, info.depth)
            or frequency not in (0, info.sampling_frequency)
            or (info.largest_block and block_size > info.largest_block)
        ):
            return INVALID
        side = _SIDE.get(channel_bits, -1)
        found = int(_load().walk_frame(buf, at, at + size, stop, block_size, channels, side, info.depth, _tables()))
        return Frame(found, ticks=block_size) if found > 0 else found

    def find(self, buf: NDArray[np.uint8], at: int, limit: int, stop: int) -> int:
        """Return the first index of a sync code; see `FrameSyntax`."""
        hits = [find_bytes(buf, bytes((_SYNC[0], _SYNC[1] | bit)), at, limit, stop) for bit in (0, 1)]
        return min((hit for hit in hits if hit >= 0), default=-1)


def _may_begin(head: bytes) -> bool:
    """Whether the bytes agree with the sync code and the header's reserved values, as far as they go."""
    return (
        head[:1] == _SYNC[:1]
        and (len(head) < 2 or head[1] & 0xFE == _SYNC[1])
        and (len(head) < 3 or (head[2] >> 4 != 0 and head[2] & 15 != 15))
        and (len(head) < 4 or (head[3] >> 4 <= 10 and head[3] >> 1 & 7 != 3 and not head[3] & 1))
    )


def _parse_header(head: bytes) -> tuple[int, int, int, int, int] | None:
    """Return a header's size, block size, frequency in Hz, channel bits and depth (0: as the streaminfo has it)."""
    if len(head) < 6:
        return None
    number = next((count for count in range(8) if not head[4] << count & 128), 8)
    if number in (1, 8) or any(byte & 0xC0 != 0x80 for byte in head[5 : 4 + number]):
        return None
    at = 4 + max(number, 1)
    block_code, rate_code = head[2] >> 4, head[2] & 15
    block_bytes, rate_bytes = {6: 1, 7: 2}.get(block_code, 0), {12: 1, 13: 2, 14: 2}.get(rate_code, 0)
    end = at + block_bytes + rate_bytes
    if end + 1 > len(head) or _crc8(head[: end + 1]):
        return None
    told = int.from_bytes(head[at : at + block_bytes], "big")
    rate = int.from_bytes(head[at + block_bytes : end], "big") * {12: 1000, 14: 10}.get(rate_code, 1)
    block_size = told + 1 if block_bytes else _BLOCK_SIZES[block_code]
    frequency = rate if rate_bytes else _RATES.get(rate_code, 0)
    return end + 1, block_size, frequency, head[3] >> 4, _DEPTHS.get(head[3] >> 1 & 7, 0)


def _crc8(data: bytes) -> int:
    """Return the remainder of polynomial 0x07 (RFC 9639 9.1.8); 0 over a header with its checksum."""
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc << 1) ^ (0x107 if crc & 0x80 else 0)
    return crc


@cache
def _tables() -> NDArray[np.int64]:
    """Return the kernel's tables: leading zeros of each byte, and its remainder of polynomial 0x8005 (9.3)."""
    zeros = [8 - value.bit_length() for value in range(256)]
    remainders = []
    for value in range(256):
        crc = value << 8
        for _ in range(8):
            crc = (crc << 1) ^ (0x18005 if crc & 0x8000 else 0)
        remainders.append(crc)
    return np.array(zeros + remainders, dtype=np.int64)


@cache
def _load() -> ModuleType:
    """Import the kernels at first use: numba is not paid for by who only reads configurations."""
    from mediarescue.bitstream.flac import _kernels

    return _kernels
