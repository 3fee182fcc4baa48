from __future__ import annotations

import struct
from dataclasses import replace

import numpy as np
import pytest

from mediarescue.isobmff import (
    Box,
    BoxError,
    Edit,
    SizeForm,
    build_edit_list,
    compact,
    expand,
    mdat_header,
    parse_boxes,
    parse_payload,
    patch_durations,
    read_edit_list,
    read_header,
    read_track,
    rebuild_movie,
    rebuild_track,
    with_duration,
    with_edit_list,
)
from tests.unit.isobmff.builders import box, full, mdhd, moov, mvhd, samples, tkhd, trak

EDTS = box(b"edts", full(b"elst", struct.pack(">IIiI", 1, 1000, 0, 0x10000)))


def _trak(extra: bytes = b"", edts: bytes = EDTS) -> Box:
    return parse_boxes(trak(samples([50, 60, 70]), extra=extra, edts=edts))[0]


def test_an_mdat_header_has_64_bits_where_it_needs_them() -> None:
    assert mdat_header(100) == struct.pack(">I4s", 108, b"mdat")
    assert mdat_header(0xFFFFFFFF - 8) == struct.pack(">I4s", 0xFFFFFFFF, b"mdat")
    large = mdat_header(0xFFFFFFFF - 7)
    assert large == struct.pack(">I4sQ", 1, b"mdat", 0xFFFFFFFF + 9)
    header = read_header(large, 0)
    assert header is not None
    assert header.payload_size == 0xFFFFFFFF - 7


@pytest.mark.parametrize("raw", [mvhd(), tkhd(), mdhd()])
def test_a_long_duration_makes_the_header_version_1(raw: bytes) -> None:
    (old,) = parse_boxes(raw)
    before = parse_payload(old.kind, old.payload)
    for duration, version in ((5, 0), (0xFFFFFFFE, 0), (0xFFFFFFFF, 1), (1 << 40, 1)):
        new = with_duration(old, duration)
        after = parse_payload(new.kind, new.payload)
        assert (after.duration, after.version) == (duration, version)
        changed = {name for name in before if not name.startswith("_") and before[name] != after[name]}
        assert changed <= {"duration", "version"}
    again = with_duration(with_duration(old, 1 << 40), 7)
    assert (again.payload[0], parse_payload(again.kind, again.payload).duration) == (1, 7)
    with pytest.raises(BoxError, match="-1 ticks cannot be written"):
        with_duration(old, -1)


def test_only_the_durations_of_a_track_change() -> None:
    old = _trak()
    track = read_track(patch_durations(old, media_duration=123, movie_duration=45))
    assert track.duration == 123
    assert parse_payload(b"tkhd", track.trak.get(b"tkhd").payload).duration == 45
    assert track.trak.size == old.size
    assert track.trak.get(b"mdia", b"minf") == old.get(b"mdia", b"minf")


def test_edits_are_written_in_the_version_they_need() -> None:
    edits = (Edit(20, -1, 1.0), Edit(980, 1024, 0.5))
    assert build_edit_list(edits).payload[0] == 0
    assert read_edit_list(build_edit_list(edits)) == edits
    assert build_edit_list(edits, version=1).payload[0] == 1
    for edit in (Edit(1 << 32, 0, 1.0), Edit(5, 1 << 31, 1.0)):
        assert build_edit_list([edit]).payload[0] == 1
        assert read_edit_list(build_edit_list([edit])) == (edit,)


def test_an_edit_list_is_replaced_added_and_removed() -> None:
    edits = (Edit(777, 3, 1.0),)
    replaced = with_edit_list(_trak(), edits)
    assert read_track(replaced).edit_list == edits
    assert [child.kind for child in replaced.children or ()] == [b"tkhd", b"edts", b"mdia"]
    added = with_edit_list(_trak(edts=b""), edits)
    assert [child.kind for child in added.children or ()] == [b"tkhd", b"edts", b"mdia"]
    assert read_track(with_edit_list(_trak(), ())).trak.find(b"edts") is None


def test_a_rebuilt_track_has_the_new_samples_and_keeps_the_rest() -> None:
    stale = (
        full(b"sdtp", bytes(3))
        + full(b"sgpd", bytes(12), version=1)
        + full(b"sbgp", bytes(8))
        + full(b"cslg", bytes(20))
    )
    old = _trak(stale + box(b"xtra", b"kept"))
    table = samples([5, 6, 7, 8], start=5 << 30)
    new, dropped = rebuild_track(old, stbl_children=compact(table), media_duration=12000, movie_duration=133)
    assert dropped == (b"sdtp", b"sgpd", b"sbgp")
    track = read_track(parse_boxes(new.serialize())[0])
    assert expand(track.stbl) == table
    assert track.duration == 12000
    assert track.edit_list == (Edit(1000, 0, 1.0),)
    kinds = [child.kind for child in track.stbl.children or ()]
    assert kinds == [b"stsd", b"stts", b"stss", b"stsc", b"stsz", b"co64", b"xtra"]
    assert track.stbl.get(b"stsd") == old.get(b"mdia", b"minf", b"stbl", b"stsd")
    assert track.trak.get(b"mdia", b"minf", b"dinf") == old.get(b"mdia", b"minf", b"dinf")


def test_a_summary_of_composition_times_is_renewed_or_said_to_be_lost() -> None:
    old = _trak(full(b"cslg", bytes(20)))
    table = replace(samples([5, 6, 7]), composition_offset=np.array([0, 3000, -3000]))
    stbl = compact(table, has_cslg=True)
    new, dropped = rebuild_track(old, stbl_children=stbl, media_duration=9000, movie_duration=100)
    assert dropped == ()
    assert len(new.get(b"mdia", b"minf", b"stbl").find_all(b"cslg")) == 1
    assert rebuild_track(old, stbl_children=compact(table), media_duration=9000, movie_duration=100).dropped == (
        b"cslg",
    )


def test_a_track_is_rebuilt_with_other_edits_and_sample_entries() -> None:
    stsd = Box(b"stsd", bytes(8))
    new, dropped = rebuild_track(
        _trak(), stbl_children=(*compact(samples([1])), stsd), media_duration=1, movie_duration=1, edit_list=()
    )
    assert dropped == ()
    assert new.find(b"edts") is None
    assert (new.get(b"mdia", b"minf", b"stbl").children or ())[0] is stsd


def test_a_track_without_a_sample_table_cannot_be_rebuilt() -> None:
    (bare,) = parse_boxes(box(b"trak", tkhd()))
    with pytest.raises(BoxError, match="the trak/mdia/minf/stbl box is missing"):
        rebuild_track(bare, stbl_children=(), media_duration=1, movie_duration=1)


def test_a_rebuilt_movie_has_the_new_tracks_in_their_place() -> None:
    raw = moov(tail=box(b"mvex", b"") + box(b"udta", box(b"name", b"x") + bytes(4)))
    (old,) = parse_boxes(struct.pack(">I", 0) + raw[4:])
    assert old.size_form is SizeForm.TO_END
    one = _trak()
    new = rebuild_movie(old, [one, one], duration=1 << 33)
    assert [child.kind for child in new.children or ()] == [b"mvhd", b"trak", b"trak", b"udta"]
    assert new.serialize()[:4] == struct.pack(">I", new.size)
    assert parse_payload(b"mvhd", new.get(b"mvhd").payload).duration == 1 << 33
    assert new.get(b"udta") == old.get(b"udta")
    without = old.replace(children=[child for child in old.children or () if child.kind != b"trak"])
    assert rebuild_movie(without, [one], duration=1).find(b"trak") == one
