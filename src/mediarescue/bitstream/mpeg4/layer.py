"""The headers of MPEG-4 Visual: video object layer and VOP (ISO/IEC 14496-2 6.2.3, 6.2.5)."""

from __future__ import annotations

from typing import NamedTuple

from mediarescue.bitstream.bits import BitReader
from mediarescue.bitstream.errors import BitstreamError
from mediarescue.bitstream.mpeg4.books import SPRITE_SIZE
from mediarescue.bitstream.mpeg4.layout import Kind

_RECTANGULAR, _GLOBAL_MOTION = 0, 2
_EXTENDED_ASPECT = 15
_LARGEST = 1 << 16
"""Macroblocks of the largest picture that is read, 4096 x 4096."""
_DC_LIMITS = (1 << 20, 13, 15, 17, 19, 21, 23, 0)
"""Quantiser from which on there are no DC codes, by intra_dc_vlc_thr (Table 6-21)."""
_SPRITE_SIZES = {word: size for size, word in enumerate(SPRITE_SIZE.split())}
_BRIGHTNESS_BITS = (("0", 6), ("10", 7), ("110", 8), ("1110", 10), ("1111", 11))
"""Prefix and bits behind it of brightness_change_factor, sign included (Table B-34)."""
_ESTIMATES = (
    (("i", 8),) * 6,
    (("i", 8), ("p", 8), ("p", 8), ("i", 8)),
    (("i", 8), ("i", 8), ("i", 8), ("i", 4)),
    (("p", 8), ("p", 8), ("b", 8), ("p", 8), ("p", 8), ("p", 8)),
    (("i", 8), ("p", 8)),
)
"""Fields of complexity estimation: in which VOPs (I: all; P: all but I) and their bits (6.2.3.5)."""


