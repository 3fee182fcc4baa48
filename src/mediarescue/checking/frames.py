"""Decode frames of a written film, and say which have errors: damage inside samples, which no index shows.

Notes
-----
Each sample is handed to a decoder by itself, and what the decoder says meanwhile belongs to it: FFmpeg conceals
damage and goes on, but tells its log of every error and of every block it made up (H.264), or refuses the data.
H.264, AAC and most intra codecs notice nearly all damage. An HEVC, VP9 or AV1 decoder may read garbage as a picture;
what no picture can hold (zeros written over it) is looked for in the data itself.
"""

from __future__ import annotations

import io
import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mediarescue.checking.sampling import Run, sampled_runs, whole_runs
from mediarescue.events import Listener, Progressed, StageFinished, StageStarted, ignore
from mediarescue.isobmff import Box, BoxError, ByteSource, Leniency, read_movie
from mediarescue.reports import CheckReport, FrameError

if TYPE_CHECKING:
    import av.container

CHECK = "check"
SHOWN_ERRORS = 100
_PIXELS = 250_000_000
"""Picture elements decoded where not all are: about a second of work of one processor."""
_FEWEST_PICTURES = 24
_SOUND_FRAMES = 1500
_SECONDS = 2.0
"""A sampled check ends after this long, with what it has seen."""
_STEP = 250
"""Samples of a run, at least, in a full check: what a thread takes at a time."""
_MOST_THREADS = 8
_WARM_UP = 3
"""Sound frames at the start of a run that may build on frames in front of it."""
_MOST_BAD = 0.4
_UNSUPPORTED = ("patches welcome", "not implemented", "not supported", "unsupported", "is not allocated")
"""What FFmpeg's decoders say of a form of the codec that they do not know: no word on whether it is whole."""
_SPEECH = ("samr", "sawb")
"""AMR: any bits are speech, and the decoders complain of a frame without data (3GPP TS 26.101 4.1.1), which is none."""
_ERASED = (b"\xff" * 512, bytes(512))
"""Runs longer than any coder writes: erased flash, and zeros."""
_FILLER_AVC, _FILLER_HEVC = 12, 38
_MISSING = (
    "reference picture missing", "missing reference picture", "could not find ref", "constructing the frame rps",
    "undecodable nalu", "mmco: unref short failure", "co located pocs unavailable", "requested reference",
    "without a prior keyframe", "first frame is no keyframe", "no reference", "not all references are available",
    "number of reference frames", "frame num gap",
)  # fmt: skip
"""What FFmpeg's decoders say where a picture builds on one that was never decoded."""


@dataclass(frozen=True, slots=True)
class CheckedTrack:
    """A track of the written film.

    Attributes
    ----------
    track_id : int
    kind, codec : str
    offset, size : int64 (n,)
        Samples in the written file.
    is_sync : bool (n,)
    seconds : callable
        Sample number to the time at which it is shown.
    around : tuple of int
        Samples that come first behind damage.
    nal_length : int
        Bytes of the length in front of each NAL unit, 0 for other codecs.
    """

    track_id: int
    kind: str
    codec: str
    offset: NDArray[np.int64]
    size: NDArray[np.int64]
    is_sync: NDArray[np.bool_]
    seconds: Callable[[int], float]
    around: tuple[int, ...] = ()
    nal_length: int = 0


@dataclass(slots=True)
class _Findings:
    """What decoding a run gave."""

    decoded: int = 0
    without_references: int = 0
    errors: list[tuple[int, str]] = field(default_factory=list)


