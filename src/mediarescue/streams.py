"""``extract()``: the tracks of a healthy or a broken file as elementary streams."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from mediarescue.checking.structure import IndexState, index_state
from mediarescue.choosing import References, choose_reference
from mediarescue.errors import InputError, NothingRecoverableError, UsageError
from mediarescue.events import Artifact, Listener, Progressed, StageFinished, StageStarted, ignore
from mediarescue.extraction import MediaTrack, stream_form
from mediarescue.extraction.write import sample_table, write_stream
from mediarescue.isobmff import BoxError, ByteSource, FragmentedFile, Movie, read_fragmented
from mediarescue.judging import is_misplaced, open_film
from mediarescue.output import AtomicOutput, check_target
from mediarescue.recover.fragmented import rescue_fragments
from mediarescue.recover.locate import locate_media
from mediarescue.recover.profile import TrackProfile, learn_reference
from mediarescue.recover.rescued_track import RescuedTrack
from mediarescue.recover.run import Rescue
from mediarescue.reports import ExtractReport, StreamReport
from mediarescue.search_rescue import find_samples, missing_tracks
from mediarescue.self_contained import OwnRescue, rescue_alone

WRITE = "write streams"


@dataclass(frozen=True, slots=True)
class _Found:
    """The tracks of a file, and what is missing of it."""

    tracks: tuple[MediaTrack, ...]
    lost_bytes: int = 0
    missing_samples: int = 0
    missing_tracks: tuple[str, ...] = ()
    cut: bool = False


def extract(
    path: str | Path,
    *,
    out_dir: str | Path,
    reference: References | None = None,
    overwrite: bool = False,
    listener: Listener = ignore,
) -> ExtractReport:
    """Write each track of an MP4 or MOV file as a stream of its own.

    Parameters
    ----------
    path : path
        A healthy file, a broken one, or one that was cut; it is only read.
    out_dir : path
        The folder to write to, which exists. Files are named ``NAME_<track id>_<kind>.<form>``.
    reference : path, optional
        A healthy file of the same camera: needed where ``path`` has no index of its own, used where that is not whole.
    overwrite : bool
        Replace files that exist.
    listener : callable

    Returns
    -------
    ExtractReport

    Raises
    ------
    UsageError
        The file has no index, and no reference is given.
    InputError, ReferenceMismatchError, NothingRecoverableError, OutputError
        As in `mediarescue.untrunc`.

    Examples
    --------
    >>> report = extract("film.mp4", out_dir="streams")  # doctest: +SKIP
    >>> [stream.path for stream in report.streams]  # doctest: +SKIP
    ['streams/film_1_video.h264', 'streams/film_2_audio.aac']
    """
    path, folder = Path(path), Path(out_dir)
    with ExitStack() as stack:
        source = open_film(stack, path)
        file = read_fragmented(source)
        state = index_state(source, file=file)
        if state is not IndexState.SOUND and file is not None and file.movie is not None and file.began:
            found, reference = _fragmented(source, file, file.movie), None
        elif (
            state is IndexState.SOUND or (state is IndexState.POINTS_OUTSIDE and reference is None)
        ) and not is_misplaced(source):
            found, reference = _indexed(source), None
        elif reference is None:
            alone = rescue_alone(source, hidden=True, listener=listener)
            if alone is None:
                raise _reference_needed(source, path)
            found = _alone(alone)
        else:
            healthy = choose_reference(stack, source, reference, listener).healthy
            if healthy is None:
                raise _reference_needed(source, path)
            reference = healthy.path
            if path.samefile(reference):
                raise UsageError(f"{path} is given twice: the reference must be another file, one that plays")
            source, rescue = find_samples(source, healthy, listener=listener)
            found = _rescued(rescue)
        tracks = [track for track in found.tracks if len(track.size)]
        if not tracks:
            raise NothingRecoverableError(f"{path} holds no sample of any track; nothing was written")
        used = None if reference is None else Path(str(reference))
        inputs = [path] if used is None else [path, used]
        streams = _written(source, tracks, folder, inputs, overwrite=overwrite, listener=listener)
    return ExtractReport(
        str(path),
        None if reference is None else str(reference),
        streams,
        found.lost_bytes,
        found.missing_samples,
        found.missing_tracks,
        found.cut,
    )


def _reference_needed(source: ByteSource, path: Path) -> UsageError | InputError:
    command = f"mediarescue extract {path} --out-dir DIR --ref GOOD"
    if locate_media(source).mdat_offset is None:
        return InputError(
            f"{path} is no MP4 or MOV file: no media data box (mdat) is in it; if it is a recording without its "
            f"beginning, name a healthy one of the same camera, {command}"
        )
    return UsageError(
        f"{path} has no index of its own that serves: name a healthy recording of the same camera in the same mode, "
        f"{command}"
    )


def _written(
    source: ByteSource,
    tracks: list[MediaTrack],
    folder: Path,
    inputs: list[Path],
    *,
    overwrite: bool,
    listener: Listener,
) -> tuple[StreamReport, ...]:
    """Write all streams, and name them once all are whole."""
    forms = [(track, *stream_form(track)) for track in tracks]
    streams: list[StreamReport] = []
    with ExitStack() as stack:
        outputs: list[AtomicOutput] = []

        def begin(target: Path, needed: int) -> AtomicOutput:
            check_target(target, inputs=inputs, overwrite=overwrite)
            outputs.append(stack.enter_context(AtomicOutput(target, overwrite=overwrite, needed_bytes=needed)))
            return outputs[-1]

        listener(StageStarted(WRITE, sum(track.bytes for track in tracks)))
        before = 0
        for track, form, note in forms:
            target = folder / f"{source.path.stem}_{track.track_id}_{track.kind}{form.suffix}"
            output = begin(target, track.bytes)

            def told(done: int, before: int = before) -> None:
                listener(Progressed(WRITE, before + done))

            size = write_stream(track, form, source.read, output.file, told)
            before += track.bytes
            table = None
            if not form.framed:
                table = target.with_suffix(".csv")
                begin(table, 0).file.write(sample_table(track).encode())
            seconds = (track.sample_count if track.packet else int(track.duration.sum())) / track.timescale
            streams.append(
                StreamReport(
                    track.track_id, track.kind, track.codec, track.sample_count, size, seconds, str(target),
                    None if table is None else str(table), note,
                )
            )  # fmt: skip
        for output in outputs:
            output.commit()
        listener(StageFinished(WRITE))
    for stream in streams:
        listener(Artifact(stream.path, "output"))
    return tuple(streams)


def _indexed(source: ByteSource) -> _Found:
    """Return the tracks by the file's own index, less what lies behind its end."""
    try:
        profile = learn_reference(source)
    except BoxError as error:
        raise InputError(
            f"the index of {source.path} cannot be read ({error}); rescue the file first: "
            f"mediarescue untrunc {source.path} --ref GOOD"
        ) from error
    tracks, missing = [], 0
    for track in profile.tracks:
        if track.track.is_encrypted:
            raise InputError(f"track {track.track.track_id} of {source.path} is encrypted; it cannot be extracted")
        whole = _of_profile(track)
        kept = whole.within(source.size)
        missing += whole.sample_count - kept.sample_count
        tracks.append(kept)
    return _Found(tuple(tracks), missing_samples=missing)


