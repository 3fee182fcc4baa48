"""Sample entries, the children of ``stsd`` (ISO/IEC 14496-12 8.5.2, 12.1.3, 12.2.3; QuickTime File Format)."""

from __future__ import annotations

from typing import Any

import construct as c

from mediarescue.isobmff.boxes.fields import FIXED_16_16, FULL_BOX, TRAILING
from mediarescue.isobmff.header import read_header

VISUAL_ENTRIES = (
    b"avc1", b"avc2", b"avc3", b"avc4", b"hvc1", b"hev1", b"hvc2", b"hev2", b"dvh1", b"dvhe", b"dvav", b"dva1",
    b"vvc1", b"vvi1", b"av01", b"vp08", b"vp09", b"mp4v", b"s263", b"h263", b"jpeg", b"mjpa", b"mjpb", b"apch",
    b"apcn", b"apcs", b"apco", b"ap4h", b"ap4x", b"aprn", b"AVdn", b"AVdh", b"CFHD", b"dvc ", b"dvcp", b"dv5n",
    b"dv5p", b"dvh5", b"dvh6", b"rle ", b"png ", b"SVQ1", b"SVQ3", b"cvid", b"2vuy", b"v210", b"encv", b"drmi",
)  # fmt: skip
"""Video codings, for a ``stsd`` whose handler is not known."""
AUDIO_ENTRIES = (
    b"mp4a", b"samr", b"sawb", b"sawp", b"ac-3", b"ec-3", b"ac-4", b"alac", b"Opus", b"fLaC", b"dtsc", b"dtsh",
    b"dtsl", b"dtse", b".mp3", b"lpcm", b"sowt", b"twos", b"raw ", b"NONE", b"in24", b"in32", b"fl32", b"fl64",
    b"ipcm", b"fpcm", b"ulaw", b"alaw", b"ima4", b"QDM2", b"mhm1", b"mha1", b"apac", b"enca", b"drms",
)  # fmt: skip
"""Audio codings, for a ``stsd`` whose handler is not known."""

_ENTRY = ("reserved" / c.Default(c.Bytes(6), bytes(6)), "data_reference_index" / c.Int16ub)

GenericSampleEntry = c.Struct(*_ENTRY, TRAILING)
"""SampleEntry: any coding that is neither video nor audio; its own fields are in ``trailing``."""

VisualSampleEntry = c.Struct(
    *_ENTRY,
    "version" / c.Default(c.Int16ub, 0),  # QuickTime; pre_defined in ISO files, as the next four are
    "revision" / c.Default(c.Int16ub, 0),
    "vendor" / c.Default(c.Bytes(4), bytes(4)),
    "temporal_quality" / c.Default(c.Int32ub, 0),
    "spatial_quality" / c.Default(c.Int32ub, 0),
    "width" / c.Int16ub,
    "height" / c.Int16ub,
    "horizresolution" / FIXED_16_16,
    "vertresolution" / FIXED_16_16,
    "data_size" / c.Default(c.Int32ub, 0),
    "frame_count" / c.Int16ub,
    "compressorname" / c.Bytes(32),
    "depth" / c.Int16ub,
    "color_table_id" / c.Default(c.Int16sb, -1),
    TRAILING,
)
"""VisualSampleEntry (12.1.3); the child boxes are in ``trailing``."""

_AUDIO = (
    *_ENTRY,
    "version" / c.Default(c.Int16ub, 0),
    "revision" / c.Default(c.Int16ub, 0),
    "vendor" / c.Default(c.Bytes(4), bytes(4)),
    "channel_count" / c.Int16ub,
    "sample_size" / c.Int16ub,  # in bits
    "compression_id" / c.Default(c.Int16sb, 0),
    "packet_size" / c.Default(c.Int16ub, 0),
    "sample_rate" / FIXED_16_16,
)
_AUDIO_V0 = c.Struct(*_AUDIO, TRAILING)
_AUDIO_V1 = c.Struct(
    *_AUDIO,
    "samples_per_packet" / c.Int32ub,
    "bytes_per_packet" / c.Int32ub,
    "bytes_per_frame" / c.Int32ub,
    "bytes_per_sample" / c.Int32ub,
    TRAILING,
)
_AUDIO_V2 = c.Struct(
    *_AUDIO,  # fixed numbers that mean nothing: 3 channels of 16 bits at 1 Hz
    "size_of_struct_only" / c.Int32ub,
    "audio_sample_rate" / c.Float64b,
    "num_audio_channels" / c.Int32ub,
    "always_7f000000" / c.Int32ub,
    "const_bits_per_channel" / c.Int32ub,
    "format_specific_flags" / c.Int32ub,
    "const_bytes_per_audio_packet" / c.Int32ub,
    "const_lpcm_frames_per_audio_packet" / c.Int32ub,
    TRAILING,
)