def check_frames(path: Path, tracks: Sequence[CheckedTrack], *, mode: str, listener: Listener = ignore) -> CheckReport:
    """Decode frames of a written film.

    Parameters
    ----------
    path : Path
    tracks : sequence of CheckedTrack
        Its video and audio tracks of which something can be told.
    mode : str
        ``sampled``: a bounded number, spread over the film and around damage; ``full``: all.
    listener : callable

    Returns
    -------
    CheckReport
    """
    full = mode == "full"
    with _opened(path) as container:
        pixels = {
            at: int(getattr(decoder, "width", 0)) * getattr(decoder, "height", 0)
            for at, decoder in _decoders(container).items()
        }
    # Sound costs little, and is not to be left out where time runs out.
    known = sorted((t for t in tracks if t.track_id in pixels), key=lambda track: track.kind == "video")
    jobs = [(track, run) for track in known for run in _runs(track, pixels[track.track_id], full=full)]
    listener(StageStarted(CHECK, sum(end - start for _, (start, end) in jobs), "frames"))
    found = list[tuple[CheckedTrack, _Findings]]()
    done = 0
    with _logging(), ByteSource.open(path) as source:
        for track, findings in _decoded(source, jobs, None if full else _SECONDS):
            found.append((track, findings))
            done += findings.decoded
            listener(Progressed(CHECK, done))
    listener(StageFinished(CHECK))
    strange = _misjudged(found)
    errors = [
        FrameError(track.track_id, track.kind, sample, round(track.seconds(sample), 6), message)
        for track, findings in found
        if track.track_id not in strange
        for sample, message in findings.errors
    ]
    errors.sort(key=lambda error: (error.seconds, error.track_id))
    return CheckReport(
        mode=mode,
        decoded=done,
        total=sum(len(track.size) for track in known),
        with_errors=len(errors),
        without_references=sum(findings.without_references for _, findings in found),
        errors=tuple(errors[:SHOWN_ERRORS]),
        no_decoder=tuple(
            f"{t.track_id} ({t.kind}, {t.codec})" for t in tracks if t.track_id not in pixels or t.track_id in strange
        ),
    )


def _misjudged(found: Sequence[tuple[CheckedTrack, _Findings]]) -> set[int]:
    """Return the tracks in which the decoder finds fault with every other frame or more.

    Notes
    -----
    Damage of samples that were found one behind the other is never so even: it is a form of the codec that this
    decoder does not know (two fields a sample, an extension).
    """
    decoded, bad = dict[int, int](), dict[int, int]()
    for track, findings in found:
        decoded[track.track_id] = decoded.get(track.track_id, 0) + findings.decoded
        bad[track.track_id] = bad.get(track.track_id, 0) + len(findings.errors)
    return {at for at, count in bad.items() if count > _MOST_BAD * decoded[at] and count > 1}


