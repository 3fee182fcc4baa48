"""Several pieces of one recording: open them as one, and say what their borders show."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import numpy as np

from mediarescue.errors import NothingRecoverableError, UsageError
from mediarescue.isobmff import ByteSource, JoinedSource
from mediarescue.isobmff.pieces import PiecesSource
from mediarescue.judging import open_film
from mediarescue.recover.candidate import Gap
from mediarescue.recover.families import Families
from mediarescue.recover.locate import TOP_LEVEL, locate_media
from mediarescue.recover.matcher import Matcher
from mediarescue.recover.segment import Segmenter
from mediarescue.recover.window import MediaWindow

_MOST_COMPARED = 8
"""Pieces; of more, the borders of other orders are too many to look at."""
_BESIDE = 1 << 20
_NEAR = 4096


def piece_paths(broken: str | Path | Sequence[str | Path]) -> list[Path]:
    """Return the files that are to be rescued as one; raises UsageError where none is named, or one of them twice."""
    paths = [Path(broken)] if isinstance(broken, str | Path) else [Path(path) for path in broken]
    if not paths:
        raise UsageError("no file to rescue was given")
    for index, path in enumerate(paths):
        for other in paths[:index]:
            if path.exists() and other.exists() and path.samefile(other):
                raise UsageError(f"{path} is given twice: each piece of a recording must be another file")
    return paths


def open_pieces(stack: ExitStack, paths: Sequence[Path]) -> ByteSource:
    """Open a file, or the pieces of one as one source: of the pieces behind the first their media data only.

    Raises
    ------
    InputError, NothingRecoverableError
        One cannot be opened, or is empty.
    """
    if len(paths) == 1:
        return open_film(stack, paths[0])
    pieces = [stack.enter_context(ByteSource.open(path)) for path in paths]
    for piece in pieces:
        if not piece.size:
            raise NothingRecoverableError(f"{piece.path} is empty (0 bytes): name the other pieces only")
    return PiecesSource([_media_of(piece, first=not index) for index, piece in enumerate(pieces)])


def _media_of(piece: ByteSource, *, first: bool) -> ByteSource:
    """Return a piece without boxes of its own around its media data; the first one keeps what is in front of them."""
    if piece.read(4, 4) not in TOP_LEVEL:
        return piece
    location = locate_media(piece)
    if location.mdat_offset is None or location.end <= location.start:
        return piece
    # a piece that the others continue holds no moov behind its media but of a recording that ended there
    return piece.part(0 if first else location.start, location.end)


def named_borders(source: ByteSource, gaps: Sequence[Gap]) -> tuple[Gap, ...]:
    """Return the gaps, those at the border of two pieces with the reason said."""
    if not isinstance(source, PiecesSource):
        return tuple(gaps)
    out = []
    for gap in gaps:
        index = next((i for i, at in enumerate(source.borders) if gap.offset <= at <= gap.offset + gap.size), None)
        if index is not None and not gap.expected:
            before, behind = source.pieces[index], source.pieces[index + 1]
            gap = replace(gap, reason=f"{before.path.name} and {behind.path.name} do not join: bytes are missing there")
        out.append(gap)
    return tuple(out)


def order_warnings(source: ByteSource, gaps: Sequence[Gap], families: Families) -> tuple[str, ...]:
    """Return warnings where two pieces that were not given one behind the other join without a seam.

    Notes
    -----
    A sample that begins at the end of one piece, ends in another, and is followed there by more samples proves that
    the one continues the other. It is asked only of pieces whose given neighbours do not join.
    """
    if not isinstance(source, PiecesSource) or not 2 <= len(source.pieces) <= _MOST_COMPARED:
        return ()
    torn = [
        index
        for index, at in enumerate(source.borders)
        if any(not gap.expected and gap.offset - _NEAR <= at <= gap.offset + gap.size + _NEAR for gap in gaps)
    ]
    bounds = [0, *source.borders, source.size]
    warnings = []
    for before in range(len(source.pieces)):
        if before < len(source.borders) and before not in torn:
            continue
        for behind in range(len(source.pieces)):
            if behind in (before, before + 1) or (behind and behind - 1 not in torn):
                continue
            if _joins(source, (bounds[before], bounds[before + 1]), (bounds[behind], bounds[behind + 1]), families):
                names = source.pieces[behind].path.name, source.pieces[before].path.name
                warnings.append("the order of the pieces seems wrong: {} continues {}".format(*names))
    return tuple(warnings)


def _joins(source: ByteSource, before: tuple[int, int], behind: tuple[int, int], families: Families) -> bool:
    """Return whether a sample goes from the end of one range into the beginning of another, and others follow it."""
    tail = min(_BESIDE, before[1] - before[0])
    head = min(_BESIDE, behind[1] - behind[0])
    seam = JoinedSource(source, [(before[1] - tail, tail), (behind[0], head)])
    found = Segmenter(MediaWindow(seam, 0, seam.size), families.matchers, families.order).run()
    for family, samples in enumerate(found.samples):
        if _is_blind(families.matchers[family]) or not len(samples.size):
            continue
        begin, end = samples.offset, samples.offset + samples.size
        across = np.flatnonzero((begin < tail) & (end > tail))
        if not len(across):
            continue
        low, high = int(begin[across[0]]), int(end[across[0]]) + _NEAR
        if not any(not gap.expected and gap.offset < high and gap.offset + gap.size >= low for gap in found.gaps):
            return True
    return False


def _is_blind(matcher: Matcher) -> bool:
    return matcher.blind
