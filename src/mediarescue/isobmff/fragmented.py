"""Walk through a fragmented file, whole or not: its ``moov``, its fragments, and what is damaged between them."""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from dataclasses import dataclass, field

from mediarescue.isobmff.box import Box
from mediarescue.isobmff.errors import BoxError, Leniency
from mediarescue.isobmff.fragments import Fragments, TrackExtends, read_track_extends
from mediarescue.isobmff.header import BoxHeader, read_header
from mediarescue.isobmff.movie import Movie, read_moov
from mediarescue.isobmff.reader import parse_boxes
from mediarescue.isobmff.source import ByteSource

_COMMON = frozenset((b"moof", b"mdat", b"styp", b"sidx", b"prft", b"emsg"))
"""Asked first, as a long recording has hundreds of thousands."""
_LARGEST_MOOF = 64 << 20
"""An hour of two tracks in a single fragment needs 6 MB."""
_LARGEST_FILE_TYPE = 4096
_WINDOW = 4096
"""Bytes read at once: the boxes of a fragment with one picture and the header of what follows it."""
_SEARCHED = 4 << 20
_BEFORE_MEDIA = 64 << 20
"""Where a file begins with bytes that are no box, its first fragment is looked for this far."""
_SMALLEST_MOOF = 24
MOOV_CUT = "a moov box that is cut off or damaged"
MOOF_CUT = "a moof box that is cut off"
MEDIA_CUT = "the media data of the last fragment is cut off"
NO_BOX = "bytes that are no box"
DAMAGED_MOOF = "a moof box that cannot be read"
NO_INDEX = "media data whose moof is lost or damaged"


@dataclass(frozen=True, slots=True)
class Unread:
    """A range of the file that no readable index describes, and why (``offset`` and ``size`` in bytes)."""

    offset: int
    size: int
    reason: str

    @property
    def is_media(self) -> bool:
        """Whether samples lie there for all that is known, and their places are lost."""
        return self.reason == NO_INDEX


@dataclass(slots=True)
class FragmentedFile:
    """What a fragmented file holds (ISO/IEC 14496-12 8.8).

    Attributes
    ----------
    movie : Movie or None
        Its own ``moov``; None where that is missing (a segment) or damaged.
    file_type : Box or None
    fragments : Fragments
        The runs of all readable ``moof`` boxes.
    count : int
        Fragments that are whole: a ``moof`` whose samples are all in the file.
    start : int
        Where the media begin: behind the ``moov``, or 0.
    end : int
        Offset of the first byte after the last whole fragment; ``start`` where none is whole.
    cut : str
        What was begun behind it, or stands there; empty in a file that ends as it should.
    unread : list of Unread
        Ranges that no index describes, in file order.
    """

    movie: Movie | None = None
    file_type: Box | None = None
    fragments: Fragments = field(default_factory=Fragments)
    count: int = 0
    start: int = 0
    end: int = 0
    cut: str = ""
    unread: list[Unread] = field(default_factory=list)
    segment_indexes: array[int] = field(default_factory=lambda: array("q"))
    """Offsets of the ``sidx`` boxes."""
    resized: list[tuple[int, int]] = field(default_factory=list)
    """Offset and true size of each ``mdat`` whose header says another size, but the last."""

    @property
    def is_whole(self) -> bool:
        """Whether nothing is cut off, damaged or lost."""
        return not self.cut and not self.unread

    def unread_at(self, end: int) -> bool:
        """Whether a range that nothing describes ends at ``end``."""
        return bool(self.unread) and self.unread[-1].offset + self.unread[-1].size == end

    @property
    def began(self) -> bool:
        """Whether any fragment is there, whole or in part."""
        return bool(self.fragments.track_ids)


def read_fragmented(
    source: ByteSource, *, extends: Mapping[int, TrackExtends] | None = None, search: bool = True
) -> FragmentedFile | None:
    """Walk through a file's boxes and read its fragments.

    Parameters
    ----------
    source : ByteSource
    extends : mapping, optional
        Defaults by track id for a file without a ``moov`` of its own.
    search : bool
        Go on behind damage with the next ``moof``; else stop there.

    Returns
    -------
    FragmentedFile or None
        None where the file is not fragmented: it has neither ``mvex`` nor a ``moof`` where a player would look.

    Notes
    -----
    Nothing raises but what reading the file does. A hybrid file, whose writer hid the fragments in one large
    ``mdat`` at the end of the recording, is walked through inside that ``mdat`` where it has no ``moov`` behind it.
    """
    walk = _Walk(source, extends, search)
    walk.run()
    file = walk.file
    fragmented = file.began or (file.movie is not None and file.movie.is_fragmented)
    return file if fragmented and not walk.is_other else None


