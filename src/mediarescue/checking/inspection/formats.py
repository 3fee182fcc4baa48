"""Tell the formats apart by their first bytes."""

from __future__ import annotations

from collections.abc import Sequence

from mediarescue.isobmff import BoxHeader, ByteSource

MOVIE_BOXES = frozenset(
    (b"ftyp", b"styp", b"moov", b"moof", b"mfra", b"mdat", b"free", b"skip", b"wide", b"uuid", b"udta", b"meta",
     b"pdin", b"sidx", b"ssix", b"prft", b"emsg", b"pnot", b"PICT", b"junk")
)  # fmt: skip
"""Box types that stand at the top of MP4 and QuickTime files."""

_SIGNATURES = (
    (0, b"\x1aE\xdf\xa3", "Matroska or WebM"),
    (0, b"FLV\x01", "Flash video"),
    (0, b"OggS", "Ogg"),
    (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "Windows Media (ASF)"),
    (0, b"\x06\x0e\x2b\x34\x02\x05\x01\x01", "MXF"),
    (0, b"\x00\x00\x01\xba", "an MPEG program stream"),
    (0, b"\x00\x00\x01\xb3", "an MPEG video stream"),
    (0, b"\xff\xd8\xff", "a JPEG picture"),
    (0, b"\x89PNG\r\n\x1a\n", "a PNG picture"),
    (0, b"GIF8", "a GIF picture"),
    (0, b"II*\0", "a TIFF or raw picture"),
    (0, b"MM\0*", "a TIFF or raw picture"),
    (0, b"%PDF", "a PDF document"),
    (0, b"PK\x03\x04", "a ZIP archive"),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (0, b"Rar!", "a RAR archive"),
    (0, b"\x1f\x8b", "a gzip archive"),
    (0, b"fLaC", "FLAC"),
    (0, b"ID3", "MP3"),
    (0, b"#!AMR", "AMR"),
    (0, b"caff", "a Core Audio file"),
    (0, b"\x1f\x07\x00", "a DV stream"),
    (0, b"<!DOCTYPE", "a web page"),
    (0, b"<html", "a web page"),
    (4, b"jP  \r\n\x87\n", "a JPEG 2000 picture"),
    (4, b"JXL \r\n\x87\n", "a JPEG XL picture"),
)
_RIFF = {b"AVI ": "AVI", b"WAVE": "WAV", b"WEBP": "a WebP picture"}
_PICTURE_BRANDS = {
    b"heic": "a HEIC picture",
    b"heix": "a HEIC picture",
    b"heim": "a HEIC picture",
    b"hevc": "a HEIC picture sequence",
    b"mif1": "a HEIF picture",
    b"mif2": "a HEIF picture",
    b"avif": "an AVIF picture",
    b"avis": "an AVIF picture sequence",
}
_TS_SYNC, _TS_PACKET = 0x47, 188
_EMBEDDED_SEARCH = 64 << 20


def other_format(source: ByteSource, headers: Sequence[BoxHeader]) -> str:
    """Return the name of a format that is not MP4 or QuickTime, "" where the file is one, or nothing is known."""
    head = source.read(0, 1024)
    for at, signature, name in _SIGNATURES:
        if head.startswith(signature, at):
            return name
    if head[:4] in (b"RIFF", b"RF64"):
        return _RIFF.get(head[8:12], "a RIFF file")
    if headers and headers[0].kind in MOVIE_BOXES:
        return _picture(head, headers)
    for start in (0, 4):
        sync = head[start : start + 4 * _TS_PACKET + 20]
        step = _TS_PACKET + start
        if len(sync) > 3 * step and all(sync[i * step] == _TS_SYNC for i in range(4)):
            return "an MPEG transport stream"
    if head.startswith((b"\0\0\0\1", b"\0\0\1")) and len(head) > 5:
        return "a raw H.264, HEVC or MPEG stream"
    if len(head) > 7 and head[0] == 0xFF and head[1] & 0xF6 == 0xF0:
        return "an AAC stream (ADTS)"
    return ""


def _picture(head: bytes, headers: Sequence[BoxHeader]) -> str:
    """Return what a picture file of the ISO family is called; "" where there are tracks, or could be."""
    kinds = {header.kind for header in headers}
    if headers[0].kind != b"ftyp" or b"meta" not in kinds or kinds & {b"moov", b"moof"}:
        return ""
    return _PICTURE_BRANDS.get(head[8:12], "")


def embedded_movie(source: ByteSource) -> int:
    """Return where an MP4 begins inside another file, as phones' motion photos hide it, or -1.

    The first 64 MiB are searched for an ``ftyp`` of believable size with a known box behind it.
    """
    data = source.read(0, _EMBEDDED_SEARCH)
    at = data.find(b"ftyp", 4 + 8)
    while at >= 0:
        size = int.from_bytes(data[at - 4 : at], "big")
        if 16 <= size <= 4096 and data[at + size : at + size + 4] in MOVIE_BOXES:
            return at - 4
        at = data.find(b"ftyp", at + 1)
    return -1


def movie_format(file_type: bytes) -> str:
    """Return an MP4 or QuickTime file's format in words, from the payload of its ``ftyp`` (empty where none is)."""
    brand = file_type[:4].decode("latin-1").rstrip()
    if not brand:
        return "QuickTime (no ftyp)"
    family = "QuickTime" if brand == "qt" else "3GP" if brand.startswith(("3gp", "3g2")) else "MP4"
    return f"{family} ({brand})"
