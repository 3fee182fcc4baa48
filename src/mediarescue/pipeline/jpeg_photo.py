"""JPEG: only the blocks with changed pixels are coded again; headers, metadata and what follows the picture stay."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from mediarescue.bitstream.jpeg import (
    JpegError,
    JpegImage,
    UnsupportedJpegError,
    decode_planes,
    patch_jpeg,
    read_coefficients,
)
from mediarescue.bitstream.jpeg.parse import parse
from mediarescue.bitstream.jpeg.structure import DHT, Frame, Structure
from mediarescue.errors import InputError, VerificationError
from mediarescue.media.info import ColorTags
from mediarescue.media.planes import Plane
from mediarescue.media.still_metadata import EXIF_MARK, ExifFacts, exif_facts
from mediarescue.media.stills.still import PhotoInfo, Written, check_size, freeze, read_whole
from mediarescue.pipeline.jpeg_previews import with_previews

_APP1, _APP2, _APP11 = 0xE1, 0xE2, 0xEB
_XMP_MARK = b"http://ns.adobe.com/xap/1.0/\0"
_MPF_MARK = b"MPF\0"
_ICC_MARK = b"ICC_PROFILE\0"

_CHANNELS = {
    "gray": ("Y",), "YCbCr": ("Y", "Cb", "Cr"), "RGB": ("R", "G", "B"), "CMYK": ("C", "M", "Y", "K"),
    "YCCK": ("Y", "Cb", "Cr", "K"),
}  # fmt: skip
_MODES = {"gray": "grey"}
_SAMPLING = {(1, 1): "444", (2, 1): "422", (2, 2): "420", (1, 2): "440", (4, 1): "411", (4, 2): "410"}
_JFIF = ColorTags(2, 2, 2, 5)
"""BT.601 in full range (JFIF 1.02)."""
_TAGS = {"RGB": ColorTags(2, 2, 2, 0), "unknown": ColorTags(2, 2, 2, 2)}


def recognise(head: bytes) -> bool:
    """Whether a file begins as JPEG does."""
    return head.startswith(b"\xff\xd8\xff")


class JpegStill:
    """A JPEG file: the planes are its components, each at its own subsampling.

    Notes
    -----
    Of files with several pictures (MPO, gain maps of Ultra HDR, motion photos) the first is worked on; the others stay
    where they are, and the offsets that point at them are made right.
    """

    def __init__(self, path: Path) -> None:
        self._data = data = read_whole(path)
        try:
            self._structure = structure = parse(data)
        except UnsupportedJpegError as error:
            raise InputError(f"{path}: {error}; save it as an ordinary JPEG first") from error
        except JpegError as error:
            raise InputError(f"{path} is damaged or cut short: {error}; nothing was written") from error
        frame = structure.frame
        check_size(path, frame.width, frame.height)
        self._image: JpegImage | None = None
        self._touched: list[NDArray[np.bool_]] = []
        self.info = self._info(path, frame)

    def _info(self, path: Path, frame: Frame) -> PhotoInfo:
        contents = [(s.marker, self._data[s.start + 4 : s.stop]) for s in self._structure.segments]
        exif = next((c for marker, c in contents if marker == _APP1 and c.startswith(EXIF_MARK)), None)
        facts = ExifFacts() if exif is None else exif_facts(exif)
        color = self._structure.color
        return PhotoInfo(
            path=path,
            format="JPEG",
            width=frame.width,
            height=frame.height,
            mode=_MODES.get(color, color),
            channels=_CHANNELS.get(color) or tuple(str(c.identifier) for c in frame.components),
            bit_depth=frame.precision,
            pix_fmt=_pix_fmt(color, frame),
            color=_TAGS.get(color, _JFIF),
            orientation=facts.orientation,
            has_icc=any(marker == _APP2 and c.startswith(_ICC_MARK) for marker, c in contents),
            has_exif=exif is not None,
            has_xmp=any(marker == _APP1 and c.startswith(_XMP_MARK) for marker, c in contents),
            camera_make=facts.make,
            camera_model=facts.model,
            lossless=False,
        )

    def read_planes(self) -> tuple[Plane, ...]:
        """Decode the components; raises InputError where the file is damaged or cut short."""
        return freeze(decode_planes(self._coefficients()))

    def _coefficients(self) -> JpegImage:
        if self._image is None:
            try:
                self._image = read_coefficients(self._data)
            except UnsupportedJpegError as error:
                raise InputError(f"{self.info.path}: {error}; save it as an ordinary JPEG first") from error
            except JpegError as error:
                share = getattr(error, "share", None)
                words = "" if share is None else f"; only about {int(100 * share)} % of its picture can be decoded"
                raise InputError(f"{self.info.path} is damaged or cut short: {error}{words}") from error
        return self._image

    def write(self, old: tuple[Plane, ...], new: tuple[Plane, ...], output: BinaryIO) -> Written:
        """Write the file with the changed blocks coded again, at the source's own quantisation."""
        image = self._coefficients()
        changed = {place: plane for place, (was, plane) in enumerate(zip(old, new, strict=True)) if was is not plane}
        self._touched = [
            _blocks(was, plane, c.shape[:2]) for was, plane, c in zip(old, new, image.coefficients, strict=True)
        ]
        result = patch_jpeg(image, changed)
        output.write(with_previews(self._data, self._structure, result.data, result.trailer_shift))
        notes: tuple[str, ...] = ()
        if any(s.marker == _APP11 and b"jumb" in self._data[s.start : s.start + 64] for s in self._structure.segments):
            notes = ("its content credentials (C2PA) were kept, but they vouch for the picture as it was",)
        if result.data == self._data:
            notes = ("the changes are finer than the steps of the JPEG's quantisation: no block of it changed",)
        blocks = sum(c.block_count for c in image.frame.components)
        return Written(new, sum(result.changed_blocks), blocks, "blocks", notes)

    def verify(self, path: Path, written: Written) -> None:
        """Decode the new file: blocks without a changed pixel, segments and trailer must be what they were."""
        image = self._coefficients()
        try:
            made = read_coefficients(path.read_bytes())
        except JpegError as error:
            raise VerificationError(f"the written JPEG cannot be read back: {error}") from error
        wrong = None
        if _kept(self._data, self._structure) != _kept(made.data, made.structure):
            wrong = "a segment of metadata is not as it was"
        if self._data[self._structure.end :] != made.data[made.structure.end :]:
            wrong = "what follows the picture is not as it was"
        for place, (was, now) in enumerate(zip(image.coefficients, made.coefficients, strict=True)):
            touched = self._touched[place]
            if was.shape != now.shape or not np.array_equal(was[~touched], now[~touched]):
                wrong = f"a block of component {place} changed that had no changed pixel"
        if wrong:
            raise VerificationError(f"the written JPEG is not what was meant: {wrong}; it was removed")

    def close(self) -> None:
        """Let go of the bytes."""
        self._data, self._image = b"", None


