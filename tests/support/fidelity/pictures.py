"""The decoded pictures of two films, sample by sample, with all that is said of each."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path
from typing import Any

import av
import av.filter
import numpy as np
from numpy.typing import NDArray

from tests.support.fidelity.difference import Difference, shown
from tests.support.fidelity.packets import said_alike

CARRIED = (
    "DISPLAYMATRIX",
    "MASTERING_DISPLAY_METADATA",
    "CONTENT_LIGHT_LEVEL",
    "A53_CC",
    "STEREO3D",
    "SPHERICAL",
    "AFD",
)
"""Side data that says how to show a picture, or what is heard with it, and that encoders or containers can carry."""
_BOUND_TO_CODING = ("MOTION_VECTORS", "VIDEO_ENC_PARAMS")


@dataclass(slots=True)
class PictureComparison:
    """What came of a comparison; ``psnr`` holds a row a frame and a column a plane, infinite where equal."""

    frames: int = 0
    differences: list[Difference] = field(default_factory=list)
    psnr: NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, 0)))


def plane_arrays(frame: Any) -> list[NDArray[Any]]:
    """Return views of a frame's planes, uint8 or uint16 (rows, samples of all components that share the plane)."""
    planes = []
    for number, plane in enumerate(frame.planes):
        parts = [part for part in frame.format.components if part.plane == number] or frame.format.components[:1]
        kind = np.dtype("<u2" if parts[0].bits > 8 else "u1")
        width = sum(part.width for part in parts)
        rows = np.frombuffer(plane, np.uint8).reshape(-1, abs(plane.line_size))[: parts[0].height]
        planes.append(rows[:, : width * kind.itemsize].view(kind))
    return planes


def decoded(path: Path, stream: int, *, edits: bool) -> Iterator[Any]:
    """Yield the frames of one stream; ``edits`` False shows all, at the media's own times.

    Packets that the decoder refuses are passed over, as players do.
    """
    options = {} if edits else {"ignore_editlist": "1"}
    with av.open(str(path), options=options, metadata_errors="replace") as container:
        video = container.streams[stream]
        video.thread_type = "AUTO"  # type: ignore[attr-defined]
        for packet in container.demux(video):
            with suppress(av.error.InvalidDataError):
                yield from packet.decode()


class FieldOrder:
    """Tells of interlaced frames which field comes first; PyAV's frames do not show it, FFmpeg's filters do."""

    def __init__(self) -> None:
        self._graph: Any = None

    def __call__(self, frame: Any) -> str:
        """Return ``"progressive"``, ``"top"`` or ``"bottom"``."""
        if not frame.interlaced_frame:
            return "progressive"
        if self._graph is None:
            graph = av.filter.Graph()
            source = graph.add_buffer(
                width=frame.width, height=frame.height, format=frame.format, time_base=frame.time_base
            )
            graph.link_nodes(source, graph.add("select", "eq(interlace_type,TOPFIRST)"), graph.add("buffersink"))
            graph.configure()
            self._graph = graph
        self._graph.vpush(frame)
        try:
            self._graph.vpull()
        except (BlockingIOError, EOFError):
            return "bottom"
        return "top"


