"""HEVC (ISO/IEC 23008-2) in ISO base media files: parameter sets, slice headers, access units, picture order."""

from __future__ import annotations

from mediarescue.bitstream.columns import INVALID, NEED_MORE, Column, EndReason, SyncKind
from mediarescue.bitstream.hevc.access_unit import HevcParameterSets, HevcScanner
from mediarescue.bitstream.hevc.configuration import HevcConfiguration, NalArray, parse_hvcc
from mediarescue.bitstream.hevc.parameter_sets import Pps, Sps, Vps, Vui, parse_pps, parse_sps, parse_vps
from mediarescue.bitstream.hevc.poc import picture_order, sync_kinds
from mediarescue.bitstream.hevc.slice_header import SliceHeader, parse_slice_header

__all__ = [
    "INVALID",
    "NEED_MORE",
    "Column",
    "EndReason",
    "HevcConfiguration",
    "HevcParameterSets",
    "HevcScanner",
    "NalArray",
    "Pps",
    "SliceHeader",
    "Sps",
    "SyncKind",
    "Vps",
    "Vui",
    "parse_hvcc",
    "parse_pps",
    "parse_slice_header",
    "parse_sps",
    "parse_vps",
    "picture_order",
    "sync_kinds",
]
