"""Which of an encoder's sample formats holds a source's samples, or comes nearest."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True, slots=True)
class SampleLayout:
    """What a pixel format can hold.

    Attributes
    ----------
    depth : int
        Bits of a luma (or red, or grey) sample.
    chroma : (int, int)
        Log2 of how many luma samples share a chroma sample, across and down; (0, 0) without chroma.
    colour, alpha, rgb : bool
        Whether there is any colour, transparency, and whether the planes are red, green and blue.
    """

    depth: int
    chroma: tuple[int, int]
    colour: bool
    alpha: bool
    rgb: bool


@cache
def sample_layout(pix_fmt: str) -> SampleLayout:
    """Return what a pixel format of FFmpeg holds; raises ValueError for an unknown name."""
    import av

    shape = av.VideoFormat(pix_fmt, 64, 64)
    if shape.has_palette:
        return SampleLayout(8, (0, 0), True, True, True)
    colour = len(shape.components) > 2
    chroma = (0, 0)
    if colour and not shape.is_rgb:
        chroma = ((64 // shape.chroma_width(64)).bit_length() - 1, (64 // shape.chroma_height(64)).bit_length() - 1)
    alpha = any(component.is_alpha for component in shape.components)
    return SampleLayout(max(part.bits for part in shape.components), chroma, colour, alpha, shape.is_rgb)


def is_full_range_format(pix_fmt: str) -> bool:
    """Return whether the name itself says full range, as FFmpeg's old JPEG formats do."""
    return pix_fmt.startswith("yuvj")


def holds_every_sample(pix_fmt: str, chosen: str) -> bool:
    """Return whether a frame in ``pix_fmt`` is the same in ``chosen``, only its bytes in another order at most."""
    return sample_layout(pix_fmt) == sample_layout(chosen)


def fits_size(pix_fmt: str, width: int, height: int, *, fields: int = 1) -> bool:
    """Return whether a picture's size is a whole number of chroma samples in each of its fields."""
    across, down = sample_layout(pix_fmt).chroma
    return width % (1 << across) == 0 and height % (fields << down) == 0


def _shortfall(source: SampleLayout, other: SampleLayout) -> tuple[int, ...]:
    """Rate what would be lost, then what would be wasted; smaller is better, leading numbers count first."""
    # Grey fits the luma of anything, in the fewest changes where it does not have to become red, green and blue.
    other_family = source.rgb != other.rgb and (source.colour or other.rgb)
    return (
        source.colour > other.colour,
        max(source.depth - other.depth, 0),
        sum(max(theirs - ours, 0) for ours, theirs in zip(source.chroma, other.chroma, strict=True))
        if source.colour
        else 0,
        source.alpha > other.alpha,
        other_family,
        other.colour > source.colour,
        max(other.depth - source.depth, 0),
        sum(max(ours - theirs, 0) for ours, theirs in zip(source.chroma, other.chroma, strict=True)),
        other.alpha > source.alpha,
    )


def nearest_format(pix_fmt: str, formats: Iterable[str]) -> str:
    """Return the format among ``formats`` that keeps most of a picture in ``pix_fmt``; the same one where it is there.

    Depth counts more than chroma resolution, that more than transparency; a change between RGB and YCbCr is taken
    rather than any of these. Raises ValueError when ``formats`` is empty.
    """
    choices = list(formats)
    if pix_fmt in choices:
        return pix_fmt
    source = sample_layout(pix_fmt)
    # Grey comes from photos and scans, which use the whole range of numbers.
    full = is_full_range_format(pix_fmt) or not source.colour
    return min(choices, key=lambda name: (*_shortfall(source, sample_layout(name)), is_full_range_format(name) != full))


def loses_something(pix_fmt: str, chosen: str) -> bool:
    """Return whether colour, depth, chroma resolution or transparency get lost on the way to another format."""
    return any(_shortfall(sample_layout(pix_fmt), sample_layout(chosen))[:4])


def format_note(pix_fmt: str, chosen: str) -> str:
    """Return a sentence on what a change of pixel format changes, empty where it holds every sample."""
    source, other = sample_layout(pix_fmt), sample_layout(chosen)
    changes = []
    if source.colour > other.colour:
        changes.append("colour is dropped")
    if source.depth > other.depth:
        changes.append(f"samples of {source.depth} bits become {other.depth} bits")
    if source.colour and any(ours < theirs for ours, theirs in zip(source.chroma, other.chroma, strict=True)):
        changes.append("colour is stored at a lower resolution")
    if source.alpha > other.alpha:
        changes.append("transparency is dropped")
    if source.rgb != other.rgb and (source.colour or other.rgb):
        changes.append("RGB becomes YCbCr" if source.rgb else "YCbCr becomes RGB")
    if not changes:
        return ""
    return f"pictures in {pix_fmt} are encoded as {chosen}: {', '.join(changes)}"
