"""PNG: new IDAT chunks for changed pixels, every other chunk byte for byte in its place."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from mediarescue.errors import InputError, VerificationError
from mediarescue.media.planes import Plane
from mediarescue.media.still_metadata import exif_facts
from mediarescue.media.stills.av_pixels import PixelsError, decode_still, encode_still, samples_of
from mediarescue.media.stills.png_chunks import (
    SIGNATURE,
    Chunk,
    Header,
    build_chunk,
    inflated_size,
    read_chunks,
    read_header,
)
from mediarescue.media.stills.still import (
    PhotoInfo,
    Written,
    check_size,
    first_difference,
    freeze,
    read_whole,
)

_CHANNELS = {0: ("Y",), 2: ("R", "G", "B"), 4: ("Y", "A"), 6: ("R", "G", "B", "A")}
_MODES = {0: "grey", 2: "RGB", 3: "palette", 4: "greyA", 6: "RGBA"}
_LAYOUTS = {(0, 8): "gray", (0, 16): "gray16be", (2, 8): "rgb24", (2, 16): "rgb48be", (4, 8): "ya8", (4, 16): "ya16be",
            (6, 8): "rgba", (6, 16): "rgba64be"}  # fmt: skip
"""FFmpeg's name of what a colour type and depth are stored as."""

_ENCODER = {"pred": "mixed", "compression_level": "5"}
"""Half the time of zlib's usual 6, for two hundredths more bytes of a noisy photo."""


def recognise(head: bytes) -> bool:
    """Whether a file begins as PNG does."""
    return head.startswith(SIGNATURE)


