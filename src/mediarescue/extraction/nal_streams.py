"""H.264 and HEVC as Annex B byte streams (ISO/IEC 14496-10 Annex B, ISO/IEC 23008-2 Annex B)."""

from __future__ import annotations

from collections.abc import Callable

from mediarescue.bitstream.h264.configuration import parse_avcc
from mediarescue.bitstream.hevc.configuration import parse_hvcc
from mediarescue.extraction.form import NoStreamFormError, StreamForm
from mediarescue.extraction.media_track import MediaTrack
from mediarescue.isobmff import SampleEntry

_START = b"\0\0\0\1"


def h264_stream(track: MediaTrack) -> StreamForm:
    """Return the form of an H.264 track: parameter sets in front, and again before each sync sample."""
    return StreamForm(".h264", convert=_annex_b(track, [_h264_settings(entry) for entry in track.entries]))


def hevc_stream(track: MediaTrack) -> StreamForm:
    """Return the form of an HEVC track: parameter sets in front, and again before each sync sample."""
    return StreamForm(".h265", convert=_annex_b(track, [_hevc_settings(entry) for entry in track.entries]))


def _h264_settings(entry: SampleEntry) -> tuple[int, bytes]:
    """Return the bytes of a NAL unit's length field, and the parameter sets as a byte stream."""
    payload = entry.configuration(b"avcC")
    if payload is None:
        raise NoStreamFormError("it has no avcC box")
    configuration = parse_avcc(payload)
    return configuration.nal_length_size, b"".join(_START + nal for nal in (*configuration.sps, *configuration.pps))


def _hevc_settings(entry: SampleEntry) -> tuple[int, bytes]:
    payload = entry.configuration(b"hvcC")
    if payload is None:
        raise NoStreamFormError("it has no hvcC box")
    configuration = parse_hvcc(payload)
    nals = [nal for array in configuration.arrays for nal in array.nals]
    extra = entry.configuration(b"lhvC")
    if extra is not None and len(extra) > 6:  # the second view's parameter sets, for multiview video
        nals += _layered_nals(extra)
    return configuration.nal_length_size, b"".join(_START + nal for nal in nals)


def _annex_b(track: MediaTrack, settings: list[tuple[int, bytes]]) -> Callable[[bytes, int], bytes]:
    is_sync, entry_of = track.is_sync, track.entry_index

    def convert(sample: bytes, index: int) -> bytes:
        length_size, sets = settings[entry_of[index]]
        changed = index == 0 or entry_of[index - 1] != entry_of[index]
        parts = [sets] if changed or is_sync[index] else []
        at = 0
        while at + length_size <= len(sample):
            size = int.from_bytes(sample[at : at + length_size], "big")
            at += length_size
            if size:
                parts += (_START, sample[at : at + size])
            at += size
        return b"".join(parts)

    return convert


def _layered_nals(payload: bytes) -> list[bytes]:
    """Return the NAL units of an ``lhvC`` box (ISO/IEC 14496-15 9.6.3): its arrays are those of ``hvcC``."""
    nals, pos = [], 6
    for _ in range(payload[5]):
        count = int.from_bytes(payload[pos + 1 : pos + 3], "big")
        pos += 3
        for _ in range(count):
            size = int.from_bytes(payload[pos : pos + 2], "big")
            nals.append(payload[pos + 2 : pos + 2 + size])
            pos += 2 + size
    return [nal for nal in nals if nal]
