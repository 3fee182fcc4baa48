from __future__ import annotations

import struct
import tracemalloc
from typing import Any

import numpy as np
import pytest

from mediarescue.isobmff import LAYOUTS, BoxError, build_payload, entry_layout, parse_payload
from mediarescue.isobmff.boxes.sample_table import ROW_TYPES
from tests.unit.isobmff.builders import audio_entry, mdhd, mvhd, tkhd, video_entry

HEAD = {"version": 0, "flags": 0}
TREX = {f"default_sample_{name}": 1 for name in ("description_index", "duration", "size", "flags")}
SGPD: dict[str, Any] = {"grouping_type": b"roll", "entry_count": 1, "entries": b"\xff\xff"}
TIMES = {"creation_time": 1, "modification_time": 2}
MOVIE: dict[str, Any] = {
    "timescale": 600,
    "duration": 9,
    "rate": 1.0,
    "volume": 1.0,
    "matrix": [1] * 9,
    "next_track_id": 3,
}
TRACK: dict[str, Any] = {"track_id": 1, "duration": 9, "layer": -1, "alternate_group": 0, "volume": 0.5}
PLACE: dict[str, Any] = {"matrix": [-1] * 9, "width": 1920.0, "height": 1080.5}
MEDIA: dict[str, Any] = {"timescale": 48000, "duration": 9, "language": 0x55C4}
CSLG = {
    "composition_to_dts_shift": 5,
    "least_decode_to_display_delta": -5,
    "greatest_decode_to_display_delta": 6,
    "composition_start_time": 0,
    "composition_end_time": 100,
}
VISUAL: dict[str, Any] = {
    "data_reference_index": 1,
    "width": 1920,
    "height": 1080,
    "horizresolution": 72.0,
    "vertresolution": 72.0,
    "frame_count": 1,
    "compressorname": bytes(32),
    "depth": 24,
    "trailing": b"children",
}
AUDIO: dict[str, Any] = {"data_reference_index": 1, "channel_count": 2, "sample_size": 16, "sample_rate": 44100.5}
SOUND_V1 = {
    "version": 1,
    "samples_per_packet": 1024,
    "bytes_per_packet": 0,
    "bytes_per_frame": 4,
    "bytes_per_sample": 2,
}
SOUND_V2: dict[str, Any] = {
    "version": 2,
    "size_of_struct_only": 72,
    "audio_sample_rate": 192000.0,
    "num_audio_channels": 6,
    "always_7f000000": 0x7F000000,
    "const_bits_per_channel": 24,
    "format_specific_flags": 12,
    "const_bytes_per_audio_packet": 18,
    "const_lpcm_frames_per_audio_packet": 1,
}

CASES: list[tuple[bytes, dict[str, Any], int]] = [
    (b"ftyp", {"major_brand": b"qt  ", "minor_version": 1, "compatible_brands": [b"qt  ", b"mp42"]}, 16),
    (b"mvhd", HEAD | TIMES | MOVIE, 100),
    (b"mvhd", HEAD | TIMES | MOVIE | {"version": 1, "duration": 1 << 40}, 112),
    (b"mehd", HEAD | {"fragment_duration": 5}, 8),
    (b"mehd", HEAD | {"version": 1, "fragment_duration": 1 << 40}, 12),
    (b"tkhd", HEAD | TIMES | TRACK | PLACE, 84),
    (b"tkhd", HEAD | TIMES | TRACK | PLACE | {"version": 1, "duration": 1 << 40}, 96),
    (b"mdhd", HEAD | TIMES | MEDIA, 24),
    (b"mdhd", HEAD | TIMES | MEDIA | {"version": 1, "duration": 1 << 40}, 36),
    (b"hdlr", HEAD | {"component_type": b"mhlr", "handler_type": b"vide", "name": b"\5Video"}, 30),
    (b"vmhd", HEAD | {"graphicsmode": 64, "opcolor": [1, 2, 3]}, 12),
    (b"smhd", HEAD | {"balance": -1.0}, 8),
    (b"gmin", HEAD | {"graphicsmode": 64, "opcolor": [1, 2, 3], "balance": 0.0}, 16),
    (b"url ", HEAD | {"flags": 1, "location": b""}, 4),
    (b"cdsc", {"track_ids": [1, 2]}, 8),
    (b"cslg", HEAD | CSLG, 24),
    (b"cslg", HEAD | CSLG | {"version": 1, "composition_end_time": 1 << 40}, 44),
    (b"frma", {"data_format": b"avc1"}, 4),
    (b"schm", HEAD | {"scheme_type": b"cenc", "scheme_version": 0x10000}, 12),
    (b"pasp", {"h_spacing": 4, "v_spacing": 3}, 8),
    (b"btrt", {"buffer_size_db": 1, "max_bitrate": 2, "avg_bitrate": 3}, 12),
    (b"colr", {"colour_type": b"nclx", "values": b"\0\1\0\1\0\1\x80"}, 11),
    (b"trex", HEAD | TREX | {"track_id": 2}, 24),
    (b"sgpd", HEAD | SGPD, 14),
    (b"sgpd", HEAD | SGPD | {"version": 1, "default_length": 2}, 18),
    (b"sgpd", HEAD | SGPD | {"version": 2, "default_group_description_index": 1}, 18),
    (b"avc1", VISUAL, 86),
    (b"mp4a", AUDIO, 28),
    (b"mp4a", AUDIO | SOUND_V1, 44),
    (b"lpcm", AUDIO | SOUND_V2, 64),
]  # fmt: skip