def _kept(data: bytes, structure: Structure) -> list[bytes]:
    """Return the segments that must not change: all but Huffman tables, and those with offsets that move."""
    kept = []
    for segment in structure.segments:
        content = data[segment.start : segment.stop]
        if segment.marker == DHT:
            continue
        if segment.marker == _APP2 and content[4:].startswith(_MPF_MARK):
            content = content[:8]
        if segment.marker == _APP1 and content[4:].startswith(EXIF_MARK) and structure.end < len(data):
            content = content[:10] + len(content).to_bytes(4, "big")
        kept.append(content)
    return kept


def _blocks(was: Plane, now: Plane, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Return in which blocks of 8 x 8 samples two planes differ."""
    touched = np.zeros(shape, np.bool_)
    if was is not now:
        for row in range(0, was.shape[0], 8):
            columns = np.flatnonzero((was[row : row + 8] != now[row : row + 8]).any(axis=0))
            touched[row >> 3, columns >> 3] = True
    return touched


def _pix_fmt(color: str, frame: Frame) -> str:
    deep = "12le" if frame.precision == 12 else ""
    if color == "gray":
        return f"gray{deep}"
    if color != "YCbCr":
        return {"RGB": "rgb24" if not deep else "rgb48le"}.get(color, color.lower())
    luma, *chroma = frame.components
    if len({(c.h, c.v) for c in chroma}) == 1 and not luma.h % chroma[0].h and not luma.v % chroma[0].v:
        name = _SAMPLING.get((luma.h // chroma[0].h, luma.v // chroma[0].v))
        if name:
            return f"yuv{name}p{deep}" if deep else f"yuvj{name}p"
    return "unusual subsampling"
