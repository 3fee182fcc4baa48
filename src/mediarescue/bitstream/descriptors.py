"""The ES descriptor that says which codec an ``mp4a`` or ``mp4v`` track holds (ISO/IEC 14496-1 7.2.6)."""

from __future__ import annotations

from typing import NamedTuple

from mediarescue.bitstream.errors import BitstreamError

_ES_DESCRIPTOR, _DECODER_CONFIG, _DECODER_SPECIFIC_INFO = 3, 4, 5


class EsDescriptor(NamedTuple):
    """The fields of an ES descriptor that describe the stream.

    Parameters
    ----------
    object_type_indication : int
        0x40 is MPEG-4 audio, 0x66 to 0x68 MPEG-2 AAC, 0x69 and 0x6B MPEG audio; 0x20 MPEG-4 Visual, 0x60 to 0x65
        MPEG-2 video, 0x6A MPEG-1 video.
    decoder_specific_info : bytes
        AudioSpecificConfig, or the headers of MPEG-4 Visual; empty when absent.
    max_bitrate, avg_bitrate : int
        Bits per second; 0 when not given.
    """

    object_type_indication: int
    decoder_specific_info: bytes
    max_bitrate: int
    avg_bitrate: int


def codec_name(kind: bytes, esds: bytes | None) -> str:
    """Return a sample entry's name, with the object type where that names the codec (RFC 6381 3.3): ``mp4a.40``.

    Parameters
    ----------
    kind : bytes
        The sample entry's four characters.
    esds : bytes or None
        The payload of its ``esds`` box.
    """
    name = kind.decode("latin-1")
    if esds is None or name not in ("mp4a", "mp4v", "mp4s"):
        return name
    try:
        return f"{name}.{parse_es_descriptor(esds[4:]).object_type_indication:02x}"
    except BitstreamError:
        return name


def decoder_specific_info(esds: bytes | None) -> bytes:
    """Return the decoder specific info in the payload of an ``esds`` box; nothing where there is none to read."""
    try:
        return parse_es_descriptor((esds or b"")[4:]).decoder_specific_info
    except BitstreamError:
        return b""


def _descriptor(data: bytes, pos: int) -> tuple[int, int, int]:
    """Return tag, start and end of the body of the descriptor at ``pos``; the size takes 1 to 4 bytes of 7 bits."""
    if pos >= len(data):
        raise BitstreamError(f"the ES descriptor ends at byte {pos}, where another descriptor is due")
    tag, size = data[pos], 0
    for count in range(1, 5):
        if pos + count >= len(data):
            raise BitstreamError(f"the descriptor at byte {pos} has no complete size")
        byte = data[pos + count]
        size = size << 7 | byte & 0x7F
        if byte < 0x80:
            break
    start = pos + count + 1
    return tag, start, min(start + size, len(data))


def parse_es_descriptor(payload: bytes) -> EsDescriptor:
    """Parse the ES_Descriptor of an ``esds`` box (ISO/IEC 14496-1 7.2.6.5, 7.2.6.6).

    Parameters
    ----------
    payload : bytes
        The box's payload behind version and flags. Descriptor sizes beyond it are cut, as writers get them wrong.

    Raises
    ------
    BitstreamError
        When there is no decoder config descriptor in it.
    """
    tag, pos, end = _descriptor(payload, 0)
    if tag == _ES_DESCRIPTOR:
        if pos + 3 > end:
            raise BitstreamError("the ES descriptor ends before its flags")
        flags = payload[pos + 2]
        pos += 3 + (2 if flags & 0x80 else 0)
        if flags & 0x40:
            pos += 1 + (payload[pos] if pos < end else 0)
        pos += 2 if flags & 0x20 else 0
        tag, pos, end = _descriptor(payload[:end], pos)
    if tag != _DECODER_CONFIG:
        raise BitstreamError(f"descriptor tag {tag} where the decoder config (4) is due")
    if pos + 13 > end:
        raise BitstreamError("the decoder config descriptor is shorter than its 13 bytes")
    fields = payload[pos : pos + 13]
    info = b""
    pos += 13
    while pos + 2 <= end:
        tag, start, stop = _descriptor(payload[:end], pos)
        if tag == _DECODER_SPECIFIC_INFO:
            info = payload[start:stop]
            break
        pos = stop
    return EsDescriptor(fields[0], info, int.from_bytes(fields[5:9], "big"), int.from_bytes(fields[9:13], "big"))
