"""HEIC and AVIF files built box by box: a picture or a grid of tiles, with metadata and further items around it."""

from __future__ import annotations

import io
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from tests.support.boxes import box

_ENCODERS = {b"hvc1": ("libx265", {"crf": "20", "x265-params": "keyint=1:ctu=32:log-level=none:info=0"}),
             b"av01": ("libsvtav1", {"crf": "20", "preset": "8"})}  # fmt: skip
_XMP_NAMES = b"\0application/rdf+xml\0\0"
_CONFIGURATIONS = {b"hvc1": b"hvcC", b"av01": b"av1C"}


@dataclass(frozen=True)
class HeifSpec:
    """What to build; tiles are cut from the picture, the last ones filled up with grey."""

    kind: bytes = b"hvc1"
    pix_fmt: str = "yuv420p"
    columns: int = 1
    rows: int = 1
    turns: int = 0
    """Quarters anticlockwise (irot)."""
    exif: bytes = b""
    xmp: bytes = b""
    icc: bytes = b""
    nclx: tuple[int, int, int, int] | None = None
    """Primaries, transfer, matrix, full range."""
    trailer: bytes = b""
    with_base: bool = False
    """Places in the base offset, as libheif has them."""
    brand: bytes = b"heic"


def full_box(kind: bytes, version: int, flags: int, payload: bytes) -> bytes:
    """Return a box with version and flags."""
    return box(kind, struct.pack(">I", version << 24 | flags) + payload)


def build_heif(picture: NDArray[np.uint8], spec: HeifSpec) -> bytes:
    """Encode an RGB picture, shape (rows, columns, 3), and put a file around it."""
    height, width = picture.shape[:2]
    tile_width, tile_height = -(-width // spec.columns), -(-height // spec.rows)
    if spec.columns * spec.rows > 1:
        tile_width, tile_height = (-(-side // 64) * 64 for side in (tile_width, tile_height))
    tiles = []
    for row in range(spec.rows):
        for column in range(spec.columns):
            tile = np.full((tile_height, tile_width, 3), 128, np.uint8)
            part = picture[row * tile_height :, column * tile_width :][:tile_height, :tile_width]
            tile[: part.shape[0], : part.shape[1]] = part
            tiles.append(tile)
    configuration, coded = encode(tiles, spec)
    depths = [component.bits for component in av.VideoFormat(spec.pix_fmt).components]
    properties = [
        box(_CONFIGURATIONS[spec.kind], configuration),
        full_box(b"ispe", 0, 0, struct.pack(">II", tile_width, tile_height)),
        full_box(b"ispe", 0, 0, struct.pack(">II", width, height)),
        box(b"irot", bytes([spec.turns])),
        full_box(b"pixi", 0, 0, bytes([len(depths), *depths])),
    ]
    if spec.icc:
        properties.append(box(b"colr", b"prof" + spec.icc))
    if spec.nclx:
        properties.append(box(b"colr", b"nclx" + struct.pack(">3HB", *spec.nclx[:3], spec.nclx[3] << 7)))
    shown = [0x80 | 4, *range(5, len(properties) + 1)]
    gridded = len(tiles) > 1
    items: list[tuple[int, bytes, bytes, int, list[int]]] = [
        (i + 1, spec.kind, data, 0, [0x80 | 1, 2] if gridded else [0x80 | 1, 2, *shown]) for i, data in enumerate(coded)
    ]
    references = b""
    primary = 1
    if gridded:
        primary = len(items) + 1
        grid = struct.pack(">BBBBHH", 0, 0, spec.rows - 1, spec.columns - 1, width, height)
        items.append((primary, b"grid", grid, 1, [3, *shown]))
        targets = struct.pack(f">HH{len(tiles)}H", primary, len(tiles), *range(1, len(tiles) + 1))
        references += box(b"dimg", targets)
    for kind, content in ((b"Exif", struct.pack(">I", 0) + spec.exif if spec.exif else b""), (b"mime", spec.xmp)):
        if content:
            items.append((len(items) + 1, kind, content, 0, []))
            references += box(b"cdsc", struct.pack(">HHH", len(items), 1, primary))
    return _file(spec, properties, items, references, primary)


def encode(tiles: Sequence[NDArray[np.uint8]], spec: HeifSpec) -> tuple[bytes, list[bytes]]:
    """Encode pictures of one size each for itself; return the decoder configuration and their bytes."""
    made = io.BytesIO()
    name, options = _ENCODERS[spec.kind]
    with av.open(made, "w", format="mp4") as container:
        stream: Any = container.add_stream(name, rate=1, options=options)
        stream.height, stream.width = tiles[0].shape[:2]
        stream.pix_fmt = spec.pix_fmt
        for number, tile in enumerate(tiles):
            frame: Any = av.VideoFrame.from_ndarray(tile, "rgb24").reformat(format=spec.pix_fmt)
            frame.pts, frame.pict_type = number, 1
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    made.seek(0)
    data = made.getvalue()
    with av.open(made, "r") as film:
        places = [(int(p.pos or 0), p.size) for p in film.demux(video=0) if p.size]
        extradata = film.streams.video[0].codec_context.extradata
    sizes = [data[at : at + size] for at, size in places]
    assert extradata is not None
    return bytes(extradata), sizes


def _file(
    spec: HeifSpec,
    properties: list[bytes],
    items: list[tuple[int, bytes, bytes, int, list[int]]],
    references: bytes,
    primary: int,
) -> bytes:
    ftyp = box(b"ftyp", spec.brand + bytes(4) + b"mif1" + spec.brand)
    infe = b"".join(
        full_box(b"infe", 2, 0, struct.pack(">HH4s", n, 0, kind) + (_XMP_NAMES if kind == b"mime" else b"\0"))
        for n, kind, *_ in items
    )  # fmt: skip
    ipma = b"".join(struct.pack(">HB", n, len(p)) + bytes(p) for n, _, _, _, p in items if p)
    count = struct.pack(">I", sum(1 for *_, p in items if p))
    idat = b"".join(data for _, _, data, method, _ in items if method == 1)

    def meta(media_start: int) -> bytes:
        rows, at, inside = b"", media_start, 0
        for number, _, data, method, _ in items:
            place = inside if method else at
            base, offset = (place, 0) if spec.with_base else (0, place)
            rows += struct.pack(">HHHIHII", number, method, 0, base, 1, offset, len(data))
            if method:
                inside += len(data)
            else:
                at += len(data)
        return full_box(
            b"meta", 0, 0,
            full_box(b"hdlr", 0, 0, bytes(4) + b"pict" + bytes(13))
            + full_box(b"pitm", 0, 0, struct.pack(">H", primary))
            + full_box(b"iloc", 1, 0, bytes([0x44, 0x40]) + struct.pack(">H", len(items)) + rows)
            + full_box(b"iinf", 0, 0, struct.pack(">H", len(items)) + infe)
            + (full_box(b"iref", 0, 0, references) if references else b"")
            + (box(b"idat", idat) if idat else b"")
            + box(b"iprp", box(b"ipco", b"".join(properties)) + full_box(b"ipma", 0, 0, count + ipma)),
        )  # fmt: skip

    start = len(ftyp) + len(meta(0)) + 8
    media = b"".join(data for _, _, data, method, _ in items if method == 0)
    return ftyp + meta(start) + box(b"mdat", media) + spec.trailer
