"""When re-encoded pictures are decoded and shown: the source's times, in the encoder's decoding order."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mediarescue.isobmff.errors import BoxError

Int64Array = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class SourceTimes:
    """Times of the source's samples in decoding order, media ticks; int64 (n,) each.

    Attributes
    ----------
    decode, composition : ndarray of int64
        Before edit lists (ISO/IEC 14496-12 8.6.1).
    end : int
        Where the last sample ends: the duration of the media.
    signed : bool
        Whether its composition offsets may be negative, as iPhones write them, or say so by their version.
    """

    decode: Int64Array
    composition: Int64Array
    end: int
    signed: bool


@dataclass(frozen=True, slots=True, eq=False)
class PictureTimes:
    """Times of the new samples in decoding order, media ticks; int64 (n,) each.

    Attributes
    ----------
    decode, duration, composition_offset : ndarray of int64
    shift : int
        How much later than in the source everything is composed, to be undone by the edit list.
    """

    decode: Int64Array
    duration: Int64Array
    composition_offset: Int64Array
    shift: int


def composition_times(source: SourceTimes, pts: Int64Array) -> Int64Array:
    """Return the composition time of each new picture in the order they are shown, int64 (n,).

    Parameters
    ----------
    source : SourceTimes
    pts : ndarray of int64
        Ascending, in media ticks: when the decoder said each picture is shown, up to a constant.

    Notes
    -----
    FFmpeg moves all times by a constant where composition offsets are negative. As many pictures as samples have the
    samples' own times; of fewer, the constant is the one most of them agree on.
    """
    own = np.sort(source.composition)
    if len(own) == len(pts):
        return own
    if not len(own):
        return pts
    first, last = pts - own[0], pts - own[-1]
    votes: dict[int, int] = {}
    for shift in {0, int(first[0]), int(last[-1]), *(pts[:1] - own[:16]).tolist()}:
        votes[shift] = int(np.isin(pts - shift, own).sum())
    best = max(votes, key=lambda shift: (votes[shift], shift == 0, -abs(shift)))
    return pts - best


def picture_times(source: SourceTimes, composition: Int64Array, rank: Int64Array) -> PictureTimes:
    """Return decode times, durations and composition offsets of the new samples.

    Parameters
    ----------
    source : SourceTimes
    composition : ndarray of int64
        Ascending, of the pictures in the order they are shown.
    rank : ndarray of int64
        Of each sample in decoding order: which picture it is.

    Raises
    ------
    BoxError
        The times do not fit 32-bit fields.

    Notes
    -----
    Each sample is decoded when the source's sample of that number was; where pictures are missing, when their own
    place in the order shown comes. The encoder may decode pictures earlier before they are shown than the source did:
    offsets below 0 are written where the source has a form for them, else all pictures are composed so much later.
    Where single pictures last long, that would be very much later: there, decoding follows the order shown, as far
    behind as the encoder reorders.
    """
    shown = composition[rank]
    decode = source.decode if len(source.decode) == len(rank) else composition - composition[0]
    shift = 0 if source.signed else max(0, -int((shown - decode).min()))
    if shift:
        regular = _decoded_as_shown(composition, rank, source.end)
        needed = max(0, -int((shown - regular).min()))
        if needed < shift // 2:
            decode, shift = regular, needed
    end = max(source.end, int(decode[-1]))
    duration = np.diff(decode, append=end)
    offset = shown - decode + shift
    if (duration < 0).any() or int(duration.max()) > 0xFFFFFFFF or int(np.abs(offset).max()) >= 1 << 31:
        raise BoxError("the times of the pictures do not fit the fields of a sample table")
    return PictureTimes(decode, duration, offset, shift)


def _decoded_as_shown(composition: Int64Array, rank: Int64Array, end: int) -> Int64Array:
    """Return decode times from 0: those of the pictures in the order shown, behind as many steps as the encoder holds.

    The steps in front have the median length of a picture, or less where all would not be decoded by ``end``.
    """
    count = len(rank)
    held = int((np.arange(count) - rank).max())
    step = max(int(np.median(np.diff(composition))), 1)
    room = end - 1 - int(composition[count - 1 - held] - composition[0])
    if room > 0:
        step = max(min(step, room // held), 1)
    return np.concatenate((np.arange(held) * step, composition[: count - held] - composition[0] + held * step))