def _runs(track: CheckedTrack, pixels: int, *, full: bool) -> list[Run]:
    if full:
        return whole_runs(track.is_sync, least=_STEP)
    budget = _SOUND_FRAMES
    if track.kind == "video":
        budget = max(_PIXELS // max(pixels, 1 << 16), _FEWEST_PICTURES)
    return sampled_runs(track.is_sync, track.around, budget)


@contextmanager
def _logging() -> Iterator[None]:
    """Have FFmpeg's decoders say what they conceal, and each message every time."""
    import av.logging

    level, skips = av.logging.get_level(), av.logging.get_skip_repeated()
    av.logging.set_level(av.logging.INFO)
    av.logging.set_skip_repeated(False)
    try:
        yield
    finally:
        av.logging.set_level(level)
        av.logging.set_skip_repeated(skips)


@contextmanager
def _opened(path: Path) -> Iterator[av.container.InputContainer | None]:
    """Open the film's settings alone, for decoders; None where FFmpeg does not open them."""
    import av
    import av.error
    from av.logging import Capture

    try:
        with Capture(True):  # what FFmpeg says of the file is of no interest here
            settings = io.BytesIO(_settings(path))
            container = av.open(
                settings, "r", format="mov", options={"analyzeduration": "0"}, metadata_errors="replace"
            )
    except (av.error.FFmpegError, BoxError, ValueError):
        yield None
        return
    with container:
        yield container


def _settings(path: Path) -> bytes:
    """Return a film of the same tracks without a sample: FFmpeg's own index of a long film takes hundreds of MB."""
    with ByteSource.open(path) as source:
        movie = read_movie(source, leniency=Leniency.PERMISSIVE)
    none = [Box(kind, bytes(12 if kind == b"stsz" else 8)) for kind in (b"stts", b"stsc", b"stsz", b"stco")]
    traks = []
    for trak in movie.moov.find_all(b"trak"):
        mdia = trak.get(b"mdia")
        minf = mdia.get(b"minf")
        stbl = minf.get(b"stbl")
        bare = stbl.replace(children=[stbl.get(b"stsd"), *none])
        traks.append(trak.with_child(mdia.with_child(minf.with_child(bare))))
    others = [child for child in movie.moov.children or () if child.kind not in (b"trak", b"mvex")]
    file_type = b"" if movie.file_type is None else movie.file_type.serialize()
    return file_type + movie.moov.replace(children=[*others, *traks]).serialize()


def _decoders(container: av.container.InputContainer | None) -> dict[int, Any]:
    """Return the decoder of each track id."""
    if container is None:
        return {}
    streams = [*container.streams.video, *container.streams.audio]
    return {stream.id: stream.codec_context for stream in streams if stream.codec_context is not None}


def _decoded(
    source: ByteSource, jobs: Sequence[tuple[CheckedTrack, Run]], seconds: float | None
) -> Iterator[tuple[CheckedTrack, _Findings]]:
    """Decode the runs in threads, each with decoders of its own; yield what they give as it comes."""
    stop, until = Event(), None if seconds is None else time.monotonic() + seconds
    threads = min(os.cpu_count() or 1, _MOST_THREADS, len(jobs))

    def ended() -> bool:
        return stop.is_set() or (until is not None and time.monotonic() > until)

    def work(mine: Sequence[tuple[CheckedTrack, Run]]) -> Iterator[tuple[CheckedTrack, _Findings]]:
        with _opened(source.path) as container:
            decoders = _decoders(container)
            for track, run in mine:
                if ended():
                    return
                yield track, _decode_run(source, decoders[track.track_id], track, run, ended)

    if threads < 2:
        yield from work(jobs)
        return
    results = list[tuple[CheckedTrack, _Findings]]()

    def worker(number: int) -> None:
        for result in work(jobs[number::threads]):
            results.append(result)

    with ThreadPoolExecutor(threads) as pool:
        pending = {pool.submit(worker, number) for number in range(threads)}
        try:
            while pending:
                finished, pending = wait(pending, timeout=0.1, return_when=FIRST_COMPLETED)
                for future in finished:
                    future.result()
                while results:
                    yield results.pop(0)
        finally:
            stop.set()


def _decode_run(
    source: ByteSource, decoder: Any, track: CheckedTrack, run: Run, ended: Callable[[], bool]
) -> _Findings:
    """Decode a run of samples; what the decoder says while it is given one belongs to that one."""
    import av.error
    from av.logging import ERROR, Capture
    from av.packet import Packet

    if decoder.is_open:
        decoder.flush_buffers()
    else:
        decoder.thread_count = 1
        decoder.options = {"err_detect": "crccheck+bitstream+buffer", "flags": "output_corrupt"}
    start, end = run
    findings, has_key = _Findings(), False
    first_shown, is_picture = track.seconds(start), track.kind == "video"
    for sample in range(start, end):
        if ended():
            break
        data = source.read(int(track.offset[sample]), int(track.size[sample]))
        findings.decoded += 1
        has_key = has_key or bool(track.is_sync[sample])
        if not data:
            continue
        refused = ""
        with Capture(True) as logs:
            try:
                decoder.decode(Packet(data))
            except (av.error.FFmpegError, ValueError) as error:
                refused = str(error.strerror if isinstance(error, OSError) else error)
        said = [text.strip() for level, _, text in logs if level <= ERROR or "conceal" in text]
        if track.codec in _SPEECH or any(p in message.lower() for message in (*said, refused) for p in _UNSUPPORTED):
            continue
        missing = [message for message in said if any(part in message.lower() for part in _MISSING)]
        if _overwritten(data, track):
            findings.errors.append((sample, "bytes that no coded picture holds"))
        elif missing or (is_picture and not has_key and (said or refused)):
            # Pictures shown in front of a run's first may build on what was not decoded here: nothing is known of them.
            if start == 0 or track.seconds(sample) >= first_shown:
                findings.without_references += 1
        elif (said or refused) and (is_picture or start == 0 or sample >= start + _WARM_UP):
            findings.errors.append((sample, (said or [refused])[0]))
    return findings


def _overwritten(sample: bytes, track: CheckedTrack) -> bool:
    """Whether the sample holds what no coder writes: erased flash (0xFF), or zeros."""
    if track.nal_length:
        return _impossible(sample, track.nal_length)
    return track.codec == "mp4a" and any(run in sample.rstrip(b"\0") for run in _ERASED)


def _impossible(sample: bytes, length: int) -> bool:
    """Whether a NAL unit holds four zero bytes (emulation prevention puts a 3 behind the second one), or erased flash.

    Notes
    -----
    A filler unit is all 0xFF (ISO/IEC 14496-10 7.3.2.7, ISO/IEC 23008-2 7.3.2.8); other bytes than these two may repeat
    in a flat picture.
    """
    pos = 0
    while pos + length < len(sample):
        size = int.from_bytes(sample[pos : pos + length], "big")
        unit = sample[pos + length : pos + length + size].rstrip(b"\0")
        is_filler = unit[:1] != b"" and (unit[0] & 31 == _FILLER_AVC or unit[0] >> 1 == _FILLER_HEVC)
        if b"\0\0\0\0" in unit or (not is_filler and _ERASED[0] in unit):
            return True
        pos += length + size
    return False
