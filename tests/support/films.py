"""Films with all that a new coding of the pictures must leave as it is, made with PyAV and boxes.

Pictures are painted in the native format, all bits of a sample in use; the moov of an MP4 or MOV is patched afterwards
to hold what FFmpeg's muxer does not write.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import av.filter
import numpy as np

from tests.support.boxes import box, children, find, moov_of, top_level
from tests.support.clips import AudioSpec, encoded_sounds
from tests.support.layout import rewrite
from tests.support.synthetic import SyntheticTrack, trak_box

Patch = Callable[[Path, Path], Path]
"""``(source, target) -> target`` lays a finished film out anew."""

QUARTER_TURN = (0, 1 << 16, 0, -(1 << 16), 0, 0)
"""The first two columns of a display matrix that turns by 90 degrees, as 16.16 numbers."""


@dataclass(frozen=True, slots=True)
class Film:
    """One film to make.

    Attributes
    ----------
    container, suffix : str
        FFmpeg's muxer and the file's ending.
    codec : str
        Encoder, with ``options``.
    size : (width, height)
        May be odd where ``pix_fmt`` is not subsampled.
    times : tuple of int
        Presentation times in ticks of ``time_base``; empty for one frame each ``1 / rate``.
    color : (range, primaries, transfer, matrix)
        As FFmpeg numbers them.
    fields : str
        Interlaced, the first field being ``"tff"`` or ``"bff"``; empty for progressive.
    faint : bool
        Only single samples change from frame to frame, by 1: what encoders like to skip.
    chapters : tuple of (start, end, title)
        In milliseconds.
    after : tuple of Patch
        Applied in order.
    """

    container: str = "mp4"
    suffix: str = ".mp4"
    codec: str = "libx264"
    options: tuple[tuple[str, str], ...] = ()
    pix_fmt: str = "yuv420p"
    size: tuple[int, int] = (64, 48)
    frames: int = 24
    rate: Fraction = Fraction(25)
    times: tuple[int, ...] = ()
    time_base: Fraction | None = None
    color: tuple[int, int, int, int] | None = None
    aspect: Fraction | None = None
    fields: str = ""
    faint: bool = False
    audio: tuple[AudioSpec, ...] = (AudioSpec(seconds=Fraction(1), rate=48000),)
    chapters: tuple[tuple[int, int, str], ...] = ()
    tags: tuple[tuple[str, str], ...] = ()
    rotation: int = 0
    muxing: tuple[tuple[str, str], ...] = ()
    after: tuple[Patch, ...] = ()


def make_film(path: Path, film: Film) -> Path:
    """Write ``film`` to ``path`` (its folder must exist) and return ``path``."""
    fresh = _encode(path.with_name(f"0-{path.name}"), film)
    for number, patch in enumerate(film.after, 1):
        laid_out = patch(fresh, path.with_name(f"{number}-{path.name}"))
        fresh.unlink()
        fresh = laid_out
    return fresh.rename(path)


def _encode(path: Path, film: Film) -> Path:
    options = {"fflags": "+bitexact", **dict(film.muxing)}
    with av.open(str(path), "w", format=film.container, options=options) as container:
        container.metadata.update(film.tags)
        if film.chapters:
            milliseconds = Fraction(1, 1000)
            container.set_chapters(
                [
                    {"id": i, "start": start, "end": end, "time_base": milliseconds, "metadata": {"title": title}}
                    for i, (start, end, title) in enumerate(film.chapters)
                ]
            )
        video = _add_video(container, film)
        packets: list[Any] = []
        sounds = [encoded_sounds(container, spec) for spec in film.audio]
        shown = _with_fields(film)
        for index in range(film.frames):
            packets += video.encode(shown(_picture(film, index)))
        packets += video.encode(None)
        for sound in sounds:
            packets += sound()
        packets.sort(key=lambda packet: packet.dts * packet.time_base)
        for packet in packets:
            container.mux(packet)
    return path


def _add_video(container: Any, film: Film) -> Any:
    options = dict(film.options)
    if film.codec == "libx265":
        quiet = "log-level=none:pools=1:frame-threads=1"
        options = {"preset": "ultrafast", **options}
        options["x265-params"] = ":".join(filter(None, (quiet, options.get("x265-params", ""))))
    elif film.codec == "libx264":
        options = {"preset": "veryfast", **options}
    stream = container.add_stream(film.codec, rate=film.rate, options=options)
    context = stream.codec_context
    context.width, context.height = film.size
    context.pix_fmt, context.thread_count = film.pix_fmt, 1
    context.time_base = film.time_base or 1 / film.rate
    if film.codec == "libx265" and film.container in ("mp4", "mov"):
        context.codec_tag = "hvc1"
    if film.color:
        context.color_range, context.color_primaries, context.color_trc, context.colorspace = film.color
    if film.aspect:
        context.sample_aspect_ratio = film.aspect
    if film.fields:
        context.flags |= 1 << 18 | 1 << 29  # AV_CODEC_FLAG_INTERLACED_DCT, AV_CODEC_FLAG_INTERLACED_ME
    if film.rotation:
        stream.set_display_rotation(film.rotation)
    return stream


def _with_fields(film: Film) -> Callable[[av.VideoFrame], av.VideoFrame]:
    """Return what marks a frame as two fields: PyAV's frames cannot be told, a filter of FFmpeg does it."""
    if not film.fields:
        return lambda frame: frame
    graph = av.filter.Graph()
    source = graph.add_buffer(
        width=film.size[0],
        height=film.size[1],
        format=av.VideoFormat(film.pix_fmt),
        time_base=film.time_base or 1 / film.rate,
    )
    graph.link_nodes(source, graph.add("setfield", film.fields), graph.add("buffersink"))
    graph.configure()

    def marked(frame: av.VideoFrame) -> av.VideoFrame:
        graph.vpush(frame)
        return graph.vpull()

    return marked


