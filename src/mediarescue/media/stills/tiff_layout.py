"""How the first picture of a TIFF file lies in its strips or tiles, and what cannot be worked on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from mediarescue.errors import InputError
from mediarescue.media.stills.ifd import Ifd, IfdReader
from mediarescue.media.stills.tiff_codecs import LOSSLESS, NONE

OFFSETS, COUNTS = (273, 324), (279, 325)
"""Tags of strips and of tiles: where they are, how many bytes they have (TIFF 6.0 sections 8 and 15)."""

_CHANNELS = {0: ("Y",), 1: ("Y",), 2: ("R", "G", "B"), 5: ("C", "M", "Y", "K")}
_MODES = {0: "grey", 1: "grey", 2: "RGB", 5: "CMYK"}
_PIX_FMTS = {
    ("Y",): ("gray", "gray16le"), ("Y", "A"): ("ya8", "ya16le"), ("R", "G", "B"): ("rgb24", "rgb48le"),
    ("R", "G", "B", "A"): ("rgba", "rgba64le"), ("C", "M", "Y", "K"): ("cmyk", "cmyk16"),
}  # fmt: skip

_KINDS = {3: "a palette", 4: "a transparency mask", 6: "YCbCr", 8: "CIE L*a*b*", 9: "ICC L*a*b*", 10: "ITU L*a*b*"}
_COMPRESSIONS = {
    2: "fax", 3: "fax (group 3)", 4: "fax (group 4)", 6: "old JPEG", 7: "JPEG", 34712: "JPEG 2000", 50001: "WebP",
    50002: "JPEG XL", 52546: "JPEG XL", 34887: "LERC", 34676: "SGI LogL", 34677: "SGI LogLuv",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class TiffLayout:
    """The first picture's strips or tiles.

    Attributes
    ----------
    piece_width, piece_height : int
        Of a tile, or of a strip (the last one may be shorter).
    tiled, planar : bool
        Tiles in place of strips; each component in pieces of its own (PlanarConfiguration 2).
    samples : int
        Of a pixel as stored, extra ones included.
    inverted : bool
        Zero is white.
    """

    width: int
    height: int
    depth: int
    samples: int
    channels: tuple[str, ...]
    mode: str
    compression: int
    predictor: int
    inverted: bool
    planar: bool
    tiled: bool
    piece_width: int
    piece_height: int
    offsets: tuple[int, ...]
    sizes: tuple[int, ...]

    @property
    def across(self) -> int:
        """Pieces side by side."""
        return -(-self.width // self.piece_width)

    @property
    def down(self) -> int:
        """Pieces one below the other."""
        return -(-self.height // self.piece_height)

    @property
    def piece_samples(self) -> int:
        """Samples of a pixel within a piece."""
        return 1 if self.planar else self.samples

    @property
    def pix_fmt(self) -> str:
        """FFmpeg's name."""
        return _PIX_FMTS[self.channels][self.depth // 16]

    def place(self, piece: int) -> tuple[int, int, int, int]:
        """Return first component, first row, first column and rows of the numbered piece."""
        component, within = divmod(piece, self.across * self.down)
        down, across = divmod(within, self.across)
        row = down * self.piece_height
        rows = self.piece_height if self.tiled else min(self.piece_height, self.height - row)
        return component, row, across * self.piece_width, rows


def read_layout(path: Path, reader: IfdReader, ifd: Ifd) -> TiffLayout:
    """Read the layout of a directory's picture.

    Raises
    ------
    InputError
        Tags are missing or contradict each other, or it is of a kind that is not worked on.
    """
    fields = ifd.fields

    def number(tag: int, default: int) -> int:
        return reader.number(fields.get(tag), default)

    width, height = number(256, 0), number(257, 0)
    if not width or not height:
        raise InputError(f"{path} has no picture in its first directory")
    photometric, compression = number(262, 1), number(259, 1)
    samples = number(277, 1)
    depths = set(reader.numbers(fields.get(258)) or (1,))
    formats = set(reader.numbers(fields.get(339)) or (1,))
    _refuse(path, photometric, compression, depths, formats)
    depth = depths.pop()
    extra = reader.numbers(fields.get(338))
    channels = _CHANNELS[photometric]
    if samples == len(channels) + 1 and photometric != 5 and extra[:1] in ((1,), (2,)):
        channels = (*channels, "A")
    predictor = number(317, 1)
    if samples < len(channels) or predictor not in (1, 2):
        raise InputError(f"{path} is a TIFF of an unusual kind (predictor {predictor}, {samples} samples); "
                         "save it anew without compression first")  # fmt: skip
    tiled = 324 in fields or 322 in fields
    piece_width = number(322, 0) if tiled else width
    piece_height = number(323, 0) if tiled else min(number(278, height) or height, height)
    layout = TiffLayout(
        width=width,
        height=height,
        depth=depth,
        samples=samples,
        channels=channels,
        mode=_MODES[photometric] + ("A" if channels[-1] == "A" else ""),
        compression=compression,
        predictor=predictor,
        inverted=photometric == 0,
        planar=number(284, 1) == 2 and samples > 1,
        tiled=tiled,
        piece_width=piece_width,
        piece_height=piece_height,
        offsets=reader.numbers(fields.get(OFFSETS[tiled])),
        sizes=reader.numbers(fields.get(COUNTS[tiled])),
    )
    pieces = layout.across * layout.down * (samples if layout.planar else 1) if piece_width and piece_height else -1
    if COUNTS[tiled] not in fields and compression == NONE and len(layout.offsets) == pieces:
        # Some writers leave the sizes out where they follow from the picture.
        row_size = piece_width * layout.piece_samples * (depth // 8)
        layout = replace(layout, sizes=tuple(layout.place(piece)[3] * row_size for piece in range(pieces)))
    if len(layout.offsets) != pieces or len(layout.sizes) != pieces:
        raise InputError(f"{path} is damaged: its list of strips or tiles does not fit the size of the picture")
    return layout


def _refuse(path: Path, photometric: int, compression: int, depths: set[int], formats: set[int]) -> None:
    reason = None
    if photometric not in _CHANNELS:
        reason = f"in {_KINDS.get(photometric, f'colours of kind {photometric}')}"
    elif not formats <= {1, 4}:
        reason = "of floating-point or signed samples"
    elif depths not in ({8}, {16}):
        reason = f"of {' and '.join(map(str, sorted(depths)))} bit{'s' if depths != {1} else ''} a sample"
    elif compression not in LOSSLESS:
        reason = f"compressed as {_COMPRESSIONS.get(compression, f'kind {compression}')}"
    if reason:
        raise InputError(
            f"{path} is a TIFF {reason}; those in grey, RGB or CMYK of 8 or 16 bits with a compression without loss "
            "are worked on: save it anew as one of these first"
        )
