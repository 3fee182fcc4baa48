"""The HEVC decoder configuration record, ``hvcC`` (ISO/IEC 14496-15 8.3.3.1)."""

from __future__ import annotations

from dataclasses import dataclass

from mediarescue.bitstream.errors import BitstreamError


@dataclass(frozen=True, slots=True)
class NalArray:
    """NAL units of one type; ``complete`` when no others of that type are in the samples."""

    nal_unit_type: int
    complete: bool
    nals: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class HevcConfiguration:
    """What ``hvcC`` holds; parameter sets are whole NAL units without length fields."""

    profile_idc: int
    level_idc: int
    chroma_format_idc: int
    bit_depth_luma: int
    bit_depth_chroma: int
    num_temporal_layers: int
    nal_length_size: int
    arrays: tuple[NalArray, ...]

    def nals(self, nal_unit_type: int) -> tuple[bytes, ...]:
        """Return all NAL units of that type."""
        return tuple(nal for array in self.arrays if array.nal_unit_type == nal_unit_type for nal in array.nals)


def parse_hvcc(payload: bytes) -> HevcConfiguration:
    """Parse the payload of an ``hvcC`` box.

    Raises
    ------
    BitstreamError
        When the box ends inside an array, or has a length field of 3 bytes.

    Notes
    -----
    The version is not looked at: 0 was written by early muxers for the same layout.
    """
    if len(payload) < 23:
        raise BitstreamError(f"hvcC has {len(payload)} bytes, at least 23 are needed")
    nal_length_size = 1 + (payload[21] & 3)
    if nal_length_size == 3:
        raise BitstreamError("hvcC asks for NAL unit lengths of 3 bytes, which do not exist")
    arrays = []
    pos = 23
    for _ in range(payload[22]):
        if pos + 3 > len(payload):
            raise BitstreamError(f"hvcC ends at {len(payload)}, an array starts at {pos}")
        head, count = payload[pos], int.from_bytes(payload[pos + 1 : pos + 3], "big")
        pos += 3
        nals = []
        for _ in range(count):
            stop = pos + 2 + int.from_bytes(payload[pos : pos + 2], "big")
            if stop > len(payload):
                raise BitstreamError(f"the NAL unit at {pos} of hvcC ends at {stop}, the box at {len(payload)}")
            nals.append(payload[pos + 2 : stop])
            pos = stop
        arrays.append(NalArray(head & 0x3F, bool(head & 0x80), tuple(nals)))
    return HevcConfiguration(
        profile_idc=payload[1] & 0x1F,
        level_idc=payload[12],
        chroma_format_idc=payload[16] & 3,
        bit_depth_luma=8 + (payload[17] & 7),
        bit_depth_chroma=8 + (payload[18] & 7),
        num_temporal_layers=payload[21] >> 3 & 7,
        nal_length_size=nal_length_size,
        arrays=tuple(arrays),
    )
