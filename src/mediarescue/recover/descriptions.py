"""Sample descriptions for new content: without what they told of the reference's own."""

from __future__ import annotations

from mediarescue.isobmff import Box

_STREAM_INFO_AT = 8
"""Bytes of version, flags and block header in front of the streaminfo in ``dfLa``."""


def without_content(stsd: Box) -> Box:
    """Return a ``stsd`` whose FLAC entries no longer give the reference's frame sizes, length and checksum.

    Notes
    -----
    Zeros stand for "not known" (RFC 9639 8.2). With another recording's MD5, every player that checks it would call
    the sound damaged.
    """
    entries = [
        entry.with_child(entry.get(b"dfLa").replace(payload=_unknown(entry.get(b"dfLa").payload)))
        if entry.kind == b"fLaC" and entry.find(b"dfLa") is not None
        else entry
        for entry in stsd.children or ()
    ]
    return stsd.replace(children=entries) if stsd.children else stsd


def _unknown(payload: bytes) -> bytes:
    """Return a ``dfLa`` payload with its first block's sizes of frames, count of samples and MD5 cleared."""
    head, info, rest = payload[:_STREAM_INFO_AT], payload[_STREAM_INFO_AT:][:34], payload[_STREAM_INFO_AT + 34 :]
    if len(info) < 34 or payload[4] & 127:
        return payload
    return head + info[:4] + bytes(6) + info[10:13] + bytes([info[13] & 0xF0]) + bytes(20) + rest
