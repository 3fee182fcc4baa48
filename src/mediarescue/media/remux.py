"""A copy of a film with other pictures, packet by packet through FFmpeg: for containers other than MP4 and MOV."""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from mediarescue.errors import InputError, OutputError, VerificationError
from mediarescue.media.byte_stream import in_byte_stream
from mediarescue.media.carried_streams import CONTAINER_NAMES, RAW_TEXT, carried_streams
from mediarescue.media.encoded import EncodedVideo
from mediarescue.media.encoded_packets import PacketTimes, display_ranks, encoded_packets, packet_times
from mediarescue.media.info import ColorTags, VideoInfo
from mediarescue.media.shown_times import shown_times

_NOT_NEGATIVE = frozenset(("mpegts", "mpeg", "vob", "flv", "asf", "avi", "ogg"))
"""Muxers that have no times below 0."""
_ISOBMFF = frozenset(("mp4", "mov", "3gp", "3g2"))
_OF_CONTAINER = frozenset(("major_brand", "minor_version", "compatible_brands", "encoder", "ENCODER", "duration"))
"""Metadata that FFmpeg makes of a container's own fields."""
_FULL_RANGE, _UNSPECIFIED = 2, 2
"""FFmpeg's number of a range, and the one of ITU-T H.273 for primaries, transfer and matrix."""
_SEEN = 1 / 500
"""Pixels this much wider are a difference: a column in a picture of 500."""
_LARGEST_TIMESCALE = (1 << 31) - 1


@dataclass(slots=True)
class RemuxReport:
    """What became of the film around its pictures, in sentences."""

    notes: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)


def remux(
    source: Path,
    info: VideoInfo,
    encoded: EncodedVideo,
    target: Path,
    *,
    container: str,
    name: Path | None = None,
    progress: Callable[[int], None] = lambda done: None,
) -> RemuxReport:
    """Write a copy of ``source`` with other pictures to ``target``, which is replaced.

    Parameters
    ----------
    source : Path
    info : VideoInfo
    encoded : EncodedVideo
    target : Path
    container : str
        FFmpeg's name of the muxer.
    name : Path, optional
        What the film will be called in the end, for messages; its ending tells the packet size of transport streams.
    progress : callable
        Told how many bytes of the source are copied.

    Raises
    ------
    InputError
        The source cannot be read.
    OutputError
        The container cannot hold the pictures, or the system refuses to write.
    VerificationError
        The pieces do not hold the pictures they should.
    """
    import av

    name, report = name or target, RemuxReport()
    rank = display_ranks(encoded.segments)
    if len(rank) != len(encoded.pts) or not len(rank):
        raise VerificationError(f"the encoder made {len(rank)} pictures of {len(encoded.pts)}")
    with contextlib.ExitStack() as stack:
        try:
            film = stack.enter_context(av.open(str(source), metadata_errors=RAW_TEXT))
            first = stack.enter_context(av.open(str(encoded.segments[0])))
        except av.error.FFmpegError as error:
            raise InputError(f"{source} cannot be opened: {error.strerror}") from error
        shown = shown_times(source, encoded) if info.is_isobmff else encoded.pts
        if container == film.format.name == "avi" and (np.diff(rank) > 0).all():
            shown = shown - shown[0] + _first_slot(source, encoded)
        times = packet_times(
            shown, rank, last_duration=_last_duration(film, encoded), from_zero=container in _NOT_NEGATIVE
        )
        try:
            options = _options(container, encoded)
            if container == "mpegts":
                options["mpegts_m2ts_mode"] = "1" if _has_time_codes(source, info, name) else "0"
            later = _later(film, encoded, times, container, report)
            with av.open(str(target), "w", format=container, options=options, metadata_errors=RAW_TEXT) as output:
                streams = carried_streams(film, first, info, encoded, output, container, report.lost)
                pictures = in_byte_stream(
                    encoded_packets(encoded.segments, times),
                    first.streams.video[0],
                    streams[encoded.stream_index],
                    container,
                )
                _describe(film, output, container)
                output.start_encoding()
                _note_rounding(encoded.time_base, streams[encoded.stream_index], times, container, report)
                for packet in _merged(film, encoded, pictures, streams, source, progress):
                    _delay(packet, later)
                    output.mux_one(packet)
            report.lost += _undescribed(film, target, info, encoded)
        except av.error.FFmpegError as error:
            raise _failure(error, name) from error
    return report


