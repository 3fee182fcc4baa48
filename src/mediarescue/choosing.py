"""Choose the reference among what ``--ref`` names: a film, a camera profile, folders of films."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from mediarescue.checking.structure import IndexState, index_state
from mediarescue.errors import InputError, MediaRescueError, ReferenceMismatchError
from mediarescue.events import Listener, Noted, Progressed, StageFinished, StageStarted, Warned
from mediarescue.fit import decoded, reads_on
from mediarescue.isobmff import BoxError, ByteSource, Leniency, read_fragmented, read_movie
from mediarescue.profiles import open_reference
from mediarescue.recover.locate import MediaLocation, locate_media
from mediarescue.recover.profile_file import is_camera_profile
from mediarescue.recover.ranking import Film, Trial, by_mode, read_film, try_film
from mediarescue.recover.survey import zero_fraction
from mediarescue.reference_reports import CandidateReport

CHOOSE = "choose a reference"
_SUFFIXES = frozenset((".mp4", ".mov", ".3gp", ".3g2", ".m4v", ".qt", ".lrv", ".insv", ".360", ".json"))
_OURS = ("_rescued", "_healed", "_denoised")
_GLANCE = 256 << 10
_QUICK = 2 << 20
_FULL = 16 << 20
_MOST_GLANCED = 40
_MOST_QUICK = 12
_MOST_FULL = 6
_OF_THE_BEST_MODE = 3
_HALF_AS_GOOD = 0.5
_HARDLY_ANY = 0.1
_PATIENCE = 15.0
"""Seconds, after which no further kinds are tried where one fits without a fault."""

References = str | Path | Sequence[str | Path]


@dataclass(frozen=True, slots=True)
class Choice:
    """The reference that is used, open, and how all that were tried did (empty where there was no choice)."""

    healthy: ByteSource | None
    candidates: tuple[CandidateReport, ...] = ()
    warnings: tuple[str, ...] = ()


def choose_reference(
    stack: ExitStack,
    broken: ByteSource,
    references: References | None,
    listener: Listener,
    *,
    own: Sequence[Path] = (),
    ignore_moov: bool = False,
) -> Choice:
    """Open the reference: the one named, or the best of several or of a folder's films for a broken file.

    Parameters
    ----------
    stack : ExitStack
        Closes what is opened.
    broken : ByteSource
    references : path, sequence of paths, or None
        Films, camera profiles and folders.
    listener : callable
    own : sequence of Path
        Files that are no candidates: the broken one, and further pieces of it.
    ignore_moov : bool
        The broken file counts as one without an index.

    Raises
    ------
    InputError
        A name is neither a file nor a folder, or cannot be read.
    ReferenceMismatchError
        Of several candidates none fits, or a folder has no film.
    """
    if references is None:
        return Choice(None)
    named = [Path(references)] if isinstance(references, str | Path) else [Path(name) for name in references]
    if len(named) == 1 and not named[0].is_dir():
        return Choice(open_reference(stack, named[0]))
    file = None if ignore_moov else read_fragmented(broken)
    if file is not None and file.began and file.movie is not None:
        return Choice(None)  # its own fragments say all
    folders = [path for path in named if path.is_dir()]
    paths = list(dict.fromkeys(_candidates(named, [broken.path, *own])))
    films = _read_films(paths, [path for path in named if path not in folders], listener)
    where = ", ".join(map(str, named))
    if not films:
        raise ReferenceMismatchError(
            f"no film in {where} can serve as a reference ({len(paths)} files looked at); name a folder with healthy "
            "recordings of the same camera"
        )
    location = locate_media(broken)
    order = by_mode(films, broken=broken.path, modified=broken.path.stat().st_mtime, file_type=location.file_type)
    if not _can_be_tried(broken, ignore_moov=ignore_moov):
        return Choice(open_reference(stack, order[0][0].path))
    listener(Noted(f"{len(films)} films of {len(order)} kinds could be the reference"))
    ranked = _ranked(broken, location, order, listener)
    candidates = tuple(_report(trial, rank) for rank, trial in enumerate(ranked, 1))
    if not ranked or not ranked[0].fits:
        if index_state(broken) is IndexState.POINTS_OUTSIDE:
            listener(Warned(f"none of the films in {where} fits; {broken.path.name} is rescued by its own index"))
            return Choice(None, candidates)
        raise ReferenceMismatchError(
            f"none of the {len(films)} films in {where} fits {broken.path}"
            + (f": the best, {ranked[0].film.path}, has: {ranked[0].verdict}" if ranked else "")
            + "; look for a recording of the same camera with the same frame size and mode",
            candidates,
        )
    best = ranked[0]
    warnings: tuple[str, ...] = ()
    if best.verdict:
        warnings = (
            f"the best reference found, {best.film.path}, does not fit well: {best.verdict}; either the broken file is "
            "damaged there, or a recording of the same camera in its mode (frame size, rate, sound) would do "
            f"better than this {best.codec} {best.size[0]}x{best.size[1]}",
        )
        listener(Warned(warnings[0]))
    return Choice(open_reference(stack, best.film.path), candidates, warnings)


def _can_be_tried(broken: ByteSource, *, ignore_moov: bool) -> bool:
    """Whether there is something to try with: else any reference will do to say what is wrong with the file."""
    if not broken.size or zero_fraction(broken) == 1.0:
        return False
    return ignore_moov or index_state(broken) is not IndexState.SOUND


def _candidates(named: Sequence[Path], own: Sequence[Path]) -> Iterator[Path]:
    """Give the files that may be films, in the order of their names; what was named itself is taken as it is."""
    for path in named:
        if not path.is_dir():
            yield path
            continue
        for folder, folders, files in os.walk(path):
            folders.sort()
            for name in sorted(files):
                file = Path(folder, name)
                ours = name.startswith(".") or file.stem.endswith(_OURS)
                if file.suffix.lower() in _SUFFIXES and not ours and not any(_same(file, other) for other in own):
                    yield file


def _same(path: Path, other: Path) -> bool:
    try:
        return path.samefile(other)
    except OSError:
        return False


def _read_films(paths: Sequence[Path], named: Sequence[Path], listener: Listener) -> list[Film]:
    """Read the headers of the films; raises what a file that was named itself raises, others are passed over."""
    films = []
    for path in paths:
        try:
            with ExitStack() as stack:
                opened = stack.enter_context(ByteSource.open(path))
                if path.suffix.lower() == ".json" and not is_camera_profile(opened):
                    continue
                movie = read_movie(open_reference(stack, path), leniency=Leniency.STRICT)
                films.append(read_film(path, movie, path.stat().st_mtime))
        except BoxError as error:
            if path in named:
                listener(Warned(f"{path} cannot be the reference: {error}"))
        except (MediaRescueError, OSError):
            if path in named:
                raise
    return [film for film in films if film.movie.tracks]


def _ranked(
    broken: ByteSource, location: MediaLocation, modes: Sequence[Sequence[Film]], listener: Listener
) -> list[Trial]:
    """Try one film of each mode on a little, the better ones on more; return the trials, the best first."""
    glanced = modes[:_MOST_GLANCED]
    steps = len(glanced) + _MOST_QUICK + _MOST_FULL
    listener(StageStarted(CHOOSE, steps, "trials"))
    latest = dict[Path, Trial]()

    def tried(films: Sequence[Film], limit: int, done: int) -> None:
        began = time.monotonic()
        for number, film in enumerate(films):
            listener(Progressed(CHOOSE, done + number))
            trial = _tried(film, broken, location, limit)
            if trial is not None:
                latest[film.path] = trial
            if time.monotonic() - began > _PATIENCE and any(not trial.verdict for trial in latest.values()):
                break

    def best_first(limit: int) -> list[Film]:
        return [trial.film for trial in sorted((t for t in latest.values() if t.limit == limit), key=Trial.order)]

    tried([mode[0] for mode in glanced], _GLANCE, 0)
    one_reads = any(trial.fits for trial in latest.values())
    hopeless = {path for path, trial in latest.items() if one_reads and trial.tried and trial.part < _HARDLY_ANY}
    tried([film for film in best_first(_GLANCE) if film.path not in hopeless][:_MOST_QUICK], _QUICK, len(glanced))
    order = best_first(_QUICK)
    best = latest[order[0].path] if order else None
    again = [film for film in order if best and latest[film.path].part >= _HALF_AS_GOOD * best.part]
    if best and best.part < _HARDLY_ANY:  # none reads the beginning or the middle: more of it would only take long
        again = []
    alike = next((mode[1:_OF_THE_BEST_MODE] for mode in modes if again and mode[0].path == again[0].path), [])
    tried([*again[:1], *alike, *again[1:]][:_MOST_FULL], _FULL, len(glanced) + _MOST_QUICK)
    listener(StageFinished(CHOOSE))
    return sorted(latest.values(), key=lambda trial: (not trial.fits, -trial.limit, *trial.order()))


def _tried(film: Film, broken: ByteSource, location: MediaLocation, limit: int) -> Trial | None:
    """Try a film; None where it cannot be learned from, or is itself broken."""
    try:
        with ExitStack() as stack:
            healthy = open_reference(stack, film.path)
            if index_state(healthy) not in (IndexState.SOUND, IndexState.EMPTY):
                return None
            return try_film(film, healthy, broken, location, limit=limit, decode=decoded, reads_on=reads_on)
    except (BoxError, ReferenceMismatchError, InputError, OSError):
        return None


def _report(trial: Trial, rank: int) -> CandidateReport:
    return CandidateReport(
        path=str(trial.film.path),
        verdict=trial.verdict,
        rank=rank,
        codec=trial.codec,
        width=trial.size[0],
        height=trial.size[1],
        recovered_bytes=trial.recovered,
        tried_bytes=trial.tried,
        key_frames_decoded=trial.keys_decoded,
        key_frames_tried=trial.keys_tried,
        tracks_found=trial.found,
        missing_tracks=trial.missing,
    )
