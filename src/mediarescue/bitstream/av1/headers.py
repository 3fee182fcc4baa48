"""Sequence header and the first fields of the frame header of AV1 (AV1 bitstream specification 5.5 and 5.9.2)."""

from __future__ import annotations

from typing import NamedTuple

from mediarescue.bitstream.bits import BitReader
from mediarescue.bitstream.errors import BitstreamError

KEY_FRAME, INTER_FRAME, SWITCH_FRAME = 0, 1, 3
_SELECT = 2
"""seq_choose_screen_content_tools, seq_choose_integer_mv: the frame decides."""


class Sequence(NamedTuple):
    """What of a sequence header a frame header needs to be read."""

    reduced_still_picture: bool
    frame_presentation_time_bits: int
    """0 where frames carry no temporal_point_info()."""
    frame_id_bits: int
    """0 where frames carry no id."""
    screen_content_tools: int
    integer_mv: int
    order_hint_bits: int = 0
    plain: bool = False
    """Whether the fields behind frame_size_override_flag are read: no frame ids, no decoder model."""


class FrameStart(NamedTuple):
    """The first fields of a frame header.

    Attributes
    ----------
    show_existing_frame, show_frame : bool
    frame_type : int
        KEY_FRAME 0, INTER_FRAME 1, INTRA_ONLY_FRAME 2, SWITCH_FRAME 3; -1 with ``show_existing_frame``.
    bits : int
        Read up to here.
    habit : int
        Type and the flags that encoders seldom change, packed: what a frame has in common with its neighbours.
    """

    show_existing_frame: bool
    show_frame: bool
    frame_type: int
    bits: int
    habit: int
    references: tuple[int, ...] = ()
    """ref_frame_idx of an inter frame behind refresh_frame_flags and primary_ref_frame, where they are read."""


def parse_sequence(payload: bytes) -> Sequence:
    """Read a sequence header (5.5.1).

    Raises
    ------
    BitstreamError
        Where it ends early or holds reserved values.
    """
    r = BitReader(payload)
    if r.u(3) > 2:
        raise BitstreamError("a reserved seq_profile")
    still, reduced = r.flag(), r.flag()
    if reduced:
        if not still:
            raise BitstreamError("a reduced still picture header of a film")
        return Sequence(True, 0, 0, _SELECT, _SELECT)
    model, time_bits = _operating_points(r)
    width_bits, height_bits = r.u(4) + 1, r.u(4) + 1
    r.skip(width_bits + height_bits)
    frame_id_bits = 0
    if r.flag():
        delta_bits = r.u(4) + 2
        frame_id_bits = r.u(3) + delta_bits + 1
    r.skip(3)  # superblock size, filter intra, intra edge filter
    r.skip(4)  # interintra, masked, warped motion, dual filter
    if r.flag():  # enable_order_hint
        r.skip(2)
        order_hints = True
    else:
        order_hints = False
    screen = _SELECT if r.flag() else r.u(1)
    integer = _SELECT
    if screen and not r.flag():
        integer = r.u(1)
    order_hint_bits = r.u(3) + 1 if order_hints else 0
    r.skip(3)  # superres, cdef, restoration; the colour configuration is of no use to a frame header
    plain = not model and not frame_id_bits
    return Sequence(False, time_bits, frame_id_bits, screen, integer, order_hint_bits, plain)


def _operating_points(r: BitReader) -> tuple[bool, int]:
    """Step over timing and operating points; return whether there is a decoder model, and bits of times."""
    model, equal_interval, delay_bits, time_bits = False, False, 0, 0
    if r.flag():  # timing_info_present_flag
        r.skip(64)
        equal_interval = r.flag()
        if equal_interval:
            r.ue()  # uvlc() has the form of ue(v)
        model = r.flag()
        if model:
            delay_bits = r.u(5) + 1
            r.skip(32 + 5)
            time_bits = r.u(5) + 1
    delays = r.flag()
    for _ in range(r.u(5) + 1):
        r.skip(12)
        if r.u(5) > 7:
            r.skip(1)
        if model and r.flag():
            r.skip(2 * delay_bits + 1)
        if delays and r.flag():
            r.skip(4)
    return model, time_bits if model and not equal_interval else 0


def frame_start(payload: bytes, sequence: Sequence) -> FrameStart:
    """Read the first fields of uncompressed_header() (5.9.2), of inter frames up to ref_frame_idx.

    Raises
    ------
    BitstreamError
        Where ``payload``, the first bytes of a frame or frame header OBU, is too short.
    """
    r = BitReader(payload)
    if sequence.reduced_still_picture:
        return FrameStart(False, True, KEY_FRAME, 0, 0)
    if r.flag():
        r.skip(3)
        r.skip(sequence.frame_presentation_time_bits + sequence.frame_id_bits)
        return FrameStart(True, True, -1, r.pos, 1)
    frame_type, show = r.u(2), r.u(1)
    if show:
        r.skip(sequence.frame_presentation_time_bits)
        showable = 0
    else:
        showable = r.u(1)
    resilient = 1 if frame_type == SWITCH_FRAME or (frame_type == KEY_FRAME and show) else r.u(1)
    no_cdf_update = r.u(1)
    screen = r.u(1) if sequence.screen_content_tools == _SELECT else sequence.screen_content_tools
    if screen and sequence.integer_mv == _SELECT:
        r.skip(1)
    r.skip(sequence.frame_id_bits)
    override = 1 if frame_type == SWITCH_FRAME else r.u(1)
    habit = frame_type
    for flag in (show, showable, resilient, no_cdf_update, screen, override):
        habit = habit << 1 | flag
    references = _references(r, sequence, bool(resilient)) if sequence.plain and frame_type == INTER_FRAME else ()
    return FrameStart(False, bool(show), frame_type, r.pos, habit << 1, references)


def _references(r: BitReader, sequence: Sequence, resilient: bool) -> tuple[int, ...]:
    """Read on in the header of an inter frame: primary_ref_frame, refresh_frame_flags and ref_frame_idx."""
    bits = sequence.order_hint_bits
    r.skip(bits)
    primary = 7 if resilient else r.u(3)
    refresh = r.u(8)
    if resilient:
        r.skip(8 * bits)
    if bits and r.flag():  # frame_refs_short_signaling
        return (primary, refresh, r.u(3), r.u(3))
    return (primary, refresh, *(r.u(3) for _ in range(7)))
