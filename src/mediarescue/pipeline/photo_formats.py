"""Which photos are worked on: one line a format, chosen by the first bytes and never by the name."""

from __future__ import annotations

import errno
import stat
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from mediarescue.errors import InputError, UsageError
from mediarescue.media.stills.still import Still
from mediarescue.registry import Registry

HEAD_BYTES = 64


@dataclass(frozen=True, slots=True)
class FormatLine:
    """Where a format is: its module, which has ``recognise(head)``, and the class of its opened photos."""

    module: str
    name: str

    def recognise(self, head: bytes) -> bool:
        """Whether a file that begins like this is of the format."""
        return bool(import_module(self.module).recognise(head))

    def open(self, path: Path) -> Still:
        """Open a photo of the format."""
        make: Callable[[Path], Still] = getattr(import_module(self.module), self.name)
        return make(path)


FORMATS: Registry[FormatLine] = Registry("photo format")
FORMATS.add("JPEG", entry=FormatLine("mediarescue.pipeline.jpeg_photo", "JpegStill"))
FORMATS.add("PNG", entry=FormatLine("mediarescue.media.stills.png", "PngStill"))
FORMATS.add("TIFF", entry=FormatLine("mediarescue.media.stills.tiff", "TiffStill"))
FORMATS.add("WebP", entry=FormatLine("mediarescue.media.stills.webp", "WebpStill"))
FORMATS.add("HEIC", entry=FormatLine("mediarescue.pipeline.heif_photo", "HeifStill"))

_ENDINGS: dict[str, tuple[str, ...]] = {
    "JPEG": (".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".insp"),
    "PNG": (".png",),
    "TIFF": (".tif", ".tiff"),
    "WebP": (".webp",),
    "HEIC": (".heic", ".heif", ".hif"),
    "AVIF": (".avif", ".heif", ".hif"),
}
"""How files of a format are called; the first is the one to advise."""

_RAW = (
    "a camera's raw file ({}), not a finished picture; develop it with a raw converter and give the TIFF or JPEG that "
    "comes out"
)
_OTHERS: tuple[tuple[int, bytes, str], ...] = (
    (0, b"GIF8", "a GIF, whose palette has no room for new colours; save it as PNG first"),
    (0, b"BM", "a BMP; save it as PNG first"),
    (0, b"8BPS", "a Photoshop document; export it as TIFF or PNG first"),
    (0, b"8BPB", "a Photoshop document; export it as TIFF or PNG first"),
    (0, b"gimp xcf", "a GIMP project; export it as TIFF or PNG first"),
    (0, b"\xff\x0a", "a JPEG XL; convert it to PNG or TIFF first"),
    (4, b"JXL \r\n\x87\n", "a JPEG XL; convert it to PNG or TIFF first"),
    (4, b"jP  \r\n\x87\n", "a JPEG 2000; convert it to PNG or TIFF first"),
    (0, b"\xff\x4f\xff\x51", "a JPEG 2000; convert it to PNG or TIFF first"),
    (0, b"v/1\x01", "an OpenEXR; convert it to 16-bit TIFF first"),
    (0, b"#?RADIANCE", "a Radiance HDR; convert it to 16-bit TIFF first"),
    (0, b"II\xbc\x01", "a JPEG XR; convert it to PNG or TIFF first"),
    (8, b"crx ", _RAW.format("Canon CR3")),
    (0, b"FUJIFILMCCD-RAW", _RAW.format("Fujifilm RAF")),
    (0, b"IIU\0", _RAW.format("Panasonic RW2")),
    (0, b"IIRO", _RAW.format("Olympus ORF")),
    (0, b"IIRS", _RAW.format("Olympus ORF")),
    (0, b"MMOR", _RAW.format("Olympus ORF")),
    (0, b"FOVb", _RAW.format("Sigma X3F")),
    (0, b"\0MRM", _RAW.format("Minolta MRW")),
    (6, b"HEAPCCDR", _RAW.format("Canon CRW")),
    (0, b"%PDF", "a PDF, not a photo"),
)
"""What is known by its first bytes and refused."""


def open_still(path: Path) -> Still:
    """Open a photo in the format its first bytes tell.

    Raises
    ------
    InputError
        It cannot be read, is empty, or of a format that is not worked on.
    """
    head = _head(path)
    for _, line in FORMATS:
        if line.recognise(head):
            return line.open(path)
    if not head:
        raise InputError(f"{path} is empty: there is no photo in it")
    for place, mark, sentence in _OTHERS:
        if head.startswith(mark, place):
            raise InputError(f"{path} is {sentence}")
    if not head.strip(b"\0"):
        raise InputError(f"{path} is no photo: it begins with zeros")
    raise InputError(f"{path} is no photo of a known format ({', '.join(name for name, _ in FORMATS)})")


def check_ending(target: Path, source: Path, name: str) -> None:
    """Refuse a target that is called like another format than ``name``, and unlike the source; raises UsageError."""
    endings = _ENDINGS[name]
    if target.suffix.lower() not in (*endings, source.suffix.lower()):
        what = f"ends in {target.suffix}" if target.suffix else "has no extension"
        raise UsageError(
            f"{target} {what}, and {source} is {name}: a photo keeps its format; call the output *{endings[0]}"
        )


def _head(path: Path) -> bytes:
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise InputError(f"{path}: is a folder; give one of the files in it")
        if not stat.S_ISREG(mode):  # opening a pipe would wait for its writer
            raise InputError(f"{path}: is not a regular file; copy its contents to a file first")
        with open(path, "rb") as file:
            return file.read(HEAD_BYTES)
    except OSError as error:
        reason = {
            errno.ENOENT: "there is no such file",
            errno.EACCES: "no permission to read it",
        }.get(error.errno or 0, error.strerror or str(error))
        raise InputError(f"cannot read {path}: {reason}") from error
