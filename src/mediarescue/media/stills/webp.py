"""WebP: a new VP8 or VP8L chunk for changed pixels, every other chunk byte for byte in its place (RFC 9649)."""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from mediarescue.errors import InputError, MissingDependencyError, VerificationError
from mediarescue.media.info import ColorTags
from mediarescue.media.planes import Plane, plane_views
from mediarescue.media.still_metadata import exif_facts
from mediarescue.media.stills.av_pixels import PixelsError, decode_still, encode_still
from mediarescue.media.stills.still import (
    PhotoInfo,
    Written,
    check_size,
    decibels,
    first_difference,
    freeze,
    read_whole,
)

QUALITY = 95
"""Of VP8 coded again, on libwebp's scale: what was no change differs from the source by about 50 dB, whatever the
source's own quality; the file grows by a fifth to a third."""
LEAST_DECIBELS = 40.0
"""What the written picture must reach against what was meant."""

_PICTURE = (b"VP8 ", b"VP8L", b"ALPH")
_FEATURES = {"alpha": 0x10}
_VP8_COLOR = ColorTags(1, 2, 2, 5)
"""VP8 is BT.601 in limited range (RFC 6386 9.2)."""


def recognise(head: bytes) -> bool:
    """Whether a file begins as WebP does."""
    return head[:4] == b"RIFF" and head[8:12] == b"WEBP"


@dataclass(frozen=True, slots=True)
class Chunk:
    """A chunk of a RIFF file: its name, and where it starts and ends with its padding."""

    kind: bytes
    start: int
    end: int
    size: int

    @property
    def content(self) -> slice:
        """Place of the data."""
        return slice(self.start + 8, self.start + 8 + self.size)


class WebpStill:
    """A WebP file: Y, Cb, Cr (and alpha) of VP8; R, G, B (and alpha) of VP8L, which loses nothing."""

    def __init__(self, path: Path) -> None:
        self._data = data = read_whole(path)
        (size,) = struct.unpack_from("<I", data, 4)
        if size + 8 > len(data):
            raise InputError(f"{path} is cut short: {100 * len(data) // (size + 8)} % of the file are there")
        self._end = size + 8
        self._chunks = _chunks(data, self._end, path)
        self._by_kind: dict[bytes, bytes] = {}
        for chunk in self._chunks:
            self._by_kind.setdefault(chunk.kind, data[chunk.content])
        if b"ANIM" in self._by_kind or b"ANMF" in self._by_kind:
            raise InputError(f"{path} is an animated WebP; only still pictures are worked on")
        self._lossless = b"VP8L" in self._by_kind
        width, height = self._size(path)
        check_size(path, width, height)
        alpha = self._has_alpha()
        channels = ("R", "G", "B") if self._lossless else ("Y", "Cb", "Cr")
        facts = exif_facts(self._by_kind.get(b"EXIF", b""))
        self.info = PhotoInfo(
            path=path,
            format="WebP",
            width=width,
            height=height,
            mode=("RGB" if self._lossless else "YCbCr") + ("A" if alpha else ""),
            channels=(*channels, "A") if alpha else channels,
            bit_depth=8,
            pix_fmt=("rgba" if alpha else "rgb24") if self._lossless else ("yuva420p" if alpha else "yuv420p"),
            color=ColorTags(2, 2, 2, 0) if self._lossless else _VP8_COLOR,
            orientation=facts.orientation,
            has_icc=b"ICCP" in self._by_kind,
            has_exif=b"EXIF" in self._by_kind,
            has_xmp=b"XMP " in self._by_kind,
            camera_make=facts.make,
            camera_model=facts.model,
            lossless=self._lossless,
        )

    def _size(self, path: Path) -> tuple[int, int]:
        """Read the size of the picture (RFC 6386 9.1, RFC 9649 3.4)."""
        if self._lossless and self._by_kind[b"VP8L"][:1] == b"\x2f" and len(self._by_kind[b"VP8L"]) >= 5:
            (bits,) = struct.unpack_from("<I", self._by_kind[b"VP8L"], 1)
            return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        lossy = self._by_kind.get(b"VP8 ", b"")
        if len(lossy) >= 10 and lossy[3:6] == b"\x9d\x01\x2a":
            width, height = struct.unpack_from("<HH", lossy, 6)
            return width & 0x3FFF, height & 0x3FFF
        raise InputError(f"{path} is damaged: there is no picture in it")

    def _has_alpha(self) -> bool:
        if self._lossless:
            return bool(struct.unpack_from("<I", self._by_kind[b"VP8L"], 1)[0] >> 28 & 1)
        return b"ALPH" in self._by_kind

    def read_planes(self) -> tuple[Plane, ...]:
        """Decode the samples; raises InputError where they cannot be decoded."""
        picture = [self._data[c.start : c.end] for c in self._chunks if c.kind in _PICTURE]
        if b"ALPH" in self._by_kind and not self._lossless:
            sizes = struct.pack("<II", self.info.width - 1, self.info.height - 1)
            canvas = bytes([_FEATURES["alpha"], 0, 0, 0]) + sizes[:3] + sizes[4:7]
            picture.insert(0, _build(b"VP8X", canvas))
        try:
            frame = decode_still("webp", _riff(picture))
        except PixelsError as error:
            raise InputError(f"{self.info.path} is damaged: its picture cannot be decoded") from error
        if (frame.width, frame.height) != (self.info.width, self.info.height):
            raise InputError(f"{self.info.path} is damaged: its picture has not the size that its header says")
        return freeze([plane.copy() for plane in plane_views(frame)[: len(self.info.channels)]])

    def write(self, old: tuple[Plane, ...], new: tuple[Plane, ...], output: BinaryIO) -> Written:
        """Write the file with a new picture; ALPH stays where alpha did."""
        if self._lossless:
            made, meant = {b"VP8L": _encode_lossless(new)}, new
        else:
            made = {b"VP8 ": _encode_lossy(new[:3])[b"VP8 "]}
            if len(new) == 4 and not np.array_equal(old[3], new[3]):
                made[b"ALPH"] = _encode_lossy(new)[b"ALPH"]
            meant = new
        chunks = [_build(c.kind, made[c.kind]) if c.kind in made else self._data[c.start : c.end] for c in self._chunks]
        output.write(_riff(chunks))
        output.write(self._data[self._end :])
        notes = () if self._lossless else ("lossy WebP cannot be changed in parts: the whole picture was coded again",)
        return Written(meant, 1, 1, "pictures", notes)

    def verify(self, path: Path, written: Written) -> None:
        """Decode the new file and hold samples and chunks against what they must be."""
        try:
            made = WebpStill(path)
            planes = made.read_planes()
        except InputError as error:
            raise VerificationError(f"the written WebP cannot be read back: {error}") from error
        exact = slice(None) if self._lossless else slice(3, None)
        wrong = first_difference(planes[exact], written.planes[exact])
        if not self._lossless and decibels(planes[:3], written.planes[:3]) < LEAST_DECIBELS:
            wrong = "the picture differs too much from what was encoded"
        if self._others() != made._others():
            wrong = "a chunk of metadata is not as it was"
        if wrong:
            raise VerificationError(f"the written WebP is not what was meant: {wrong}; it was removed")

    def _others(self) -> list[bytes]:
        others = [self._data[c.start : c.end] if c.kind not in _PICTURE else c.kind for c in self._chunks]
        return [*others, self._data[self._end :]]

    def close(self) -> None:
        """Let go of the bytes."""
        self._data = b""


