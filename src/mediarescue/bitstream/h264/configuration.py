"""The H.264 decoder configuration record, ``avcC`` (ISO/IEC 14496-15 5.3.3.1)."""

from __future__ import annotations

from dataclasses import dataclass

from mediarescue.bitstream.errors import BitstreamError


@dataclass(frozen=True, slots=True)
class AvcConfiguration:
    """What ``avcC`` holds; parameter sets are whole NAL units without length fields."""

    profile_idc: int
    profile_compatibility: int
    level_idc: int
    nal_length_size: int
    sps: tuple[bytes, ...]
    pps: tuple[bytes, ...]


def parse_avcc(payload: bytes) -> AvcConfiguration:
    """Parse the payload of an ``avcC`` box.

    Raises
    ------
    BitstreamError
        When it is not version 1, ends inside a parameter set, or has a length field of 3 bytes.

    Notes
    -----
    The High profiles' extension behind the picture parameter sets repeats what the SPS says; many writers leave it
    out, so it is not read.
    """
    if len(payload) < 7 or payload[0] != 1:
        raise BitstreamError("not an avcC version 1 payload")
    nal_length_size = 1 + (payload[4] & 3)
    if nal_length_size == 3:
        raise BitstreamError("avcC asks for NAL unit lengths of 3 bytes, which do not exist")
    sets: list[tuple[bytes, ...]] = []
    pos = 5
    for mask in (0x1F, 0xFF):
        if pos >= len(payload):
            raise BitstreamError(f"avcC ends at {pos}, before its parameter set counts")
        count = payload[pos] & mask
        pos += 1
        nals = []
        for _ in range(count):
            stop = pos + 2 + int.from_bytes(payload[pos : pos + 2], "big")
            if stop > len(payload):
                raise BitstreamError(f"the parameter set at {pos} of avcC ends at {stop}, the box at {len(payload)}")
            nals.append(payload[pos + 2 : stop])
            pos = stop
        sets.append(tuple(nals))
    return AvcConfiguration(payload[1], payload[2], payload[3], nal_length_size, sets[0], sets[1])