def _is_name(kind: bytes) -> bool:
    return all(0x20 <= byte < 0x7F or byte == 0xA9 for byte in kind)


class _Walk:
    def __init__(self, source: ByteSource, extends: Mapping[int, TrackExtends] | None, search: bool) -> None:
        self.file = FragmentedFile(fragments=Fragments(extends))
        self.is_other = False
        self._source = source
        self._search = search
        self._begun: int | None = None
        """Where the samples of the last ``moof`` end, until its media data are passed."""
        self._base, self._data = 0, b""

    def run(self) -> None:
        """Walk from the first byte to the last, or to where the file is cut."""
        pos, size = 0, self._source.size
        while pos < size and not self.file.cut and not self.is_other:
            header = self._header(pos)
            pos = self._skip_damage(pos) if header is None else self._box(header)
        if self._begun is not None and not self.file.cut:
            if self._begun > size or self._begun > self.file.end:
                self.file.cut = MEDIA_CUT
            else:
                self._whole(size)

    def _read(self, pos: int, size: int) -> bytes:
        at = pos - self._base
        if at < 0 or at + size > len(self._data):
            self._base, self._data, at = pos, self._source.read(pos, max(size, _WINDOW)), 0
        return self._data[at : at + size]

    def _header(self, pos: int) -> BoxHeader | None:
        """Return the header at ``pos`` in absolute offsets, None where nothing like a box starts."""
        header = read_header(self._read(pos, 32), 0, limit=self._source.size - pos)
        if header is None or not (header.kind in _COMMON or _is_name(header.kind)):
            return None
        if header.kind == b"moof" and not self._is_moof(pos):
            return None
        return BoxHeader(header.kind, pos, header.size, header.header_size, header.user_type, header.declared_size)

    def _is_moof(self, pos: int) -> bool:
        """Whether a ``moof`` holds at its beginning what it must, as far as the file goes (8.8.4, 8.8.5)."""
        inside = self._read(pos + 8, 8)
        size = int.from_bytes(self._read(pos, 4), "big")
        return _SMALLEST_MOOF <= size <= _LARGEST_MOOF and b"\0\0\0\x10mfhd".startswith(inside)

    def _box(self, header: BoxHeader) -> int:
        """Take in one box; return where the next one starts."""
        if header.kind == b"moof":
            return self._moof(header)
        if header.kind == b"mdat":
            return self._mdat(header)
        if header.end > self._source.size:
            if not self.file.began and self.file.movie is None:
                return self._skip_damage(header.offset)
            self._stop(header.offset, f"a {header.kind.decode('latin-1')} box that is cut off")
        elif header.kind == b"moov" and self.file.movie is None:
            inside = self._find(header.payload_offset, header.end) if self._search else None
            if inside is not None and inside < header.end:  # cut: its size leads past the fragments that follow
                self._lost(header.offset, inside - header.offset, MOOV_CUT)
                return inside
            self._moov(header)
        elif header.kind == b"ftyp" and self.file.file_type is None and header.size <= _LARGEST_FILE_TYPE:
            self.file.file_type = parse_boxes(self._source.read(header.offset, header.size))[0]
        elif header.kind == b"sidx":
            self.file.segment_indexes.append(header.offset)
        return header.end

    def _moov(self, header: BoxHeader) -> None:
        try:
            movie = read_moov(self._source, header, file_type=self.file.file_type, leniency=Leniency.PERMISSIVE)
            extends = read_track_extends(movie.moov)
        except BoxError:
            return
        self.file.movie = movie
        self.file.fragments.extends.update(extends)
        self.file.start = self.file.end = header.end
        self.is_other = not movie.is_fragmented and not self._leads_to_fragments(header.end)

    def _leads_to_fragments(self, pos: int) -> bool:
        """Whether a ``moof`` comes before any media data: a ``moov`` without ``mvex`` has none by the standard."""
        while (header := self._header(pos)) is not None and header.kind != b"mdat":
            if header.kind == b"moof":
                return True
            pos = header.end
        return False

    def _moof(self, header: BoxHeader) -> int:
        if self._begun is not None and self._begun <= header.offset:
            self._whole(header.offset)
        if header.end > self._source.size:
            self._stop(header.offset, MOOF_CUT)
            return header.end
        try:
            self._begun = self.file.fragments.add(self._read(header.offset, header.size), header.offset)
        except BoxError:
            self._lost(header.offset, header.size, DAMAGED_MOOF)
            self._begun = None
        return header.end

    def _mdat(self, header: BoxHeader) -> int:
        file, size = self.file, self._source.size
        if self._begun is None and not file.began and self._holds_boxes(header) and not self._moov_behind(header.end):
            return header.payload_offset
        if self._begun is None:
            return self._mdat_alone(header)
        if header.end > size or header.to_end:
            if header.to_end and self._begun <= size:
                self._whole(size)
                return size
            again = self._find(header.payload_offset, size) if self._search and header.end > size else None
            if again is not None:
                file.resized.append((header.offset, again - header.offset))
                if self._begun <= again:
                    self._whole(again)
                self._begun = None
                return again
            self._stop(size, MEDIA_CUT)
            return size
        if self._begun <= size:
            self._whole(header.end)
        return header.end

    def _mdat_alone(self, header: BoxHeader) -> int:
        """Pass media data without a ``moof`` before it: the ``moov`` lists its samples, or nothing does any more."""
        file, size = self.file, self._source.size
        if file.movie is None and not file.began and not file.unread:
            self.is_other = True
            return size
        end = header.end
        if end > size or header.to_end:
            again = self._find(header.payload_offset, size) if self._search else None
            if again is None:
                self._stop(size, MEDIA_CUT)
            else:
                file.resized.append((header.offset, again - header.offset))
            end = size if again is None else again
        if file.began or file.movie is None or file.unread:
            self._lost(header.payload_offset, end - header.payload_offset, NO_INDEX)
        elif not file.cut:
            file.end = end
        return end

    def _holds_boxes(self, header: BoxHeader) -> bool:
        """Whether the media data begin with the boxes of a fragmented file (a hybrid one)."""
        pos = header.payload_offset
        for _ in range(4):
            inside = self._header(pos)
            if inside is None or inside.kind not in (b"ftyp", b"styp", b"free", b"sidx", b"moov", b"moof"):
                return False
            if inside.kind in (b"moov", b"moof"):
                return inside.kind == b"moof" or self._read(inside.payload_offset + 4, 4) == b"mvhd"
            pos = inside.end
        return False

    def _moov_behind(self, pos: int) -> bool:
        """Whether a whole ``moov`` follows: the recording was finished, and what fragments it began with is media."""
        while (header := self._header(pos)) is not None and header.end <= self._source.size:
            if header.kind == b"moov":
                return True
            pos = header.end
        return False

    def _skip_damage(self, pos: int) -> int:
        size = self._source.size
        if not self._search:
            self._stop(pos, NO_BOX)
            return size
        limit = size if self.file.movie is not None or self.file.began else min(size, pos + _BEFORE_MEDIA)
        again = self._find(pos, limit)
        if again is None:
            if self._begun is not None and self._begun <= pos:
                self._whole(pos)
            self._stop(pos, NO_BOX)
            return size
        self._lost(pos, again - pos, NO_BOX)
        return again

    def _find(self, pos: int, end: int) -> int | None:
        """Return where the next ``moof`` starts at or behind ``pos``."""
        while pos < end:
            data = self._source.read(pos, _SEARCHED + 24)
            at = data.find(b"moof", 4)
            while 4 <= at < _SEARCHED + 4:
                size = int.from_bytes(data[at - 4 : at], "big")
                if data[at + 4 : at + 12] == b"\0\0\0\x10mfhd" and _SMALLEST_MOOF <= size <= _LARGEST_MOOF:
                    return pos + at - 4
                at = data.find(b"moof", at + 1)
            pos += _SEARCHED
        return None

    def _whole(self, end: int) -> None:
        self.file.count += 1
        self.file.end = end
        self._begun = None

    def _lost(self, offset: int, size: int, reason: str) -> None:
        if size > 0:
            self.file.unread.append(Unread(offset, size, reason))

    def _stop(self, offset: int, reason: str) -> None:
        """End the walk at a cut; what lies behind ``offset`` is described by nothing."""
        self.file.cut = reason
        self._lost(offset, self._source.size - offset, reason)
