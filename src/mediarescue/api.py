"""The library's functions, one a command: files in, a report out, errors from `mediarescue.errors`."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from mediarescue.bitstream.jit import announce_compiling
from mediarescue.checking.inspection import inspect_file
from mediarescue.checking.structure import IndexState
from mediarescue.choosing import References, choose_reference
from mediarescue.errors import UsageError
from mediarescue.events import COMPILING, Listener, Noted, Warned, ignore
from mediarescue.fragment_rescue import untrunc_fragments
from mediarescue.index_rescue import untrunc_by_hidden_index, untrunc_by_own_index
from mediarescue.inspection import InspectReport
from mediarescue.isobmff import ByteSource, read_fragmented
from mediarescue.judging import healthy_among, judge, open_film
from mediarescue.options import UntruncOptions
from mediarescue.output import check_target, default_target, film_name, is_same_place
from mediarescue.pieces import open_pieces, piece_paths
from mediarescue.profiles import save_profile as save_profile
from mediarescue.profiles import show_profile as show_profile
from mediarescue.reports import UntruncReport
from mediarescue.search_rescue import untrunc_by_search
from mediarescue.self_contained import with_own_way
from mediarescue.volumes import on_same_card

_SAME_CARD = (
    "{target} goes to the memory card that {broken} is on: what is written there may take the place of what else could "
    "be recovered; better copy the card to a disk first, or write to another disk"
)


def untrunc(
    broken: str | Path | Sequence[str | Path],
    *,
    reference: References | None = None,
    output: str | Path | None = None,
    options: UntruncOptions = UntruncOptions(),  # noqa: B008 (frozen)
    listener: Listener = ignore,
) -> UntruncReport:
    """Rebuild the index of an MP4 or MOV file that was never finished, or cut.

    Parameters
    ----------
    broken : path or sequence of paths
        The file to rescue, or a photo with a video in it (a motion photo); it is only read. Several are pieces of one
        recording, in order.
    reference : path or sequence of paths, optional
        A file of the same camera in the same mode that plays, or a camera profile of one. Of several, or of a folder's
        films, the best is chosen. Fragmented files that have their own ``moov`` need none.
    output : path, optional
        Default: ``NAME_rescued.EXT`` beside the broken file; EXT becomes ``mp4`` where it is no film's.
    options : UntruncOptions
    listener : callable
        Told of progress and warnings.

    Returns
    -------
    UntruncReport

    Raises
    ------
    UsageError
        The two files are the same or swapped, the output is one of them, or a reference is needed and not given.
    InputError
        A file cannot be opened, or the broken one is no MP4 or MOV.
    ReferenceMismatchError
        The reference has no sound index, or its tracks are not those of the broken file.
    NothingRecoverableError
        The broken file is empty, or holds no sample.
    NothingToDoError
        The broken file has a sound index: it is healthy.
    OutputError
        The output cannot be written.
    VerificationError
        The written file did not read back as meant.

    Examples
    --------
    >>> report = untrunc("broken.mp4", reference="good.mp4")  # doctest: +SKIP
    >>> report.output  # doctest: +SKIP
    'broken_rescued.mp4'
    """
    pieces = piece_paths(broken)
    names = tuple(map(str, pieces)) if len(pieces) > 1 else ()
    broken = pieces[0]
    target = Path(output) if output is not None else default_target(film_name(broken), "_rescued")
    with ExitStack() as stack:
        source = open_pieces(stack, pieces)
        announce_compiling(lambda: listener(Noted(COMPILING)))
        choice = choose_reference(stack, source, reference, listener, own=pieces, ignore_moov=options.ignore_moov)
        healthy = choice.healthy
        if healthy is not None and (same := [path for path in pieces if path.samefile(healthy.path)]):
            raise UsageError(f"{same[0]} is given twice: the reference must be another file, one that plays")
        inputs = [*pieces, *([] if healthy is None else [healthy.path]), *(Path(c.path) for c in choice.candidates)]
        check_target(target, inputs=inputs, overwrite=options.overwrite or options.dry_run)
        _check_maps(target, inputs, options)
        if on_same_card(broken, target):
            listener(Warned(_SAME_CARD.format(broken=broken.name, target=target)))
        file = None if options.ignore_moov else read_fragmented(source)
        state = judge(source, healthy, file, ignore_moov=options.ignore_moov, pieces=len(pieces) > 1)
        if file is not None and (file.began or healthy is None or state is IndexState.POINTS_OUTSIDE):
            report = untrunc_fragments(source, healthy, file, target, options=options, listener=listener)
            if report is not None:
                return replace(report, pieces=names)
        if options.keep_fragments:
            listener(Warned(f"{broken.name} is no fragmented file: there is nothing for --keep-fragments to keep"))
        report = untrunc_by_own_index(source, state, healthy, target, options=options, listener=listener)
        if report is not None:
            return replace(report, pieces=names)
        if healthy is None:
            report = untrunc_by_hidden_index(source, target, options=options, listener=listener)
            if report is not None:
                return report
            meant = healthy_among([open_film(stack, piece) for piece in pieces]) if len(pieces) > 1 else None
            raise meant or UsageError(_without_reference(broken, state, options))
        report = untrunc_by_search(source, state, healthy, target, options=options, listener=listener)
    warnings = (*report.warnings, *choice.warnings)
    return replace(report, pieces=names, candidates=choice.candidates, warnings=warnings)


def _without_reference(broken: Path, state: IndexState, options: UntruncOptions) -> str:
    command = f"mediarescue untrunc {broken} --ref GOOD"
    needed = f"name a healthy recording of the same camera in the same mode, {command}"
    if state is IndexState.POINTS_OUTSIDE:
        return (
            f"{broken} was cut: its index lists samples that are not in the file; {needed}, or take the tracks as far "
            f"as they go, mediarescue extract {broken} --out-dir DIR"
        )
    if options.ignore_moov:
        return f"{broken} is to be rescued without its index (--ignore-moov), which takes a reference: {needed}"
    if state is IndexState.CONTRADICTED:
        return f"the index in {broken} does not fit the media beside it, and is of no use: {needed}"
    return f"{broken} has no index of its own that serves: {needed}"


def _check_maps(target: Path, inputs: list[Path], options: UntruncOptions) -> None:
    """Refuse, before any work, a map or a picture that cannot be written or would replace another file."""
    taken = [target]
    for path in (options.map_file, options.map_picture):
        if path is None:
            continue
        if any(is_same_place(path, other) for other in taken):
            raise UsageError(f"{path} is named for the map, and for another output too; give each a name of its own")
        check_target(path, inputs=inputs, overwrite=options.overwrite)
        taken.append(path)


def inspect(path: str | Path, *, every_box: bool = False) -> InspectReport:
    """Say what is in a file, what is wrong with it, and what to do; quick at any size.

    Parameters
    ----------
    path : path
    every_box : bool
        Fold no rows of boxes in the report's tree, and look into every fragment.

    Raises
    ------
    InputError
        The file cannot be opened or read.

    Examples
    --------
    >>> inspect("good.mp4").verdict  # doctest: +SKIP
    'healthy'
    """
    with ByteSource.open(path) as source:
        return with_own_way(source, inspect_file(source, every_box=every_box))
