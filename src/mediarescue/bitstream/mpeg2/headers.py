"""Headers in front of a picture's slices (ISO/IEC 13818-2 6.2.2 and 6.2.3, ISO/IEC 11172-2 2.4.2)."""

from __future__ import annotations

from typing import NamedTuple

from mediarescue.bitstream.bits import BitReader
from mediarescue.bitstream.columns import INVALID, NEED_MORE
from mediarescue.bitstream.errors import BitstreamError
from mediarescue.bitstream.mpeg2.tables import TABLE_ONE, TABLE_ZERO

PICTURE, USER_DATA, SEQUENCE, EXTENSION, SEQUENCE_END, GROUP = 0x00, 0xB2, 0xB3, 0xB5, 0xB7, 0xB8
LAST_SLICE = 0xAF
_SEQUENCE_EXTENSION, _PICTURE_EXTENSION = 1, 8
_TALL = 2800
_LONGEST_BODY = 160
"""Bytes of the longest header but user data: two quantiser matrices."""
_ALLOWED = (
    frozenset({SEQUENCE, GROUP, PICTURE}),
    frozenset({SEQUENCE, GROUP, PICTURE, EXTENSION, USER_DATA}),
    frozenset({EXTENSION, USER_DATA}),
)
"""Start codes at first, up to the picture header, and behind it."""
_FRAME_PICTURE = 3


class Sequence(NamedTuple):
    """What of a sequence header and its extension the slices depend on; ``mpeg1`` where there is no extension."""

    mpeg1: bool
    width: int
    height: int
    progressive: bool = True
    chroma_format: int = 1


class Picture(NamedTuple):
    """A picture header with its coding extension.

    Attributes
    ----------
    kind : int
        picture_coding_type: I 1, P 2, B 3.
    structure : int
        picture_structure: top field 1, bottom field 2, frame 3.
    """

    temporal_reference: int
    kind: int
    f_code: tuple[int, int, int, int]
    structure: int = _FRAME_PICTURE
    frame_pred_frame_dct: bool = True
    concealment_motion_vectors: bool = False
    intra_vlc_format: bool = False

    def params(self, sequence: Sequence) -> list[int]:
        """Return the kernels' parameters in the order of `layout.Param`."""
        frame = self.structure == _FRAME_PICTURE
        width, rows = (sequence.width + 15) // 16, (sequence.height + 15) // 16
        if not sequence.progressive:
            rows = (sequence.height + 31) // 32 * (2 if frame else 1)
        return [
            sequence.mpeg1,
            width,
            rows,
            self.kind,
            *self.f_code,
            frame,
            self.frame_pred_frame_dct,
            self.concealment_motion_vectors,
            TABLE_ONE if self.intra_vlc_format else TABLE_ZERO,
            (0, 2, 4, 8)[sequence.chroma_format],
            1 if sequence.mpeg1 else rows,  # MPEG-1 slices run on over several rows
            sequence.height > _TALL,
            0,
        ]


class Headers(NamedTuple):
    """The headers up to a picture's first slice, ``size`` bytes; None, or False, where one is not there."""

    size: int
    sequence: Sequence | None
    has_sequence: bool
    closed_gop: bool | None
    picture: Picture


def read_headers(data: bytes, sequence: Sequence | None) -> Headers | int:
    """Return the headers at the start of ``data``, INVALID, or NEED_MORE where it ends inside them.

    Parameters
    ----------
    data : bytes
    sequence : Sequence or None
        The one in force where ``data`` does not begin with another.
    """
    at, seen = 0, False
    closed: bool | None = None
    picture: Picture | None = None
    while True:
        start = data[at : at + 4]
        if start[:3] != b"\0\0\1"[: len(start)]:
            return INVALID
        if len(start) < 4:
            return NEED_MORE
        code = start[3]
        if picture is not None and 1 <= code <= LAST_SLICE:
            return INVALID if sequence is None else Headers(at, sequence, seen, closed, picture)
        if code not in _ALLOWED[0 if at == 0 else 1 if picture is None else 2]:
            return INVALID
        after = data.find(b"\0\0\1", at + 4)
        body = data[at + 4 : after if after >= 0 else None]
        try:
            if code == SEQUENCE:
                sequence, seen = _sequence(body), True
            elif code == GROUP:
                closed = _group(body)
            elif code == PICTURE:
                picture = _picture(body)
            elif code == EXTENSION and body[:1] and body[0] >> 4 == _SEQUENCE_EXTENSION and sequence is not None:
                sequence = _extended(sequence, body)
            elif code == EXTENSION and body[:1] and body[0] >> 4 == _PICTURE_EXTENSION and picture is not None:
                picture = _coded(picture, body)
        except BitstreamError:
            return INVALID if after >= 0 or len(body) >= _LONGEST_BODY else NEED_MORE
        if after < 0:
            return NEED_MORE
        at = after


def _sequence(body: bytes) -> Sequence:
    """Read sequence_header() behind its start code (6.2.2.1)."""
    r = BitReader(body)
    width, height = r.u(12), r.u(12)
    aspect, rate = r.u(4), r.u(4)
    r.skip(18)
    marker = r.flag()
    r.skip(11)
    for _ in range(2):
        if r.flag():
            r.skip(512)
    if not (width and height and aspect and rate and marker) or any(body[(r.pos + 7) // 8 :]):
        raise BitstreamError("a sequence header with forbidden values")
    return Sequence(True, width, height)


def _extended(sequence: Sequence, body: bytes) -> Sequence:
    """Add sequence_extension() (6.2.2.3)."""
    r = BitReader(body)
    r.skip(12)
    progressive, chroma_format = r.flag(), r.u(2)
    width, height = r.u(2) << 12, r.u(2) << 12
    r.skip(12)
    if not r.flag() or not chroma_format:
        raise BitstreamError("a sequence extension with forbidden values")
    return Sequence(False, sequence.width % 4096 | width, sequence.height % 4096 | height, progressive, chroma_format)


def _group(body: bytes) -> bool:
    """Read group_of_pictures_header() (6.2.2.6): whether it is closed."""
    r = BitReader(body)
    r.skip(12)
    if not r.flag():
        raise BitstreamError("no marker bit in a time code")
    r.skip(12)
    return r.flag()


def _picture(body: bytes) -> Picture:
    """Read picture_header() (6.2.3)."""
    r = BitReader(body)
    temporal_reference, kind = r.u(10), r.u(3)
    r.skip(16)
    codes = []
    for _ in range(kind - 1 if kind in (2, 3) else 0):
        r.skip(1)
        codes.append(r.u(3))
    if kind not in (1, 2, 3) or 0 in codes:
        raise BitstreamError("a picture header with forbidden values")
    forward, backward = [*codes, 1, 1][:2]
    return Picture(temporal_reference, kind, (forward, forward, backward, backward))


def _coded(picture: Picture, body: bytes) -> Picture:
    """Add picture_coding_extension() (6.2.3.1)."""
    r = BitReader(body)
    r.skip(4)
    f_code = (r.u(4), r.u(4), r.u(4), r.u(4))
    r.skip(2)
    structure = r.u(2)
    r.skip(1)
    frame_pred_frame_dct, concealment = r.flag(), r.flag()
    r.skip(1)
    intra_vlc_format = r.flag()
    if not structure or 0 in f_code:
        raise BitstreamError("a picture coding extension with forbidden values")
    return Picture(
        picture.temporal_reference,
        picture.kind,
        f_code,
        structure,
        frame_pred_frame_dct,
        concealment,
        intra_vlc_format,
    )