def _same(a: Any, b: Any) -> bool:
    return bool(np.array_equal(a, b)) if isinstance(a, np.ndarray) else bool(a == b)


@pytest.mark.parametrize(
    ("kind", "values", "size"), CASES, ids=[f"{k.decode()}-{v.get('version', 0)}" for k, v, _ in CASES]
)
def test_what_is_built_is_parsed_again(kind: bytes, values: dict[str, Any], size: int) -> None:
    payload = build_payload(kind, values)
    assert len(payload) == size
    parsed = parse_payload(kind, payload)
    assert all(_same(parsed[name], value) for name, value in values.items())
    assert build_payload(kind, parsed) == payload


@pytest.mark.parametrize("kind", sorted(ROW_TYPES))
def test_tables_with_rows_are_parsed_again(kind: bytes) -> None:
    raw = np.arange(3 * np.dtype(ROW_TYPES[kind]).itemsize, dtype=np.uint8)
    payload = struct.pack(">II", 0, 3) + raw.tobytes()
    parsed = parse_payload(kind, payload)
    assert len(parsed.rows) == 3
    assert build_payload(kind, parsed) == payload
    with pytest.raises(BoxError, match="cannot be read"):
        parse_payload(kind, payload[:-1])


@pytest.mark.parametrize("version", [0, 1])
def test_edits_keep_their_signs(version: int) -> None:
    dtype = [("d", ">u8"), ("t", ">i8"), ("r", ">i4")] if version else [("d", ">u4"), ("t", ">i4"), ("r", ">i4")]
    rows = np.array([(20, -1, 65536), (500, 1024, 32768)], dtype)
    payload = struct.pack(">BxxxI", version, 2) + rows.tobytes()
    parsed = parse_payload(b"elst", payload)
    assert parsed.entries["media_time"].tolist() == [-1, 1024]
    assert build_payload(b"elst", parsed) == payload


def test_headers_made_by_hand_read_as_meant() -> None:
    movie = parse_payload(b"mvhd", mvhd(timescale=600, duration=1234)[8:])
    assert (movie.timescale, movie.duration, movie.rate, movie.volume, movie.next_track_id) == (600, 1234, 1.0, 1.0, 2)
    track = parse_payload(b"tkhd", tkhd(track_id=7, duration=55)[8:])
    assert (track.track_id, track.duration, track.width, track.height, track.flags) == (7, 55, 640.0, 480.0, 3)
    media = parse_payload(b"mdhd", mdhd(timescale=90000, duration=77)[8:])
    assert (media.timescale, media.duration, media.language) == (90000, 77, 0x55C4)
    visual = parse_payload(b"avc1", video_entry()[8:])
    assert (visual.width, visual.height, visual.depth, visual.horizresolution) == (640, 480, 24, 72.0)
    audio = parse_payload(b"mp4a", audio_entry()[8:])
    assert (audio.channel_count, audio.sample_size, audio.sample_rate) == (2, 16, 48000.0)


@pytest.mark.parametrize("kind", sorted(LAYOUTS))
def test_short_and_wild_payloads_are_box_errors_or_parsed(kind: bytes) -> None:
    tracemalloc.start()
    try:
        for payload in [bytes(size) for size in range(40)] + [b"\xff" * size for size in range(0, 90, 7)]:
            try:
                parsed = parse_payload(kind, payload)
            except BoxError:
                continue
            assert build_payload(kind, parsed) == payload
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()


def test_a_value_that_does_not_fit_is_a_box_error() -> None:
    with pytest.raises(BoxError, match="the pasp box cannot be built"):
        build_payload(b"pasp", {"h_spacing": 1 << 32, "v_spacing": 1})
    with pytest.raises(BoxError, match="the pasp box cannot be built"):
        build_payload(b"pasp", {"h_spacing": 1})


def test_a_box_that_is_not_declared_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        parse_payload(b"zzzz", b"")


def test_entries_of_unknown_coding_follow_the_handler() -> None:
    for handler, known in ((b"vide", b"avc1"), (b"soun", b"mp4a")):
        assert entry_layout(b"zzzz", handler) is LAYOUTS[known]
    generic = parse_payload(b"zzzz", bytes(6) + b"\0\1rest", layout=entry_layout(b"zzzz", b"meta"))
    assert (generic.data_reference_index, generic.trailing) == (1, b"rest")
