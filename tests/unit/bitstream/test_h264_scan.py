"""Access unit boundaries of H.264, on streams written bit by bit."""

from __future__ import annotations

import numpy as np
import pytest

from mediarescue.bitstream.h264 import (
    INVALID,
    NEED_MORE,
    Column,
    EndReason,
    H264Scanner,
    SyncKind,
    parse_avcc,
    parse_slice_header,
)
from tests.support.h26x import avc_pps, avc_slice, avc_sps, avcc, prefixed

SPS, PPS = avc_sps(), avc_pps()
IDR = avc_slice(idr=True, kind=7)
AUDIO = bytes(range(0x21, 0x61)) * 3


def scanner(*, frame_mbs_only: bool = True) -> H264Scanner:
    return H264Scanner(parse_avcc(avcc(avc_sps(frame_mbs_only=frame_mbs_only), PPS)))


def scan(data: bytes, *, final: bool = True, using: H264Scanner | None = None) -> np.ndarray | int:
    return (using or scanner()).scan(data, 0, len(data), final=final)


def row_of(data: bytes, *, final: bool = True, using: H264Scanner | None = None) -> np.ndarray:
    row = scan(data, final=final, using=using)
    assert not isinstance(row, int), row
    return row


def test_one_slice_that_ends_the_media_is_one_unit() -> None:
    data = prefixed(IDR)
    row = row_of(data)
    assert row[Column.SIZE] == row[Column.DECLARED_SIZE] == len(data)
    assert row[Column.END_REASON] == EndReason.AT_END
    assert row[Column.FIRST_VCL_TYPE] == 5
    assert row[Column.ALL_INTRA] == 1
    assert row[Column.LONGEST_NAL] == len(IDR)


def test_the_next_picture_ends_the_unit() -> None:
    first = prefixed(IDR)
    for following in (avc_slice(frame_num=1, lsb=2), b"\x09\x10", b"\x06\x05\x01\x00\x80", SPS):
        row = row_of(first + prefixed(following, IDR), final=False)
        assert (row[Column.SIZE], row[Column.END_REASON]) == (len(first), EndReason.NEXT_ACCESS_UNIT)


def test_other_bytes_end_the_unit() -> None:
    row = row_of(prefixed(IDR) + AUDIO)
    assert (row[Column.SIZE], row[Column.END_REASON]) == (len(prefixed(IDR)), EndReason.OTHER_BYTES)


def test_further_slices_of_the_picture_stay_with_it() -> None:
    data = prefixed(*(avc_slice(first_mb=mb, idr=True, kind=7) for mb in (0, 5, 9)))
    row = row_of(data + prefixed(avc_slice(frame_num=1, lsb=2)))
    assert (row[Column.SIZE], row[Column.SLICE_COUNT]) == (len(data), 3)


def test_slices_out_of_order_belong_together_only_when_told() -> None:
    data = prefixed(*(avc_slice(first_mb=mb, idr=True, kind=7) for mb in (8, 0, 4)))
    assert scan(data) == INVALID
    assert row_of(data, using=scanner().limits(any_first_mb=True))[Column.SLICE_COUNT] == 3


@pytest.mark.parametrize(
    "slice_nal",
    [
        avc_slice(pps_id=3),
        avc_slice(first_mb=16),
        avc_slice(kind=10),
        avc_slice(idr=True, kind=0),
        avc_slice(idr=True, kind=7, frame_num=1),
        avc_slice(idr=True, kind=7, ref=0),
        b"\xe5" + IDR[1:],
        b"\x0a",
        b"\x00\x00\x00\x00",
    ],
    ids=["unknown PPS", "macroblock", "slice type", "P in IDR", "frame_num", "ref 0", "forbidden", "EOS", "type 0"],
)
def test_what_breaks_a_rule_is_no_unit(slice_nal: bytes) -> None:
    assert scan(prefixed(slice_nal)) == INVALID


def test_a_unit_without_slices_is_none() -> None:
    assert scan(prefixed(b"\x09\x10") + AUDIO) == INVALID
    assert scan(prefixed(b"\x09\x10")) == NEED_MORE


def test_nal_units_above_the_limit_are_refused() -> None:
    data = prefixed(IDR)
    assert scan(data, using=scanner().limits(max_nal_size=len(IDR) - 1)) == INVALID
    assert row_of(data, using=scanner().limits(max_nal_size=len(IDR)))[Column.SIZE] == len(data)


def test_a_slice_over_the_end_needs_more() -> None:
    data = prefixed(IDR)
    for size in range(len(data)):
        for final in (False, True):
            assert scan(data[:size], final=final) == NEED_MORE, size


def test_in_a_window_a_unit_counts_once_something_follows() -> None:
    data = prefixed(IDR)
    assert scan(data, final=False) == NEED_MORE
    assert scan(data + b"\x00\x00\x00\x20", final=False) == NEED_MORE
    assert row_of(data + AUDIO, final=False)[Column.SIZE] == len(data)


def test_a_cut_later_slice_is_said() -> None:
    first = prefixed(IDR)
    second = prefixed(avc_slice(first_mb=5, idr=True, kind=7))
    cut = first + second[:-3]
    row = row_of(cut)
    assert row[Column.END_REASON] == EndReason.CUT
    assert row[Column.SIZE] == len(first)
    assert row[Column.DECLARED_SIZE] == len(first + second)
    assert scan(cut, final=False) == NEED_MORE


def test_filler_and_end_of_sequence_stay_with_the_picture() -> None:
    data = prefixed(IDR, b"\x0c\xff\xff\x80", b"\x0a")
    row = row_of(data + prefixed(IDR))
    assert (row[Column.SIZE], row[Column.HAS_END_OF_SEQUENCE]) == (len(data), 1)