def _later(film: Any, encoded: EncodedVideo, times: PacketTimes, container: str, report: RemuxReport) -> Fraction:
    """Return by how many seconds everything has to be later where a container has no times below 0, and say so."""
    base = encoded.time_base
    starts = [Fraction(0), int(times.pts.min()) * base]
    if container in _NOT_NEGATIVE:
        starts += [int(times.dts[0]) * base]
        starts += [s.start_time * s.time_base for s in film.streams if s.start_time is not None and s.type != "data"]
    elif container not in ("matroska", "webm"):
        return Fraction(0)
    later = -min(starts)
    if not later:
        return later
    hidden = int((times.pts < 0).sum())
    pictures = f"; {hidden} pictures that the edit list hides are shown first" if hidden else ""
    report.notes.append(
        f"everything is {float(later):.3f} s later: {CONTAINER_NAMES[container]} has no times below 0{pictures}"
    )
    return later


def _delay(packet: Any, later: Fraction) -> None:
    if later:
        ticks = round(later / packet.time_base)
        packet.pts = packet.pts + ticks if packet.pts is not None else None
        packet.dts = packet.dts + ticks if packet.dts is not None else None


def _note_rounding(base: Fraction, new: Any, times: PacketTimes, container: str, report: RemuxReport) -> None:
    ratio = base / new.time_base
    if (times.pts % ratio.denominator).any():
        step = float(new.time_base * 1000)
        report.notes.append(
            f"{CONTAINER_NAMES[container]} keeps times in steps of {step:.3g} ms: they are rounded to these"
        )


def _first_slot(source: Path, encoded: EncodedVideo) -> int:
    """Return the number of the first chunk of pictures in an AVI.

    AVI says when pictures are decoded. FFmpeg adds what it believes the codec to reorder by, in the copy once more.
    """
    import av

    with av.open(str(source), metadata_errors=RAW_TEXT) as film:
        packets = film.demux(film.streams[encoded.stream_index])
        return next((packet.dts for packet in packets if packet.size and packet.dts is not None), int(encoded.pts[0]))


def _has_time_codes(source: Path, info: VideoInfo, name: Path) -> bool:
    """Whether each packet of the transport stream has four bytes in front, as on camcorders' and Blu-ray discs."""
    if info.container != "mpegts":
        return name.suffix.lower() in (".mts", ".m2ts")
    with open(source, "rb") as file:
        head = file.read(4 * 192 + 5)
    return all(head[at : at + 1] == b"G" for at in range(4, len(head), 192))


def _undescribed(film: Any, target: Path, info: VideoInfo, encoded: EncodedVideo) -> list[str]:
    """Return what is said of the source and no more of the output, in sentences."""
    import av

    with av.open(str(target), metadata_errors=RAW_TEXT) as output:
        there = {key.lower() for key in output.metadata}
        chapters = len(output.chapters())
        made = output.streams.best("video")
        colors = _colors_unsaid(info.color, made)
        shapes = _pixel_shape(film.streams[encoded.stream_index]), _pixel_shape(made)
    gone = sorted(key for key in film.metadata if key not in _OF_CONTAINER and key.lower() not in there)
    lost = [f"what the source says of itself under {', '.join(gone)}"] if gone else []
    if count := len(film.chapters()) - chapters:
        lost.append(f"{count} chapter marks")
    if abs(shapes[0] / shapes[1] - 1) > _SEEN:
        lost.append(
            f"the shape of the pixels ({shapes[0].numerator}:{shapes[0].denominator}): players show them square"
        )
    if colors:
        lost.append(f"how numbers become colours ({colors}): neither the new codec nor the container says it")
    return lost


