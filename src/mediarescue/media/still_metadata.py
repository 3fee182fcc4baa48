"""What EXIF says that matters here: which way up, and whose camera; nothing is ever written."""

from __future__ import annotations

from dataclasses import dataclass

from mediarescue.media.stills.ifd import Ifd, IfdError, IfdReader, bytes_reader

_MAKE, _MODEL, _ORIENTATION = 0x010F, 0x0110, 0x0112

EXIF_MARK = b"Exif\0\0"
"""In front of the TIFF header in JPEG (CIPA DC-008 4.7.2), and by mistake in some PNG and WebP files."""


@dataclass(frozen=True, slots=True)
class ExifFacts:
    """Orientation (1 to 8; 1 where nothing or nonsense is said), camera maker and model."""

    orientation: int = 1
    make: str | None = None
    model: str | None = None


def exif_facts(data: bytes) -> ExifFacts:
    """Read the facts from a TIFF structure, with or without the mark of JPEG; what cannot be read is not there."""
    if data.startswith(EXIF_MARK):
        data = data[len(EXIF_MARK) :]
    try:
        reader = IfdReader(bytes_reader(data))
        return ifd_facts(reader, reader.directory(reader.first))
    except IfdError:
        return ExifFacts()


def ifd_facts(reader: IfdReader, ifd: Ifd) -> ExifFacts:
    """Read the facts from the first directory."""
    orientation = reader.number(ifd.fields.get(_ORIENTATION), 1)
    return ExifFacts(
        orientation if 1 <= orientation <= 8 else 1,
        reader.text(ifd.fields.get(_MAKE)),
        reader.text(ifd.fields.get(_MODEL)),
    )
