"""Metadata and text tracks, built from their documented structure: no encoder here makes them, but for the hints."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable
from pathlib import Path

from tests.support.boxes import box
from tests.support.clips import AudioSpec, ClipSpec
from tests.support.codecs._clip import CodecClip
from tests.support.synthetic import SyntheticTrack, gpmf_track, write_movie

Samples = Callable[[random.Random, int], list[bytes]]


def camm_samples(noise: random.Random, count: int) -> list[bytes]:
    """Packets of gyroscope, acceleration, GPS and place (CAMM specification, types 2, 3, 5, 6)."""
    out = []
    for i in range(count):
        x, y, z = (noise.uniform(-9, 9) for _ in range(3))
        gps = struct.pack("<didd7f", 1.3e9 + i, 3, 48.2 + x / 100, 16.3 + y / 100, 180, 4, 6, x, y, z, 0.5)
        place = struct.pack("<3d", 48.2 + x / 100, 16.3, 180 + z)
        payload = {2: struct.pack("<3f", x, y, z), 3: struct.pack("<3f", z, 9.81, x), 5: place, 6: gps}
        kind = 6 if i % 20 == 0 else 5 if i % 7 == 3 else 2 + i % 2
        out.append(struct.pack("<HH", 0, kind) + payload[kind])
    return out


def rtmd_samples(noise: random.Random, count: int) -> list[bytes]:
    """One block a frame: 28 bytes of header, a labelled set of tags, zeros up to 1024 bytes."""
    label = bytes.fromhex("060e2b34025301010c02010102010000")
    out = []
    for i in range(count):
        tags = b"".join(
            struct.pack(">HH", 0x8100 + n, size) + noise.randbytes(size)
            for n, size in enumerate((2, 4, 2, 1, 8 + i % 3, 16))
        )
        head = b"\x00\x1c\x01\x00" + struct.pack(">I", i) + bytes(20)
        out.append((head + label + struct.pack(">HH", 0x8300, len(tags)) + tags).ljust(1024, b"\0"))
    return out


def _field(number: int, content: bytes) -> bytes:
    length, out = len(content), bytearray([number << 3 | 2])
    while length > 127:
        out.append(length & 127 | 128)
        length >>= 7
    return bytes(out) + bytes([length]) + content


def protobuf_samples(noise: random.Random, count: int) -> list[bytes]:
    """One message a frame: the first one with the clip's description in front (as DJI's ``djmd``)."""
    out = []
    for i in range(count):
        numbers = b"".join(_field(n, b"\x0d" + noise.randbytes(4) + b"\x10\x01") for n in range(1, 6 + i % 4))
        frame = _field(3, _field(1, b"\x08" + bytes([i % 128])) + numbers)
        clip = _field(1, _field(1, b"dvtm_test.proto") + _field(2, b"\x08\x07")) + _field(2, _field(1, b"\x08\x1e"))
        out.append(clip + frame if i == 0 else frame)
    return out


def motion_photo_samples(noise: random.Random, count: int) -> list[bytes]:
    """Pixel's ``microvideo-meta-stream``: numbers, the frame's size, when it was taken in microseconds, numbers."""
    out = []
    for i in range(count):
        matrix = struct.pack("<9f", 1, 0, 0, 0, 1, 0, 0, 0, 1)
        motion = struct.pack("<12f", *(noise.uniform(-1, 1) for _ in range(12)))
        taken = _varint(172_806_798_806 + 33_333 * i + noise.randrange(400))
        size = b"\x18" + _varint(1440) + b"\x20" + _varint(1080)
        out.append(_field(1, matrix) + size + b"\x28" + taken + b"\x30\x01" + _field(7, motion) + b"\x48\x01")
    return out


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes((*out, value))


def caption_samples(noise: random.Random, count: int) -> list[bytes]:
    """CEA-608: byte pairs of field 1 and field 2 (QTFF)."""
    out = []
    for i in range(count):
        pairs = bytes(noise.choice(b"\x80\x94\x2c\xc1\x45") for _ in range(2 * noise.randrange(1, 5)))
        out.append(box(b"cdat", pairs) + box(b"cdt2", pairs[: 2 * (1 + i % 2)]))
    return out


def dtv_caption_samples(noise: random.Random, count: int) -> list[bytes]:
    """CEA-708: a caption distribution packet a frame."""
    return [box(b"ccdp", b"\x96\x69" + noise.randbytes(20 + noise.randrange(20))) for _ in range(count)]


def cue_samples(noise: random.Random, count: int) -> list[bytes]:
    """WebVTT: a cue, or nothing (ISO/IEC 14496-30 6.6)."""
    out = []
    for i in range(count):
        cue = box(b"vttc", box(b"payl", f"Cue {i} of {noise.random():.6f}".encode()))
        out.append(box(b"vtte", b"") if i % 2 else cue)
    return out


def text_samples(noise: random.Random, count: int) -> list[bytes]:
    """Chapter names with their encoding behind (QuickTime)."""
    names = [f"Chapter {i + 1}: {noise.randrange(10**9)} wörds".encode() for i in range(count)]
    return [struct.pack(">H", len(name)) + name + box(b"encd", b"\0\0\1\0") for name in names]


def subtitle_samples(noise: random.Random, count: int) -> list[bytes]:
    """Styled subtitles with empty samples between them (3GPP TS 26.245)."""
    out = []
    for i in range(count):
        text = f"Line {noise.randrange(10**6)}\nund noch öfter {i}".encode()
        style = struct.pack(">HHHHBBI", 1, 0, 4, 1, 1, 18, 0xFFFFFFFF)
        out.append(b"\0\0" if i % 2 else struct.pack(">H", len(text)) + text + box(b"styl", style))
    return out


def document_samples(noise: random.Random, count: int) -> list[bytes]:
    """TTML: one document a sample (ISO/IEC 14496-30 5)."""
    head = b'<?xml version="1.0" encoding="UTF-8"?>\n<tt xmlns="http://www.w3.org/ns/ttml"><body><div>'
    return [
        head + f'<p begin="{i}s">{"x" * noise.randrange(90)}</p></div></body></tt>\n'.encode() for i in range(count)
    ]


def _builder(
    handler: bytes, kind: bytes, samples: Samples, per_chunk: int, entry: bytes
) -> Callable[[Path, int, float], None]:
    def build(path: Path, seed: int, scale: float) -> None:
        made = tuple(samples(random.Random(seed), int(40 * scale)))
        track = SyntheticTrack(handler, kind, made, entry=entry, per_chunk=per_chunk)
        write_movie(path, (gpmf_track(int(30 * scale), seed=seed), track))

    return build


def _clip(
    handler: bytes, kind: bytes, samples: Samples, *, per_chunk: int = 1, entry: bytes = b"", name: str = ""
) -> CodecClip:
    build = _builder(handler, kind, samples, per_chunk, entry)
    name = name or kind.decode()
    return CodecClip(name, kind.decode(), kind, build=build, suffix=".mov", playable=False)


CLIPS = (
    _clip(b"meta", b"camm", camm_samples, per_chunk=8),
    _clip(b"meta", b"rtmd", rtmd_samples, per_chunk=3),
    _clip(b"meta", b"djmd", protobuf_samples),
    _clip(b"meta", b"dbgi", protobuf_samples, per_chunk=4),
    _clip(b"meta", b"mett", motion_photo_samples, per_chunk=5, entry=b"\0application/microvideo-meta-stream\0"),
    _clip(b"clcp", b"c608", caption_samples, per_chunk=2),
    _clip(b"clcp", b"c708", dtv_caption_samples, per_chunk=2),
    _clip(b"text", b"wvtt", cue_samples),
    _clip(b"text", b"text", text_samples, entry=bytes(43), name="chapters"),
    _clip(b"sbtl", b"tx3g", subtitle_samples, per_chunk=2, entry=bytes(38)),
    _clip(b"subt", b"stpp", document_samples, entry=b"http://www.w3.org/ns/ttml\0\0\0"),
    CodecClip(
        "rtp_hints",
        "rtp ",
        b"rtp ",
        ClipSpec("mov", audio=(AudioSpec(),), options=(("movflags", "rtphint"),)),
        suffix=".mov",
        playable=False,
    ),
)
