"""Rows of films with millions of samples: what goes in comes out, and takes little room in between."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from mediarescue.bitstream.h264 import Column, H264Scanner, SyncKind, parse_avcc
from mediarescue.recover.rows import PackedRows
from tests.support.h26x import avc_pps, avc_slice, avc_sps, avcc, prefixed


def packed(rows: np.ndarray[tuple[int, int], np.dtype[np.int64]], piece: int) -> PackedRows:
    """Append ``rows`` in pieces."""
    kept = PackedRows()
    for at in range(0, len(rows), piece):
        kept.append(rows[at : at + piece])
    return kept


@pytest.mark.parametrize("piece", [1, 64, 5000, 30_000])
def test_rows_come_back_in_order_whatever_their_values(piece: int) -> None:
    rows = np.random.default_rng(piece).integers(-(2**62), 2**62, (10_000, 5)) >> np.array([0, 32, 48, 56, 62])
    kept = packed(rows, piece)
    assert len(kept) == 10_000
    assert (np.concatenate(list(kept.blocks())) == rows).all()
    mask = rows[:, 3] > 0
    assert (np.concatenate(list(kept.chosen(mask).blocks())) == rows[mask]).all()
    assert kept.columns([3, 1]) == rows[:, [3, 1]].tolist()
    assert (kept.flags(lambda block: block[:, 3] & 255) == rows[:, 3] & 255).all()


def test_blocks_are_copies() -> None:
    kept = packed(np.arange(12, dtype=np.int64).reshape(4, 3), 2)
    for block in kept.blocks():
        block[:] = 0
    assert kept.columns([0]) == [[0], [3], [6], [9]]


def test_no_rows_are_no_flags() -> None:
    kept = PackedRows()
    kept.append(np.zeros((0, 26), dtype=np.int64))
    assert len(kept) == 0
    assert not list(kept.blocks())
    assert kept.flags(lambda block: block[:, 0]).tolist() == []


def test_a_film_of_tiny_pictures_takes_little_memory() -> None:
    scanner = H264Scanner(parse_avcc(avcc(avc_sps(), avc_pps())))
    film = prefixed(avc_slice(idr=True, kind=7), *(avc_slice(frame_num=i % 16, lsb=2 * i % 16) for i in range(1, 64)))
    rows, _ = scanner.scan_many(film, 0, len(film), 64)
    assert len(rows) == 64
    kept, times = PackedRows(), 1500
    tracemalloc.start()
    for _ in range(times):
        kept.append(rows.copy())
    is_idr = kept.flags(scanner.sync_kinds) & int(SyncKind.IDR)
    sequence, poc = scanner.picture_order(kept.blocks(), len(kept))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 60 * len(kept) + (4 << 20)  # as they were, rows take 208 bytes each
    assert np.flatnonzero(is_idr).tolist() == list(range(0, 64 * times, 64))
    assert (sequence == np.repeat(np.arange(times), 64)).all()
    assert poc[:64].tolist() == [2 * i for i in range(64)]
    assert (poc.reshape(times, 64) == poc[:64]).all()
    assert int(rows[0, Column.SIZE]) > 0
