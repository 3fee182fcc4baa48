"""The sample entry of re-encoded pictures: the source's, with the configuration of the new codec stream in it."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, replace

from mediarescue.isobmff.box import Box, serialize_boxes
from mediarescue.isobmff.errors import BoxError
from mediarescue.isobmff.reader import parse_boxes

_FAMILIES = (
    frozenset((b"avc1", b"avc2", b"avc3", b"avc4", b"dva1", b"dvav")),
    frozenset((b"hvc1", b"hev1", b"hvc2", b"hev2", b"dvh1", b"dvhe")),
    frozenset((b"s263", b"h263")),
    frozenset((b"jpeg", b"mjpg")),
)
"""Sample entries that hold one codec. Where the parameter sets may also lie is all that tells their members apart."""
_PLAIN = {b"dva1": b"avc1", b"dvav": b"avc3", b"dvh1": b"hvc1", b"dvhe": b"hev1"}
"""Dolby Vision's own names for H.264 and HEVC (Dolby Vision Streams Within the ISO Base Media File Format 3)."""
_CONFIGURATION = frozenset(
    (
        *(b"avcC", b"hvcC", b"lhvC", b"vvcC", b"evcC", b"av1C", b"vpcC", b"esds", b"d263", b"glbl", b"jp2h", b"dvc1"),
        *(b"dvcC", b"dvvC", b"dvwC", b"avcE", b"hvcE", b"btrt", b"bitr", b"svcC", b"mvcC", b"m4ds", b"APRG", b"ARES"),
        *(b"ACLR", b"strf", b"SMI "),
    )
)
"""Children of a sample entry that describe the codec stream, and hold for no other one."""
_SILENT = frozenset((b"mp4v", b"s263", b"h263"))
"""Codecs whose encoders in FFmpeg say nothing of colours: those of MPEG-4 part 2 could, those of H.263 cannot."""
_DOLBY_VISION = frozenset((b"dvcC", b"dvvC", b"dvwC"))
_EYES = frozenset((b"eyes", b"cams", b"cmfy"))
"""Children of ``vexu`` that speak of two views (Apple, "Stereo Video Contribution Format" 2)."""

DOLBY_VISION_LOST = (
    "Dolby Vision metadata: the new pictures carry none, players show the base layer (HLG, HDR10 or SDR)"
)
SECOND_VIEW_LOST = "the second view of the stereo (MV-HEVC) pictures: the base view alone is kept"


@dataclass(frozen=True, slots=True)
class GraftedEntry:
    """A new sample entry, and what of the source's could not be kept, in sentences."""

    box: Box
    lost: tuple[str, ...]


def graft_entry(
    source: Box,
    encoded: Box,
    *,
    bit_rates: tuple[int, int, int] | None = None,
    color: tuple[int, int, int, int] | None = None,
) -> GraftedEntry:
    """Return the source's sample entry describing the new pictures.

    Parameters
    ----------
    source, encoded : Box
        Visual sample entries (ISO/IEC 14496-12 12.1.3) of the film and of the encoder's output.
    bit_rates : (int, int, int), optional
        Largest sample in bytes, greatest and mean bits a second: for a ``btrt`` where the source has one.

    color : (range, primaries, transfer, matrix), optional
        Of the decoded pictures, in the code points of ITU-T H.273, ``range`` 2 for full, all 2 (``range`` 0) where
        nothing is known: for a ``colr`` where the codec is another one, or does not say, and the source had none.

    Raises
    ------
    BoxError
        Either is no visual sample entry.

    Notes
    -----
    Colour, pixel aspect, clean aperture, fields and mastering display belong to the pictures and stay the source's.
    Size, depth and the name of the codec are the encoder's where it is another codec, the size always.
    """
    if encoded.children is None or len(encoded.prefix) < 78:
        raise BoxError("the encoder's sample entry is none of a picture track", offset=encoded.offset)
    if source.children is None or len(source.prefix) < 78:
        raise BoxError("the sample entry of the pictures cannot be read", offset=source.offset)
    kind = _kind(source.kind, encoded.kind)
    same_codec = _family(source.kind) == _family(encoded.kind)
    configuration = [box for box in encoded.children if box.kind in _CONFIGURATION and box.kind != b"btrt"]
    if not configuration and same_codec:
        # FFmpeg's muxer puts a whole box that it knows not what to do with into a glbl: fields, with ProRes.
        configuration = [
            box
            for box in source.children
            if box.kind == b"d263" or (box.kind == b"glbl" and box.payload[4:8] == b"fiel")
        ]
    children: list[Box] = []
    at = None
    for box in source.children:
        if box.kind in _CONFIGURATION:
            at = len(children) if at is None else at
            if box.kind == b"btrt" and bit_rates is not None:
                children.append(Box(b"btrt", struct.pack(">III", *bit_rates)))
        else:
            children += _without_eyes(box, source)
    at = 0 if at is None else at
    if (not same_codec or kind in _SILENT) and source.find(b"colr") is None:
        # The old codec stream may have said, or gone without saying, what the new one does not.
        configuration += _colr(encoded, color)
    children[at:at] = configuration
    entry = replace(source, kind=kind, prefix=_prefix(source.prefix, encoded.prefix, same_codec))
    return GraftedEntry(entry.replace(children=children), _lost(source, encoded))


