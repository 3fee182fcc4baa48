"""A movie as its ``moov`` describes it, track by track."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from mediarescue.isobmff.box import Box
from mediarescue.isobmff.boxes.protection import ENCRYPTED_ENTRIES
from mediarescue.isobmff.boxes.sample_entry import entry_media
from mediarescue.isobmff.errors import BoxError, Leniency, NoMovieError, Problem, damaged
from mediarescue.isobmff.header import BoxHeader, FourCC
from mediarescue.isobmff.layout import entry_layout, parse_payload
from mediarescue.isobmff.reader import find_header, parse_boxes, scan_top_level
from mediarescue.isobmff.source import ByteSource

MAX_MOVIE_SIZE = 1 << 30
"""A larger ``moov`` is refused; ten hours of 240 frames a second need 200 MB."""


class Edit(NamedTuple):
    """One edit: how long (movie ticks), from which media time (media ticks, -1: nothing), at which rate."""

    segment_duration: int
    media_time: int
    rate: float


TRACK_KINDS = {
    b"vide": "video",
    b"soun": "audio",
    b"tmcd": "timecode",
    b"meta": "metadata",
    b"text": "text",
    b"sbtl": "text",
    b"subt": "text",
    b"clcp": "text",
}
"""Handler type -> what the track holds, in plain words."""


@dataclass(frozen=True, slots=True)
class SampleEntry:
    """One child of ``stsd``.

    Attributes
    ----------
    kind : bytes
        The coding (``avc1``).
    media : str
        ``"video"``, ``"audio"`` or ``"other"``: which declaration ``fields`` follows.
    fields : Container
        Its fixed fields by the specification's names (`mediarescue.isobmff.boxes.sample_entry`).
    box : Box
        With the child boxes (``avcC``, ``esds``), unless it is a leaf whose bytes are not understood.
    """

    kind: bytes
    media: str
    fields: Any
    box: Box

    def configuration(self, kind: bytes) -> bytes | None:
        """Return the payload of a child box, also of one inside QuickTime's ``wave``; None where there is none."""
        box = self.box.find(kind) or self.box.find(b"wave", kind)
        return None if box is None else box.payload


@dataclass(frozen=True, slots=True)
class Track:
    """One ``trak``.

    Attributes
    ----------
    track_id : int
    handler : bytes
        The media handler type (``vide``, ``soun``, ``meta``, ``tmcd`` ...).
    timescale : int
        Media ticks a second.
    duration : int
        Of the media, in media ticks, as ``mdhd`` says.
    sample_entries : tuple of SampleEntry
    edit_list : tuple of Edit
        Empty where there is none.
    width, height : float
        Of presentation, in pixels (``tkhd``); 0 for sound.
    rotation : int
        Degrees that pictures are turned clockwise by to be shown: 0, 90, 180 or 270, the nearest to the matrix.
    is_encrypted : bool
    trak : Box
    """

    track_id: int
    handler: bytes
    timescale: int
    duration: int
    sample_entries: tuple[SampleEntry, ...]
    edit_list: tuple[Edit, ...]
    width: float
    height: float
    rotation: int
    is_encrypted: bool
    trak: Box

    @property
    def sample_entry_kind(self) -> bytes:
        """The coding of the first sample entry (``b"avc1"``), b"" where there is none."""
        return self.sample_entries[0].kind if self.sample_entries else b""

    @property
    def stbl(self) -> Box:
        """The sample table; BoxError where it is missing."""
        return self.trak.get(b"mdia", b"minf", b"stbl")


@dataclass(frozen=True, slots=True)
class Movie:
    """A file with a ``moov``.

    Attributes
    ----------
    headers : tuple of BoxHeader
        Of the top-level boxes.
    file_type : Box or None
        ``ftyp``; old QuickTime files have none.
    moov : Box
    tracks : tuple of Track
        In file order.
    timescale : int
        Movie ticks a second.
    duration : int
        In movie ticks, as ``mvhd`` says.
    is_fragmented : bool
        Whether samples may lie in fragments (``mvex``), which the tracks' sample tables do not list.
    """

    headers: tuple[BoxHeader, ...]
    file_type: Box | None
    moov: Box
    tracks: tuple[Track, ...]
    timescale: int
    duration: int
    is_fragmented: bool

    @property
    def mdats(self) -> tuple[BoxHeader, ...]:
        """Headers of the media data boxes."""
        return tuple(header for header in self.headers if header.kind == b"mdat")

    @property
    def major_brand(self) -> bytes:
        """The major brand, b"" without a ``ftyp``."""
        return FourCC(self.file_type.payload[:4]) if self.file_type else b""

    @property
    def is_quicktime(self) -> bool:
        """Whether this is a QuickTime file: by its brand, or for want of one."""
        return self.major_brand in (b"qt  ", b"")

    def track(self, track_id: int) -> Track | None:
        """Return the track of that id, or None."""
        return next((track for track in self.tracks if track.track_id == track_id), None)


