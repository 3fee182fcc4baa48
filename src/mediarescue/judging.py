"""Open what the user names, and judge it before any work: is it a film, and is it broken?"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from mediarescue.checking.structure import IndexState, index_state
from mediarescue.errors import InputError, NothingRecoverableError, NothingToDoError, UsageError
from mediarescue.isobmff import ByteSource, FragmentedFile, Leniency, read_movie
from mediarescue.isobmff.claims import read_claims
from mediarescue.recover.locate import embedded_clip, is_photo

_OTHER_FORMATS = {
    b"RIFF": "AVI or WAV",
    b"\x1aE\xdf\xa3": "Matroska or WebM",
    b"FLV\x01": "Flash video",
    b"OggS": "Ogg",
}


def open_film(stack: ExitStack, path: Path) -> ByteSource:
    """Open a file, or the video in it where it is a photo."""
    source = stack.enter_context(ByteSource.open(path))
    if not is_photo(source):
        return source
    place = embedded_clip(source)
    if place is None:
        raise InputError(f"{path} is a photo, and no video was found in it")
    return source.part(*place)


def judge(
    source: ByteSource,
    healthy: ByteSource | None,
    file: FragmentedFile | None = None,
    *,
    ignore_moov: bool = False,
    pieces: bool = False,
) -> IndexState:
    """Say what the index of a broken film is worth.

    Parameters
    ----------
    source : ByteSource
    healthy : ByteSource or None
        The reference: where that is the broken one, the two seem swapped.
    file : FragmentedFile or None
        What `read_fragmented` said of the source, if it was asked.
    ignore_moov : bool
        Take it for a file without an index.
    pieces : bool
        The source is several files: there is something to do though they be healthy once joined.

    Raises
    ------
    NothingRecoverableError, InputError, UsageError, NothingToDoError
        The source is empty, no film, healthy beside a broken reference, or healthy.
    """
    broken = source.path
    if source.size == 0:
        raise NothingRecoverableError(f"{broken} is empty (0 bytes): there is nothing to rescue in it")
    if source.read(0, 4) in _OTHER_FORMATS:
        raise InputError(
            f"{broken} is no MP4 or MOV file but {_OTHER_FORMATS[source.read(0, 4)]}, which cannot be rescued"
        )
    if ignore_moov:
        return IndexState.MISSING
    state = index_state(source, file=file)
    if state is not IndexState.SOUND:
        return state
    if healthy is not None and index_state(healthy) is IndexState.MISSING:
        raise UsageError(
            f"the files seem swapped: {broken} has a sound index, {healthy.path} has none; "
            f"try: mediarescue untrunc {healthy.path} --ref {broken}"
        )
    if pieces or not _is_borne_out(source):
        return IndexState.CONTRADICTED
    raise nothing_to_do(source)


def _is_borne_out(source: ByteSource) -> bool:
    """Whether the media agree with a sound index: pictures lie where it says, and the media end with its samples."""
    movie = read_movie(source, leniency=Leniency.PERMISSIVE)
    if movie.is_fragmented:
        return True
    claims = read_claims(source, movie)
    return not claims.is_doubtful and not claims.is_short


def is_misplaced(source: ByteSource) -> bool:
    """Whether pictures do not lie where a readable index says."""
    movie = read_movie(source, leniency=Leniency.PERMISSIVE)
    return not movie.is_fragmented and read_claims(source, movie).is_doubtful


def healthy_among(pieces: Sequence[ByteSource]) -> UsageError | None:
    """Return what to say where of several pieces one is a healthy film: the reference, named without ``--ref``."""
    good = [piece for piece in pieces if index_state(piece) is IndexState.SOUND and _is_borne_out(piece)]
    if len(good) != 1 or len(pieces) < 2:
        return None
    others = " ".join(str(piece.path) for piece in pieces if piece is not good[0])
    return UsageError(
        f"{good[0].path} is healthy, and no piece of {others}; if it is to serve as the reference: "
        f"mediarescue untrunc {others} --ref {good[0].path}"
    )


def nothing_to_do(source: ByteSource) -> NothingToDoError:
    """Return what is raised for a healthy film."""
    video = f"the video in {source.path} (bytes {source.origin} to {source.origin + source.size})"
    return NothingToDoError(
        f"{video if source.origin else source.path} is not broken: its index "
        f"{'' if source.origin else '(moov) '}is sound and all samples are there; nothing was written"
    )
