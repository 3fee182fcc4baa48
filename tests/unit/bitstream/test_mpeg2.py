"""MPEG-1 and MPEG-2 samples: an encoder's packets to the byte, and pictures of every kind of macroblock."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediarescue.bitstream.columns import INVALID, NEED_MORE
from mediarescue.bitstream.frames import Frame
from mediarescue.bitstream.mpeg2 import Mpeg2Syntax, first_sequence
from tests.support.clips import ClipSpec, VideoSpec, make_clip
from tests.support.mpeg2 import PictureSpec, group_header, picture, sequence_header, start_code

_BEHIND = b"\x55\xaa" * 40


def frame_of(syntax: Mpeg2Syntax, data: bytes, *, stop: int | None = None, final: bool = True) -> Frame | int:
    buf = np.frombuffer(bytearray(data), dtype=np.uint8)
    return syntax.frame(buf, 0, len(data) if stop is None else stop, final=final)


@pytest.mark.parametrize(
    ("codec", "options", "pix_fmt"),
    [
        ("mpeg2video", {"bf": "2", "g": "9"}, "yuv420p"),
        ("mpeg2video", {"bf": "2", "flags": "+ildct+ilme", "alternate_scan": "1"}, "yuv420p"),
        ("mpeg2video", {"intra_vlc": "1", "non_linear_quant": "1", "qmax": "28", "b": "3000000"}, "yuv422p"),
        ("mpeg2video", {"g": "1", "b": "4000000"}, "yuv422p"),
        ("mpeg1video", {"bf": "2", "g": "9", "b": "900000"}, "yuv420p"),
    ],
    ids=["b_pictures", "interlaced", "422", "intra", "mpeg1"],
)
def test_an_encoders_packets_are_read_to_their_exact_size(
    codec: str, options: dict[str, str], pix_fmt: str, tmp_path: Path
) -> None:
    spec = VideoSpec(codec, tuple(options.items()), frames=24, pix_fmt=pix_fmt)
    with av.open(str(make_clip(tmp_path / "clip.mp4", ClipSpec("mp4", (spec,), ())))) as container:
        packets = [(bytes(p), bool(p.is_keyframe), p.dts, p.pts) for p in container.demux() if p.size]
    samples = [data for data, *_ in packets]
    syntax = Mpeg2Syntax(first_sequence(samples), samples, [key for _, key, *_ in packets])
    for data, key, _, _ in packets:
        found = frame_of(syntax, data + _BEHIND)
        assert isinstance(found, Frame)
        assert (found.size, found.key) == (len(data), key)
        for stop in {1, 3, 20, len(data) // 2, len(data) - 1}:
            assert frame_of(syntax, data, stop=stop, final=False) == NEED_MORE


SPECS = {
    "frame": PictureSpec(),
    "frame_dct": PictureSpec(frame_pred_frame_dct=True, progressive=True),
    "top_field": PictureSpec(structure=1),
    "bottom_field": PictureSpec(structure=2),
    "concealment": PictureSpec(concealment=True),
    "field_concealment": PictureSpec(structure=1, concealment=True),
    "422_table_one": PictureSpec(chroma_format=2, intra_vlc_format=True),
    "444": PictureSpec(chroma_format=3),
    "tall": PictureSpec(width=32, height=2816, progressive=True, frame_pred_frame_dct=True),
    "mpeg1": PictureSpec(mpeg1=True, f_codes=(3, 3, 3, 3), frame_pred_frame_dct=True, progressive=True),
}


@pytest.mark.parametrize("name", [name for name in SPECS if name != "tall"])
@pytest.mark.parametrize("kind", [1, 2, 3])
def test_every_kind_of_macroblock_is_walked(name: str, kind: int) -> None:
    spec = replace(SPECS[name], kind=kind)
    for seed in range(12):
        data = sequence_header(spec) + picture(spec, seed)
        found = frame_of(Mpeg2Syntax(None, [data]), data + _BEHIND)
        assert isinstance(found, Frame), (name, kind, seed)
        assert (found.size, found.bidirectional) == (len(data), kind == 3)


def test_two_fields_are_one_sample_or_two_as_the_reference_has_them() -> None:
    top, bottom = PictureSpec(structure=1), PictureSpec(structure=2, kind=2)
    first, second = sequence_header(top) + picture(top, 1), picture(bottom, 2)
    sequence = first_sequence([first])
    pairs, singles = Mpeg2Syntax(sequence, [first + second]), Mpeg2Syntax(sequence, [first, second])
    for behind in (_BEHIND, first, b""):
        joined, apart = frame_of(pairs, first + second + behind), frame_of(singles, first + second + behind)
        assert isinstance(joined, Frame)
        assert isinstance(apart, Frame)
        assert (joined.size, apart.size) == (len(first + second), len(first))
        assert joined.key


def test_stuffing_belongs_to_the_sample_where_the_reference_shows_it() -> None:
    spec = PictureSpec(chroma_format=2)
    whole = [sequence_header(spec) + picture(spec, seed) for seed in range(3)]
    size = max(map(len, whole)) + 300
    padded = [data.ljust(size, b"\0") for data in whole]
    constant = frame_of(Mpeg2Syntax(None, padded), padded[0] + b"\0" * 500 + _BEHIND)
    plain = frame_of(Mpeg2Syntax(None, whole), padded[0] + b"\0" * 500 + _BEHIND)
    varying = frame_of(Mpeg2Syntax(None, [whole[0] + bytes(9), whole[1] + bytes(5)]), whole[0] + bytes(70) + whole[1])
    assert isinstance(constant, Frame)
    assert isinstance(plain, Frame)
    assert isinstance(varying, Frame)
    assert (constant.size, plain.size, varying.size) == (size, len(whole[0]), len(whole[0]) + 70)


def test_a_sequence_end_code_belongs_to_the_last_sample() -> None:
    data = sequence_header(PictureSpec()) + picture(PictureSpec(), 4) + start_code(0xB7)
    found = frame_of(Mpeg2Syntax(None, [data]), data + _BEHIND)
    assert isinstance(found, Frame)
    assert found.size == len(data)


def test_open_groups_are_sync_samples_where_the_reference_says_so_and_partial_ones_else() -> None:
    spec = PictureSpec(temporal_reference=2)
    closed = sequence_header(spec) + group_header(closed=True) + picture(spec, 1)
    opened = sequence_header(spec) + group_header(closed=False) + picture(spec, 2)
    for flags, keys in (([1, 0], [1, 2]), ([1, 2], [1, 2]), ([1, 1], [1, 1])):
        syntax = Mpeg2Syntax(None, [closed, opened], flags)
        found = [frame_of(syntax, data) for data in (closed, opened)]
        assert [frame.key for frame in found if isinstance(frame, Frame)] == keys


def test_a_damaged_last_slice_is_no_picture() -> None:
    spec = PictureSpec()
    data = bytearray(sequence_header(spec) + picture(spec, 5))
    at = data.rfind(b"\0\0\1")
    data[at + 5 :] = b"\0\x10" * (len(data[at + 5 :]) // 2 + 40)
    assert frame_of(Mpeg2Syntax(None, []), bytes(data)) == INVALID


@given(st.binary(max_size=400), st.integers(0, 400), st.integers(1, 200), st.booleans())
def test_random_bytes_never_raise_and_never_reach_beyond_the_stop(
    data: bytes, stop: int, kept: int, final: bool
) -> None:
    spec = PictureSpec(height=32)
    whole = sequence_header(spec) + picture(spec, 3)
    for start in (b"", b"\0\0\1\0", whole[:kept]):
        end = len(start) + min(stop, len(data))
        found = frame_of(Mpeg2Syntax(first_sequence([whole])), start + data, stop=end, final=final)
        assert found in (INVALID, NEED_MORE) if isinstance(found, int) else 0 < found.size <= end


def test_the_walk_is_the_same_without_the_compiler() -> None:
    script = (
        "import numpy as np; from mediarescue.bitstream.mpeg2 import Mpeg2Syntax;"
        "from tests.support.mpeg2 import PictureSpec, picture, sequence_header;"
        "specs = [PictureSpec(kind=k, structure=s) for k in (1, 2, 3) for s in (1, 3)];"
        "whole = [sequence_header(spec) + picture(spec, 7) for spec in specs];"
        "bufs = [np.frombuffer(bytearray(data + b'UUU' * 20), np.uint8) for data in whole];"
        "found = [Mpeg2Syntax(None, [data]).frame(buf, 0, len(buf), final=True) for data, buf in zip(whole, bufs)];"
        "print([frame.size - len(data) for frame, data in zip(found, whole)])"
    )
    environment = {**os.environ, "MEDIARESCUE_NO_JIT": "1"}
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str([0] * 6)
