"""Which streams of a film another container takes, and how each is described there."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mediarescue.media.encoded import EncodedVideo
from mediarescue.media.info import VideoInfo

if TYPE_CHECKING:
    import av
    import av.container
    import av.stream

_STATISTICS = (
    "BPS",
    "NUMBER_OF_FRAMES",
    "NUMBER_OF_BYTES",
    "_STATISTICS",
    "DURATION",
    "ENCODER",
    "encoder",
    "vendor_id",
)
"""What Matroska files say of a track's packets, and of its encoder: not true of new pictures."""
RAW_TEXT = "surrogateescape"
"""How PyAV is to read and write tags, so that those of no UTF-8 keep their bytes."""
CONTAINER_NAMES = {
    "mp4": "MP4", "mov": "MOV", "3gp": "3GP", "3g2": "3G2", "matroska": "Matroska", "webm": "WebM", "avi": "AVI",
    "mpegts": "an MPEG transport stream", "mpeg": "an MPEG program stream", "vob": "VOB", "flv": "FLV", "asf": "ASF",
    "ogg": "Ogg", "mxf": "MXF", "nut": "NUT",
}  # fmt: skip
_TURNING = ("mp4", "mov", "3gp", "3g2", "matroska", "webm")
"""The containers that can say how pictures are turned."""
_COVERS = {"mjpeg": ("cover.jpg", "image/jpeg"), "png": ("cover.png", "image/png")}
_KINDS = {"video": "pictures", "audio": "sound", "subtitle": "subtitles", "data": "data", "attachment": "files"}


def carried_streams(
    film: Any,
    first: av.container.InputContainer,
    info: VideoInfo,
    encoded: EncodedVideo,
    output: av.container.OutputContainer,
    container: str,
    lost: list[str],
) -> dict[int, av.stream.Stream]:
    """Add the streams that the container can hold, in their order; return them by their number in the source."""
    from av.stream import Disposition

    made: dict[int, av.stream.Stream] = {}
    for stream in film.streams:
        is_picture = stream.index == encoded.stream_index
        template = first.streams.video[0] if is_picture else stream
        if not is_picture and (reason := _obstacle(stream, film, container)):
            lost.append(f"{_named(stream)}: {reason}")
            continue
        if stream.type == "attachment":
            _attach(stream, stream.name, stream.mimetype, stream.data, output, lost)
            continue
        if container == "matroska" and stream.disposition & Disposition.attached_pic:
            # FFmpeg shows an attached cover as a track of one picture, and would write it as that.
            codec = _codec(stream)
            name, kind = _COVERS.get(codec, (f"cover.{codec}", f"image/{codec}"))
            _attach(stream, stream.metadata.get("filename", name), kind, _only_packet(film, stream), output, lost)
            continue
        new: Any = output.add_stream_from_template(template, opaque=True)
        new.time_base = encoded.time_base if is_picture else stream.time_base
        if is_picture and container == "avi" and info.rate:
            new.time_base = 1 / info.rate  # AVI counts frames: it has no times
        if container == "mpegts":
            new.id = stream.id
        new.metadata.update(_metadata(stream.metadata, statistics=not is_picture))
        new.disposition = stream.disposition
        if is_picture:
            new.codec_context.framerate = stream.average_rate or info.rate or Fraction(0)
            new.codec_context.sample_aspect_ratio = (
                stream.sample_aspect_ratio or info.sample_aspect_ratio or Fraction(0)
            )
            _turn(stream, new, container, lost)
        made[stream.index] = new
    return made


def _obstacle(stream: av.stream.Stream, film: av.container.InputContainer, container: str) -> str:
    """Return why a container cannot hold a stream of the source, "" where it can."""
    import av

    where = CONTAINER_NAMES.get(container, container)
    if stream.type == "attachment":
        return "" if container == "matroska" else f"{where} has no place for attached files"
    family = container in film.format.name.split(",")
    if stream.type == "data" and not family:
        return f"FFmpeg cannot carry such a track over to {where}"
    try:
        with av.open(io.BytesIO(), "w", format=container, metadata_errors=RAW_TEXT) as trial:
            made = trial.add_stream_from_template(stream, opaque=True)
            made.time_base = stream.time_base
            trial.start_encoding()
    except (av.error.FFmpegError, ValueError, AttributeError):
        return f"{where} has no place for {_codec(stream) or 'such'} {_KINDS.get(stream.type, 'data')}"
    return ""


def _codec(stream: av.stream.Stream) -> str:
    return stream.codec_context.name if stream.codec_context is not None else ""


def _named(stream: av.stream.Stream) -> str:
    """Return what to call a stream in a sentence: ``track 3 (subrip subtitles)``."""
    words = " ".join(filter(None, (_codec(stream), _KINDS.get(stream.type, "data"))))
    name = stream.metadata.get("handler_name") or stream.metadata.get("title")
    readable = name.encode("utf-8", "replace").decode().strip() if name else ""
    return f"track {stream.index + 1} ({', '.join(filter(None, (words, readable)))})"


def _only_packet(film: Any, stream: Any) -> bytes:
    import av

    with av.open(film.name, metadata_errors=RAW_TEXT) as again:
        return next((bytes(packet) for packet in again.demux(again.streams[stream.index]) if packet.size), b"")


def _attach(stream: Any, name: str | None, kind: str | None, data: bytes | None, output: Any, lost: list[str]) -> None:
    """Carry over an attached file, a font for instance."""
    try:
        made = output.add_attachment(name or "", kind or "application/octet-stream", data or b"")
        made.metadata.update(stream.metadata)
    except (ValueError, AttributeError) as error:
        lost.append(f"attached file {stream.metadata.get('filename', stream.index)}: {error}")


def _metadata(metadata: Mapping[str, str], *, statistics: bool) -> dict[str, str]:
    return {key: value for key, value in metadata.items() if statistics or not key.startswith(_STATISTICS)}


def uncarried_streams(source: Path, info: VideoInfo, container: str) -> list[str]:
    """Return a sentence for each stream that another container cannot hold."""
    import av

    with av.open(str(source), metadata_errors=RAW_TEXT) as film:
        others = [stream for stream in film.streams if stream.index != info.stream_index]
        reasons = [(_named(stream), _obstacle(stream, film, container)) for stream in others]
    return [f"{name}: {reason}" for name, reason in reasons if reason]


def _turn(stream: Any, new: Any, container: str, lost: list[str]) -> None:
    """Carry over how the pictures are turned, which FFmpeg gives with the first of them."""
    import av

    with (
        contextlib.suppress(av.error.FFmpegError, StopIteration),
        av.open(stream.container.name, metadata_errors=RAW_TEXT) as again,
    ):
        frame = next(again.decode(again.streams[stream.index]))
        if container not in _TURNING:
            if frame.rotation:
                lost.append(
                    f"the rotation by {abs(frame.rotation)} degrees: players show the pictures as they are stored"
                )
            return
        try:
            matrices = [bytes(item) for item in frame.side_data if item.type.name == "DISPLAYMATRIX"]
        except ValueError:  # PyAV does not list side data among which it has no name for one kind
            new.set_display_rotation(frame.rotation)
        else:
            if matrices:
                new.set_display_matrix(np.frombuffer(matrices[0], "=i4").tolist())
