"""PCM as WAVE files (RIFF; RF64 above 4 GiB, EBU Tech 3306)."""

from __future__ import annotations

import struct
from typing import NamedTuple

import numpy as np

from mediarescue.extraction.form import NoStreamFormError, StreamForm
from mediarescue.extraction.media_track import MediaTrack

_INTEGER, _FLOAT, _ALAW, _MULAW = 1, 3, 6, 7
_FLOAT_FLAG, _BIG_ENDIAN_FLAG = 1, 2
_LARGEST = (1 << 32) - 1 - 64


class _Pcm(NamedTuple):
    """One channel's numbers: WAVE format tag, bits, byte order, whether 8 bits are signed."""

    tag: int
    bits: int
    big_endian: bool
    signed: bool = True


def wave_stream(track: MediaTrack) -> StreamForm:
    """Return the form of a PCM track; raises NoStreamFormError where its numbers are not of whole bytes."""
    fields = track.entry.fields
    if "sample_size" not in fields:
        raise NoStreamFormError("its sample entry cannot be read")
    pcm = _numbers(track)
    channels = int(fields.get("num_audio_channels", fields["channel_count"]))
    rate = round(float(fields.get("audio_sample_rate", fields["sample_rate"]))) or track.timescale
    if pcm.bits not in (8, 16, 24, 32, 64) or not channels:
        raise NoStreamFormError(f"{channels} channels of {pcm.bits} bits are nothing a WAVE file holds")
    block = channels * pcm.bits // 8
    if track.packet and track.packet != block:
        raise NoStreamFormError(f"its frames have {track.packet} bytes, {channels} channels of {pcm.bits} bits {block}")
    total = sum(track.size.tolist()) // block * block
    head = _header(pcm, channels, rate, block, total)
    width = pcm.bits // 8

    def convert(frames: bytes, index: int) -> bytes:
        if width == 1:
            numbers = np.frombuffer(frames, dtype=np.uint8)
            return (numbers ^ 0x80).tobytes() if pcm.signed and pcm.tag == _INTEGER else frames
        if not pcm.big_endian:
            return frames
        numbers = np.frombuffer(frames[: len(frames) // width * width], dtype=np.uint8)
        return numbers.reshape(-1, width)[:, ::-1].tobytes()

    return StreamForm(".wav", head, convert, tail=b"\0" * (total % 2))


def _numbers(track: MediaTrack) -> _Pcm:
    """Return what the sample entry says of the numbers (QuickTime File Format, sound; ISO/IEC 23003-5)."""
    fields, kind = track.entry.fields, track.entry.kind
    bits = int(fields["sample_size"])
    little = _is_little(track)
    if kind == b"lpcm" and "const_bits_per_channel" in fields:
        flags = int(fields["format_specific_flags"])
        tag = _FLOAT if flags & _FLOAT_FLAG else _INTEGER
        return _Pcm(tag, int(fields["const_bits_per_channel"]), bool(flags & _BIG_ENDIAN_FLAG), bool(flags & 4))
    if kind in (b"ipcm", b"fpcm"):
        payload = track.entry.configuration(b"pcmC")
        if payload is None or len(payload) < 6:
            raise NoStreamFormError("it has no pcmC box")
        return _Pcm(_FLOAT if kind == b"fpcm" else _INTEGER, payload[5], not payload[4] & 1)
    known = {
        b"sowt": _Pcm(_INTEGER, bits, False),
        b"twos": _Pcm(_INTEGER, bits, True),
        b"raw ": _Pcm(_INTEGER, bits or 8, True, bits > 8),
        b"NONE": _Pcm(_INTEGER, bits or 8, True, bits > 8),
        b"in24": _Pcm(_INTEGER, 24, not little),
        b"in32": _Pcm(_INTEGER, 32, not little),
        b"fl32": _Pcm(_FLOAT, 32, not little),
        b"fl64": _Pcm(_FLOAT, 64, not little),
        b"lpcm": _Pcm(_INTEGER, bits, not little),
        b"ulaw": _Pcm(_MULAW, 8, False),
        b"alaw": _Pcm(_ALAW, 8, False),
    }
    if kind not in known:
        raise NoStreamFormError(f"{kind.decode('latin-1')} is not PCM that a WAVE file holds")
    return known[kind]


def _is_little(track: MediaTrack) -> bool:
    """Whether an ``enda`` box says that the numbers are little-endian."""
    payload = track.entry.configuration(b"enda")
    return payload is not None and len(payload) >= 2 and payload[1] == 1


def _header(pcm: _Pcm, channels: int, rate: int, block: int, total: int) -> bytes:
    form = struct.pack("<HHIIHH", pcm.tag, channels, rate, rate * block, block, pcm.bits)
    form += b"" if pcm.tag == _INTEGER else b"\0\0"
    fmt = b"fmt " + struct.pack("<I", len(form)) + form
    whole = 4 + len(fmt) + 8 + total + total % 2
    if whole <= _LARGEST:
        return b"RIFF" + struct.pack("<I", whole) + b"WAVE" + fmt + b"data" + struct.pack("<I", total)
    sizes = b"ds64" + struct.pack("<IQQQI", 28, whole + 36, total, total // block, 0)
    return b"RF64\xff\xff\xff\xffWAVE" + sizes + fmt + b"data\xff\xff\xff\xff"