def _picture(film: Film, index: int) -> av.VideoFrame:
    """Paint a gradient that slides under a square and a little grain, in every plane, all bits in use."""
    frame = av.VideoFrame(*film.size, film.pix_fmt)
    parts = frame.format.components
    for number, plane in enumerate(frame.planes):
        part = next(part for part in parts if part.plane == number)
        kind = np.dtype("<u2" if part.bits > 8 else "u1")
        rows = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)[: part.height].view(kind)  # type: ignore[call-overload]
        top = (1 << part.bits) - 1
        y, x = np.mgrid[0 : part.height, 0 : part.width]
        low, span = top // 8, top // 2
        when = 0 if film.faint else index
        painted = low + (x * (3 + number) * top // 400 + y * top // 200 + when * top // 60) % span
        left, side = (5 * when) % max(part.width - part.height // 4, 1), part.height // 4
        painted[side : 2 * side, left : left + side] = low + span
        noise = np.random.default_rng(index * 10 + number)
        painted += noise.random(painted.shape) < 0.002 if film.faint else noise.integers(-3, 4, painted.shape)
        rows[:, : part.width] = painted.clip(0, top)
    frame.time_base = film.time_base or 1 / film.rate
    step = 1 / (film.rate * frame.time_base)
    frame.pts = film.times[index] if film.times else round(index * step)
    if film.color:
        frame.color_range, frame.color_primaries, frame.color_trc, frame.colorspace = film.color
    return frame


def patched(**changes: Callable[[bytes], bytes]) -> Patch:
    """Return a patch of boxes of the first trak by their names: each gets a payload and returns the new one."""

    def patch(source: Path, target: Path) -> Path:
        seen: list[bytes] = []

        def trak(inside: bytes) -> bytes:
            seen.append(inside)
            if len(seen) > 1:
                return box(b"trak", inside)
            return box(b"trak", rewrite(inside, {k.encode(): _boxed(k.encode(), v) for k, v in changes.items()}))

        return _with_moov(source, target, rewrite(moov_of(source), {b"trak": trak}))

    return patch


def _boxed(kind: bytes, change: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
    return lambda payload: box(kind, change(payload))


def turned(matrix: tuple[int, int, int, int, int, int] = QUARTER_TURN) -> Patch:
    """Return a patch that gives the first track a display matrix (tkhd of version 0)."""
    a, b, _, c, d, _ = matrix
    rows = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)
    return patched(tkhd=lambda body: body[:40] + rows + body[76:])


def edited(*edits: tuple[int, int]) -> Patch:
    """Return a patch that gives the first track an edit list of (duration in the movie's ticks, media time)."""
    rows = b"".join(struct.pack(">IiI", duration, time, 1 << 16) for duration, time in edits)
    edts = box(b"edts", box(b"elst", struct.pack(">II", 0, len(edits)) + rows))

    def patch(source: Path, target: Path) -> Path:
        seen: list[int] = []

        def trak(inside: bytes) -> bytes:
            seen.append(1)
            if len(seen) > 1:
                return box(b"trak", inside)
            kept = rewrite(inside, {b"edts": lambda _: b""})
            tkhd = find(kept, b"tkhd")
            assert tkhd
            return box(b"trak", kept[: tkhd[2]] + edts + kept[tkhd[2] :])

        return _with_moov(source, target, rewrite(moov_of(source), {b"trak": trak}))

    return patch


def with_entry_boxes(*boxes: bytes) -> Patch:
    """Return a patch that adds boxes at the end of the first track's sample entry."""

    def stsd(body: bytes) -> bytes:
        kind, _, start, end = next(children(body, 8, len(body)))
        return body[:8] + box(kind, body[start:end] + b"".join(boxes)) + body[end:]

    return patched(stsd=stsd)


def with_tracks(*tracks: SyntheticTrack, references: tuple[tuple[bytes, int], ...] = ()) -> Patch:
    """Return a patch that adds tracks behind the others.

    ``references`` are (kind, 0-based number of an added track) that the first track gets in a ``tref``
    (ISO/IEC 14496-12 8.3.3).
    """

    def patch(source: Path, target: Path) -> Path:
        moov = moov_of(source)
        inside = [(kind, moov[at:end]) for kind, at, _, end in children(moov, 8, len(moov))]
        count = sum(kind == b"trak" for kind, _ in inside)
        head = source.read_bytes()[: next(top.offset for top in top_level(source) if top.kind == b"moov")]
        media, added = bytearray(), []
        for number, track in enumerate(tracks, count + 1):
            offsets = []
            for chunk in track.chunks:
                offsets.append(len(head) + 8 + len(media))
                media += b"".join(chunk)
            added.append((b"trak", trak_box(number, track, offsets)))
        tref = box(b"tref", b"".join(box(kind, struct.pack(">I", count + 1 + which)) for kind, which in references))
        first = next(i for i, (kind, _) in enumerate(inside) if kind == b"trak")
        if references:
            inside[first] = (b"trak", box(b"trak", inside[first][1][8:] + tref))
        last = max(i for i, (kind, _) in enumerate(inside) if kind == b"trak")
        inside[last + 1 : last + 1] = added
        new = box(b"moov", b"".join(data for _, data in inside))
        target.write_bytes(head + box(b"mdat", bytes(media)) + new)
        return target

    return patch


def followed_by(tail: bytes) -> Patch:
    """Return a patch that puts bytes behind the last box."""

    def patch(source: Path, target: Path) -> Path:
        target.write_bytes(source.read_bytes() + tail)
        return target

    return patch


def in_moov(*boxes: bytes) -> Patch:
    """Return a patch that puts boxes at the end of the moov."""
    return lambda source, target: _with_moov(source, target, moov_of(source)[8:] + b"".join(boxes), whole=False)


def _with_moov(source: Path, target: Path, moov: bytes, *, whole: bool = True) -> Path:
    """Write ``source`` with another moov, which must be its last box, so that no media moves."""
    at = next(top for top in top_level(source) if top.kind == b"moov")
    assert at.end == source.stat().st_size, "a moov in front cannot change its size"
    target.write_bytes(source.read_bytes()[: at.offset] + (moov if whole else box(b"moov", moov)))
    return target
