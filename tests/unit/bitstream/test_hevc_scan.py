"""Access unit boundaries of HEVC, on streams written bit by bit."""

from __future__ import annotations

import numpy as np
import pytest

from mediarescue.bitstream.errors import BitstreamError
from mediarescue.bitstream.hevc import (
    INVALID,
    NEED_MORE,
    Column,
    EndReason,
    HevcScanner,
    SyncKind,
    parse_hvcc,
    parse_pps,
    parse_slice_header,
    parse_sps,
    parse_vps,
)
from tests.support.h26x import encoded, hevc_header, hevc_parameter_sets, hevc_slice, hvcc, prefixed

SPS, PPS = hevc_parameter_sets()
IDR = hevc_slice(kind=19)
NEXT = hevc_slice(lsb=1)
AUDIO = bytes(range(0x21, 0x61)) * 3
RPU = hevc_header(62) + b"\x19\x08\x09\x10\x80"
SUFFIX_SEI = hevc_header(40) + b"\x84\x01\x00\x80"


def scanner() -> HevcScanner:
    return HevcScanner(parse_hvcc(hvcc(SPS, PPS)))


def scan(data: bytes, *, final: bool = True, using: HevcScanner | None = None) -> np.ndarray | int:
    return (using or scanner()).scan(data, 0, len(data), final=final)


def row_of(data: bytes, *, final: bool = True, using: HevcScanner | None = None) -> np.ndarray:
    row = scan(data, final=final, using=using)
    assert not isinstance(row, int), row
    return row


def test_one_slice_that_ends_the_media_is_one_unit() -> None:
    row = row_of(prefixed(IDR))
    assert (row[Column.SIZE], row[Column.END_REASON]) == (len(prefixed(IDR)), EndReason.AT_END)
    assert (row[Column.FIRST_VCL_TYPE], row[Column.ALL_INTRA], row[Column.POC_LSB]) == (19, 1, 0)


@pytest.mark.parametrize("kind", [32, 33, 34, 35, 39])
def test_what_starts_the_next_unit_ends_this_one(kind: int) -> None:
    payload = {35: b"\x50", 39: b"\x05\x01\x00\x80"}.get(kind, b"\x11\x22\x33")
    data = prefixed(IDR) + prefixed(hevc_header(kind) + payload, NEXT)
    row = row_of(data, final=False)
    assert (row[Column.SIZE], row[Column.END_REASON]) == (len(prefixed(IDR)), EndReason.NEXT_ACCESS_UNIT)


def test_suffixes_layers_and_dolby_vision_stay_with_the_picture() -> None:
    unit = prefixed(IDR, hevc_slice(kind=19, layer=1), SUFFIX_SEI, RPU, hevc_header(63) + b"\x26\x01\xaf", b"\x48\x01")
    row = row_of(unit + prefixed(NEXT))
    assert (row[Column.SIZE], row[Column.NAL_COUNT], row[Column.SLICE_COUNT]) == (len(unit), 6, 1)
    assert row[Column.HAS_END_OF_SEQUENCE] == 1


@pytest.mark.parametrize("tail", [RPU, hevc_slice(kind=19, layer=1)], ids=["RPU", "layer 1"])
def test_a_tail_before_other_bytes_counts_only_where_the_reference_has_it(tail: bytes) -> None:
    unit = prefixed(IDR, tail)
    assert row_of(unit + AUDIO)[Column.SIZE] == len(prefixed(IDR))
    known = scanner().learned([unit])
    row = row_of(unit + AUDIO, using=known)
    assert (row[Column.SIZE], row[Column.END_REASON]) == (len(unit), EndReason.OTHER_BYTES)


def test_type_63_fits_the_mask() -> None:
    tail = hevc_header(63) + b"\x26\x01\xaf"
    unit = prefixed(IDR, tail)
    assert row_of(unit + AUDIO, using=scanner().limits(continuation_types=(63,)))[Column.SIZE] == len(unit)


def test_further_segments_stay_with_the_picture() -> None:
    unit = prefixed(IDR, *(hevc_slice(kind=19, first=False, address=address) for address in (4, 9)))
    row = row_of(unit + prefixed(NEXT))
    assert (row[Column.SIZE], row[Column.SLICE_COUNT]) == (len(unit), 3)


