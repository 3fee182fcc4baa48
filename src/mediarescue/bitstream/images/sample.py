"""Samples of still images, one or the two of a frame's fields (QuickTime File Format, Motion-JPEG A)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mediarescue.bitstream.columns import INVALID, NEED_MORE
from mediarescue.bitstream.frames import Frame
from mediarescue.bitstream.images.format import Image, ImageFormat, Start
from mediarescue.bitstream.search import find_bytes

_LARGEST_PADDING = 1 << 16
_LONGEST_START = 16
_HOLE = re.compile(b"\0{512}")
_MOST_FIELDS = 8


class SampleLayout(NamedTuple):
    """How a writer makes samples out of images.

    Attributes
    ----------
    fields : int
        Images a sample.
    sizes : frozenset of (int, int)
        Width and height of the images in pixels; empty where any will do.
    starts : tuple of Start
        The forms of the format that samples begin with; empty where any will do.
    largest : int
        Bytes of the largest sample seen, 0 for none.
    """

    fields: int = 1
    sizes: frozenset[tuple[int, int]] = frozenset()
    starts: tuple[Start, ...] = ()
    largest: int = 0


class ImageSyntax:
    """Read samples of one or more images.

    Parameters
    ----------
    form : ImageFormat
    layout : SampleLayout

    Notes
    -----
    A hole of zeros that swallows the end of one image and the start of another leaves one that reads well: an image
    of twice the usual size with such a hole is refused. Small ones may be all zeros, when a picture is black.
    """

    largest = 96 << 20
    rate = 0

    def __init__(self, form: ImageFormat, layout: SampleLayout) -> None:
        self.evidence = form.evidence
        self.layout = layout
        self._read = form.read
        self._starts = layout.starts or form.starts

    def frame(self, buf: NDArray[np.uint8], at: int, stop: int, *, final: bool) -> Frame | int:
        """Return the sample at ``buf[at]``; see `FrameSyntax`."""
        layout, pos = self.layout, at
        if not any(_begins(buf, at, stop, start) for start in self._starts):
            return INVALID
        for field in range(layout.fields):
            image = self._read(buf, pos, stop)
            if isinstance(image, int):
                return image
            if layout.sizes and (image.width, image.height) not in layout.sizes:
                return INVALID
            end = _padded_end(image, pos)
            if end > stop:
                return NEED_MORE
            if field + 1 < layout.fields:
                pos = _find(buf, self._starts, end, end + _LARGEST_PADDING, stop)
                if pos < 0:
                    return NEED_MORE if stop < end + _LARGEST_PADDING + _LONGEST_START else INVALID
        unusual = 0 < 2 * layout.largest < end - at
        return INVALID if unusual and _HOLE.search(buf, at, end) else Frame(end - at)  # type: ignore[call-overload]

    def find(self, buf: NDArray[np.uint8], at: int, limit: int, stop: int) -> int:
        """Return the first index of a start of image; see `FrameSyntax`."""
        return _find(buf, self._starts, at, limit, stop)


def _begins(buf: NDArray[np.uint8], at: int, stop: int, start: Start) -> bool:
    first = at + start.behind
    return buf[first : min(first + len(start.marker), stop)].tobytes() == start.marker


def _find(buf: NDArray[np.uint8], starts: Sequence[Start], at: int, limit: int, stop: int) -> int:
    """Return the first index in ``[at, limit)`` where an image starts in one of its forms, or -1."""
    hits = [find_bytes(buf, start.marker, at, limit, stop, behind=start.behind) for start in starts]
    return min((hit for hit in hits if hit >= 0), default=-1)


def learn_layout(form: ImageFormat, samples: Sequence[bytes]) -> SampleLayout | None:
    """Learn from a reference's samples how many images make one; None where most hold no image.

    Notes
    -----
    The size of the pictures is asked for where several samples agree that the track is a film of one size; a cover
    or a still may be of any size in the next file.
    """
    read = [(sample, images) for sample in samples if (images := _images(form, sample))]
    if not read or len(read) < len(samples) / 2:
        return None
    fields = Counter(len(images) for _, images in read).most_common(1)[0][0]
    read = [(sample, images) for sample, images in read if len(images) == fields]
    sizes = {(image.width, image.height) for _, images in read for image, _ in images}
    film = len(read) > 2 and len(sizes) <= 2
    buffers = [np.frombuffer(sample, dtype=np.uint8) for sample, _ in read]
    starts = tuple(start for start in form.starts if any(_begins(buf, 0, len(buf), start) for buf in buffers))
    return SampleLayout(fields, frozenset(sizes) if film else frozenset(), starts, max(map(len, samples)))


def _images(form: ImageFormat, sample: bytes) -> list[tuple[Image, int]]:
    """Return the images in a sample and the index behind each with the padding it tells."""
    buf = np.frombuffer(sample, dtype=np.uint8)
    found: list[tuple[Image, int]] = []
    pos = 0
    while len(found) < _MOST_FIELDS and isinstance(image := form.read(buf, pos, len(buf)), Image):
        end = min(_padded_end(image, pos), len(buf))
        found.append((image, end))
        pos = _find(buf, form.starts, end, len(buf), len(buf))
        if pos < 0:
            break
    return found


def _padded_end(image: Image, at: int) -> int:
    """Return the index behind an image's padding where the image tells it."""
    told = at + image.padded_size
    return told if image.end < told <= image.end + _LARGEST_PADDING else image.end
