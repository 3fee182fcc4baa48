"""Pictures of one MPEG-4 video object layer: where each ends (ISO/IEC 14496-2 6.2.5)."""

from __future__ import annotations

from typing import NamedTuple
from zlib import adler32

import numpy as np
from numpy.typing import NDArray

from mediarescue.bitstream.columns import INVALID, NEED_MORE
from mediarescue.bitstream.errors import BitstreamError
from mediarescue.bitstream.mpeg4._kernels import walk_picture
from mediarescue.bitstream.mpeg4.layer import Layer, VopHeader, parse_vop_header
from mediarescue.bitstream.mpeg4.layout import PARAM_COUNT, Kind, Param, Work
from mediarescue.bitstream.mpeg4.tables import lookup_tables

_VOP_HEADER = 96
_ANCHORS = 4
_ENDS = 4096
"""B-VOPs whose ends are remembered: some hundred samples are read in one go."""


class Vop(NamedTuple):
    """A VOP: its header, and the index behind it."""

    header: VopHeader
    end: int


class Pictures:
    """Read the VOPs of one layer.

    Parameters
    ----------
    layer : Layer
    stuffed : bool
        A VOP ends in a 0 and 1s up to a whole byte, a whole one if need be, as the standard wants it; else it may end
        in zeros, or in nothing where it ends on a whole byte.

    Notes
    -----
    A B-VOP says nothing of macroblocks that are not coded in the anchor decoded before it, so its end is known only
    with that anchor: the newest ones are remembered as they are read, which is in their order. Where a B-VOP was
    found to end is remembered by its bytes, for when it is asked for again with other anchors read in between.
    """

    def __init__(self, layer: Layer, *, stuffed: bool) -> None:
        self.layer = layer
        self._stuffed = stuffed
        self._tables = lookup_tables()
        self._anchors: dict[bytes, None] = {}
        self._ends: dict[bytes, tuple[int, int]] = {}
        self._params = params = np.zeros(PARAM_COUNT, np.int64)
        params[Param.VISUAL] = 1
        params[Param.COUNT] = layer.macroblocks
        params[Param.ADDRESS_BITS] = max((layer.macroblocks - 1).bit_length(), 1)
        params[Param.INTERLACED] = layer.interlaced
        params[Param.TIME_BITS] = layer.time_bits
        params[Param.QUANT_BITS] = layer.quant_bits
        params[Param.REVERSIBLE] = layer.reversible
        self._work = np.zeros(Work.MAPS + 3 * layer.macroblocks, np.int64)

    def read(self, buf: NDArray[np.uint8], at: int, stop: int) -> Vop | int:
        """Return the VOP whose start code is at ``at``, INVALID, or NEED_MORE where it may run over ``stop``."""
        layer = self.layer
        head = buf[at : min(at + _VOP_HEADER, stop)].tobytes()
        try:
            header = parse_vop_header(head, layer)
        except BitstreamError:
            return NEED_MORE if len(head) < _VOP_HEADER else INVALID
        bit = 8 * at + header.bits
        if not header.coded:
            end = self._end(buf, bit, stop, Kind.BIDIRECTIONAL)
            return Vop(header, end) if end >= 0 else end
        if header.kind == Kind.BIDIRECTIONAL:
            known = self._ends.get(head)
            if known is not None and adler32(buf[at : min(at + known[0], stop)].data) == known[1]:
                return Vop(header, at + known[0])
            end = self._between(buf, bit, stop, header)
            if end >= 0:
                self._ends[head] = end - at, adler32(buf[at:end].data)
                if len(self._ends) > _ENDS:
                    del self._ends[next(iter(self._ends))]
            return Vop(header, end) if end >= 0 else end
        end = self._walk(buf, bit, stop, header)
        if end < 0:
            return end
        anchor = self._work[Work.MAPS : Work.MAPS + layer.macroblocks].astype(np.uint8).tobytes()
        self._anchors.pop(anchor, None)
        self._anchors[anchor] = None
        if len(self._anchors) > _ANCHORS:
            del self._anchors[next(iter(self._anchors))]
        return Vop(header, end)

    def _between(self, buf: NDArray[np.uint8], bit: int, stop: int, header: VopHeader) -> int:
        """Return where a B-VOP ends as the newest anchor, or else an older one, makes it end properly."""
        end, layer = INVALID, self.layer
        for anchor in reversed([bytes(layer.macroblocks)] if not self._anchors else list(self._anchors)):
            behind = Work.MAPS + layer.macroblocks
            self._work[behind : behind + layer.macroblocks] = np.frombuffer(anchor, np.uint8)
            end = self._walk(buf, bit, stop, header)
            if end != INVALID:
                break
        return end

    def _walk(self, buf: NDArray[np.uint8], bit: int, stop: int, header: VopHeader) -> int:
        """Return the index behind the VOP whose macroblocks begin at ``bit``."""
        kind, layer, params, work = header.kind, self.layer, self._params, self._work
        params[Param.KIND] = kind
        params[Param.INTRA_DC_LIMIT] = header.intra_dc_limit
        params[Param.FORWARD_BITS] = header.forward_code - 1
        params[Param.BACKWARD_BITS] = header.backward_code - 1
        params[Param.GLOBAL_MOTION] = kind == Kind.SPRITE
        params[Param.WARPING_POINTS] = layer.warping_points if kind == Kind.SPRITE else 0
        longest = max(header.forward_code, header.backward_code)
        marker = 17 if kind == Kind.INTRA else max(16 + longest, 18 if kind == Kind.BIDIRECTIONAL else 0)
        params[Param.MARKER_BITS] = marker if layer.resync_markers else 0
        work[Work.QUANT] = header.quant
        if layer.partitioned and kind != Kind.BIDIRECTIONAL:
            from mediarescue.bitstream.mpeg4._partition_kernels import walk_partitions  # few streams need it

            bit = int(walk_partitions(buf, stop, bit, params, self._tables, work))
        else:
            bit = int(walk_picture(buf, stop, bit, params, self._tables, work))
        return self._end(buf, bit, stop, kind) if bit >= 0 else bit

    def _end(self, buf: NDArray[np.uint8], bit: int, stop: int, kind: Kind) -> int:
        """Return the index behind the stuffing at ``bit``: a 0, then 1s up to a whole byte (5.2.4)."""
        stuffing = 9 if kind == Kind.INTRA else 10
        while True:
            at, free = bit >> 3, 8 - (bit & 7)
            word = int.from_bytes(buf[at : min(at + 4, stop)].tobytes().ljust(4, b"\0"), "big")
            rest = word >> 24 & (1 << free) - 1
            if at < stop and rest == (1 << (free - 1)) - 1:
                return at + 1
            if not self._stuffed and (free == 8 or (at < stop and rest == 0)):
                return at + (free < 8)
            if kind != Kind.BIDIRECTIONAL and word >> (24 + free - stuffing) & (1 << stuffing) - 1 == 1:
                bit += stuffing  # a macroblock of stuffing
                continue
            return INVALID if at < stop else NEED_MORE
