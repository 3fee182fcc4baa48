"""Encode frames into a row of small finished films, each of them decodable by itself.

Notes
-----
Each piece has an encoder of its own, so that it depends on nothing in front of it: after a crash the finished ones
are still good, and encoding goes on behind them with the same result. FFmpeg's muxer brings the samples and the
sample entry into the form their container wants.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mediarescue.errors import OutputError
from mediarescue.media.encoded import EncoderPlan
from mediarescue.media.encoder import add_stream
from mediarescue.media.info import VideoInfo

if TYPE_CHECKING:
    import av
    import av.container

_MOST_REORDERED = 256
"""Frames that no encoder holds back: the deepest pyramids of B-frames have 64."""
SUFFIXES = {"mp4": ".mp4", "mov": ".mov", "matroska": ".mkv", "nut": ".nut"}


class SegmentWriter:
    """Writes frames into pieces of ``length`` frames in a folder.

    Parameters
    ----------
    folder : Path
    target : Path
        The film they are for: what errors name.
    plan : EncoderPlan
    info : VideoInfo
    length : int
        Frames of a piece.
    number : int
        Of the first piece; its file is called so.
    film_start : av.VideoFrame or None
        The first frame of the film, whose side data (HDR) rule all pieces; None takes the first of each piece.
    finished : callable
        Told each finished piece: its number, path and the pts of its frames.

    Raises
    ------
    OutputError
        The disk is full or refuses.
    """

    def __init__(
        self,
        folder: Path,
        target: Path,
        plan: EncoderPlan,
        info: VideoInfo,
        *,
        length: int,
        number: int = 0,
        film_start: av.VideoFrame | None = None,
        finished: Callable[[int, Path, list[int]], None],
    ) -> None:
        self._folder = folder
        self._target = target
        self._plan = plan
        self._info = info
        self._length = length
        self._number = number
        self._film_start = film_start
        self._finished = finished
        self._pts: list[int] = []
        self._container: av.container.OutputContainer | None = None
        self._stream: Any = None

    def write(self, frame: av.VideoFrame) -> None:
        """Encode one frame; its pts must be later than that of the frame before it."""
        import av

        pts = frame.pts
        if pts is None:
            raise ValueError("a frame without a pts cannot be encoded")
        try:
            if self._container is None:
                self._open(frame)
            # What the source's encoder made of the frame is no order for ours. Ours counts frames, as only their order
            # matters here: their times are in the list that goes with the piece.
            if frame.format.name != self._plan.pix_fmt:
                frame = frame.reformat(format=self._plan.pix_fmt, threads=1)  # see `media.planes.native_frame`
            frame.pict_type = 0
            frame.pts, frame.time_base = len(self._pts), self._stream.codec_context.time_base
            self._mux(self._stream.encode(frame))
        except av.error.FFmpegError as error:
            raise _failure(error, self._target) from error
        self._pts.append(pts)
        if len(self._pts) == self._length:
            self.finish()

    def finish(self) -> None:
        """End the piece that is being written, if there is one."""
        import av

        if self._container is None:
            return
        try:
            self._mux(self._stream.encode(None))
            self._container.close()
        except av.error.FFmpegError as error:
            raise _failure(error, self._target) from error
        path, self._container, self._stream = self._path(), None, None
        with open(path, "rb") as file:
            os.fsync(file.fileno())
        self._finished(self._number, path, self._pts)
        self._number += 1
        self._pts = []

    def abandon(self) -> None:
        """Close the piece that is being written without finishing it."""
        import contextlib

        import av

        if self._container is not None:
            with contextlib.suppress(av.error.FFmpegError):
                self._container.close()
            self._container = self._stream = None
            self._path().unlink(missing_ok=True)

    def _path(self) -> Path:
        return self._folder / f"{self._number:06d}{SUFFIXES[self._plan.container]}"

    def _open(self, frame: av.VideoFrame) -> None:
        import av

        self._container = av.open(os.fspath(self._path().absolute()), "w", format=self._plan.container)
        self._stream = add_stream(self._container, self._plan, self._info, self._film_start or frame)

    def _mux(self, packets: list[av.Packet[Any]]) -> None:
        assert self._container is not None
        for packet in packets:
            self._container.mux(with_plausible_dts(packet))


def with_plausible_dts(packet: av.Packet[Any]) -> av.Packet[Any]:
    """Return a packet whose dts is near its pts, both counting frames.

    x265 4.1 leaves the dts of the only one or two frames of a film uninitialised; frames so few are not reordered.
    """
    if packet.pts is not None and (packet.dts is None or abs(packet.pts - packet.dts) > _MOST_REORDERED):
        packet.dts = packet.pts
    return packet


def _failure(error: Any, target: Path) -> OutputError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO, errno.EACCES):
        from mediarescue.output import output_error

        return output_error(OSError(error.errno, os.strerror(error.errno)), target)
    return OutputError(f"the encoder failed: {error.strerror}; try another one with --encoder")