def test_an_unknown_continuation_counts_only_where_a_nal_unit_follows() -> None:
    auxiliary = b"\x13\x88\x84\x11\x22"
    data = prefixed(IDR, auxiliary)
    assert row_of(data + prefixed(IDR))[Column.SIZE] == len(data)
    assert row_of(data + AUDIO)[Column.SIZE] == len(prefixed(IDR))
    known = scanner().learned([data])
    assert row_of(data + AUDIO, using=known)[Column.SIZE] == len(data)


def test_two_fields_are_one_unit_unless_each_is_its_own_sample() -> None:
    field_scanner = scanner(frame_mbs_only=False)
    top = avc_slice(idr=True, kind=7, field=1)
    bottom = avc_slice(field=2, lsb=1)
    data = prefixed(top, b"\x09\x30", bottom)
    row = row_of(data + prefixed(avc_slice(field=1, frame_num=1, lsb=2)), using=field_scanner)
    assert (row[Column.SIZE], row[Column.FIELD_COUNT], row[Column.FIELD_FLAGS]) == (len(data), 2, 1)
    row = row_of(data, using=field_scanner.limits(fields_per_sample=1))
    assert (row[Column.SIZE], row[Column.FIELD_COUNT]) == (len(prefixed(top)), 1)
    alone = prefixed(top, b"\x09\x30", avc_slice(field=1, frame_num=1, lsb=2))
    row = row_of(alone, using=field_scanner)
    assert (row[Column.SIZE], row[Column.END_REASON]) == (len(prefixed(top)), EndReason.NEXT_ACCESS_UNIT)


def test_a_run_of_single_fields_reads_as_one_by_one() -> None:
    using = scanner(frame_mbs_only=False)
    sei = b"\x06\x05\x04\xff\xff\xff\xff\x80"
    units = [prefixed(avc_slice(idr=True, kind=7, field=1))]
    units += [prefixed(b"\x09\x30", sei, avc_slice(field=1, frame_num=i, lsb=2 * i, mmco5=i == 3)) for i in range(1, 6)]
    data = b"".join(units)
    rows, stop = using.scan_many(data, 0, len(data), 10)
    assert rows[:, Column.SIZE].tolist() == [len(unit) for unit in units], stop
    assert rows[:, Column.HAS_MMCO5].tolist() == [0, 0, 0, 1, 0, 0]
    pos = 0
    for row in rows:
        assert using.scan(data, pos, len(data)).tolist() == row.tolist()  # type: ignore[union-attr]
        pos += int(row[Column.SIZE])


def test_a_recovery_point_is_a_sync_kind() -> None:
    row = row_of(prefixed(b"\x06\x06\x01\xc4\x80", avc_slice(kind=7, frame_num=3, lsb=4)))
    assert row[Column.HAS_RECOVERY_POINT] == 1
    assert scanner().sync_kinds(row[None])[0] == SyncKind.RECOVERY_POINT | SyncKind.ALL_INTRA


def test_a_parameter_set_of_many_kilobytes_is_none() -> None:
    large = SPS + b"\x5a" * (4096 - len(SPS))
    assert row_of(prefixed(large, IDR))[Column.NAL_COUNT] == 2
    assert scan(prefixed(large + b"\x5a", IDR)) == INVALID


def test_in_band_parameter_sets_take_over_where_the_unit_is_valid() -> None:
    using = scanner()
    other = avc_pps(pps_id=7)
    data = prefixed(SPS, other, avc_slice(idr=True, kind=7, pps_id=7))
    broken = prefixed(SPS, other, avc_slice(idr=True, kind=7, pps_id=8))
    assert scan(broken, using=using) == INVALID
    assert 7 not in using.parameter_sets.ppss
    row = row_of(data, using=using)
    assert row[Column.PARAMETER_SET_POS] == 0
    assert 7 in using.parameter_sets.ppss
    assert 7 not in scanner().parameter_sets.ppss


def test_a_run_goes_on_through_in_band_parameter_sets() -> None:
    units = [
        prefixed(SPS, avc_pps(pps_id=1), avc_slice(idr=True, kind=7, pps_id=1)),
        prefixed(avc_slice(frame_num=1, lsb=2, pps_id=1)),
        prefixed(avc_slice(frame_num=2, lsb=4)),
    ]
    data = b"".join(units) + AUDIO
    rows, stop = scanner().scan_many(data, 0, len(data), 100)
    assert rows[:, Column.SIZE].tolist() == [len(unit) for unit in units]
    assert (stop.pos, stop.code) == (len(data) - len(AUDIO), INVALID)
    rows, stop = scanner().scan_many(data, 0, len(data), 2)
    assert (len(rows), stop.pos, stop.code) == (2, len(units[0] + units[1]), 0)


def test_an_empty_range_needs_more() -> None:
    rows, stop = scanner().scan_many(b"", 0, 0, 5)
    assert (len(rows), stop.code) == (0, NEED_MORE)


@pytest.mark.parametrize("length_size", [1, 2, 4])
def test_every_length_size_scans(length_size: int) -> None:
    using = H264Scanner(parse_avcc(avcc(SPS, PPS, length_size=length_size)))
    data = prefixed(IDR, length_size=length_size)
    assert row_of(data, using=using)[Column.SIZE] == len(data)


def test_a_slice_header_parses_alone() -> None:
    table = scanner().parameter_sets.table
    header = parse_slice_header(avc_slice(kind=6, frame_num=5, lsb=9, ref=0), table)
    assert header is not None
    assert (header.slice_type, header.frame_num, header.pic_order_cnt_lsb) == (1, 5, 9)
    assert parse_slice_header(avc_slice(pps_id=2), table) is None
    assert parse_slice_header(SPS, table) is None
    assert parse_slice_header(b"", table) is None