def _fragmented(source: ByteSource, file: FragmentedFile, movie: Movie) -> _Found:
    """Return the tracks of a fragmented file that was cut or damaged, by its own index."""
    rescue = rescue_fragments(source, file, movie)
    lost = sum(gap.size for gap in rescue.gaps if not gap.expected)
    return _Found(tuple(_of_rescued(track) for track in rescue.tracks), lost, cut=bool(file.cut))


def _alone(rescue: OwnRescue) -> _Found:
    """Return the tracks of a broken file by an index of its own."""
    lost = sum(gap.size for gap in rescue.gaps if not gap.expected)
    tracks = tuple(map(_of_rescued, rescue.tracks))
    return _Found(tracks, lost, rescue.index.missing, cut=rescue.index.is_cut)


def _of_profile(track: TrackProfile) -> MediaTrack:
    none = np.zeros(0, dtype=np.int64)
    entries, timescale = track.track.sample_entries, track.track.timescale
    if track.chunks is not None:
        chunks = track.chunks
        return MediaTrack(
            track.track.track_id,
            track.kind,
            entries,
            timescale,
            chunks.offset,
            chunks.size,
            none,
            none.astype(bool),
            chunks.description_index,
            chunks.block,
            chunks.packet_samples,
        )
    samples = track.samples
    assert samples is not None
    return MediaTrack(
        track.track.track_id,
        track.kind,
        entries,
        timescale,
        samples.offset,
        samples.size,
        samples.duration,
        samples.is_sync,
        samples.description_index,
    )


def _rescued(rescue: Rescue) -> _Found:
    """Return the tracks that were found in the media data of a broken file."""
    tracks = tuple(map(_of_rescued, rescue.tracks))
    lost = sum(gap.size for gap in rescue.segmentation.gaps if not gap.expected)
    missing = tuple(track for track, weighs in missing_tracks(rescue).items() if weighs)
    return _Found(tracks, lost, missing_tracks=missing)


def _of_rescued(track: RescuedTrack) -> MediaTrack:
    return replace(
        _of_profile(track.profile),
        offset=track.offset[track.recorded],
        size=track.size[track.recorded],
        duration=track.duration,
        is_sync=track.is_sync,
        entry_index=track.description_index[track.recorded],
    )