def _chunks(data: bytes, end: int, path: Path) -> list[Chunk]:
    chunks = []
    at = 12
    while at + 8 <= end:
        kind, size = struct.unpack_from("<4sI", data, at)
        if at + 8 + size > end:
            raise InputError(f"{path} is damaged: its {kind!r} chunk at byte {at} ends outside the file")
        after = min(at + 8 + size + size % 2, end)
        chunks.append(Chunk(kind, at, after, size))
        at = after
    return chunks


def _build(kind: bytes, content: bytes) -> bytes:
    return kind + struct.pack("<I", len(content)) + content + bytes(len(content) % 2)


def _riff(chunks: list[bytes]) -> bytes:
    body = b"WEBP" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def _picture_chunks(data: bytes) -> dict[bytes, bytes]:
    return {c.kind: data[c.content] for c in _chunks(data, len(data), Path("the encoded picture"))}


def _encode_lossless(planes: tuple[Plane, ...]) -> bytes:
    """Encode as VP8L, colours under full transparency included."""
    from PIL import Image, features

    if not features.check("webp"):
        raise MissingDependencyError(
            "this Pillow cannot write WebP; install the one of PyPI (python -m pip install --force-reinstall pillow)"
        )
    picture = Image.fromarray(np.dstack(planes))
    made = io.BytesIO()
    picture.save(made, "WEBP", lossless=True, exact=True, quality=75, method=4)
    return _picture_chunks(made.getvalue())[b"VP8L"]


def _encode_lossy(planes: tuple[Plane, ...]) -> dict[bytes, bytes]:
    """Encode as VP8, from the samples as they are stored; with a fourth plane also as ALPH."""
    from av import VideoFrame

    height, width = planes[0].shape
    frame: Any = VideoFrame(width, height, "yuva420p" if len(planes) == 4 else "yuv420p")
    for view, plane in zip(plane_views(frame), planes, strict=True):
        np.copyto(view, plane)
    frame.color_range, frame.colorspace = _VP8_COLOR.range, _VP8_COLOR.matrix
    options = {"quality": str(QUALITY), "compression_level": "4"}
    return _picture_chunks(b"".join(encode_still("libwebp", frame, options)))