def compare_pictures(
    source: Path,
    result: Path,
    stream: int,
    *,
    edits: bool,
    lossless: bool,
    same_codec: bool = True,
    times_from_first: bool = False,
) -> PictureComparison:
    """Decode both side by side; samples must be equal where ``lossless``, else only their PSNR is measured.

    Without ``edits``, or with ``times_from_first``, the times count from the first frame on: a coding that reorders
    more may shift the media.
    """
    found = PictureComparison()
    orders = FieldOrder(), FieldOrder()
    wrong: dict[str, tuple[int, str, bool]] = {}
    rows: list[list[float]] = []
    pairs = zip_longest(decoded(source, stream, edits=edits), decoded(result, stream, edits=edits))
    counts = [0, 0]
    starts: tuple[Any, Any] = (0, 0)
    for index, (old, new) in enumerate(pairs):
        counts = [counts[0] + (old is not None), counts[1] + (new is not None)]
        if old is None or new is None:
            continue
        if index == 0 and (times_from_first or not edits):
            starts = old.pts, new.pts
        for name, matters, was, now in _compared(old, new, orders, starts, same_codec):
            if was != now:
                times, text, _ = wrong.get(name, (0, f"first at frame {index}: {shown(was)} became {shown(now)}", True))
                wrong[name] = (times + 1, text, matters)
        rows.append(_psnr(old, new))
        if lossless and not all(np.isposinf(rows[-1])):
            times, text, _ = wrong.get("samples", (0, f"first at frame {index}, PSNR {rows[-1]}", True))
            wrong["samples"] = (times + 1, text, True)
    view = "as shown" if edits else "all"
    found.frames = counts[0]
    if counts[0] != counts[1]:
        found.differences.append(Difference("pictures", f"{view}: {counts[0]} frames became {counts[1]}"))
    for name, (times, text, matters) in wrong.items():
        found.differences.append(
            Difference("pictures", f"{view}: {name} differs in {times} of {counts[0]}, {text}", matters)
        )
    found.psnr = np.array(rows) if len({len(row) for row in rows}) == 1 else np.zeros((0, 0))
    return found


def _compared(
    old: Any, new: Any, orders: tuple[FieldOrder, FieldOrder], starts: tuple[int, int], same_codec: bool
) -> Iterator[tuple[str, bool, Any, Any]]:
    times = [None if f.pts is None else f.pts - start for f, start in zip((old, new), starts, strict=True)]
    yield "pts", True, times[0], times[1]
    yield "time base", True, old.time_base, new.time_base
    yield "size", True, (old.width, old.height), (new.width, new.height)
    for name in ("color_primaries", "color_trc", "colorspace"):
        yield name, True, int(getattr(old, name)), int(getattr(new, name))
    ranges = _range(old), _range(new)
    yield "color_range", not said_alike(*ranges, same_codec=same_codec), *ranges
    yield "field order", True, orders[0](old), orders[1](new)
    same_samples = _layout(old) == _layout(new)
    yield "pixel format", not same_samples, old.format.name, new.format.name
    sides = [_side_data(frame) for frame in (old, new)]
    for kind in sorted({*sides[0], *sides[1]} - {*_BOUND_TO_CODING}):
        yield f"side data {kind}", kind in CARRIED, sides[0].get(kind), sides[1].get(kind)


def _side_data(frame: Any) -> dict[str, bytes]:
    try:
        return {part.type.name: bytes(part) for part in frame.side_data}
    except ValueError:
        # PyAV does not know all kinds that its FFmpeg gives (of MV-HEVC the view's number).
        return {}


def _range(frame: Any) -> int:
    """Return the colour range; FFmpeg's yuvj formats mean full range whatever the tag says."""
    return 2 if frame.format.name.startswith("yuvj") else int(frame.color_range)


def _layout(frame: Any) -> list[tuple[int, int, int, int]]:
    return [(part.plane, part.bits, part.width, part.height) for part in frame.format.components]


def _psnr(old: Any, new: Any) -> list[float]:
    """Return the PSNR of each plane in dB, infinite where equal, -1 where the planes are not of one shape."""
    values = []
    ours, theirs = plane_arrays(old), plane_arrays(new)
    if len(ours) != len(theirs):
        return [-1.0]
    for number, (a, b) in enumerate(zip(ours, theirs, strict=True)):
        if a.shape != b.shape or a.dtype != b.dtype:
            values.append(-1.0)
        elif np.array_equal(a, b):
            values.append(float("inf"))
        else:
            bits = next((part.bits for part in old.format.components if part.plane == number), 8)
            error = np.mean(np.square(a.astype(np.float32) - b.astype(np.float32)), dtype=np.float64)
            values.append(float(10 * np.log10((2**bits - 1) ** 2 / error)))
    return values
