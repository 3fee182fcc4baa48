"""Any bytes: no crash, no read at the end or behind it, and the same answer with and without the compiler."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mediarescue.bitstream.columns import INVALID, NEED_MORE, Column, EndReason
from mediarescue.bitstream.h264 import H264Scanner, parse_avcc
from mediarescue.bitstream.hevc import HevcScanner, parse_hvcc
from mediarescue.bitstream.scanner import AccessUnitScanner
from tests.support.h26x import Track, encoded

_RUN = """
import pickle, sys
from pathlib import Path
from tests.property.test_nal_scanning import answers
Path(sys.argv[2]).write_bytes(pickle.dumps(answers(pickle.loads(Path(sys.argv[1]).read_bytes()))))
"""
CODECS = ("h264", "hevc")


def scanner_of(codec: str, extradata: bytes) -> AccessUnitScanner:
    return H264Scanner(parse_avcc(extradata)) if codec == "h264" else HevcScanner(parse_hvcc(extradata))


def track_of(codec: str) -> Track:
    if codec == "h264":
        return encoded("libx264", "slices=2:bframes=2:keyint=6:aud=1", frames=8, size=(96, 64))
    return encoded("libx265", "bframes=2:keyint=6:aud=1:hash=1:slices=2:ctu=16", frames=8, size=(96, 96))


def answers(case: dict[str, Any]) -> list[Any]:
    """Scan each buffer of a case, whole and as a window; run in another process without the compiler, too."""
    scanner = scanner_of(case["codec"], case["extradata"])
    given: list[Any] = []
    for data in case["buffers"]:
        for final in (True, False):
            # Exactly as long as the data: plain Python raises IndexError at the first byte read behind it.
            rows, stop = scanner.limits().scan_many(np.frombuffer(data, np.uint8).copy(), 0, len(data), 20, final=final)
            given.append((rows.tolist(), tuple(stop), scanner.picture_order_counts(rows).tolist()))
    return given


def damaged(track: Track, seed: int, count: int) -> list[bytes]:
    """Return noise, and samples with a few bytes changed or missing."""
    rng = np.random.default_rng(seed)
    buffers = [b"", *(rng.bytes(int(size)) for size in rng.integers(1, 80, count // 4))]
    joined = track.data[:3000]
    for _ in range(count):
        data = bytearray(joined[: int(rng.integers(1, len(joined)))])
        for at in rng.integers(0, min(len(data), 200), 3):
            data[at] = int(rng.choice([0, 1, 3, 255, int(rng.integers(256))]))
        buffers.append(bytes(data))
    # Plausible framing around noise reaches the header parsers.
    for _ in range(count):
        body = rng.bytes(int(rng.integers(2, 40)))
        head = rng.choice([b"\x65", b"\x41", b"\x01"]) if rng.integers(2) else rng.choice([b"\x26\x01", b"\x02\x01"])
        nal = bytes(head) + body
        buffers.append(len(nal).to_bytes(4, "big") + nal)
    return buffers


@pytest.mark.parametrize("codec", CODECS)
def test_the_answers_are_the_same_without_the_compiler(codec: str, tmp_path: Path) -> None:
    track = track_of(codec)
    case = {"codec": codec, "extradata": track.extradata, "buffers": [track.data, *damaged(track, 5, 120)]}
    given, result = tmp_path / "case", tmp_path / "answers"
    given.write_bytes(pickle.dumps(case))
    root = Path(__file__).resolve().parents[2]
    for switch in ("MEDIARESCUE_NO_JIT", "NUMBA_DISABLE_JIT"):
        subprocess.run(
            [sys.executable, "-W", "error", "-c", _RUN, str(given), str(result)],
            check=True,
            cwd=root,
            env={**os.environ, switch: "1"},
            timeout=240,
        )
        assert pickle.loads(result.read_bytes()) == answers(case)


@pytest.mark.parametrize("codec", CODECS)
def test_bytes_behind_the_end_change_nothing(codec: str) -> None:
    track = track_of(codec)
    scanner = scanner_of(codec, track.extradata)
    rng = np.random.default_rng(3)
    for data in damaged(track, 11, 200):
        found = []
        for _ in range(2):
            buf = np.frombuffer(data + rng.bytes(64), np.uint8).copy()
            for final in (True, False):
                row = scanner.limits().scan(buf, 0, len(data), final=final)
                found.append(row if isinstance(row, int) else row.tolist())
        assert found[:2] == found[2:]


@pytest.mark.parametrize("codec", CODECS)
def test_a_stream_cut_at_any_byte_gives_its_whole_units(codec: str) -> None:
    track = track_of(codec)
    scanner = scanner_of(codec, track.extradata).learned(track.samples)
    ends = np.cumsum(track.sizes)
    data = np.frombuffer(track.data, np.uint8).copy()
    for end in range(len(data) + 1):
        rows, stop = scanner.scan_many(data, 0, end, 100, final=True)
        whole = int((ends <= end).sum())
        sizes = rows[:, Column.SIZE].tolist()
        assert sizes[:whole] == track.sizes[:whole], end
        if len(sizes) > whole:
            # The one more is the picture whose later slices are cut.
            assert len(sizes) == whole + 1
            assert rows[-1, Column.END_REASON] in (EndReason.CUT, EndReason.OTHER_BYTES, EndReason.AT_END), end
        assert stop.code in (INVALID, NEED_MORE)
        rows, stop = scanner.scan_many(data, 0, end, 100, final=False)
        assert rows[:, Column.SIZE].tolist() == track.sizes[: len(rows)], end
        assert stop.code == NEED_MORE
        assert len(rows) >= whole - 1
