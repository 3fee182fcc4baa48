"""The matcher of H.264 and HEVC: access units walked by the bitstream's own rules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mediarescue.bitstream.columns import NEED_MORE, Column, EndReason
from mediarescue.bitstream.scanner import AccessUnitScanner
from mediarescue.bitstream.search import places_of
from mediarescue.recover.candidate import Candidate
from mediarescue.recover.profile import TrackProfile
from mediarescue.recover.resync import only_zeros
from mediarescue.recover.window import MediaWindow

_SIZE, _END_REASON, _SLICE_COUNT = int(Column.SIZE), int(Column.END_REASON), int(Column.SLICE_COUNT)
_CUT = int(EndReason.CUT)
_FIRST_LOOK = 64 << 10
_LARGEST_LENGTH_BYTE = 8
"""First byte of a 4-byte length above which no NAL unit is believed: 128 MiB."""
_UNITS_A_CALL = 64
_SMALLEST_UNIT = 2
_MARKED_LENGTH = 4
"""Bytes of a length field whose first is zero in any film: a mark of where a unit starts."""
_FIND_BLOCK = 64 << 10
_HEADERS = 512
"""Bytes behind the place where a sample may start that a search has at hand: more than its headers take."""
_ZERO_TAIL = 64


@dataclass(frozen=True, slots=True)
class TrackReader:
    """How one video track of the family is read.

    Attributes
    ----------
    track : TrackProfile
    scanner : AccessUnitScanner
        With the track's parameter sets and the habits of its samples.
    rows : int64 (n, columns)
        The scanner's rows of the reference's leading samples.
    slices : int
        Slices an access unit always had in the reference, 0 where that varies.
    """

    track: TrackProfile
    scanner: AccessUnitScanner
    rows: NDArray[np.int64]
    slices: int


class NalVideoMatcher:
    """Match runs of access units.

    Parameters
    ----------
    family : int
    readers : tuple of TrackReader
        One a track.
    first_bytes : frozenset of int
        First bytes of the NAL headers that can begin an access unit.
    max_sample : int
        Bytes of the largest access unit to expect.
    """

    blind = False

    def __init__(
        self, family: int, readers: tuple[TrackReader, ...], *, first_bytes: frozenset[int], max_sample: int
    ) -> None:
        self.family = family
        self.readers = readers
        unlike = {own_configuration(reader.track): reader for reader in reversed(readers)}
        self._unlike = sorted(unlike.values(), key=lambda reader: -reader.track.sample_count)
        self._length = readers[0].scanner.nal_length_size
        self._first = np.zeros(256, dtype=bool)
        self._first[sorted(first_bytes)] = True
        self._max_sample = max_sample
        believed = max(reader.scanner.max_nal_size for reader in readers)
        self._largest_nal = min(believed, (1 << 8 * self._length) - 1)
        self._need_more = False

    def reader_of(self, track: TrackProfile) -> TrackReader:
        """Return how a track is read."""
        return next(reader for reader in self.readers if reader.track is track)

    def match(self, window: MediaWindow, pos: int) -> Candidate | None:
        """Return the longest run of whole access units at ``pos`` that one track's parameter sets can read."""
        length = self._length
        buf, at, stop, _ = window.view(pos, length + 8)
        self._need_more = False
        if at + length + 2 > stop or not self._first[buf[at + length]]:
            return None
        if length == 4 and buf[at] > _LARGEST_LENGTH_BYTE:
            return None
        best: Candidate | None = None
        for reader in self._unlike:
            rows = self._scan(reader, window, pos)
            if len(rows):
                sizes = rows[:, _SIZE].copy()
                total = int(sizes[0]) if len(sizes) == 1 else int(sizes.sum())
                candidate = Candidate(self.family, pos, total, sizes, rows, 0.0, True)
                best = candidate if best is None or candidate.size > best.size else best
        return best

    def _scan(self, reader: TrackReader, window: MediaWindow, pos: int) -> NDArray[np.int64]:
        """Return the rows of the whole access units at ``pos``; notes where the media ends inside the first."""
        need = _FIRST_LOOK
        while True:
            buf, at, stop, final = window.view(pos, need)
            rows, (_, reason) = reader.scanner.scan_many(buf, at, stop, _UNITS_A_CALL, final=final)
            if len(rows) or reason != NEED_MORE or final or need >= window.largest or need > self._max_sample * 2:
                break
            need = max(need * 8, 1 << 20)
        if len(rows):
            if _ends_in_zeros(buf, at, rows) and only_zeros(window, pos + int(rows[:, _SIZE].sum())):
                rows = rows[:-1]  # space that was reserved and never written: the picture is cut
                self._need_more |= not len(rows)
                return rows
            if not _is_part(rows, reader.slices, window.end - pos - self._length - 2):
                return rows
            rows = rows[:-1]
            self._need_more |= not len(rows)
        else:
            self._need_more |= reason == NEED_MORE and final
        return rows

    def propose(self, window: MediaWindow, pos: int) -> Sequence[Candidate]:
        """Propose nothing: the structure tells."""
        return ()

    def stretch(self, window: MediaWindow, offset: int, size: int) -> Candidate | None:
        """Never fill bytes with video."""
        return None

    def cut(self, window: MediaWindow, pos: int) -> bool:
        """Return True when an access unit starts at ``pos`` and the media ends inside it."""
        if window.end - pos < self._length + 2:
            return False
        return self.match(window, pos) is None and self._need_more

    def find(self, window: MediaWindow, pos: int, end: int) -> int:
        """Return the first NAL unit that could start an access unit and whose slice header parses."""
        while pos < end:
            until = min(pos + _FIND_BLOCK, end)
            hit = self._parsing(window, pos, until)
            if hit >= 0 and self.match(window, hit) is not None:
                return hit
            pos = until if hit < 0 else hit + 1
        return -1

    def _parsing(self, window: MediaWindow, pos: int, end: int) -> int:
        """Return the first position of a NAL unit whose length and first slice header may be, as far as seen; or -1."""
        length = self._length
        marked = length == _MARKED_LENGTH
        buf, at, stop, _ = window.view(pos, end - pos + (_HEADERS if marked else 2 * self._largest_nal))
        last = min(at + end - pos, stop - length - 1)
        if last <= at:
            return -1
        if marked:
            hit = (buf[at:last] == 0) & (buf[at + 1 : last + 1] <= self._largest_nal >> 16)
            # zeros are no header: not H.264's byte, and not the second of HEVC's two
            header = length + int(self._first[0])
            hit &= buf[at + header : last + header] != 0
            places = np.flatnonzero(hit) + at
            places = places[self._first[buf[places + length]]]
            sizes = buf[places + 1].astype(np.int64) << 16 | buf[places + 2].astype(np.int64) << 8 | buf[places + 3]
            places = places[(sizes >= _SMALLEST_UNIT) & (sizes <= self._largest_nal)]
        else:
            places = places_of(buf, self._first, at + length, last + length) - length
        hits = [reader.scanner.find(buf, places, stop, only_whole=not marked) for reader in self._unlike]
        found = min((place for place in hits if place >= 0), default=-1)
        return pos + found - at if found >= 0 else -1


def _ends_in_zeros(buf: NDArray[np.uint8], at: int, rows: NDArray[np.int64]) -> bool:
    """Whether the last access unit of a run ends in zeros, as no NAL unit does (ISO/IEC 14496-10 7.4.1)."""
    size = int(rows[-1, _SIZE])
    end = at + (size if len(rows) == 1 else int(rows[:, _SIZE].sum()))
    return buf[end - 1] == 0 and size > _ZERO_TAIL and not buf[end - _ZERO_TAIL : end].any()


def _is_part(rows: NDArray[np.int64], slices: int, room: int) -> bool:
    """Whether the last access unit is cut, or ends with the media behind fewer slices than all others have."""
    if rows[-1, _END_REASON] == _CUT:
        return True
    return bool(rows[-1, _SLICE_COUNT] < slices and rows[:, _SIZE].sum() > room)


def own_configuration(track: TrackProfile) -> bytes:
    """Return the parameter sets of a video track, as they stand in its sample entry."""
    return track.configuration(b"avcC") or track.configuration(b"hvcC") or b""
