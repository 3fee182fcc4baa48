"""Streams that need at most a head, or a few bytes in front of each sample."""

from __future__ import annotations

import struct

import numpy as np

from mediarescue.bitstream.descriptors import decoder_specific_info
from mediarescue.extraction.form import NoStreamFormError, StreamForm
from mediarescue.extraction.media_track import MediaTrack

_TEMPORAL_DELIMITER = b"\x12\x00"


def amr_stream(track: MediaTrack) -> StreamForm:
    """Return AMR's storage format (RFC 4867 5.1, 5.3), one channel."""
    wide = track.entry.kind == b"sawb"
    return StreamForm(".awb" if wide else ".amr", b"#!AMR-WB\n" if wide else b"#!AMR\n")


def flac_stream(track: MediaTrack) -> StreamForm:
    """Return a native FLAC file: the metadata blocks of ``dfLa`` in front of the frames (RFC 9639)."""
    payload = track.entry.configuration(b"dfLa")
    if payload is None or len(payload) < 4 + 38:
        raise NoStreamFormError("it has no dfLa box")
    return StreamForm(".flac", b"fLaC" + payload[4:])


def visual_stream(track: MediaTrack) -> StreamForm:
    """Return MPEG-4 Visual (``.m4v``) or MPEG-1 and 2 video (``.m2v``), with the headers of ``esds`` in front."""
    head = decoder_specific_info(track.entry.configuration(b"esds"))
    return StreamForm(".m4v" if track.codec in ("mp4v", "mp4v.20") else ".m2v", head)


def obu_stream(track: MediaTrack) -> StreamForm:
    """Return an AV1 low-overhead stream: a temporal delimiter in front of each sample (AV1 5.2)."""
    payload = track.entry.configuration(b"av1C")
    settings = payload[4:] if payload is not None else b""

    def convert(sample: bytes, index: int) -> bytes:
        start = b"" if sample[:2] == _TEMPORAL_DELIMITER else _TEMPORAL_DELIMITER
        return start + (settings if index == 0 else b"") + sample

    return StreamForm(".obu", convert=convert)


def ivf_stream(track: MediaTrack) -> StreamForm:
    """Return VP8 or VP9 in IVF: a head of 32 bytes, size and time in front of each frame."""
    fields = track.entry.fields
    name = b"VP80" if track.entry.kind == b"vp08" else b"VP90"
    head = struct.pack(
        "<4sHH4sHHIIII", b"DKIF", 0, 32, name, fields["width"], fields["height"], track.timescale, 1, len(track.size), 0
    )
    times = np.cumsum(track.duration) - track.duration

    def convert(sample: bytes, index: int) -> bytes:
        return struct.pack("<IQ", len(sample), int(times[index])) + sample

    return StreamForm(".ivf", head, convert)