@pytest.mark.parametrize(
    "segment",
    [
        hevc_slice(kind=19, first=False, address=4),
        hevc_slice(kind=20, first=False, address=9),
        hevc_slice(kind=19, first=False, address=0),
    ],
    ids=["address goes back", "other type", "address 0"],
)
def test_a_segment_that_does_not_fit_ends_the_unit(segment: bytes) -> None:
    start = prefixed(IDR, hevc_slice(kind=19, first=False, address=6))
    row = row_of(start + prefixed(segment))
    assert (row[Column.SIZE], row[Column.END_REASON]) == (len(start), EndReason.OTHER_BYTES)


@pytest.mark.parametrize(
    "nal",
    [
        hevc_slice(kind=19, first=False),
        hevc_slice(pps_id=1),
        hevc_slice(kind=19, tid=1),
        hevc_slice(kind=2, tid=0),
        hevc_slice(kind=10),
        hevc_slice(kind=22),
        hevc_slice(slice_type=3),
        b"\x82" + IDR[1:],
        IDR[:1] + b"\x00" + IDR[2:],
        RPU,
    ],
    ids=["not first", "unknown PPS", "IRAP tid", "TSA tid", "reserved", "RSV_IRAP", "type", "forbidden", "tid", "RPU"],
)
def test_what_breaks_a_rule_is_no_unit(nal: bytes) -> None:
    assert scan(prefixed(nal)) == INVALID


def test_a_slice_over_the_end_needs_more() -> None:
    data = prefixed(hevc_header(35) + b"\x50", IDR)
    for size in range(len(data)):
        for final in (False, True):
            assert scan(data[:size], final=final) == NEED_MORE, size


def test_a_cut_later_segment_is_said() -> None:
    whole = prefixed(IDR, hevc_slice(kind=19, first=False, address=4))
    row = row_of(whole[:-2])
    assert (row[Column.END_REASON], row[Column.SIZE]) == (EndReason.CUT, len(prefixed(IDR)))
    assert row[Column.DECLARED_SIZE] == len(whole)
    assert scan(whole[:-2], final=False) == NEED_MORE


def test_a_cra_picture_in_the_middle_goes_on_and_an_idr_starts_again() -> None:
    nals = [
        hevc_slice(kind=21, lsb=200),
        hevc_slice(kind=9, lsb=190),
        hevc_slice(lsb=250),
        hevc_slice(kind=0, lsb=230, tid=1),
        hevc_slice(kind=21, lsb=10),
        hevc_slice(kind=9, lsb=4),
        hevc_slice(lsb=20),
        IDR,
        hevc_slice(lsb=3),
    ]
    data = b"".join(prefixed(nal) for nal in nals)
    using = scanner()
    rows, _ = using.scan_many(data, 0, len(data), 20)
    assert using.picture_order_counts(rows).tolist() == [200 - 0, 190, 250, 230, 266, 260, 276, 0, 3]
    assert using.coded_video_sequences(rows).tolist() == [0] * 7 + [1] * 2
    assert using.display_ranks(rows).tolist() == [1, 0, 3, 2, 5, 4, 6, 7, 8]
    kinds = using.sync_kinds(rows)
    assert (kinds & int(SyncKind.IRAP) != 0).tolist() == [True, *[False] * 3, True, *[False] * 2, True, False]
    assert (kinds & int(SyncKind.IDR) != 0).sum() == 1


def test_a_cra_picture_behind_an_end_of_sequence_starts_again() -> None:
    data = prefixed(IDR) + prefixed(hevc_slice(lsb=9), b"\x48\x01") + prefixed(hevc_slice(kind=21, lsb=200))
    using = scanner()
    rows, _ = using.scan_many(data, 0, len(data), 20)
    assert using.picture_order_counts(rows).tolist() == [0, 9, 200]
    assert using.coded_video_sequences(rows).tolist() == [0, 0, 1]
    for at in range(4):
        sequence, poc = using.picture_order([rows[:at], rows[at:]], len(rows))
        assert (sequence.tolist(), poc.tolist()) == ([0, 0, 1], [0, 9, 200])


