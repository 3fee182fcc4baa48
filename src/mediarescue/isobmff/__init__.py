"""ISO base media files (MP4, MOV, 3GP): boxes, sample tables, movies; knows no codec syntax."""

from __future__ import annotations

from mediarescue.isobmff.box import Box, SizeForm, serialize_boxes
from mediarescue.isobmff.chunk_table import ChunkTable, compact_chunks, expand_chunks, is_constant_size
from mediarescue.isobmff.errors import BoxError, Leniency, NoMovieError, Problem
from mediarescue.isobmff.fragmented import FragmentedFile, Unread, read_fragmented
from mediarescue.isobmff.fragments import Fragments, TimedSamples, read_track_extends
from mediarescue.isobmff.header import BoxHeader, FourCC, read_header
from mediarescue.isobmff.joined import JoinedSource
from mediarescue.isobmff.layout import LAYOUTS, build_payload, entry_layout, parse_payload
from mediarescue.isobmff.movie import (
    TRACK_KINDS,
    Edit,
    Movie,
    SampleEntry,
    Track,
    read_edit_list,
    read_movie,
    read_sample_entry,
    read_track,
)
from mediarescue.isobmff.reader import find_header, parse_boxes, scan_top_level
from mediarescue.isobmff.sample_table import SampleTable, compact, contiguous_chunks, expand
from mediarescue.isobmff.source import ByteSource
from mediarescue.isobmff.tables import read_rows, read_sample_sizes
from mediarescue.isobmff.writer import (
    RebuiltTrack,
    build_edit_list,
    mdat_header,
    patch_durations,
    rebuild_movie,
    rebuild_track,
    with_duration,
    with_edit_list,
)

__all__ = [
    "LAYOUTS",
    "TRACK_KINDS",
    "Box",
    "BoxError",
    "BoxHeader",
    "ByteSource",
    "ChunkTable",
    "Edit",
    "FourCC",
    "FragmentedFile",
    "Fragments",
    "JoinedSource",
    "Leniency",
    "Movie",
    "NoMovieError",
    "Problem",
    "RebuiltTrack",
    "SampleEntry",
    "SampleTable",
    "SizeForm",
    "TimedSamples",
    "Track",
    "Unread",
    "build_edit_list",
    "build_payload",
    "compact",
    "compact_chunks",
    "contiguous_chunks",
    "entry_layout",
    "expand",
    "expand_chunks",
    "find_header",
    "is_constant_size",
    "mdat_header",
    "parse_boxes",
    "parse_payload",
    "patch_durations",
    "read_edit_list",
    "read_fragmented",
    "read_header",
    "read_movie",
    "read_rows",
    "read_sample_entry",
    "read_sample_sizes",
    "read_track",
    "read_track_extends",
    "rebuild_movie",
    "rebuild_track",
    "scan_top_level",
    "serialize_boxes",
    "with_duration",
    "with_edit_list",
]
