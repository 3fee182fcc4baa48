"""Small movies with tracks of any kind, laid out chunk by chunk from sample bytes: for codecs no encoder here makes."""

from __future__ import annotations

import random
import struct
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

from tests.support.boxes import box

_MATRIX = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)


@dataclass(frozen=True, slots=True)
class SyntheticTrack:
    """One track: ``entry`` is the body of its sample entry behind the 8 common bytes; PCM has ``constant_size``.

    Attributes
    ----------
    handler, kind : bytes
        Handler type and the sample entry's four characters.
    samples : tuple of bytes
        With ``constant_size`` the chunks: each holds ``len / constant_size`` samples of one tick.
    duration : int
        Ticks of each sample.
    per_chunk : int
        Samples a chunk (not with ``constant_size``).
    edits : tuple of (segment duration, media time)
    sync : tuple of int, optional
        0-based sync samples; None writes no stss.
    """

    handler: bytes
    kind: bytes
    samples: tuple[bytes, ...]
    timescale: int = 1000
    duration: int = 100
    entry: bytes = b""
    per_chunk: int = 1
    constant_size: int = 0
    edits: tuple[tuple[int, int], ...] = ()
    sync: tuple[int, ...] | None = None
    packet: tuple[int, int] = (0, 1)
    """With ``constant_size``: bytes and samples of a packet, where stsz says another size (QuickTime)."""
    extra: bytes = b""
    """Further boxes at the end of the trak."""
    durations: tuple[int, ...] = ()
    """Ticks of each sample where they differ."""
    chunk_counts: tuple[int, ...] = ()
    """Samples of each chunk where they differ."""

    def samples_in(self, chunk: bytes) -> int:
        """Return the samples in a chunk of constant-size audio."""
        size, samples = self.packet
        return len(chunk) // size * samples if size else len(chunk) // self.constant_size

    @property
    def chunks(self) -> list[tuple[bytes, ...]]:
        if self.chunk_counts:
            ends = list(accumulate(self.chunk_counts))
            return [self.samples[end - count : end] for end, count in zip(ends, self.chunk_counts, strict=True)]
        step = 1 if self.constant_size else self.per_chunk
        return [self.samples[i : i + step] for i in range(0, len(self.samples), step)]


@dataclass(frozen=True, slots=True)
class Placed:
    """Where a synthetic file's samples lie: one list of (offset, size) a track, and the media's byte range."""

    samples: tuple[tuple[tuple[int, int], ...], ...]
    start: int
    end: int


def write_movie(
    path: Path,
    tracks: tuple[SyntheticTrack, ...],
    *,
    with_moov: bool = True,
    between: bytes = b"",
    moov_extra: bytes = b"",
    lead: bytes = b"",
) -> Placed:
    """Write a movie with the tracks' chunks in turn and return where the samples lie.

    ``between`` stands between any two chunks, ``lead`` in front of the first, ``moov_extra`` at the end of ``moov``.
    """
    head = box(b"ftyp", b"qt  \0\0\0\0qt  ")
    start = len(head) + 8
    media = bytearray(lead)
    placed: list[list[tuple[int, int]]] = [[] for _ in tracks]
    chunk_offsets: list[list[int]] = [[] for _ in tracks]
    rounds = max((len(track.chunks) for track in tracks), default=0)
    for turn in range(rounds):
        for number, track in enumerate(tracks):
            if turn >= len(track.chunks):
                continue
            if len(media) > len(lead):
                media += between
            chunk_offsets[number].append(start + len(media))
            for sample in track.chunks[turn]:
                placed[number].append((start + len(media), len(sample)))
                media += sample
    data = head + struct.pack(">I4s", 8 + len(media) if with_moov else 0, b"mdat") + media
    if with_moov:
        data += _moov(tracks, chunk_offsets, moov_extra)
    path.write_bytes(data)
    return Placed(tuple(map(tuple, placed)), start, start + len(media))


def _full(kind: bytes, payload: bytes, version: int = 0, flags: int = 0) -> bytes:
    return box(kind, struct.pack(">I", version << 24 | flags) + payload)