def _colr(encoded: Box, color: tuple[int, int, int, int] | None) -> tuple[Box, ...]:
    """Return the encoder's ``colr``, or one (ISO/IEC 14496-12 12.1.5) that says what is known of the pictures."""
    found = encoded.find_all(b"colr")
    if found or color is None or color in ((0, 2, 2, 2), (1, 2, 2, 2)):
        return found
    full, *points = color
    return (Box(b"colr", struct.pack(">4s3HB", b"nclx", *points, 0x80 * (full == 2))),)


def _family(kind: bytes) -> frozenset[bytes]:
    return next((family for family in _FAMILIES if kind in family), frozenset((kind,)))


def _kind(source: bytes, encoded: bytes) -> bytes:
    """Return the name of the entry: the source's, made plain, where it names the encoder's codec."""
    return _PLAIN.get(source, source) if _family(source) == _family(encoded) else encoded


def _prefix(source: bytes, encoded: bytes, same_codec: bool) -> bytes:
    """Return the fixed fields: width and height at 24, compressorname at 42, depth and colour table at 74."""
    if same_codec:
        return source[:24] + encoded[24:28] + source[28:]
    return source[:8] + encoded[8:28] + source[28:42] + encoded[42:]


def _without_eyes(box: Box, entry: Box) -> list[Box]:
    """Return a child of the source's entry as it holds for one view: of ``vexu`` what is not about two."""
    if box.kind != b"vexu" or entry.find(b"lhvC") is None:
        return [box]
    try:
        inside = parse_boxes(box.payload)
    except BoxError:
        return []
    kept = [child for child in inside if child.kind not in _EYES]
    return [box.replace(payload=serialize_boxes(kept))] if kept else []


def _lost(source: Box, encoded: Box) -> tuple[str, ...]:
    kinds, new = {box.kind for box in source.children or ()}, {box.kind for box in encoded.children or ()}
    lost = []
    if (kinds & _DOLBY_VISION or source.kind in _PLAIN) and not new & _DOLBY_VISION:
        lost.append(DOLBY_VISION_LOST)
    if b"lhvC" in kinds and b"lhvC" not in new:
        lost.append(SECOND_VIEW_LOST)
    return tuple(lost)


def distinct(entries: Sequence[Box]) -> tuple[tuple[Box, ...], tuple[int, ...]]:
    """Return the entries that differ in bytes, in order of appearance, and for each entry given which it is."""
    found: dict[bytes, int] = {}
    first: list[Box] = []
    index = []
    for entry in entries:
        data = entry.serialize()
        if data not in found:
            found[data] = len(first)
            first.append(entry)
        index.append(found[data])
    return tuple(first), tuple(index)