class Layer(NamedTuple):
    """A video object layer: what is needed to walk through its VOPs."""

    width: int
    height: int
    time_resolution: int
    """Ticks a second of vop_time_increment."""
    interlaced: bool
    global_motion: bool
    warping_points: int
    brightness_change: bool
    quant_bits: int
    estimates: tuple[int, int, int]
    """Bits of complexity estimation in I, further in P, further in B-VOPs."""
    resync_markers: bool
    partitioned: bool
    reversible: bool

    @property
    def macroblocks(self) -> int:
        """Macroblocks of a VOP."""
        return -(-self.width // 16) * -(-self.height // 16)

    @property
    def time_bits(self) -> int:
        """Bits of vop_time_increment."""
        return max((self.time_resolution - 1).bit_length(), 1)


class VopHeader(NamedTuple):
    """A VOP's header.

    Parameters
    ----------
    kind : Kind
    coded : bool
        False for a VOP of no bits, which repeats the one before.
    intra_dc_limit, quant, forward_code, backward_code : int
        0 where the VOP has none.
    bits : int
        Length with the start code.
    """

    kind: Kind
    coded: bool
    intra_dc_limit: int
    quant: int
    forward_code: int
    backward_code: int
    bits: int


def _marker(bits: BitReader) -> None:
    if not bits.flag():
        raise BitstreamError(f"no marker bit at bit {bits.pos - 1}")


def parse_layer(data: bytes, version: int = 1) -> Layer:
    """Parse a video_object_layer (6.2.3).

    Parameters
    ----------
    data : bytes
        From the start code (00 00 01 20 to 2F) on.
    version : int
        visual_object_verid of the headers in front.

    Raises
    ------
    BitstreamError
        When it breaks a rule or uses what no camera does: shapes, static sprites, scalability, NEWPRED, reduced
        resolution.
    """
    bits = BitReader(data)
    bits.skip(32 + 1)
    fine_granularity = bits.u(8) == 18
    if bits.flag():
        version = bits.u(4)
        bits.skip(3)
    if bits.u(4) == _EXTENDED_ASPECT:
        bits.skip(16)
    if bits.flag():
        bits.skip(3)
        bits.skip(79 if bits.flag() else 0)
    if fine_granularity or bits.u(2) != _RECTANGULAR:
        raise BitstreamError("a shape, or fine granularity")
    _marker(bits)
    resolution = bits.u(16)
    _marker(bits)
    if bits.flag():
        bits.skip(max((resolution - 1).bit_length(), 1))
    _marker(bits)
    width = bits.u(13)
    _marker(bits)
    height = bits.u(13)
    _marker(bits)
    if not (width and height and resolution):
        raise BitstreamError(f"{width} x {height} pixels at {resolution} ticks a second")
    interlaced = bits.flag()
    bits.skip(1)  # obmc_disable
    sprite = bits.u(1 if version == 1 else 2)
    points, brightness = 0, False
    if sprite == _GLOBAL_MOTION:
        points = bits.u(6)
        bits.skip(2)
        brightness = bits.flag()
    elif sprite:
        raise BitstreamError(f"sprite_enable {sprite}")
    quant_bits = 5
    if bits.flag():
        quant_bits = bits.u(4)
        bits.skip(4)
    if bits.flag():
        for _ in range(2):
            _skip_matrix(bits)
    bits.skip(0 if version == 1 else 1)  # quarter_sample
    estimates = (0, 0, 0) if bits.flag() else _complexity(bits)
    resync_markers = not bits.flag()
    partitioned = bits.flag()
    reversible = partitioned and bits.flag()
    if version != 1 and (bits.flag() or bits.flag()):
        raise BitstreamError("NEWPRED or reduced resolution")
    if bits.flag():
        raise BitstreamError("scalability")
    if points > 4 or not 3 <= quant_bits <= 9:
        raise BitstreamError(f"{points} warping points, quantisers of {quant_bits} bits")
    layer = Layer(
        width, height, resolution, interlaced, sprite == _GLOBAL_MOTION, points, brightness, quant_bits, estimates,
        resync_markers, partitioned, reversible,
    )  # fmt: skip
    if layer.macroblocks > _LARGEST:
        raise BitstreamError(f"{width} x {height} pixels")
    return layer


def _skip_matrix(bits: BitReader) -> None:
    """Step over load_quant_mat and the matrix: up to 64 values, a 0 ends it."""
    if bits.flag():
        for _ in range(64):
            if bits.u(8) == 0:
                break


def _complexity(bits: BitReader) -> tuple[int, int, int]:
    """Return the bits that define_vop_complexity_estimation_header adds to VOPs (6.2.3.5)."""
    method = bits.u(2)
    if method > 1:
        raise BitstreamError(f"estimation_method {method}")
    sums = {"i": 0, "p": 0, "b": 0}
    for number, fields in enumerate(_ESTIMATES[: 4 + method]):
        if not bits.flag():
            for kind, size in fields:
                sums[kind] += size * bits.u(1)
        if number in (1, 3):
            _marker(bits)
    return sums["i"], sums["p"], sums["b"]


def parse_vop_header(data: bytes, layer: Layer) -> VopHeader:
    """Parse a VOP's header up to its macroblocks (6.2.5); ``data`` begins with the start code.

    Raises
    ------
    BitstreamError
        When it breaks a rule or ends.
    """
    bits = BitReader(data)
    bits.skip(32)
    kind = Kind(bits.u(2))
    while bits.flag():
        pass  # modulo_time_base
    _marker(bits)
    bits.skip(layer.time_bits)
    _marker(bits)
    if kind == Kind.SPRITE and not layer.global_motion:
        raise BitstreamError("an S-VOP without sprites")
    if not bits.flag():
        return VopHeader(kind, False, 0, 0, 0, 0, bits.pos)
    bits.skip(1 if kind in (Kind.PREDICTED, Kind.SPRITE) else 0)  # rounding
    i, p, b = layer.estimates
    bits.skip(i + (p if kind != Kind.INTRA else 0) + (b if kind == Kind.BIDIRECTIONAL else 0))
    limit = _DC_LIMITS[bits.u(3)]
    bits.skip(2 if layer.interlaced else 0)
    if kind == Kind.SPRITE:
        _skip_trajectory(bits, layer)
    quant = bits.u(layer.quant_bits)
    forward = bits.u(3) if kind != Kind.INTRA else 1
    backward = bits.u(3) if kind == Kind.BIDIRECTIONAL else 1
    if not (quant and forward and backward):
        raise BitstreamError("a quantiser or a range of vectors of 0")
    return VopHeader(kind, True, limit, quant, forward, backward, bits.pos)


def _skip_trajectory(bits: BitReader, layer: Layer) -> None:
    """Step over sprite_trajectory and brightness_change_factor (6.2.5.4)."""
    for _ in range(2 * layer.warping_points):
        word = ""
        while word not in _SPRITE_SIZES:
            if len(word) > 12:
                raise BitstreamError("no warping vector")
            word += str(bits.u(1))
        bits.skip(_SPRITE_SIZES[word])
        _marker(bits)
    if layer.brightness_change:
        word = ""
        sizes = dict(_BRIGHTNESS_BITS)
        while word not in sizes:
            word += str(bits.u(1))
        bits.skip(sizes[word])
