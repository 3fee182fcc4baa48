"""H.264 (ISO/IEC 14496-10) in ISO base media files: parameter sets, slice headers, access units, picture order."""

from __future__ import annotations

from mediarescue.bitstream.columns import INVALID, NEED_MORE, Column, EndReason, SyncKind
from mediarescue.bitstream.h264.access_unit import AvcParameterSets, H264Scanner
from mediarescue.bitstream.h264.configuration import AvcConfiguration, parse_avcc
from mediarescue.bitstream.h264.poc import picture_order, sync_kinds
from mediarescue.bitstream.h264.pps import Pps, parse_pps
from mediarescue.bitstream.h264.slice_header import SliceHeader, parse_slice_header
from mediarescue.bitstream.h264.sps import Sps, Vui, parse_sps

__all__ = [
    "INVALID",
    "NEED_MORE",
    "AvcConfiguration",
    "AvcParameterSets",
    "Column",
    "EndReason",
    "H264Scanner",
    "Pps",
    "SliceHeader",
    "Sps",
    "SyncKind",
    "Vui",
    "parse_avcc",
    "parse_pps",
    "parse_slice_header",
    "parse_sps",
    "picture_order",
    "sync_kinds",
]
