"""How many bytes a piece of PCM or of constant-rate compressed sound has, by its sample entry."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from mediarescue.isobmff.chunk_table import ChunkTable
from mediarescue.isobmff.movie import Track

_PCM_BITS = {
    b"in24": 24, b"in32": 32, b"fl32": 32, b"fl64": 64, b"ulaw": 8, b"alaw": 8, b"sowt": 0, b"twos": 0, b"raw ": 0,
    b"NONE": 0, b"lpcm": 0, b"ipcm": 0, b"fpcm": 0,
}  # fmt: skip
"""Bits of a sample of one channel; 0 where the sample entry says them."""
_PACKETS = {b"ima4": (34, 64), b"MAC3": (2, 6), b"MAC6": (1, 6)}
"""Bytes for each channel, and samples, of one packet (QuickTime File Format, "Sound Sample Descriptions")."""
_ADPCM = (b"ms\0\x02", b"ms\0\x11")
"""Microsoft's and Intel's, as in WAV: the sample entry gives the size of their packets."""


def is_packed(codec: bytes) -> bool:
    """Whether the sound comes in packets of one size and duration that carry no mark."""
    return codec in _PACKETS or codec in _ADPCM


def sound_packet(track: Track) -> tuple[int, int] | None:
    """Return bytes and samples of the smallest piece of the sound that decodes, None where the entry does not tell.

    Notes
    -----
    QuickTime's sound description of version 1 gives both, but for PCM and the known packets some writers leave
    zeros. ISO files have a ``pcmC`` box for the bits (ISO/IEC 23003-5 5).
    """
    if not track.sample_entries:
        return None
    entry = track.sample_entries[0]
    fields = entry.fields
    channels = int(fields.get("num_audio_channels", fields.get("channel_count", 0)))
    if entry.kind in _PCM_BITS:
        bits = _PCM_BITS[entry.kind] or int(fields.get("const_bits_per_channel", fields.get("sample_size", 0)))
        config = entry.configuration(b"pcmC")
        if config is not None and len(config) >= 6:
            bits = config[5]
        return (channels * ((bits + 7) // 8), 1) if bits and channels else None
    if entry.kind in _PACKETS:
        size, samples = _PACKETS[entry.kind]
        return (size * channels, samples) if channels else None
    size, samples = int(fields.get("bytes_per_frame", 0)), int(fields.get("samples_per_packet", 0))
    return (size, samples) if size and samples else None


def with_packets(chunks: ChunkTable, track: Track) -> ChunkTable:
    """Return the chunks in their true sizes where ``stsz`` counts a packet's samples as if each were a byte.

    Notes
    -----
    What the entry says is believed only where the chunks have room for it.
    """
    packet = sound_packet(track)
    if packet is None or packet[0] <= chunks.sample_size or (chunks.sample_count % packet[1]).any():
        return chunks
    larger = replace(chunks, packet_size=packet[0], packet_samples=packet[1])
    order = np.argsort(chunks.offset, kind="stable")
    offset, size = chunks.offset[order], larger.size[order]
    return larger if bool((offset[:-1] + size[:-1] <= offset[1:]).all()) else chunks
