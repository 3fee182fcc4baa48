"""Photos of every format that is worked on, with all the metadata that they can carry."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, PngImagePlugin

from tests.support.heif import HeifSpec, build_heif
from tests.support.jpegs import picture
from tests.support.tiffs import TiffSpec, tiff

XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF>dust</rdf:RDF></x:xmpmeta>'
ICC = b"\0\0\1\xf4made up, but kept as it is" + bytes(range(256))


def exif(orientation: int = 6) -> bytes:
    """Return a TIFF structure with maker, model, orientation, exposure and a place."""
    made = Image.Exif()
    made[0x010F], made[0x0110], made[0x0112] = "Acme", "Rocket 3", orientation
    made.get_ifd(0x8769).update({0x829A: 0.01, 0x927C: b"\0maker's own\xff" * 9})
    made.get_ifd(0x8825).update({1: "N", 2: (52.0, 31.0, 12.0)})
    return made.tobytes().removeprefix(b"Exif\0\0")


@dataclass(frozen=True)
class Sample:
    """A photo of one kind: how it is made, and what reading it back must give."""

    name: str
    format: str
    build: Callable[[], bytes]
    suffix: str
    lossless: bool = True
    described: bool = True
    """Whether it has EXIF."""

    def write(self, folder: Path) -> Path:
        """Write it to a file."""
        path = folder / f"{self.name}{self.suffix}"
        path.write_bytes(self.build())
        return path


def _saved(form: str, mode: str, size: tuple[int, int] = (84, 62), **options: Any) -> Callable[[], bytes]:
    def build() -> bytes:
        made = io.BytesIO()
        described = {"exif": b"Exif\0\0" + exif(), "icc_profile": ICC}
        _picture(mode, size).save(made, form, **(described | options))
        return made.getvalue()

    return build


def _picture(mode: str, size: tuple[int, int]) -> Image.Image:
    if mode == "I;16":
        grey = np.asarray(picture(*size, mode="L")).astype(np.uint16)
        return Image.fromarray(grey * 257 + 3)
    if mode in ("RGBA", "LA", "CMYK"):
        base = picture(*size, mode="RGB")
        if mode == "CMYK":
            return base.convert("CMYK")
        made = base.convert(mode)
        made.putalpha(picture(*size, seed=9, mode="L"))
        return made
    return picture(*size, mode="RGB").convert(mode)


def png_chunk(kind: bytes, content: bytes) -> bytes:
    """Return a chunk with length and CRC."""
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(samples: NDArray[Any], color_type: int, *, interlaced: bool = False, extra: bytes = b"") -> bytes:
    """Return a PNG of (rows, columns, channels) samples of 8 or 16 bits; ``extra`` stands in front of IDAT."""
    height, width, _ = samples.shape
    deep = samples.dtype.itemsize
    passes = [(0, 0, 1, 1)]
    if interlaced:
        passes = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
    lines = b""
    for x, y, step_x, step_y in passes:
        for row in samples[y::step_y, x::step_x]:
            if row.size:
                lines += b"\0" + row.astype(f">u{deep}").tobytes()
    header = struct.pack(">IIBBBBB", width, height, 8 * deep, color_type, 0, 0, interlaced)
    packed = zlib.compress(lines)
    half = len(packed) // 2
    return (
        b"\x89PNG\r\n\x1a\n"
        + png_chunk(b"IHDR", header)
        + extra
        + png_chunk(b"IDAT", packed[:half])
        + png_chunk(b"IDAT", packed[half:])
        + png_chunk(b"tEXt", b"Comment\0behind the picture")
        + png_chunk(b"zzZz", b"nobody knows")
        + png_chunk(b"IEND", b"")
    )


def deep_samples(channels: int, seed: int = 3) -> NDArray[np.uint16]:
    """Return (62, 84, channels) samples of 16 bits whose lower bytes matter."""
    smooth = np.asarray(picture(84, 62, seed)).astype(np.uint16)[:, :, [0, 1, 2, 0]][:, :, :channels]
    noise = np.random.default_rng(seed).integers(0, 256, smooth.shape).astype(np.uint16)
    deep: NDArray[np.uint16] = np.add(smooth * 256, noise, dtype=np.uint16)
    return deep


def _deep_png(channels: int, color_type: int, *, interlaced: bool = False) -> Callable[[], bytes]:
    described = (
        png_chunk(b"gAMA", struct.pack(">I", 45455))
        + png_chunk(b"cICP", b"\x09\x10\0\1")
        + png_chunk(b"mDCV", bytes(24))
        + png_chunk(b"tIME", bytes(range(7)))
        + png_chunk(b"eXIf", exif())
    )
    return lambda: png(deep_samples(channels), color_type, interlaced=interlaced, extra=described)


def _texts() -> PngImagePlugin.PngInfo:
    info = PngImagePlugin.PngInfo()
    info.add_itxt("XML:com.adobe.xmp", XMP.decode())
    info.add_text("Author", "somebody", zip=True)
    return info


def _tiff(spec: TiffSpec, channels: int, *, deep: bool, pages: int) -> Callable[[], bytes]:
    def build() -> bytes:
        samples = deep_samples(channels)
        return tiff(samples if deep else (samples >> 8).astype(np.uint8), spec, pages=pages)

    return build


def _heif(spec: HeifSpec) -> Callable[[], bytes]:
    return lambda: build_heif(np.asarray(picture(302, 204)), spec)


SAMPLES = (
    Sample("png-rgb", "PNG", _saved("PNG", "RGB", pnginfo=_texts(), dpi=(300, 300)), ".png"),
    Sample("png-rgba", "PNG", _saved("PNG", "RGBA"), ".png"),
    Sample("png-grey", "PNG", _saved("PNG", "L"), ".png"),
    Sample("png-grey-alpha", "PNG", _saved("PNG", "LA"), ".png"),
    Sample("png-grey-16", "PNG", _saved("PNG", "I;16"), ".png"),
    Sample("png-rgb-16", "PNG", _deep_png(3, 2), ".png"),
    Sample("png-rgba-16-interlaced", "PNG", _deep_png(4, 6, interlaced=True), ".png"),
    *(
        Sample(f"tiff-{mode.lower().replace(';', '')}-{name}", "TIFF",
               _saved("TIFF", mode, compression=name, dpi=(300, 300), exif=Image.Exif()), ".tif", described=False)
        for mode, name in (
            ("RGB", "tiff_lzw"), ("RGB", "packbits"), ("RGBA", "zstd"), ("L", "lzma"), ("CMYK", "tiff_lzw"),
            ("I;16", "tiff_adobe_deflate"),
        )
    ),
    *(
        Sample(f"tiff-{name}", "TIFF", _tiff(spec, channels, deep=deep, pages=pages), ".tif")
        for name, channels, deep, pages, spec in (
            ("plain", 3, False, 1, TiffSpec()),
            ("one-strip", 3, False, 1, TiffSpec(compression=8, rows_per_strip=62)),
            ("big-endian-16", 3, True, 1, TiffSpec(order=">", compression=8, predictor=2)),
            ("big-tiles", 3, True, 1, TiffSpec(big=True, tile=(32, 16), compression=32946)),
            ("planes", 3, False, 1, TiffSpec(planar=True, compression=8, predictor=2)),
            ("alpha", 4, True, 1, TiffSpec(extra_samples=(2,))),
            ("white-is-zero", 1, False, 1, TiffSpec(photometric=0)),
            ("short-numbers", 3, False, 1, TiffSpec(short_numbers=True, compression=8)),
            ("three-pages", 3, False, 3, TiffSpec(compression=8)),
        )
    ),
    Sample("webp-lossless", "WebP", _saved("WEBP", "RGB", lossless=True, xmp=XMP), ".webp"),
    Sample("webp-lossless-alpha", "WebP", _saved("WEBP", "RGBA", lossless=True, exact=True, xmp=XMP), ".webp"),
    Sample("webp-lossy", "WebP", _saved("WEBP", "RGB", quality=80, xmp=XMP), ".webp", lossless=False),
    Sample("webp-lossy-alpha", "WebP", _saved("WEBP", "RGBA", quality=80), ".webp", lossless=False),
    *(
        Sample(f"jpeg-{name}", "JPEG", _saved("JPEG", mode, **options), ".jpg", lossless=False)
        for name, mode, options in (
            ("420", "RGB", {"subsampling": 2, "quality": 90}), ("422", "RGB", {"subsampling": 1, "xmp": XMP}),
            ("444", "RGB", {"subsampling": 0, "optimize": True}), ("grey", "L", {"restart_marker_blocks": 3}),
            ("cmyk", "CMYK", {"quality": 80}),
        )
    ),
    Sample("heic", "HEIC", _heif(HeifSpec(exif=exif(), xmp=XMP, icc=ICC, turns=3)), ".heic", lossless=False),
    Sample("heic-grid", "HEIC", _heif(HeifSpec(columns=2, rows=2, exif=exif(), turns=1, trailer=b"SEFH\1\2")), ".heic",
           lossless=False),
    Sample("heic-10-bits", "HEIC", _heif(HeifSpec(pix_fmt="yuv420p10le", with_base=True)), ".heic", lossless=False,
           described=False),
    Sample("avif", "AVIF", _heif(HeifSpec(kind=b"av01", brand=b"avif", exif=exif())), ".avif", lossless=False),
)  # fmt: skip
"""One of each kind; the contract of all formats is tested on each."""