def read_movie(
    source: ByteSource | str | os.PathLike[str],
    *,
    leniency: Leniency = Leniency.STRICT,
    problems: list[Problem] | None = None,
) -> Movie:
    """Read the movie a file's ``moov`` describes.

    Parameters
    ----------
    source : ByteSource or path
    leniency : Leniency
        PERMISSIVE leaves out tracks that cannot be read.
    problems : list of Problem, optional
        What was tolerated is appended.

    Raises
    ------
    NoMovieError
        There is no ``moov``, or only the beginning of one.
    BoxError
        The ``moov`` is damaged, compressed, or larger than `MAX_MOVIE_SIZE`.
    mediarescue.errors.InputError
        The file cannot be opened or read.
    """
    if not isinstance(source, ByteSource):
        with ByteSource.open(source) as opened:
            return read_movie(opened, leniency=leniency, problems=problems)
    headers = scan_top_level(source, problems=problems)
    header = find_header(headers, b"moov")
    if header is None:
        raise NoMovieError(f"{source.path.name} has no moov box")
    if header.end > source.size:
        raise NoMovieError(f"the moov box of {source.path.name} is cut off", offset=header.offset)
    type_header = find_header(headers, b"ftyp")
    believed = type_header is not None and type_header.size <= 4096 and type_header.end <= source.size
    file_type = _read_box(source, type_header, leniency, problems) if type_header and believed else None
    return read_moov(source, header, headers=headers, file_type=file_type, leniency=leniency, problems=problems)


def read_moov(
    source: ByteSource,
    header: BoxHeader,
    *,
    headers: tuple[BoxHeader, ...] = (),
    file_type: Box | None = None,
    leniency: Leniency = Leniency.STRICT,
    problems: list[Problem] | None = None,
) -> Movie:
    """Read the movie that the ``moov`` with this header describes, wherever it stands.

    Raises
    ------
    BoxError
        The ``moov`` is damaged, compressed, or larger than `MAX_MOVIE_SIZE`.
    """
    if header.size > MAX_MOVIE_SIZE:
        raise BoxError(f"a moov box of {header.size} bytes is not believed", offset=header.offset)
    moov = _read_box(source, header, leniency, problems)
    return movie_of(moov, headers=headers, file_type=file_type, leniency=leniency, problems=problems)


def movie_of(
    moov: Box,
    *,
    headers: tuple[BoxHeader, ...] = (),
    file_type: Box | None = None,
    leniency: Leniency = Leniency.STRICT,
    problems: list[Problem] | None = None,
) -> Movie:
    """Return the movie that a parsed ``moov`` describes; raises BoxError where it is damaged or compressed."""
    if moov.find(b"cmov") is not None:
        raise BoxError("the moov box is compressed (cmov), which is not supported", offset=moov.offset)
    mvhd = _fields(moov.get(b"mvhd"))
    tracks = []
    for trak in moov.find_all(b"trak"):
        try:
            tracks.append(read_track(trak))
        except BoxError as error:
            damaged(str(error), offset=error.offset, leniency=leniency, problems=problems)
    fragmented = moov.find(b"mvex") is not None
    return Movie(headers, file_type, moov, tuple(tracks), mvhd.timescale, mvhd.duration, fragmented)


def read_track(trak: Box) -> Track:
    """Read a ``trak`` box; raises BoxError where a header is missing or cut off."""
    tkhd = _fields(trak.get(b"tkhd"))
    mdhd = _fields(trak.get(b"mdia", b"mdhd"))
    handler = FourCC(_fields(trak.get(b"mdia", b"hdlr")).handler_type)
    stsd = trak.get(b"mdia", b"minf", b"stbl", b"stsd")
    entries = tuple(read_sample_entry(box, handler) for box in stsd.children or () if not box.is_opaque)
    elst = trak.find(b"edts", b"elst")
    return Track(
        track_id=tkhd.track_id,
        handler=handler,
        timescale=mdhd.timescale,
        duration=mdhd.duration,
        sample_entries=entries,
        edit_list=() if elst is None else read_edit_list(elst),
        width=tkhd.width,
        height=tkhd.height,
        rotation=_rotation(tkhd.matrix),
        is_encrypted=any(entry.kind in ENCRYPTED_ENTRIES or entry.box.find(b"sinf") for entry in entries),
        trak=trak,
    )


def _rotation(matrix: Sequence[int]) -> int:
    a, b = matrix[0], matrix[1]
    if abs(a) >= abs(b):
        return 180 if a < 0 else 0
    return 90 if b > 0 else 270


def read_sample_entry(box: Box, handler: bytes) -> SampleEntry:
    """Read one child of ``stsd`` of a track with that handler type; raises BoxError where it is cut off."""
    body = box.payload if box.children is None else box.prefix
    media = entry_media(box.kind, handler)
    fields = parse_payload(box.kind, body, layout=entry_layout(box.kind, handler), offset=box.offset)
    return SampleEntry(box.kind, media, fields, box)


def read_edit_list(elst: Box) -> tuple[Edit, ...]:
    """Return the entries of an ``elst`` box (ISO/IEC 14496-12 8.6.6)."""
    rows = _fields(elst).entries
    return tuple(Edit(duration, time, rate / 65536) for duration, time, rate in rows.tolist())


def _fields(box: Box) -> Any:
    return parse_payload(box.kind, box.payload, offset=box.offset)


def _read_box(source: ByteSource, header: BoxHeader, leniency: Leniency, problems: list[Problem] | None) -> Box:
    data = source.read(header.offset, header.size)
    return parse_boxes(data, base_offset=header.offset, leniency=leniency, problems=problems)[0]