def _colors_unsaid(known: ColorTags, made: Any) -> str:
    """Return what was known of the source's colours and is not said of the output's, by name and H.273 number."""
    context = made.codec_context if made is not None else None
    if context is None:
        return ""
    unsaid = ["full range"] if known.range == _FULL_RANGE != context.color_range else []
    numbers = (
        ("primaries", known.primaries, context.color_primaries),
        ("transfer", known.transfer, context.color_trc),
        ("matrix", known.matrix, context.colorspace),
    )
    unsaid += [f"{name} {was}" for name, was, now in numbers if was != _UNSPECIFIED and now == _UNSPECIFIED]
    return ", ".join(unsaid)


def _pixel_shape(stream: Any) -> Fraction:
    return Fraction(stream.sample_aspect_ratio or 1) if stream is not None else Fraction(1)


def _options(container: str, encoded: EncodedVideo) -> dict[str, str]:
    # The tags of the source stay, instead of FFmpeg's own name in their place.
    options = {"avoid_negative_ts": "disabled", "fflags": "+bitexact"}
    if container in _ISOBMFF:
        # Edit lists are in ticks of the movie clock: a coarser one would move the first picture.
        scale = encoded.time_base.denominator
        options["movie_timescale"] = str(scale if scale <= _LARGEST_TIMESCALE else 1000)
    elif container in ("matroska", "webm"):
        options["default_mode"] = "passthrough"
    elif container == "mpegts":
        options["mpegts_copyts"] = "1"
    return options


def _describe(film: Any, output: Any, container: str) -> None:
    """Carry over what is said of the whole film."""
    output.metadata.update({key: value for key, value in film.metadata.items() if key not in _OF_CONTAINER})
    if container == "avi" and "software" in film.metadata:
        output.metadata["ISFT"] = film.metadata["software"]  # the only name of it that the muxer knows
    chapters = film.chapters()
    if chapters:
        output.set_chapters(chapters)


def _merged(
    film: Any,
    encoded: EncodedVideo,
    pictures: Iterator[Any],
    streams: Mapping[int, Any],
    source: Path,
    progress: Callable[[int], None],
) -> Iterator[Any]:
    """Yield the packets of all other streams as they lie in the source, the new pictures between them by their time."""
    base = encoded.time_base
    picture = next(pictures, None)

    def until(when: Fraction | None) -> Iterator[Any]:
        nonlocal picture
        while picture is not None and (when is None or picture.dts * base <= when):
            picture.stream = streams[encoded.stream_index]
            picture.time_base = base
            yield picture
            picture = next(pictures, None)

    for packet in _packets(film, source):
        if packet.pos is not None and packet.pos >= 0:
            progress(packet.pos)
        when = packet.dts if packet.dts is not None else packet.pts
        if when is not None:
            yield from until(when * packet.time_base)
        if packet.stream_index in streams and packet.stream_index != encoded.stream_index:
            packet.stream = streams[packet.stream_index]
            yield packet
    yield from until(None)


def _packets(film: Any, source: Path) -> Iterator[Any]:
    import av

    packets = film.demux()
    while True:
        try:
            packet = next(packets)
        except StopIteration:
            return
        except av.error.FFmpegError as error:
            raise InputError(f"{source} cannot be read any further: {error.strerror}") from error
        if packet.size:
            yield packet


def _last_duration(film: Any, encoded: EncodedVideo) -> int:
    """Return how long the last picture is shown, in ticks: as the one before it, or what the rate says."""
    if len(encoded.pts) > 1:
        return int(np.median(np.diff(encoded.pts)))
    rate = film.streams[encoded.stream_index].average_rate
    return max(int(1 / (rate * encoded.time_base)), 1) if rate else 1


def _failure(error: Any, target: Path) -> Exception:
    from mediarescue.output import output_error

    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS):
        return output_error(error, target)
    return OutputError(f"FFmpeg cannot write {target.name}: {error.strerror}; name an output of another kind (.mkv)")
