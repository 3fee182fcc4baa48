from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mediarescue import process_photo
from mediarescue.media.planes import Plane
from mediarescue.media.stills.still import PhotoPlanes
from tests.support.shared import SHARED, shared_media

pytestmark = pytest.mark.shared

PHOTOS = sorted(
    path
    for folder in ("photos_clean", "photos_dust", "photos_noisy")
    for path in (SHARED / folder).rglob("*")
    if path.suffix.lower() in (".jpg", ".png")
)


def a_spot_less(planes: PhotoPlanes) -> list[Plane]:
    """Copy a patch of the first plane over its neighbour, as a healer does."""
    first = planes.planes[0].copy()
    first[200:212, 160:172] = first[200:212, 180:192]
    first[205, 165] ^= 0x20
    return [first, *planes.planes[1:]]


def segments(data: bytes) -> list[bytes]:
    """Return what stands in front of the first scan of a JPEG but Huffman tables, or the chunks of a PNG but IDAT."""
    kept = []
    at = 2 if data.startswith(b"\xff\xd8") else 8
    while at < len(data):
        if data.startswith(b"\xff\xd8"):
            end = at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
            skipped, last = data[at + 1] == 0xC4, data[at + 1] == 0xDA
        else:
            end = at + 12 + int.from_bytes(data[at : at + 4], "big")
            skipped, last = data[at + 4 : at + 8] == b"IDAT", False
        if not skipped:
            # The index of further pictures holds their offsets, which move.
            kept.append(data[at : at + 8] if data[at + 4 : at + 8] == b"MPF\0" else data[at:end])
        if last:
            break
        at = end
    return kept


@pytest.mark.parametrize("path", PHOTOS or [SHARED / "photos_clean"], ids=lambda path: path.name)
def test_a_healed_spot_is_all_that_another_reader_finds(path: Path, tmp_path: Path) -> None:
    shared_media(path.relative_to(SHARED).as_posix())
    target = tmp_path / path.name
    report = process_photo(path, target, filter=a_spot_less)
    assert report.changed
    assert not report.lost
    assert segments(target.read_bytes()) == segments(path.read_bytes())
    with Image.open(path) as source, Image.open(target) as made:
        assert source.info.get("exif") == made.info.get("exif")
        if source.mode == "RGB" and source.format == "JPEG":
            source.draft("YCbCr", source.size)
            made.draft("YCbCr", made.size)
        was, now = np.asarray(source), np.asarray(made)
    differs = was != now if was.ndim == 2 else (was != now).any(axis=2)
    rows, columns = np.nonzero(differs)
    # The patch, and the rest of its blocks.
    assert rows.min() >= 200
    assert rows.max() < 216
    assert columns.min() >= 160
    assert columns.max() < 176
    assert target.stat().st_mtime_ns == path.stat().st_mtime_ns