class PngStill:
    """A PNG file.

    Notes
    -----
    A palette, and grey of less than 8 bits, have no room for new colours: their planes are RGB (with alpha where the
    palette has) and grey of 8 bits, and so is the file where a pixel changed. Samples that stand for "transparent"
    (tRNS of grey and RGB) are no plane: such pixels stay what they were, and no other pixel becomes one.
    """

    def __init__(self, path: Path) -> None:
        self._data = data = read_whole(path)
        self._chunks = chunks = read_chunks(data, path)
        try:
            self._header = header = read_header(data, chunks[0])
        except ValueError as error:
            raise InputError(f"{path} is damaged: it begins with {error}") from error
        check_size(path, header.width, header.height)
        self._by_kind: dict[bytes, bytes] = {}
        for chunk in chunks:
            if chunk.kind != b"IDAT":
                self._by_kind.setdefault(chunk.kind, data[chunk.content])
        if b"acTL" in self._by_kind:
            raise InputError(f"{path} is an animation (APNG); only still pictures are worked on")
        if header.color_type == 3 and not 0 < len(self._by_kind.get(b"PLTE", b"")) <= 768:
            raise InputError(f"{path} is damaged: its palette is missing")
        self._target = _target_type(header, self._by_kind)
        self.info = self._info(path)

    def _info(self, path: Path) -> PhotoInfo:
        header, target = self._header, self._target
        exif = self._by_kind.get(b"eXIf", b"")
        facts = exif_facts(exif)
        texts = [self._data[c.content][:80] for c in self._chunks if c.kind in (b"iTXt", b"zTXt", b"tEXt")]
        return PhotoInfo(
            path=path,
            format="PNG",
            width=header.width,
            height=header.height,
            mode=_MODES[header.color_type],
            channels=_CHANNELS[target],
            bit_depth=max(header.depth, 8),
            pix_fmt=_LAYOUTS[target, max(header.depth, 8)].replace("be", "le"),
            orientation=facts.orientation,
            has_icc=b"iCCP" in self._by_kind,
            has_exif=bool(exif) or any(text.startswith(b"Raw profile type exif") for text in texts),
            has_xmp=any(text.startswith((b"XML:com.adobe.xmp", b"Raw profile type xmp")) for text in texts),
            camera_make=facts.make,
            camera_model=facts.model,
        )

    def read_planes(self) -> tuple[Plane, ...]:
        """Decode the samples; raises InputError where IDAT is damaged or too short."""
        samples = self._stored_samples()
        header, target = self._header, self._target
        if header.color_type == 3:
            colors = _palette(self._by_kind)[samples[:, :, 0]]
            return freeze([colors[:, :, i] for i in range(len(_CHANNELS[target]))])
        return freeze([samples[:, :, i].astype(samples.dtype.newbyteorder("=")) for i in range(header.channels)])

    def _stored_samples(self) -> NDArray[Any]:
        header, path = self._header, self.info.path
        parts = [self._data[c.content] for c in self._chunks if c.kind == b"IDAT"]
        there = inflated_size(parts, header.raw_size)
        if there < header.raw_size:
            raise InputError(
                f"{path} is damaged: only about {100 * there // header.raw_size} % of its picture can be decoded"
            )
        # The decoder gets nothing but the picture: tRNS would change the layout, a broken text would stop it.
        plain = [self._data[c.start : c.end] for c in self._chunks if c.kind in (b"IHDR", b"PLTE", b"IDAT", b"IEND")]
        try:
            frame = decode_still("png", b"".join([SIGNATURE, *plain]))
        except PixelsError as error:
            raise InputError(f"{path} is damaged: its picture cannot be decoded") from error
        if frame.format.name == "monob":
            frame = frame.reformat(format="gray", threads=1)
        return samples_of(frame, header.channels, max(header.depth, 8))

    def write(self, old: tuple[Plane, ...], new: tuple[Plane, ...], output: BinaryIO) -> Written:
        """Write the file with new IDAT chunks."""
        header, target = self._header, self._target
        depth = max(header.depth, 8)
        meant = self._around_key(old, new)
        from av import VideoFrame

        frame = VideoFrame(header.width, header.height, _LAYOUTS[target, depth])
        samples = samples_of(frame, len(meant), depth)
        for number, plane in enumerate(meant):
            samples[:, :, number] = plane
        coded = b"".join(encode_still("png", frame, _ENCODER, interlaced=header.interlaced))
        converted = (target, depth) != (header.color_type, header.depth)
        output.write(SIGNATURE)
        placed = False
        for chunk in self._chunks:
            if chunk.kind == b"IDAT":
                if not placed:
                    for made in read_chunks(coded, "the encoded picture"):
                        if made.kind == b"IDAT":
                            output.write(coded[made.start : made.end])
                placed = True
            else:
                output.write(self._kept(chunk, converted))
        output.write(self._data[self._chunks[-1].end :])
        notes = (
            (f"the {_stored_name(header)} became {_name(target)} of 8 bits, to hold new colours",) if converted else ()
        )
        return Written(meant, 1, 1, "pictures", notes)

    def _kept(self, chunk: Chunk, converted: bool) -> bytes:
        """Return a chunk as it was, or as the new colour type needs it (W3C PNG 11.3)."""
        whole = self._data[chunk.start : chunk.end]
        if not converted or chunk.kind not in _DEPENDENT:
            return whole
        header, content = self._header, self._data[chunk.content]
        if chunk.kind == b"IHDR":
            return build_chunk(b"IHDR", content[:8] + bytes([max(header.depth, 8), self._target]) + content[10:])
        if chunk.kind == b"sBIT":
            return build_chunk(b"sBIT", content + b"\x08") if self._target == 6 else whole
        if header.color_type == 3:
            if chunk.kind == b"bKGD" and content[:1]:
                return build_chunk(b"bKGD", struct.pack(">3H", *_palette(self._by_kind)[content[0]][:3]))
            return b""  # PLTE, tRNS and hIST speak of palette entries
        (value,) = struct.unpack(">H", content[:2]) if len(content) >= 2 else (0,)
        most = (1 << header.depth) - 1
        return build_chunk(chunk.kind, struct.pack(">H", (value & most) * 255 // most))

    def _around_key(self, old: tuple[Plane, ...], new: tuple[Plane, ...]) -> tuple[Plane, ...]:
        """Keep transparent by key what was, and nothing else (tRNS of grey and RGB, W3C PNG 11.3.1.1)."""
        header = self._header
        key = self._by_kind.get(b"tRNS", b"")
        count = header.channels
        if header.color_type not in (0, 2) or len(key) < 2 * count:
            return new
        most = (1 << header.depth) - 1
        scale = 255 // most if header.depth < 8 else 1
        # Bits above the depth are to be ignored.
        values = [(value & most) * scale for value in struct.unpack_from(f">{count}H", key)]
        was = np.logical_and.reduce([plane == value for plane, value in zip(old, values, strict=True)])
        kept = [np.where(was, before, after) for before, after in zip(old, new, strict=True)]
        hit = np.logical_and.reduce([plane == value for plane, value in zip(kept, values, strict=True)]) & ~was
        kept[-1][hit] = values[-1] - 1 if values[-1] else 1
        return freeze(kept)

    def verify(self, path: Path, written: Written) -> None:
        """Decode the new file and hold samples and chunks against what they must be."""
        try:
            made = PngStill(path)
            wrong = first_difference(made.read_planes(), written.planes)
        except InputError as error:
            raise VerificationError(f"the written PNG cannot be read back: {error}") from error
        converted = bool(written.notes)
        kept = [self._kept(c, converted) for c in self._chunks if c.kind != b"IDAT"]
        if b"".join(kept) != b"".join(made._data[c.start : c.end] for c in made._chunks if c.kind != b"IDAT"):
            wrong = wrong or "a chunk of metadata is not as it was"
        if wrong:
            raise VerificationError(f"the written PNG is not what was meant: {wrong}; it was removed")

    def close(self) -> None:
        """Let go of the bytes."""
        self._data = b""


_DEPENDENT = {b"IHDR", b"PLTE", b"tRNS", b"hIST", b"bKGD", b"sBIT"}
"""Chunks that depend on the colour type."""


def _target_type(header: Header, chunks: dict[bytes, bytes]) -> int:
    if header.color_type != 3:
        return header.color_type
    return 6 if b"tRNS" in chunks else 2


def _palette(chunks: dict[bytes, bytes]) -> NDArray[np.uint8]:
    """Return the palette as RGBA rows, 256 of them; entries that are missing are black."""
    table = np.zeros((256, 4), np.uint8)
    colors = np.frombuffer(chunks[b"PLTE"], np.uint8)
    count = colors.size // 3
    table[:count, :3] = colors[: 3 * count].reshape(-1, 3)
    table[:, 3] = 255
    alpha = np.frombuffer(chunks.get(b"tRNS", b"")[:256], np.uint8)
    table[: alpha.size, 3] = alpha
    return table


def _stored_name(header: Header) -> str:
    return "palette" if header.color_type == 3 else f"grey of {header.depth} bit{'s' if header.depth > 1 else ''}"


def _name(color_type: int) -> str:
    return {0: "grey", 2: "RGB", 6: "RGB with alpha"}[color_type]
