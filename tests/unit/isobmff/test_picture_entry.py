"""The sample entry of re-encoded pictures."""

from __future__ import annotations

import struct

import pytest

from mediarescue.isobmff import Box, BoxError, parse_boxes
from mediarescue.isobmff.picture_entry import DOLBY_VISION_LOST, SECOND_VIEW_LOST, distinct, graft_entry
from tests.unit.isobmff.builders import box, video_entry


def _entry(kind: bytes, *children: bytes, width: int = 640, vendor: bytes = b"appl") -> Box:
    body = bytearray(video_entry(kind, b"".join(children)))
    body[8 + 12 : 8 + 16] = vendor
    struct.pack_into(">H", body, 8 + 24, width)
    stsd = box(b"stsd", bytes(4) + struct.pack(">I", 1) + bytes(body))
    found = parse_boxes(stsd, handler=b"vide")[0].children
    assert found
    return found[0]


def _kinds(entry: Box) -> list[bytes]:
    return [child.kind for child in entry.children or ()]


def test_only_the_configuration_is_the_encoders() -> None:
    colr, pasp, odd = box(b"colr", b"nclx" + bytes(7)), box(b"pasp", bytes(8)), box(b"odd1", b"kept")
    source = _entry(b"avc1", colr, box(b"avcC", b"old"), pasp, odd, bytes(4))
    encoded = _entry(b"avc1", box(b"avcC", b"new"), box(b"colr", b"nclxENCODER"), width=642, vendor=b"FFMP")
    made = graft_entry(source, encoded)
    assert made.lost == ()
    assert (
        made.box.serialize() == _entry(b"avc1", colr, box(b"avcC", b"new"), pasp, odd, bytes(4), width=642).serialize()
    )


@pytest.mark.parametrize(
    ("source", "encoded", "named"),
    [
        (b"avc3", b"avc1", b"avc3"),
        (b"hev1", b"hvc1", b"hev1"),
        (b"dvh1", b"hvc1", b"hvc1"),
        (b"dvav", b"avc1", b"avc3"),
        (b"apcn", b"apch", b"apch"),
        (b"mp4v", b"avc1", b"avc1"),
    ],
)
def test_the_entry_keeps_its_name_where_it_names_the_new_codec(source: bytes, encoded: bytes, named: bytes) -> None:
    assert graft_entry(_entry(source), _entry(encoded, box(b"avcC"))).box.kind == named


def test_another_codec_brings_its_own_vendor_and_name() -> None:
    made = graft_entry(_entry(b"jpeg", vendor=b"pana"), _entry(b"avc1", box(b"avcC"), vendor=b"FFMP")).box
    assert made.prefix[12:16] == b"FFMP"
    same = graft_entry(_entry(b"jpeg", vendor=b"pana"), _entry(b"jpeg", vendor=b"FFMP")).box
    assert same.prefix[12:16] == b"pana"


def test_dolby_vision_is_dropped_and_said() -> None:
    source = _entry(b"hvc1", box(b"hvcC", b"old"), box(b"dvvC", bytes(24)), box(b"amve", bytes(8)))
    made = graft_entry(source, _entry(b"hvc1", box(b"hvcC", b"new")))
    assert _kinds(made.box) == [b"hvcC", b"amve"]
    assert made.lost == (DOLBY_VISION_LOST,)


def test_of_stereo_pictures_what_is_not_about_two_views_stays() -> None:
    projection = box(b"proj", box(b"prji", bytes(4) + b"hequ"))
    vexu = box(b"vexu", box(b"eyes", box(b"stri", bytes(5))) + projection)
    source = _entry(b"hvc1", box(b"hvcC", b"old"), box(b"lhvC", b"two"), vexu, box(b"hfov", bytes(4)))
    made = graft_entry(source, _entry(b"hvc1", box(b"hvcC", b"new")))
    assert _kinds(made.box) == [b"hvcC", b"vexu", b"hfov"]
    assert made.box.get(b"vexu").payload == projection
    assert made.lost == (SECOND_VIEW_LOST,)


def test_bit_rates_are_those_of_the_new_pictures() -> None:
    source = _entry(b"avc1", box(b"avcC", b"old"), box(b"btrt", bytes(12)))
    encoded = _entry(b"avc1", box(b"avcC", b"new"), box(b"btrt", bytes(12)))
    made = graft_entry(source, encoded, bit_rates=(1, 2, 3)).box
    assert made.get(b"btrt").payload == struct.pack(">III", 1, 2, 3)
    assert _kinds(graft_entry(_entry(b"avc1"), encoded, bit_rates=(1, 2, 3)).box) == [b"avcC"]


def test_colours_are_said_where_the_new_codec_cannot() -> None:
    motion_jpeg, ffv1 = _entry(b"jpeg"), _entry(b"FFV1", box(b"glbl", b"v3"))
    made = graft_entry(motion_jpeg, ffv1, color=(2, 2, 2, 5)).box
    assert made.get(b"colr").payload == b"nclx" + struct.pack(">3HB", 2, 2, 5, 0x80)
    assert _kinds(graft_entry(motion_jpeg, ffv1, color=(0, 2, 2, 2)).box) == [b"glbl"]
    known = _entry(b"jpeg", box(b"colr", b"nclc" + bytes(6)))
    assert graft_entry(known, ffv1, color=(2, 2, 2, 5)).box.get(b"colr").payload == b"nclc" + bytes(6)
    mpeg4 = _entry(b"mp4v", box(b"esds", b"new"))
    assert _kinds(graft_entry(_entry(b"mp4v", box(b"esds", b"old")), mpeg4, color=(2, 2, 2, 5)).box) == [
        b"esds",
        b"colr",
    ]
    assert b"colr" not in _kinds(graft_entry(motion_jpeg, _entry(b"jpeg"), color=(2, 2, 2, 5)).box)


def test_the_fields_that_ffmpeg_puts_into_a_glbl_stay() -> None:
    fields = box(b"glbl", box(b"fiel", b"\x02\x0e"))
    entry = graft_entry(_entry(b"apcs", fields), _entry(b"apcs")).box
    assert fields in entry.serialize()
    other = graft_entry(_entry(b"apcs", fields), _entry(b"avc1", box(b"avcC", b"\x01"))).box
    assert fields not in other.serialize()


def test_entries_that_differ_are_told_apart() -> None:
    one, other = _entry(b"avc1", box(b"avcC", b"1")), _entry(b"avc1", box(b"avcC", b"2"))
    entries, which = distinct([one, other, one])
    assert entries == (one, other)
    assert which == (0, 1, 0)


def test_an_entry_that_is_none_of_pictures_is_refused() -> None:
    with pytest.raises(BoxError, match="none of a picture track"):
        graft_entry(_entry(b"avc1"), Box(b"mp4a", bytes(28)))
    with pytest.raises(BoxError, match="cannot be read"):
        graft_entry(Box(b"avc1", bytes(4)), _entry(b"avc1"))