def _parse_audio(payload: bytes, context: Any) -> Any:
    size = audio_prefix_size(payload, len(payload))
    if size == _AUDIO_V2_SIZE:
        return _AUDIO_V2.parse(payload)
    return (_AUDIO_V1 if size == _AUDIO_V1_SIZE else _AUDIO_V0).parse(payload)


def _build_audio(values: Any, context: Any) -> bytes:
    if "num_audio_channels" in values:
        layout = _AUDIO_V2
    else:
        layout = _AUDIO_V1 if "samples_per_packet" in values else _AUDIO_V0
    built: bytes = layout.build(values)
    return built


AudioSampleEntry = c.ExprAdapter(c.GreedyBytes, _parse_audio, _build_audio)
"""AudioSampleEntry (12.2.3) or a QuickTime sound description of version 1 or 2; the child boxes are in ``trailing``."""

SampleDescription = c.Struct(*FULL_BOX, "entry_count" / c.Int32ub, TRAILING)
"""``stsd`` and ``dref``: a count, then boxes."""

_VISUAL_SIZE = 78
_AUDIO_SIZE, _AUDIO_V1_SIZE, _AUDIO_V2_SIZE = 28, 44, 64


def entry_media(kind: bytes, handler: bytes) -> str:
    """Return ``"video"``, ``"audio"`` or ``"other"``: the handler decides, the coding where it is not known."""
    if handler in (b"vide", b"auxv"):
        return "video"
    if handler == b"soun":
        return "audio"
    if handler and handler != b"pict":
        return "other"
    if kind in VISUAL_ENTRIES:
        return "video"
    return "audio" if kind in AUDIO_ENTRIES else "other"


def entry_prefix_size(kind: bytes, head: bytes, size: int, handler: bytes = b"") -> int | None:
    """Return how many payload bytes of a sample entry stand before its child boxes, None for an opaque entry.

    Parameters
    ----------
    kind : bytes
    head : bytes
        The payload, or at least its first 100 bytes.
    size : int
        The payload's size in bytes.
    handler : bytes
        The track's handler type, b"" where it is not known.
    """
    media = entry_media(kind, handler)
    if media == "video":
        return _VISUAL_SIZE if size >= _VISUAL_SIZE else None
    if media == "audio":
        return audio_prefix_size(head, size)
    if kind in (b"mebx", b"encm", b"stpp", b"wvtt") and size >= 8 and _starts_box(head, 8, size):
        return 8
    return None


def audio_prefix_size(head: bytes, size: int) -> int | None:
    """Return the size in bytes of an audio sample entry's fields, None where it is too short to be one.

    Notes
    -----
    The version is that of QuickTime's sound description; ISO files may use version 1 with no further fields
    (AudioSampleEntryV1), and some writers lie. So the longer form is taken only when boxes, or nothing, follow it.
    """
    version = int.from_bytes(head[8:10], "big")
    longer = {1: _AUDIO_V1_SIZE, 2: _AUDIO_V2_SIZE}.get(version, _AUDIO_SIZE)
    for candidate in (longer, _AUDIO_SIZE):
        if candidate <= size and _starts_box(head, candidate, size):
            return candidate
    return _AUDIO_SIZE if size >= _AUDIO_SIZE else None


def _starts_box(head: bytes, pos: int, size: int) -> bool:
    """Whether a box that fits, a terminator, or nothing stands at ``pos`` of a payload of ``size`` bytes."""
    left = size - pos
    if left < 8:
        return left >= 0 and not any(head[pos:size])
    header = read_header(head, pos, limit=size)
    return header is not None and header.end <= size and not header.to_end
