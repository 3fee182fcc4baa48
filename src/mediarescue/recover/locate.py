"""Find the media data of a file whose ``moov`` is missing, whatever the crashed writer left in the box header."""

from __future__ import annotations

from dataclasses import dataclass

from mediarescue.isobmff import BoxHeader, ByteSource, read_header

TOP_LEVEL = frozenset(
    (b"ftyp", b"styp", b"moov", b"moof", b"mfra", b"mdat", b"free", b"skip", b"wide", b"uuid", b"udta", b"meta",
     b"pdin", b"sidx", b"ssix", b"prft", b"emsg", b"pnot", b"PICT", b"junk")
)  # fmt: skip
"""Box types seen at the top of MP4, QuickTime and 3GP files."""
_LARGEST_FILE_TYPE = 4096
"""Of a box of some 30 bytes; what is larger is a damaged size, and media."""


@dataclass(frozen=True, slots=True)
class MediaLocation:
    """Where the samples lie.

    Attributes
    ----------
    start, end : int
        Byte range of the media data. The end is that of the file unless a chain of boxes behind the mdat proves
        the size in its header.
    mdat_offset : int or None
        Where the mdat header stands; None when the file has none and everything is taken for media.
    file_type : bytes
        The file's own ``ftyp`` box, header included; empty where there is none, or none to believe.
    """

    start: int
    end: int
    mdat_offset: int | None
    file_type: bytes

    @property
    def size(self) -> int:
        """Bytes of the media data."""
        return self.end - self.start


def locate_media(source: ByteSource) -> MediaLocation:
    """Return the media data's place (ISO/IEC 14496-12 4.2, 8.1.1).

    Notes
    -----
    A size written by a crashed camera is a claim, not a fact: 0, an early value, ``????`` (Android writes the
    letters and comes back later), or one that runs past the end. It is believed only when known boxes follow
    it up to the end of the file; else the media is taken to go on to the end, and boxes that do lie inside it
    are stepped over by the search.
    """
    pos, file_type = 0, b""
    while pos + 8 <= source.size:
        header = read_header(source.read(pos, 32), 0, limit=source.size - pos)
        if header is None or header.kind not in TOP_LEVEL:
            break
        if header.kind == b"mdat":
            start = min(pos + header.header_size, source.size)
            end = pos + header.size
            trusted = header.declared_size not in (0, 0x3F3F3F3F) and _boxes_reach_end(source, end)
            return MediaLocation(start, end if trusted else source.size, pos, file_type)
        if header.kind == b"ftyp":
            if not _is_file_type(source, pos, header):
                break
            file_type = source.read(pos, header.size)
        if pos + header.size > source.size:
            break
        pos += header.size
    return _search_mdat(source, file_type) or MediaLocation(0, source.size, None, file_type)


def _is_file_type(source: ByteSource, pos: int, header: BoxHeader) -> bool:
    """Whether an ``ftyp`` has a size that can be: two fields and whole brands (4.3.2), and a box behind it."""
    if header.to_end or not 16 <= header.size <= _LARGEST_FILE_TYPE or header.size % 4:
        return False
    end = pos + header.size
    if end >= source.size:
        return end == source.size
    behind = source.read(end + 4, 4)
    return all(0x20 <= byte < 0x7F or byte == 0xA9 for byte in behind)


def _boxes_reach_end(source: ByteSource, pos: int) -> bool:
    while pos < source.size:
        header = read_header(source.read(pos, 32), 0, limit=source.size - pos)
        if header is None or header.kind not in TOP_LEVEL:
            return False
        if header.kind in (b"mdat", b"moof"):
            return False  # more media behind it: the search steps over the boxes between
        pos += header.size
    return pos == source.size


def _search_mdat(source: ByteSource, file_type: bytes) -> MediaLocation | None:
    """Look for an mdat header behind a damaged box in the first megabytes."""
    # without a box at the start the file begins inside the media, which may hold an mdat header of its own
    head = source.read(0, 4 << 20 if source.read(4, 4) in TOP_LEVEL else 4096)
    at = head.find(b"mdat")
    while at >= 0:
        if at >= 4:
            size = int.from_bytes(head[at - 4 : at], "big")
            if size == 1:
                return MediaLocation(min(at + 12, source.size), source.size, at - 4, file_type)
            if size in (0, 0x3F3F3F3F) or 8 <= size <= source.size - at + 4:
                return MediaLocation(at + 4, source.size, at - 4, file_type)
        at = head.find(b"mdat", at + 1)
    return None


_IMAGE_BRANDS = frozenset((b"heic", b"heix", b"heim", b"heis", b"mif1", b"msf1", b"miaf", b"avif", b"avis", b"jpeg"))
_JPEG = b"\xff\xd8\xff"
_SEARCHED = 4 << 20


def is_photo(source: ByteSource) -> bool:
    """Whether a file is a JPEG, or an image in boxes (HEIC, AVIF; ISO/IEC 23008-12 10)."""
    head = source.read(0, 12)
    return head.startswith(_JPEG) or (head[4:8] == b"ftyp" and head[8:12] in _IMAGE_BRANDS)


def embedded_clip(source: ByteSource) -> tuple[int, int] | None:
    """Return where the video inside a motion photo starts and ends, None where there is none.

    Notes
    -----
    Google's ``mpvd`` box holds it in a HEIC file. Behind a JPEG it is a file of its own that goes on to the end (the
    XMP packet gives its length, but edited photos keep a stale one), or to the trailer that Samsung adds. It is known
    by its ``ftyp``, which begins a row of boxes.
    """
    start, end = 0, source.size
    if not source.read(0, 3).startswith(_JPEG):
        pos = 0
        while (header := read_header(source.read(pos, 32), 0, limit=source.size - pos)) is not None:
            if header.kind == b"ftyp" and pos:
                start = pos
                break
            if header.kind == b"mpvd":
                start, end = pos + header.header_size, min(pos + header.size, source.size)
                break
            pos += header.size
            start = min(pos, source.size)
            if pos >= source.size:
                break
    at = _find_film(source, start, end)
    return None if at is None else (at, end)


def _find_film(source: ByteSource, pos: int, end: int) -> int | None:
    """Return where the first ``ftyp`` of a film stands in ``[pos, end)``."""
    while pos < end:
        data = source.read(pos, min(_SEARCHED + 12, end - pos))
        at = data.find(b"ftyp", 4)
        while at >= 4:
            start = pos + at - 4
            header = read_header(source.read(start, 32), 0, limit=end - start)
            film = data[at + 4 : at + 8] not in _IMAGE_BRANDS and data[at + 4 : at + 8].isascii()
            if film and header is not None and _is_file_type(source, start, header):
                return start
            at = data.find(b"ftyp", at + 1)
        pos += _SEARCHED
    return None
