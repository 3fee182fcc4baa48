"""VP9 headers, superframes, and the places where frames start."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediarescue.bitstream.columns import INVALID, NEED_MORE
from mediarescue.bitstream.errors import BitstreamError
from mediarescue.bitstream.vp9 import FrameStarts, parse_header, superframe_end, superframe_index
from tests.support.clips import ClipSpec, VideoSpec, make_clip

_OPTIONS = {
    "live": ({"deadline": "realtime", "cpu-used": "8", "g": "10"}, "yuv420p", (160, 120)),
    "hidden": (
        {"deadline": "good", "cpu-used": "5", "auto-alt-ref": "1", "lag-in-frames": "16"},
        "yuv420p",
        (160, 120),
    ),
    "tiles": ({"deadline": "realtime", "cpu-used": "8", "tile-columns": "2"}, "yuv420p", (1056, 64)),
    "resilient_444": ({"deadline": "realtime", "cpu-used": "8", "error-resilient": "1"}, "yuv444p", (160, 120)),
}


@pytest.fixture(scope="module", params=list(_OPTIONS))
def packets(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> list[tuple[bytes, bool]]:
    options, pix_fmt, size = _OPTIONS[request.param]
    video = VideoSpec("libvpx-vp9", tuple(options.items()), frames=30, pix_fmt=pix_fmt, size=size)
    path = make_clip(tmp_path_factory.mktemp("vp9") / Path("clip.mp4"), ClipSpec("mp4", (video,), ()))
    with av.open(str(path)) as container:
        return [(bytes(p), bool(p.is_keyframe)) for p in container.demux() if p.size]


def test_every_frame_of_an_encoder_is_recognised_with_its_key_flag(packets: list[tuple[bytes, bool]]) -> None:
    starts = FrameStarts([data for data, _ in packets])
    for data, key in packets:
        header = starts.header(data)
        assert header is not None
        assert header.key == key
        least = starts.least(np.frombuffer(data, np.uint8), 0, len(data), header)
        assert 0 < least <= len(data)
        short = least - 1
        assert starts.least(np.frombuffer(data, np.uint8), 0, short, header) == NEED_MORE


def test_frames_start_nowhere_but_at_samples_and_inside_superframes(packets: list[tuple[bytes, bool]]) -> None:
    starts = FrameStarts([data for data, _ in packets])
    expected, at = set[int](), 0
    for data, _ in packets:
        inside = np.cumsum([0, *superframe_index(data)[:-1]]).tolist()
        expected |= {at + first for first in inside}
        at += len(data)
    media = np.frombuffer(b"".join(data for data, _ in packets), np.uint8)
    found, at = set[int](), 0
    while (at := starts.find(media, at, len(media), len(media))) >= 0:
        found.add(at)
        at += 1
    assert found == expected


def test_a_superframe_ends_with_its_index() -> None:
    first, second = b"\x7f" * 300, b"\x11" * 40
    index = bytes([0xC9]) + (300).to_bytes(2, "little") + (40).to_bytes(2, "little") + bytes([0xC9])
    sample = first + second + index
    assert superframe_index(sample) == [300, 40]
    assert superframe_index(sample + b"\0") == []
    buf = np.frombuffer(b"?" * 5 + sample + b"\xc9" * 30, np.uint8)
    assert superframe_end(buf, 5, 10, len(buf)) == 5 + len(sample)
    assert superframe_end(buf, 4, 10, len(buf)) == -1


def test_a_frame_shown_again_has_no_header() -> None:
    with pytest.raises(BitstreamError):
        parse_header(b"\x89" + bytes(40), 160)


def test_a_tile_of_no_bytes_is_no_tile(packets: list[tuple[bytes, bool]]) -> None:
    starts = FrameStarts([data for data, _ in packets])
    data = bytearray(packets[0][0])
    header = starts.header(bytes(data))
    assert header is not None
    at = header.uncompressed_size + header.compressed_size
    if header.tile_columns_log2:
        data[at : at + 4] = bytes(4)
    else:
        data[at] |= 128
    assert starts.least(np.frombuffer(data, np.uint8), 0, len(data), header) == INVALID


@given(st.binary(max_size=300))
def test_random_bytes_never_raise(data: bytes) -> None:
    starts = FrameStarts([data])
    buf = np.frombuffer(bytearray(data + bytes(8)), np.uint8)
    assert starts.find(buf, 0, len(buf), len(buf)) in range(-1, len(buf))
    assert superframe_end(buf, 0, 1, len(buf)) in range(-1, len(buf) + 1)
    superframe_index(data)
    starts.header(data)