def test_a_bare_configuration_is_completed_by_the_samples() -> None:
    using = HevcScanner(parse_hvcc(hvcc()))
    assert scan_alone(prefixed(IDR), using) == INVALID
    learned = using.learned([prefixed(SPS, PPS, IDR)])
    assert not isinstance(scan_alone(prefixed(IDR), learned), int)


def scan_alone(data: bytes, using: HevcScanner) -> np.ndarray | int:
    return using.scan(data, 0, len(data))


def test_in_band_sets_take_over() -> None:
    using = scanner()
    pps = PPS[:2] + bytes([0b01011000, 0x40, 0x7A]) + PPS[5:]
    data = prefixed(SPS, pps, hevc_slice(kind=19, pps_id=1))
    assert parse_pps(pps).pps_id == 1
    assert row_of(data, using=using)[Column.PPS_ID] == 1
    assert 1 in using.parameter_sets.ppss


def test_parameter_sets_read_back() -> None:
    for with_sets in (False, True):
        sps = parse_sps(hevc_parameter_sets(short_term_sets=with_sets)[0])
        assert (sps.width, sps.height, sps.log2_ctb_size, sps.pic_size_in_ctbs) == (64, 64, 4, 16)
        assert sps.log2_max_pic_order_cnt_lsb == 8
        assert sps.num_short_term_ref_pic_sets == 2 * with_sets
        assert sps.ordering[0].max_num_reorder_pics == 2


def test_an_encoder_s_sets_read_back() -> None:
    config = parse_hvcc(encoded("libx265", "bframes=3", frames=3, size=(200, 130)).extradata)
    sps = parse_sps(config.nals(33)[0])
    assert (sps.width, sps.height) == (200, 130)
    assert sps.vui is not None
    assert parse_vps(config.nals(32)[0]).max_layers == 1
    assert parse_pps(config.nals(34)[0]).sps_id == sps.sps_id


@pytest.mark.parametrize("nal", [b"", SPS[:6], PPS, b"\x42\x01" + bytes(30)])
def test_broken_parameter_sets_are_errors(nal: bytes) -> None:
    with pytest.raises(BitstreamError):
        parse_sps(nal)


def test_a_cut_hvcc_is_an_error() -> None:
    payload = hvcc(SPS, PPS)
    for size in range(len(payload)):
        with pytest.raises(BitstreamError):
            parse_hvcc(payload[:size])


def test_a_slice_header_parses_alone() -> None:
    table = scanner().parameter_sets.table
    header = parse_slice_header(hevc_slice(lsb=77, tid=2), table)
    assert header is not None
    assert (header.slice_pic_order_cnt_lsb, header.temporal_id, header.slice_type) == (77, 2, 1)
    assert parse_slice_header(hevc_slice(layer=1), table) is None
    assert parse_slice_header(b"", table) is None


ENCODINGS = {
    "B pyramid": "bframes=6:b-pyramid=1:b-adapt=0",
    "slices": "slices=4:ctu=16",
    "open GOP": "open-gop=1:keyint=12:min-keyint=12:bframes=4",
    "closed GOP": "open-gop=0:keyint=10",
    "intra only": "keyint=1",
    "AUD": "aud=1",
    "repeated headers": "repeat-headers=1:keyint=10",
    "temporal layers": "temporal-layers=3:bframes=4:b-adapt=0",
    "hash SEI": "hash=1",
    "RADL": "radl=2:open-gop=0:keyint=15:bframes=4",
}


@pytest.mark.parametrize("params", ENCODINGS.values(), ids=ENCODINGS)
def test_an_encoder_s_samples_and_order_come_back(params: str) -> None:
    track = encoded("libx265", params, size=(128, 96), frames=30)
    using = HevcScanner(parse_hvcc(track.extradata))
    rows, stop = using.scan_many(track.data, 0, len(track.data), 100)
    assert rows[:, Column.SIZE].tolist() == track.sizes
    assert stop.pos == len(track.data)
    assert using.display_ranks(rows).tolist() == track.true_ranks
    assert (using.sync_kinds(rows) & int(SyncKind.IRAP) != 0).tolist() == list(track.keys)
