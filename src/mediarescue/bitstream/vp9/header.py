"""The uncompressed header of a VP9 frame (VP9 bitstream specification 6.2, 7.2)."""

from __future__ import annotations

from typing import NamedTuple

from mediarescue.bitstream.bits import BitReader
from mediarescue.bitstream.errors import BitstreamError

HEADER_BYTES = 128
"""Hold the longest uncompressed header: all of segmentation is 60 bytes."""
_SYNC_CODE = 0x498342
_RGB = 7


class Vp9Header(NamedTuple):
    """What a frame header says.

    Attributes
    ----------
    key, shown : bool
    size : (int, int) or None
        Width and height in pixels; None where they are a reference's.
    refresh : int
        Bits of the reference frames it replaces.
    references : tuple of int
        ref_frame_idx of an inter frame, else empty.
    tile_columns_log2, tile_rows_log2 : int
    uncompressed_size, compressed_size : int
        Bytes of both headers.
    habit : tuple of int
        Fields that encoders seldom change.
    """

    key: bool
    shown: bool
    size: tuple[int, int] | None
    refresh: int
    references: tuple[int, ...]
    tile_columns_log2: int
    tile_rows_log2: int
    uncompressed_size: int
    compressed_size: int
    habit: tuple[int, ...]


def parse_header(data: bytes, width: int) -> Vp9Header:
    """Parse the uncompressed header at the start of ``data``.

    Parameters
    ----------
    data : bytes
    width : int
        Pixels, for frames that take their size from a reference.

    Raises
    ------
    BitstreamError
        Where it ends early, breaks a rule, or only shows a frame again.
    """
    r = BitReader(data[:HEADER_BYTES])
    _demand(r.u(2) == 2, "frame_marker")
    profile = r.u(1) | r.u(1) << 1
    _demand(profile < 3 or not r.u(1), "reserved_zero")
    _demand(not r.u(1), "show_existing_frame")
    key, shown, resilient = not r.u(1), r.flag(), r.u(1)
    intra_only = reset = refresh = 0
    size: tuple[int, int] | None = None
    references: tuple[int, ...] = ()
    style: tuple[int, ...] = ()
    if key:
        style = (_intra_head(r, profile, True),)
        size, refresh = _size(r), 255
        style += (r.flag() and _size(r)[0],)
    else:
        intra_only = 0 if shown else r.u(1)
        reset = 0 if resilient else r.u(2)
        if intra_only:
            style = (_intra_head(r, profile, profile > 0),)
            refresh, size = r.u(8), _size(r)
            style += (r.flag() and _size(r)[0],)
        else:
            refresh = r.u(8)
            pairs = [(r.u(3), r.u(1)) for _ in range(3)]
            references = tuple(index for index, _ in pairs)
            found = next((i for i in range(3) if r.u(1)), 3)
            size = _size(r) if found == 3 else None
            render = r.flag() and _size(r)[0]
            precise = r.u(1)
            switchable = r.u(1)
            if not switchable:
                r.skip(2)
            style = (*(bias for _, bias in pairs), found, render, precise)
    context = (r.u(1), r.u(1)) if not resilient else (0, 1)
    r.skip(2)
    filtering = _loop_filter(r)
    quantizer = _quantizer(r)
    segmented = _segmentation(r)
    columns, rows = _tiles(r, size[0] if size else width)
    compressed = r.u(16)
    _demand(compressed > 0, "header_size_in_bytes")
    padding = -r.pos % 8
    _demand(not padding or not r.u(padding), "trailing_bits")
    habit = (profile, key, shown, resilient, intra_only, reset, *style, *context, *filtering, quantizer, segmented)
    habit += (columns, rows)
    return Vp9Header(key, shown, size, refresh, references, columns, rows, r.pos // 8, compressed, habit)


def _demand(holds: bool, name: str) -> None:
    if not holds:
        raise BitstreamError(f"{name} of a VP9 frame has a forbidden value")


def _intra_head(r: BitReader, profile: int, coloured: bool) -> int:
    """Read sync code and color_config() (7.2.2); return the colour space with its flags."""
    _demand(r.u(24) == _SYNC_CODE, "frame_sync_code")
    if not coloured:
        return 0
    deep = r.u(1) if profile >= 2 else 0
    space = r.u(3)
    if space == _RGB:
        _demand(profile in (1, 3) and not r.u(1), "color_space")
        return space << 4 | deep
    full = r.u(1)
    if profile in (1, 3):
        full |= r.u(2) << 1
        _demand(not r.u(1), "reserved_zero")
    return space << 4 | full << 1 | deep


def _size(r: BitReader) -> tuple[int, int]:
    return r.u(16) + 1, r.u(16) + 1


def _loop_filter(r: BitReader) -> tuple[int, int]:
    """Step over loop_filter_params() (7.2.8); return sharpness and whether deltas are in use."""
    r.skip(6)
    sharpness, deltas = r.u(3), r.u(1)
    if deltas and r.flag():
        for _ in range(6):
            if r.flag():
                r.skip(7)
    return sharpness, deltas


def _quantizer(r: BitReader) -> int:
    """Step over quantization_params() (7.2.9); return which deltas are coded."""
    r.skip(8)
    coded = 0
    for _ in range(3):
        flag = r.u(1)
        coded = coded << 1 | flag
        if flag:
            r.skip(5)
    return coded


def _segmentation(r: BitReader) -> int:
    """Step over segmentation_params() (7.2.10); return whether it is in use."""
    if not r.flag():
        return 0
    if r.flag():
        for _ in range(7):
            if r.flag():
                r.skip(8)
        temporal = r.flag()
        for _ in range(3):
            if temporal and r.flag():
                r.skip(8)
    if r.flag():
        r.skip(1)
        for _ in range(8):
            for bits in (9, 7, 2, 0):
                if r.flag():
                    r.skip(bits)
    return 1


def _tiles(r: BitReader, width: int) -> tuple[int, int]:
    """Read tile_info() (7.2.11): log2 of columns and rows."""
    blocks = (width + 63) // 64
    columns = 0
    while 64 << columns < blocks:
        columns += 1
    most = 1
    while blocks >> most >= 4:
        most += 1
    most -= 1
    while columns < most and r.flag():
        columns += 1
    rows = r.u(1)
    return columns, rows + r.u(1) if rows else 0