def _moov(tracks: tuple[SyntheticTrack, ...], offsets: list[list[int]], extra: bytes) -> bytes:
    longest = max((_ticks(track) * 1000 // track.timescale for track in tracks), default=0)
    mvhd = struct.pack(">IIIIIH10x", 5, 6, 1000, longest, 0x10000, 0x100) + _MATRIX + bytes(24)
    mvhd += struct.pack(">I", len(tracks) + 1)
    traks = [trak_box(number, track, at) for number, (track, at) in enumerate(zip(tracks, offsets, strict=True), 1)]
    return box(b"moov", _full(b"mvhd", mvhd) + b"".join(traks) + extra)


def _ticks(track: SyntheticTrack) -> int:
    if track.constant_size:
        return sum(map(track.samples_in, track.samples))
    return sum(track.durations) if track.durations else len(track.samples) * track.duration


def trak_box(number: int, track: SyntheticTrack, offsets: list[int]) -> bytes:
    """Return the ``trak`` of a track whose chunks lie at ``offsets``; ``number`` is its track_ID."""
    ticks = _ticks(track)
    seconds = ticks * 1000 // track.timescale
    tkhd = struct.pack(">IIIII", 5, 6, number, 0, seconds) + bytes(16) + _MATRIX + struct.pack(">II", 0, 0)
    edts = b""
    if track.edits:
        rows = b"".join(struct.pack(">IiI", duration, time, 0x10000) for duration, time in track.edits)
        edts = box(b"edts", _full(b"elst", struct.pack(">I", len(track.edits)) + rows))
    mdhd = struct.pack(">IIIIHH", 5, 6, track.timescale, ticks, 0x55C4, 0)
    hdlr = struct.pack(">I4s12x", 0, track.handler) + b"test\0"
    media_header = {
        b"vide": _full(b"vmhd", bytes(8), 0, 1),
        b"soun": _full(b"smhd", bytes(4)),
    }.get(track.handler, box(b"gmhd", _full(b"gmin", bytes(12))))
    dinf = box(b"dinf", _full(b"dref", struct.pack(">I", 1) + _full(b"url ", b"", 0, 1)))
    minf = box(b"minf", media_header + dinf + box(b"stbl", _tables(track, offsets)))
    mdia = box(b"mdia", _full(b"mdhd", mdhd) + _full(b"hdlr", hdlr) + minf)
    return box(b"trak", _full(b"tkhd", tkhd, 0, 7) + edts + mdia + track.extra)


def _tables(track: SyntheticTrack, offsets: list[int]) -> bytes:
    entry = box(track.kind, struct.pack(">6xH", 1) + track.entry)
    stsd = _full(b"stsd", struct.pack(">I", 1) + entry)
    if track.constant_size:
        counts = [track.samples_in(chunk[0]) for chunk in track.chunks]
        stts = _full(b"stts", struct.pack(">III", 1, sum(counts), 1))
        stsz = _full(b"stsz", struct.pack(">II", track.constant_size, sum(counts)))
    else:
        counts = [len(chunk) for chunk in track.chunks]
        sizes = [len(sample) for sample in track.samples]
        rows = [struct.pack(">II", len(sizes), track.duration)] if sizes else []
        rows = [struct.pack(">II", 1, ticks) for ticks in track.durations] or rows
        stts = _full(b"stts", struct.pack(">I", len(rows)) + b"".join(rows))
        stsz = _full(b"stsz", struct.pack(f">II{len(sizes)}I", 0, len(sizes), *sizes))
    runs = [(i, n) for i, n in enumerate(counts, 1) if i == 1 or counts[i - 2] != n]
    stsc = _full(b"stsc", struct.pack(">I", len(runs)) + b"".join(struct.pack(">III", i, n, 1) for i, n in runs))
    stco = _full(b"stco", struct.pack(f">I{len(offsets)}I", len(offsets), *offsets))
    stss = b""
    if track.sync is not None:
        stss = _full(b"stss", struct.pack(f">I{len(track.sync)}I", len(track.sync), *(i + 1 for i in track.sync)))
    return stsd + stts + stss + stsc + stsz + stco


def _noise(seed: int, size: int) -> bytes:
    return random.Random(seed).randbytes(size)


def gpmf_track(count: int = 12, *, seed: int = 1, streams: int = 2) -> SyntheticTrack:
    """Return GoPro telemetry: a DEVC block with ``streams`` STRM blocks a sample (GPMF), sizes varying."""

    def klv(key: bytes, kind: bytes, size: int, payload: bytes) -> bytes:
        repeat = len(payload) // size if size else 0
        return key + kind + struct.pack(">BH", size, repeat) + payload + bytes(-len(payload) % 4)

    samples = []
    for i in range(count):
        inside = klv(b"DVID", b"L", 4, struct.pack(">I", 1)) + klv(b"DVNM", b"c", 1, b"Camera")
        for stream in range(streams):
            rows = _noise(seed * 100 + i * 10 + stream, 6 * (20 + (i * 7 + stream) % 5))
            strm = klv(b"STNM", b"c", 1, b"Gyroscope") + klv(b"GYRO", b"s", 6, rows)
            inside += b"STRM\0" + struct.pack(">BH", 1, len(strm)) + strm
        samples.append(b"DEVC\0" + struct.pack(">BH", 1, len(inside)) + inside)
    return SyntheticTrack(b"meta", b"gpmd", tuple(samples), duration=1000)


def mebx_track(count: int = 12, *, seed: int = 2, key: int = 1, sizes: tuple[int, ...] = (8, 28, 44)) -> SyntheticTrack:
    """Return Apple timed metadata: one item a sample, its value ``size`` bytes with the first four constant."""
    local = struct.pack(">I", key)
    namespace = struct.pack(">I4s", 8 + 4 + 20, b"keyd")[:8] + b"mdta" + b"com.apple.quicktime."
    keys = box(b"keys", struct.pack(">I4s", 8 + len(namespace), local) + namespace)
    samples = []
    for i in range(count):
        value = b"\x01\x02\x03\x04" + _noise(seed * 1000 + i, sizes[i % len(sizes)] - 4)
        samples.append(struct.pack(">I", 8 + len(value)) + local + value)
    return SyntheticTrack(b"meta", b"mebx", tuple(samples), entry=keys)


def tmcd_track(first_frame: int = 1234) -> SyntheticTrack:
    """Return a timecode track: one sample of four bytes for the whole film (QuickTime)."""
    entry = struct.pack(">IIIIBB", 0, 0, 30000, 1001, 30, 0)
    return SyntheticTrack(b"tmcd", b"tmcd", (struct.pack(">I", first_frame),), duration=1200, entry=entry)


def signed_track(
    count: int = 16, *, seed: int = 4, magic: bytes = b"\x00\x01KIND-A", kind: bytes = b"camm", size: int = 0
) -> SyntheticTrack:
    """Return samples that begin with ``magic``: all of ``size`` bytes, or (0) with their length behind the magic."""
    samples = []
    for i in range(count):
        body = _noise(seed * 1000 + i, (size or 40 + (i * 37) % 90) - len(magic) - (0 if size else 4))
        length = b"" if size else struct.pack(">I", len(magic) + 4 + len(body))
        samples.append(magic + length + body)
    return SyntheticTrack(b"meta", kind, tuple(samples))


def pcm_track(chunks: int = 8, *, seed: int = 5, frames: int = 400, channels: int = 2) -> SyntheticTrack:
    """Return 16-bit little-endian PCM in chunks of ``frames`` frames."""
    block = 2 * channels
    entry = struct.pack(">HHIHHHHI", 0, 0, 0, channels, 16, 0, 0, 8000 << 16)
    data = tuple(_noise(seed * 1000 + i, frames * block) for i in range(chunks))
    return SyntheticTrack(b"soun", b"sowt", data, timescale=8000, duration=1, entry=entry, constant_size=block)
