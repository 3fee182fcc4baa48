"""Open a film and decode its pictures: every frame, in the order of presentation, each with its exact time."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from mediarescue.errors import InputError
from mediarescue.media.frame_data import side_data_types
from mediarescue.media.info import ColorTags, VideoInfo
from mediarescue.media.planes import FramePlanes, native_frame

if TYPE_CHECKING:
    import av
    import av.container

_ISOBMFF = "mov,mp4"
_UNSPECIFIED = 2
_INDEX_ENTRIES = 3000
"""Frames of the index that are asked for key frames: enough for a mean."""
_DECODED_AHEAD = 64 << 20
"""Bytes of pictures that the threads of a decoder may work at, each at one; two at least."""
_MOST_THREADS = 16
_STILLS = ("image2", "_pipe", "gif", "apng", "webp")
"""Formats of pictures, which FFmpeg reads as films of one frame."""


class VideoReader:
    """A film open for reading; a context manager.

    Parameters
    ----------
    path : path-like

    Attributes
    ----------
    info : VideoInfo
    undecoded : int
        Packets that the decoder refused, so far: their frames are missing.
    damaged : int
        Frames that the decoder made up in parts, so far.
    resized : int
        Frames that had another size or layout than the first, and were brought to it, so far.

    Raises
    ------
    InputError
        No such file, no permission, not a film, no picture track in it, or none that can be decoded.

    Notes
    -----
    Of MP4 and MOV the edit list is not applied, so that also the frames outside it are decoded: it is carried
    over as it is. The best of several picture tracks is read, as FFmpeg chooses it; cover pictures are no film.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self.undecoded = self.damaged = self.resized = 0
        self._container = _opened(self.path)
        try:
            self._stream = _picture_stream(self._container, self.path)
            _share_out(self._stream)
            self.info = self._as_decoded(_info(self.path, self._container, self._stream))
        except BaseException:
            self._container.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Release the file and the decoder; further calls do nothing."""
        self._container.close()

    def frames(self, *, start: int = 0, stop: int | None = None, step: int = 1) -> Iterator[FramePlanes]:
        """Decode from the beginning and give the frames ``start``, ``start + step``, ... below ``stop``.

        Raises
        ------
        InputError
            Nothing decodes, or the file cannot be read any further.
        """
        for index, frame in enumerate(self.decoded()):
            if stop is not None and index >= stop:
                return
            if index >= start and (index - start) % step == 0:
                yield FramePlanes(frame, index, self.info.time_base)

    def decoded(self) -> Iterator[av.VideoFrame]:
        """Decode from the beginning; every frame has a pts in `info.time_base`, later than the one before.

        A film may change the size or layout of its pictures on its way: all come in those of the first.
        """
        info = self.info
        self._rewind()
        last: int | None = None
        for decoded in self._decode():
            frame = native_frame(decoded)
            if (frame.width, frame.height, frame.format.name) != (info.width, info.height, info.pix_fmt):
                frame = frame.reformat(info.width, info.height, info.pix_fmt, interpolation="BICUBIC", threads=1)
                self.resized += 1
            pts = decoded.pts
            if pts is None or (last is not None and pts <= last):
                # A frame without a time, or with that of the one before it, is shown between its neighbours.
                pts = 0 if last is None else last + (self._tick() if pts is None else 1)
            frame.pts = last = pts
            frame.time_base = info.time_base
            self.damaged += decoded.is_corrupt
            yield frame

    def _decode(self) -> Iterator[av.VideoFrame]:
        import av

        stream = self._stream
        try:
            for packet in self._container.demux(stream):
                try:
                    yield from packet.decode()
                except av.error.InvalidDataError:
                    self.undecoded += 1
                except av.error.EOFError:
                    return
        except av.error.FFmpegError as error:
            raise InputError(f"{self.path} cannot be read any further: {error.strerror}") from error

    def _as_decoded(self, info: VideoInfo) -> VideoInfo:
        """Correct what the container says by the first frame, which is what the encoder will get."""
        first = next(self._decode(), None)
        if first is None:
            raise InputError(_undecodable(self.path))
        fields = info.field_order
        if fields == "unknown" and first.interlaced_frame:
            fields = "tt" if _is_top_first(first) else "bb"
        frame = native_frame(first)
        return replace(
            info,
            width=frame.width,
            height=frame.height,
            pix_fmt=frame.format.name,
            bit_depth=int(frame.format.components[0].bits),
            color=_color(first, info.color),
            field_order=fields,
            frame_side_data=side_data_types(first),
        )

    def _rewind(self) -> None:
        # Seeking to the beginning is not exact in all containers, opening anew is.
        self._container.close()
        self._container = _opened(self.path)
        self._stream = self._container.streams[self.info.stream_index]
        _share_out(self._stream)
        self.undecoded = self.damaged = self.resized = 0

    def _tick(self) -> int:
        rate = self.info.rate or Fraction(25)
        return max(1, round(1 / rate / self.info.time_base))


def _share_out(stream: Any) -> None:
    """Have a decoder work in threads, in fewer than FFmpeg would take where pictures are large."""
    stream.thread_type = "AUTO"
    context = stream.codec_context
    if context.format is None:
        return
    threads = decoder_threads(context.width, context.height, int(context.format.components[0].bits))
    if threads <= min(_MOST_THREADS, os.cpu_count() or 1):
        context.thread_count = threads


def decoder_threads(width: int, height: int, bit_depth: int) -> int:
    """Return how many threads may decode pictures, by what pictures of 4:2:0 take: two at least, sixteen at most."""
    size = width * height * (2 if bit_depth > 8 else 1) * 3 // 2
    return max(2, min(_MOST_THREADS, _DECODED_AHEAD // max(size, 1)))


def _opened(path: Path) -> av.container.InputContainer:
    import av

    try:
        with open(path, "rb") as file:
            if not file.read(1):
                raise InputError(f"{path} is empty")
    except IsADirectoryError as error:
        raise InputError(f"{path} is a folder, not a film") from error
    except OSError as error:
        raise InputError(f"cannot read {path}: {os.strerror(error.errno or 0)}") from error
    try:
        container = av.open(os.fspath(path.absolute()), options={"ignore_editlist": "1"}, metadata_errors="replace")
    except av.error.FFmpegError as error:
        raise InputError(
            f"{path} is not a film that can be opened ({error.strerror}); "
            "if it is a damaged MP4 or MOV, try mediarescue untrunc first"
        ) from error
    if any(name in container.format.name for name in _STILLS):
        container.close()
        raise InputError(f"{path} is a photo, not a film")
    return container


def _picture_stream(container: av.container.InputContainer, path: Path) -> Any:
    streams = [s for s in container.streams.video if not _is_cover(s)]
    if not streams:
        raise InputError(f"{path} holds no film: there is no picture track in it")
    best = container.streams.best("video")
    stream = best if best in streams else streams[0]
    if stream is None or getattr(stream, "codec_context", None) is None:
        raise InputError(f"the pictures of {path} are in a format that FFmpeg cannot decode")
    return stream


def _undecodable(path: Path) -> str:
    return f"no picture of {path} can be decoded: it may be cut off or damaged, which mediarescue inspect tells"


def _is_cover(stream: Any) -> bool:
    import av.stream

    return bool(stream.disposition & av.stream.Disposition.attached_pic)


def _info(path: Path, container: av.container.InputContainer, stream: Any) -> VideoInfo:
    context = stream.codec_context
    if context.format is None:
        raise InputError(_undecodable(path))
    seconds = float(stream.duration * stream.time_base) if stream.duration else None
    if seconds is None and container.duration:
        seconds = container.duration / 1_000_000
    return VideoInfo(
        path=path,
        container=container.format.name,
        stream_index=stream.index,
        stream_id=stream.id,
        codec=context.codec.canonical_name if hasattr(context.codec, "canonical_name") else context.name,
        codec_tag=context.codec_tag,
        profile=stream.profile,
        width=context.width,
        height=context.height,
        pix_fmt=context.format.name,
        bit_depth=int(context.format.components[0].bits),
        time_base=stream.time_base,
        rate=stream.average_rate or stream.guessed_rate,
        frame_count=stream.frames or 0,
        duration_seconds=seconds,
        bit_rate=context.bit_rate or None,
        has_b_frames=bool(context.has_b_frames),
        sample_aspect_ratio=stream.sample_aspect_ratio or None,
        color=ColorTags(
            int(context.color_range), int(context.color_primaries), int(context.color_trc), int(context.colorspace)
        ),
        field_order=_field_order(context),
        is_isobmff=container.format.name.startswith(_ISOBMFF),
        key_distance=_key_distance(container.format.name, stream),
    )


def _key_distance(container: str, stream: Any) -> int | None:
    # The index of other formats lists places to seek to only.
    if not container.startswith((_ISOBMFF, "avi")):
        return None
    entries = zip(range(_INDEX_ENTRIES), stream.index_entries, strict=False)
    keys = [number for number, entry in entries if entry.is_keyframe]
    return math.ceil((keys[-1] - keys[0]) / (len(keys) - 1)) if len(keys) > 1 else None


def _color(frame: av.VideoFrame, otherwise: ColorTags) -> ColorTags:
    """Return the tags of the coded pictures, which may contradict the container's; those where they say nothing."""
    return ColorTags(
        int(frame.color_range) or otherwise.range,
        *(
            int(said) if said != _UNSPECIFIED else fallback
            for said, fallback in (
                (frame.color_primaries, otherwise.primaries),
                (frame.color_trc, otherwise.transfer),
                (frame.colorspace, otherwise.matrix),
            )
        ),
    )


def _is_top_first(frame: av.VideoFrame) -> bool:
    """Ask FFmpeg's select filter, as PyAV does not show this flag of a frame."""
    import av.filter

    graph = av.filter.Graph()
    base = frame.time_base or Fraction(1, 25)
    source = graph.add_buffer(width=frame.width, height=frame.height, format=frame.format, time_base=base)
    chosen = graph.add("select", "eq(interlace_type,TOPFIRST)")
    sink = graph.add("buffersink")
    source.link_to(chosen)
    chosen.link_to(sink)
    graph.configure()
    graph.push(frame)
    graph.push(None)
    try:
        graph.pull()
    except (av.error.EOFError, av.error.BlockingIOError):
        return False
    return True


def _field_order(context: Any) -> str:
    names = {0: "unknown", 1: "progressive", 2: "tt", 3: "bb", 4: "tb", 5: "bt"}
    value = context.field_order
    return names.get(int(value), "unknown") if not isinstance(value, str) else value
