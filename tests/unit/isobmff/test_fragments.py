"""The runs of ``trun`` boxes, and the walk through files that consist of them, against boxes built by hand."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediarescue.isobmff import BoxError, ByteSource, FragmentedFile, Fragments, read_fragmented
from mediarescue.isobmff.fragments import TrackExtends
from tests.support.boxes import box

SYNC, NO_SYNC = 0x02000000, 0x01010000
MOOV = box(
    b"moov",
    box(b"mvhd", bytes(12) + struct.pack(">II", 1000, 0) + bytes(80))
    + box(b"mvex", box(b"trex", struct.pack(">6I", 0, 1, 1, 10, 20, NO_SYNC))),
)


def tfhd(track_id: int, flags: int = 0x020000, *values: int, base: int | None = None) -> bytes:
    head = struct.pack(">II", flags | (1 if base is not None else 0), track_id)
    return box(
        b"tfhd", head + (b"" if base is None else struct.pack(">Q", base)) + struct.pack(f">{len(values)}I", *values)
    )


def trun(flags: int, count: int, *values: int, version: int = 0) -> bytes:
    return box(b"trun", struct.pack(">II", version << 24 | flags, count) + struct.pack(f">{len(values)}i", *values))


def tfdt(ticks: int) -> bytes:
    return box(b"tfdt", struct.pack(">IQ", 1 << 24, ticks))


def moof(*trafs: bytes) -> bytes:
    return box(b"moof", box(b"mfhd", bytes(8)) + b"".join(box(b"traf", traf) for traf in trafs))


def walked(tmp_path: Path, data: bytes, *, search: bool = True) -> FragmentedFile | None:
    path = tmp_path / "f.mp4"
    path.write_bytes(data)
    with ByteSource.open(path) as source:
        return read_fragmented(source, search=search)


def test_defaults_come_from_trex_then_tfhd_then_the_row() -> None:
    fragments = Fragments({1: TrackExtends(1, 10, 20, NO_SYNC)})
    fragments.add(moof(tfhd(1) + trun(0x1, 2, 100)), 1000)
    fragments.add(moof(tfhd(1, 0x020018, 11, 21) + trun(0x1, 1, 100)), 2000)
    fragments.add(moof(tfhd(1) + trun(0xF01, 2, 100, 12, 22, SYNC, 5, 13, 23, NO_SYNC, -6)), 3000)
    samples = fragments.samples(1).samples
    assert samples.offset.tolist() == [1100, 1120, 2100, 3100, 3122]
    assert samples.size.tolist() == [20, 20, 21, 22, 23]
    assert samples.duration.tolist() == [10, 10, 11, 12, 13]
    assert samples.composition_offset.tolist() == [0, 0, 0, 5, -6]
    assert samples.is_sync.tolist() == [False, False, False, True, False]


def test_flags_of_the_first_sample_stand_above_the_default() -> None:
    fragments = Fragments({1: TrackExtends(1, 10, 20, NO_SYNC)})
    fragments.add(moof(tfhd(1) + trun(0x5, 3, 100, SYNC)), 0)
    assert fragments.samples(1).samples.is_sync.tolist() == [True, False, False]


def test_offsets_that_are_not_given_follow_the_data_before() -> None:
    fragments = Fragments({1: TrackExtends(1, 10, 20, 0), 2: TrackExtends(1, 10, 7, 0)})
    first = tfhd(1, 0) + trun(0x1, 2, 100) + trun(0, 1)
    fragments.add(moof(first, tfhd(2, 0) + trun(0x1, 2, 0) + trun(0x200, 2, 3, 4)), 1000)
    assert fragments.samples(1).samples.offset.tolist() == [1100, 1120, 1140]
    assert fragments.samples(2).samples.offset.tolist() == [1160, 1167, 1174, 1177]


def test_absolute_offsets_of_another_file_are_moved_home() -> None:
    fragments = Fragments({1: TrackExtends(1, 10, 20, 0)})
    size = len(moof(tfhd(1, 1, base=0) + trun(0x1, 1, 0)))
    data = moof(tfhd(1, 0, base=900_000) + trun(0x1, 1, size + 8))
    assert fragments.add(data, 1000) == 1000 + size + 8 + 20
    at_home = Fragments({1: TrackExtends(1, 10, 20, 0)})
    at_home.add(moof(tfhd(1, 0, base=5000) + trun(0x1, 1, 30)), 1000)
    assert at_home.samples(1).samples.offset.tolist() == [5030]
    assert at_home.has_absolute_offsets


def test_times_pause_between_fragments_and_go_on_where_the_clock_starts_anew() -> None:
    fragments = Fragments({1: TrackExtends(1, 10, 20, 0)})
    for offset, ticks in ((0, 500), (1000, 520), (2000, 560), (3000, 0), (4000, 20)):
        fragments.add(moof(tfhd(1) + tfdt(ticks) + trun(0x1, 2, 100)), offset)
    assert fragments.samples(1).decode_time.tolist() == [500, 510, 520, 530, 560, 570, 580, 590, 600, 610]


def test_a_sample_entry_of_its_own_is_told() -> None:
    fragments = Fragments({1: TrackExtends(2, 10, 20, 0)})
    fragments.add(moof(tfhd(1) + trun(0x1, 1, 100)), 0)
    fragments.add(moof(tfhd(1, 0x020002, 1) + trun(0x1, 1, 100)), 500)
    assert fragments.samples(1).samples.description_index.tolist() == [1, 0]


@pytest.mark.parametrize(
    "data",
    [
        moof(tfhd(1) + trun(0x201, 1000, 0, 1)),
        moof(trun(0x1, 1, 0)),
        moof(tfhd(1) + trun(0x1, 1, -5000)),
        moof(tfhd(1) + box(b"trun")),
        moof(box(b"tfhd")),
    ],
    ids=["more samples than rows", "no tfhd", "before the file", "an empty trun", "an empty tfhd"],
)
def test_nothing_is_kept_of_a_damaged_fragment(data: bytes) -> None:
    fragments = Fragments()
    with pytest.raises(BoxError):
        fragments.add(data, 100)
    assert not fragments.track_ids


def test_millions_of_samples_that_no_row_vouches_for_are_refused() -> None:
    fragments = Fragments({1: TrackExtends(1, 10, 0, 0)})
    fragments.add(moof(tfhd(1) + trun(0x1, 0x7FFFFFFF, 0)), 100)
    with pytest.raises(BoxError, match="too many"):
        fragments.samples(1)


def test_a_walk_finds_what_is_whole_and_what_is_cut(tmp_path: Path) -> None:
    one = moof(tfhd(1) + trun(0x1, 2, 80)) + box(b"mdat", bytes(60))
    data = MOOV + one + one
    whole = walked(tmp_path, data)
    assert whole is not None
    assert (whole.count, whole.end, whole.cut, whole.is_whole) == (2, len(data), "", True)
    for size in range(len(MOOV) + len(one) + 1, len(data)):
        cut = walked(tmp_path, data[:size])
        assert cut is not None
        assert (cut.count, cut.end, cut.is_whole) == (1, len(MOOV) + len(one), False)


def test_a_walk_goes_on_behind_damage(tmp_path: Path) -> None:
    one = moof(tfhd(1) + trun(0x1, 2, 80)) + box(b"mdat", bytes(60))
    data = MOOV + one + b"\xa7" * 50 + one
    found = walked(tmp_path, data)
    assert found is not None
    assert found.count == 2
    assert [(part.offset, part.size) for part in found.unread] == [(len(MOOV) + len(one), 50)]
    stopped = walked(tmp_path, data, search=False)
    assert stopped is not None
    assert (stopped.count, stopped.cut) == (1, "bytes that are no box")


def test_files_without_fragments_are_none(tmp_path: Path) -> None:
    assert walked(tmp_path, box(b"ftyp", b"isom\0\0\0\0") + box(b"mdat", bytes(500))) is None
    assert walked(tmp_path, b"") is None
    assert walked(tmp_path, bytes(5000)) is None


@given(data=st.binary(max_size=400), seed=st.integers(0, 1 << 30))
def test_random_bytes_raise_nothing_but_what_is_said(data: bytes, seed: int) -> None:
    rng = np.random.default_rng(seed)
    whole = bytearray(moof(tfhd(1) + tfdt(500) + trun(0xF01, 2, 100, 12, 22, SYNC, 5, 13, 23, NO_SYNC, -6)))
    for at in rng.integers(8, len(whole), 4).tolist():
        whole[at] = int(rng.integers(256))
    fragments = Fragments()
    for moof_bytes in (bytes(whole), box(b"moof", data)):
        try:
            fragments.add(moof_bytes, 1000)
            for track_id in fragments.track_ids:
                assert (np.diff(fragments.samples(track_id).decode_time) >= 0).all()
        except BoxError:
            continue
