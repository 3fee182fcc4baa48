"""Break a healthy film in memory and rescue it by itself: what would a rescue with it as reference reach?"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from mediarescue.bitstream.jit import announce_compiling
from mediarescue.errors import InputError, MediaRescueError, ReferenceMismatchError
from mediarescue.events import COMPILING, Listener, Noted, Progressed, StageFinished, StageStarted, ignore
from mediarescue.fit import check_fit, decoded
from mediarescue.isobmff import BoxError, ByteSource
from mediarescue.isobmff.holed import HoledSource
from mediarescue.judging import open_film
from mediarescue.profiles import sound_reference
from mediarescue.recover.comparison import Range, compare
from mediarescue.recover.locate import MediaLocation
from mediarescue.recover.profile import ReferenceProfile, TrackProfile, learn_reference
from mediarescue.recover.profile_file import is_camera_profile
from mediarescue.recover.run import Preparation, identify, learn
from mediarescue.reference_reports import ProfileTestReport, TrialReport, TrialTrackReport

TRY = "try the reference"
_LEARNED = 0.4
"""Part of the piece, its beginning, that serves as the reference: the rest is what it never saw."""
_ENOUGH = 60
"""Samples of a track in that part; a shorter film is its own reference."""
_MOST = 64 << 20
_LARGEST_HOLE = 256 << 10


@dataclass(frozen=True, slots=True)
class _Damage:
    name: str
    place: Range


def try_reference(reference: str | Path, *, listener: Listener = ignore) -> ProfileTestReport:
    """Break a film in memory, rescue it by itself, and compare with its own tables.

    Parameters
    ----------
    reference : path
        A film that plays; it is only read, and nothing is written.
    listener : callable

    Notes
    -----
    At most the first 64 MiB of media are tried. Where they are long enough, their first two fifths serve as the
    reference; a short film is rescued by all of itself, which is kinder than another take would be.

    Raises
    ------
    InputError, ReferenceMismatchError
        The film cannot be read; it cannot serve as a reference at all, or is fragmented and needs none.

    Examples
    --------
    >>> try_reference("good.mp4").reservations  # doctest: +SKIP
    ()
    """
    path = Path(reference)
    with ExitStack() as stack:
        source = open_film(stack, path)
        if is_camera_profile(source):
            raise InputError(f"{path} is a camera profile, which holds no film to break; name the film it was made of")
        announce_compiling(lambda: listener(Noted(COMPILING)))
        try:
            whole = learn_reference(sound_reference(source))
        except BoxError as error:
            raise ReferenceMismatchError(f"{path} is damaged ({error}); use another film") from error
        media = _media(whole, path)
        piece = Range(media.start, min(media.end, media.start + _MOST))
        taught, split = _divided(whole, piece)
        damages = list(_damages(piece, split))
        listener(StageStarted(TRY, len(damages), "rescues"))
        trials = []
        for done, damage in enumerate(damages):
            listener(Progressed(TRY, done))
            trials.append(_tried(source, whole, taught, damage))
        listener(StageFinished(TRY))
    return ProfileTestReport(str(path), media.end - media.start, piece.end - piece.start, tuple(trials))


def _media(whole: ReferenceProfile, path: Path) -> Range:
    """Return the media data box with the most samples' bytes."""
    if whole.movie.is_fragmented:
        raise ReferenceMismatchError(
            f"{path} is a fragmented film: broken, it is rescued by its own fragments and needs no reference"
        )
    runs = [track.runs() for track in whole.tracks]
    if not sum(len(offset) for offset, _, _ in runs):
        raise ReferenceMismatchError(f"{path} has no samples to try; use a film that plays")
    offset = np.concatenate([offset for offset, _, _ in runs])
    size = np.concatenate([size for _, size, _ in runs])
    boxes = [Range(header.payload_offset, header.end) for header in whole.movie.mdats]
    held = [int(size[(offset >= box.start) & (offset < box.end)].sum()) for box in boxes]
    if not held or not max(held):
        raise ReferenceMismatchError(f"{path} keeps its samples outside its media data; use another film")
    return boxes[int(np.argmax(held))]


def _divided(whole: ReferenceProfile, piece: Range) -> tuple[ReferenceProfile, int]:
    """Return what serves as the reference, and where what it never saw begins: the piece, where it saw all."""
    video = next((t for t in whole.tracks if t.kind == "video" and t.samples is not None), None)
    longest = max((t.samples for t in whole.tracks if t.samples is not None), key=len, default=None)
    lead = video.samples if video is not None else longest
    if lead is None:
        return whole, piece.start
    from_there = lead.offset[lead.is_sync & (lead.offset >= piece.start + _LEARNED * (piece.end - piece.start))]
    split = int(from_there.min()) if len(from_there) else piece.end
    seen = int(((lead.offset >= piece.start) & (lead.offset < split)).sum())
    if seen < _ENOUGH or not len(from_there) or len(lead) - seen < _ENOUGH // 2:
        return whole, piece.start
    return ReferenceProfile(whole.movie, tuple(_beginning(track, split) for track in whole.tracks)), split


def _beginning(track: TrackProfile, end: int) -> TrackProfile:
    if track.samples is not None:
        return replace(track, samples=track.samples.select(track.samples.offset < end))
    if track.chunks is None:
        return track
    table, kept = track.chunks, track.chunks.offset < end
    count = table.sample_count[kept]
    return replace(
        track,
        chunks=replace(
            table,
            offset=table.offset[kept],
            sample_count=count,
            description_index=table.description_index[kept],
            sample_delta=((int(count.sum()), table.delta),),
        ),
    )


def _damages(piece: Range, split: int) -> Iterator[_Damage]:
    size = piece.end - piece.start
    hole = min(_LARGEST_HOLE, size // 10)
    middle = piece.start + int(size * 0.55)
    yield _Damage("no index", piece)
    yield _Damage("no index, cut", Range(piece.start, piece.start + int(size * 0.6)))
    yield _Damage(f"a hole of {hole} bytes", Range(piece.start, piece.end, (middle, middle + hole)))
    yield _Damage("no beginning", Range(max(split, piece.start + size // 3) + size // 50, piece.end))


def _tried(source: ByteSource, whole: ReferenceProfile, taught: ReferenceProfile, damage: _Damage) -> TrialReport:
    place = damage.place
    broken = HoledSource(source, *place.hole) if place.hole[1] else source
    location = MediaLocation(place.start, place.end, place.start, b"")
    preparation = Preparation(taught, location)
    try:
        rescue = identify(broken, learn(source, preparation), preparation, probe=decoded)
        check_fit(broken, rescue)
    except (MediaRescueError, BoxError) as error:
        return TrialReport(damage.name, error=str(error))
    got = {track.profile.track.track_id: track for track in rescue.tracks}
    rows = []
    for track in whole.tracks:
        result = compare(track, got.get(track.track.track_id), place)
        if not result.samples and not result.wrong:
            continue
        rows.append(
            TrialTrackReport(
                track_id=track.track.track_id,
                kind=track.kind,
                codec=track.codec.decode("latin-1"),
                samples=result.samples,
                found=result.found,
                missed=result.samples - result.found,
                wrong=result.wrong,
                time_error_seconds=round(result.seconds_off, 6),
            )
        )
    return TrialReport(damage.name, tuple(rows))
