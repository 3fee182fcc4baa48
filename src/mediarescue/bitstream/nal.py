"""NAL unit framing: emulation prevention, length prefixes, start codes (ISO/IEC 14496-10 7.3.1, Annex B)."""

from __future__ import annotations

import re

from mediarescue.bitstream.errors import BitstreamError

_NEEDS_ESCAPE = re.compile(rb"\x00\x00(?=[\x00-\x03])")
_START_CODE = re.compile(rb"\x00\x00\x01")


def unescape_rbsp(data: bytes) -> bytes:
    """Return ``data`` without its emulation prevention bytes (the 03 of 00 00 03)."""
    return data.replace(b"\x00\x00\x03", b"\x00\x00")


def escape(rbsp: bytes) -> bytes:
    """Return ``rbsp`` with emulation prevention bytes; one is appended after a final zero byte."""
    data = _NEEDS_ESCAPE.sub(b"\x00\x00\x03", rbsp)
    return data + b"\x03" if data.endswith(b"\x00") else data


def split_length_prefixed(data: bytes, length_size: int) -> list[bytes]:
    """Return the NAL units of one sample, each behind its big-endian size (ISO/IEC 14496-15).

    Parameters
    ----------
    data : bytes
        One whole sample.
    length_size : int
        Bytes of each size field: 1, 2 or 4.

    Raises
    ------
    BitstreamError
        When a NAL unit does not end inside ``data``.
    """
    nals = []
    pos = 0
    while pos < len(data):
        start = pos + length_size
        stop = start + int.from_bytes(data[pos:start], "big")
        if start > len(data) or stop > len(data):
            raise BitstreamError(f"the NAL unit at {pos} ends at {stop}, the data at {len(data)}")
        nals.append(data[start:stop])
        pos = stop
    return nals


def join_length_prefixed(nals: list[bytes], length_size: int) -> bytes:
    """Return ``nals`` each behind its size: the inverse of :func:`split_length_prefixed`."""
    return b"".join(len(nal).to_bytes(length_size, "big") + nal for nal in nals)


def split_annex_b(data: bytes) -> list[bytes]:
    """Return the NAL units between start codes (Annex B), without zero bytes around them.

    Bytes before the first start code are dropped.
    """
    starts = [match.end() for match in _START_CODE.finditer(data)]
    stops = [start - 3 for start in starts[1:]] + [len(data)] * bool(starts)
    # A NAL unit never ends in a zero byte (7.4.1), so zeros before a start code are not its own.
    nals = [data[start:stop].rstrip(b"\x00") for start, stop in zip(starts, stops, strict=True)]
    return [nal for nal in nals if nal]
