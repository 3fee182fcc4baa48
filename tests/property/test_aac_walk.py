from __future__ import annotations

import os
from types import FunctionType

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from mediarescue.bitstream.aac import INVALID, NEED_MORE, AacWalker, AudioSpecificConfig, FrameColumn
from mediarescue.bitstream.aac.layout import COLUMN_COUNT, WORK_COUNT
from mediarescue.bitstream.aac.tables import lookup_tables
from mediarescue.bitstream.jit import jit_wanted
from tests.support.aac_writer import CCE, CPE, DSE, FIL, LFE, PCE, SCE, FrameWriter
from tests.support.plain_kernels import GuardedBuffer, plain_aac_kernels

configs = st.builds(
    AudioSpecificConfig,
    st.sampled_from([1, 2, 2, 3, 4]),
    st.integers(0, 12),
    st.just(44100),
    st.just(2),
    st.sampled_from([1024, 960]),
)
layouts = st.lists(st.sampled_from([SCE, CPE, CCE, LFE, DSE, PCE, FIL]), min_size=1, max_size=9)
# A first byte of 0x21 or 0x01 opens a likely pair or single element, so that more than the first field is reached.
noise = st.builds(
    lambda head, body: head + body,
    st.sampled_from([b"", b"\x21\x00", b"\x01\x00", b"\x21\x4c"]),
    st.binary(max_size=80),
)


def test_the_plain_kernels_are_plain_and_the_others_compiled() -> None:
    plain = plain_aac_kernels()
    from mediarescue.bitstream.aac import _kernels

    assert isinstance(plain.walk_frame, FunctionType)
    compiled = jit_wanted() and os.environ.get("NUMBA_DISABLE_JIT", "0") in ("", "0")
    assert isinstance(_kernels.walk_frame, FunctionType) is not compiled


def plain_walk(walker: AacWalker, data: bytes, pos: int, end: int) -> tuple[int, list[int]]:
    """Walk one frame uncompiled, with every read watched; return size and row."""
    row: NDArray[np.int64] = np.zeros(COLUMN_COUNT, np.int64)
    work = np.zeros(WORK_COUNT, np.int64)
    size = plain_aac_kernels().walk_frame(
        GuardedBuffer(data, pos, end), pos, end, walker._params, lookup_tables(), walker._accepted, work, row
    )
    return int(size), row.tolist()


def compiled_walk(walker: AacWalker, data: bytes, pos: int, end: int) -> tuple[int, list[int]]:
    """Walk one frame compiled; return size and row."""
    out = walker.rows(1)
    buf = np.frombuffer(data, np.uint8).copy()
    count, stop = walker.frames(buf, pos, end, 1, out)
    return (int(out[0, FrameColumn.SIZE]) if count else stop), out[0].tolist()


@given(config=configs, elements=layouts, seed=st.integers(0, 1 << 30))
@settings(deadline=None, max_examples=60)
def test_written_frames_have_their_size_compiled_or_not(
    config: AudioSpecificConfig, elements: list[int], seed: int
) -> None:
    if not {SCE, CPE, CCE, LFE} & set(elements):
        elements = [*elements, SCE]
    data = FrameWriter(config, seed, quiet=0.8).frame(elements)
    walker = AacWalker(config)
    around = b"\x5a" * 3 + data + b"\xff" * 5
    size, row = plain_walk(walker, around, 3, 3 + len(data))
    assert size == len(data)
    assert compiled_walk(walker, around, 3, 3 + len(data)) == (size, row)
    assert compiled_walk(walker, around, 3, len(around))[0] == len(data)


@given(config=configs, data=noise)
@settings(deadline=None, max_examples=300)
def test_random_bytes_never_crash_nor_read_beyond_the_end(config: AudioSpecificConfig, data: bytes) -> None:
    walker = AacWalker(config)
    size, row = plain_walk(walker, data + b"\xff\xff", 0, len(data))
    assert size in (INVALID, NEED_MORE) or 0 < size <= len(data)
    result = compiled_walk(walker, data + b"\xff\xff", 0, len(data))
    assert result[0] == size
    if size > 0:
        assert result[1] == row


@given(
    config=configs,
    seed=st.integers(0, 1 << 30),
    flips=st.lists(st.integers(0, 1 << 20), max_size=3),
    limit=st.none() | st.integers(1, 200),
)
@settings(deadline=None, max_examples=150)
def test_a_cut_needs_more_and_a_refusal_is_final(
    config: AudioSpecificConfig, seed: int, flips: list[int], limit: int | None
) -> None:
    data = bytearray(FrameWriter(config, seed, quiet=0.9).frame([CPE]))
    for flip in flips:
        data[flip // 8 % len(data)] ^= 1 << flip % 8
    walker = AacWalker(config).with_limits(max_size=limit)
    results = [compiled_walk(walker, bytes(data), 0, end)[0] for end in range(len(data) + 1)]
    final = results[-1]
    for end, result in enumerate(results):
        if final > 0:
            assert result == (final if end >= final else NEED_MORE)
        elif result != NEED_MORE:
            assert result == final == INVALID
    decided = [end for end, result in enumerate(results) if result != NEED_MORE]
    assert decided == list(range(len(results) - len(decided), len(results)))


@given(data=noise)
@settings(deadline=None, max_examples=100)
def test_limits_only_ever_refuse(data: bytes) -> None:
    walker = AacWalker(AudioSpecificConfig(2, 4, 44100, 2, 1024))
    strict = walker.with_limits(min_size=6, max_size=60, signatures=[0x90], require_zero_padding=True)
    size, row = compiled_walk(walker, data, 0, len(data))
    strict_size, strict_row = compiled_walk(strict, data, 0, len(data))
    if size > 0:
        fits = 6 <= size <= 60 and row[FrameColumn.SIGNATURE] == 0x90 and row[FrameColumn.PADDING_ZERO] == 1
        assert strict_size == (size if fits else INVALID)
    else:
        assert strict_size < 0
    if strict_size > 0:
        assert strict_row == row
