"""Picture order counts of H.264 (8.2.1), on streams written bit by bit and against encoders."""

from __future__ import annotations

import numpy as np
import pytest

from mediarescue.bitstream.h264 import Column, H264Scanner, SyncKind, parse_avcc, picture_order
from tests.support.h26x import Track, avc_pps, avc_slice, avc_sps, avcc, encoded, prefixed


def orders(slices: list[bytes], sps: bytes, pps: bytes | None = None) -> tuple[list[int], list[int]]:
    """Return picture order counts and sequence indices of one-slice units."""
    scanner = H264Scanner(parse_avcc(avcc(sps, pps or avc_pps())))
    data = b"".join(prefixed(nal) for nal in slices)
    rows, stop = scanner.scan_many(data, 0, len(data), len(slices))
    assert len(rows) == len(slices), stop
    order = picture_order(rows, scanner.parameter_sets.spss)
    assert order[:, 0].tolist() == scanner.picture_order_counts(rows).tolist()
    assert order[:, 1].tolist() == scanner.coded_video_sequences(rows).tolist()
    for size in (1, 3):
        blocks = [rows[at : at + size] for at in range(0, len(rows), size)]
        sequence, poc = scanner.picture_order(blocks, len(rows))
        assert (poc.tolist(), sequence.tolist()) == (order[:, 0].tolist(), order[:, 1].tolist())
    return order[:, 0].tolist(), order[:, 1].tolist()


def test_type_0_counts_on_over_the_wrap_of_its_lsb() -> None:
    slices = [avc_slice(idr=True, kind=7)]
    slices += [avc_slice(frame_num=i % 16, lsb=2 * i % 16) for i in range(1, 12)]
    assert orders(slices, avc_sps())[0] == [2 * i for i in range(12)]


def test_type_0_non_reference_pictures_move_nothing() -> None:
    slices = [
        avc_slice(idr=True, kind=7),
        avc_slice(frame_num=1, lsb=6),
        avc_slice(frame_num=2, lsb=2, ref=0, kind=1),
        avc_slice(frame_num=2, lsb=4, ref=0, kind=1),
        avc_slice(frame_num=2, lsb=12),
        avc_slice(frame_num=3, lsb=8, ref=0, kind=1),
        avc_slice(frame_num=3, lsb=2),
    ]
    assert orders(slices, avc_sps())[0] == [0, 6, 2, 4, 12, 8, 18]


def test_an_idr_picture_starts_a_sequence() -> None:
    slices = [
        avc_slice(idr=True, kind=7),
        avc_slice(frame_num=1, lsb=2),
        avc_slice(idr=True, kind=7, idr_pic_id=1),
        avc_slice(frame_num=1, lsb=2),
    ]
    assert orders(slices, avc_sps()) == ([0, 2, 0, 2], [0, 0, 1, 1])


def test_operation_5_starts_a_sequence_at_count_0() -> None:
    slices = [
        avc_slice(idr=True, kind=7),
        avc_slice(frame_num=1, lsb=2),
        avc_slice(frame_num=2, lsb=4, mmco5=True),
        avc_slice(frame_num=1, lsb=2),
        avc_slice(frame_num=2, lsb=4),
    ]
    assert orders(slices, avc_sps()) == ([0, 2, 0, 2, 4], [0, 0, 1, 1, 1])


def test_the_earlier_field_of_a_frame_counts() -> None:
    sps, pps = avc_sps(frame_mbs_only=False), avc_pps(bottom_poc=True)
    slices = [
        avc_slice(idr=True, kind=7, field=0, deltas=(-1,)),
        avc_slice(frame_num=1, lsb=4, field=0, deltas=(1,)),
    ]
    assert orders(slices, sps, pps)[0] == [-1, 4]


def test_type_1_follows_its_cycle() -> None:
    # offset_for_non_ref_pic is -1; the cycle advances by 2 and 4 (8.2.1.2).
    sps = avc_sps(poc_type=1, cycle=(2, 4))
    slices = [avc_slice(idr=True, kind=7, lsb=None, deltas=(0,))]
    slices += [avc_slice(frame_num=i, lsb=None, deltas=(0,)) for i in (1, 2, 3)]
    slices += [avc_slice(frame_num=4, lsb=None, deltas=(0,), ref=0)]
    slices += [avc_slice(frame_num=4, lsb=None, deltas=(3,))]
    assert orders(slices, sps)[0] == [0, 2, 6, 8, 7, 15]


def test_type_2_is_the_order_of_decoding() -> None:
    slices = [avc_slice(idr=True, kind=7, lsb=None)]
    slices += [avc_slice(frame_num=i % 16, lsb=None) for i in range(1, 20)]
    slices += [avc_slice(frame_num=4, lsb=None, ref=0)]
    assert orders(slices, avc_sps(poc_type=2))[0] == [*range(0, 40, 2), 39]


ENCODINGS = {
    "B pyramid": "bframes=5:b-pyramid=normal:b-adapt=0",
    "strict pyramid": "bframes=5:b-pyramid=strict:b-adapt=0:ref=4",
    "slices": "slices=4:bframes=2",
    "open GOP": "open-gop=1:bframes=3:keyint=12:min-keyint=6",
    "intra refresh": "intra-refresh=1:keyint=20",
    "interlaced": "tff=1:bframes=2",
    "intra only": "keyint=1",
    "AUD": "aud=1:bframes=2:keyint=10",
    "weights": "weightp=2:weightb=1:bframes=3:ref=8",
    "repeated headers": "repeat-headers=1:keyint=10",
    "filler": "nal-hrd=cbr:vbv-maxrate=500:vbv-bufsize=200:bitrate=500:filler=1",
    "CAVLC": "cabac=0:bframes=0",
    "small slices": "slice-max-size=300",
}


def check(track: Track) -> np.ndarray:
    """Scan the joined samples; sizes and order have to be the demuxer's. Returns the rows."""
    scanner = H264Scanner(parse_avcc(track.extradata))
    data = track.data
    rows, stop = scanner.scan_many(data, 0, len(data), len(track.samples) + 5)
    assert rows[:, Column.SIZE].tolist() == track.sizes
    assert stop.pos == len(data)
    assert scanner.display_ranks(rows).tolist() == track.true_ranks
    return rows


@pytest.mark.parametrize("params", ENCODINGS.values(), ids=ENCODINGS)
def test_an_encoder_s_samples_and_order_come_back(params: str) -> None:
    check(encoded("libx264", params))


@pytest.mark.parametrize("pix_fmt", ["yuv422p10le", "yuv444p", "gray"])
def test_other_chroma_formats_and_depths_scan(pix_fmt: str) -> None:
    check(encoded("libx264", "bframes=3:keyint=10", pix_fmt=pix_fmt))


def test_sync_kinds_cover_the_encoder_s_key_frames() -> None:
    track = encoded("libx264", ENCODINGS["open GOP"])
    rows = check(track)
    kinds = H264Scanner(parse_avcc(track.extradata)).sync_kinds(rows)
    sync = (kinds & int(SyncKind.IDR | SyncKind.RECOVERY_POINT)) != 0
    assert sync.tolist() == list(track.keys)
    assert (kinds & int(SyncKind.IDR) != 0).sum() == 1
