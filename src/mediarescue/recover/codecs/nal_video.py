"""H.264 and HEVC in length-prefixed form: access units walked by the bitstream's own rules."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from mediarescue.bitstream.columns import NEED_MORE, Column, EndReason
from mediarescue.bitstream.errors import BitstreamError
from mediarescue.bitstream.h264 import H264Scanner
from mediarescue.bitstream.scanner import AccessUnitScanner
from mediarescue.errors import ReferenceMismatchError
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
_SIZE_HEADROOM = 8
_ZERO_TAIL = 64
_SMALLEST_LIMIT = 128 << 10
_LEARNED_SAMPLES = 20_000
_FEWEST_LEARNED = 300
_LEARNED_BYTES = 64 << 20
"""Read of the reference for rows, unless it takes more for a few key frames and what lies between."""
_SAMPLES_READ = 64


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
        length = self._length
        buf, at, stop, _ = window.view(pos, end - pos + length + 1)
        count = min(end - pos, stop - at - length)
        if count <= 0:
            return -1
        data = buf[at : at + count + length]
        hit = self._first[data[length : length + count]]
        if length == 4:
            hit &= data[:count] == 0
        for k in np.flatnonzero(hit).tolist():
            if self.match(window, pos + k) is not None:
                return pos + k
        return -1


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


def learn_rows(track: TrackProfile, scanner: AccessUnitScanner, reference: MediaWindow) -> NDArray[np.int64]:
    """Scan the reference's own first samples.

    Returns
    -------
    int64 (n, columns)
        Rows of the leading samples, up to the first that does not scan to its size in the tables.
    """
    rows: list[NDArray[np.int64]] = []
    samples, done = track.samples, 0
    if samples is not None:
        for offset, size in zip(
            samples.offset[:_LEARNED_SAMPLES].tolist(), samples.size[:_LEARNED_SAMPLES].tolist(), strict=True
        ):
            if done > _LEARNED_BYTES and len(rows) >= _FEWEST_LEARNED:
                break
            buf, at, stop, _ = reference.view(offset, size)
            row = scanner.scan(buf, at, min(at + size, stop), final=True)
            if isinstance(row, int) or int(row[Column.SIZE]) != size:
                break
            rows.append(row)
            done += size
    return np.stack(rows) if rows else np.zeros((0, len(Column)), dtype=np.int64)


def some_samples(track: TrackProfile, reference: MediaWindow) -> Iterator[bytes]:
    """Give some dozens of the reference's samples, whole: from its start, from a key frame about the middle, its end.

    Notes
    -----
    Neighbours come with one read; samples spread out over a large file would each cost a whole window.
    """
    samples = track.samples
    if samples is None or not len(samples):
        return
    count, each = len(samples), _SAMPLES_READ // 3
    keys = np.flatnonzero(samples.is_sync[: count // 2 + 1])
    starts = {0, int(keys[-1]) if len(keys) else count // 2, max(0, count - each)}
    for index in sorted({index for start in starts for index in range(start, min(start + each, count))}):
        yield reference.peek(int(samples.offset[index]), int(samples.size[index]))


class NalVideoFactory:
    """Make matchers for one codec.

    Parameters
    ----------
    name : str
        Of the codec, part of the family key.
    configuration : bytes
        Type of the box in the sample entry that holds the parameter sets.
    make_scanner : callable
        Configuration payload -> scanner.
    first_bytes : frozenset of int
        First bytes of the NAL headers that can begin an access unit.
    usual_suffixes : tuple of int
        NAL unit types that cameras write behind the slices of an access unit.
    """

    def __init__(
        self,
        name: str,
        configuration: bytes,
        make_scanner: Callable[[bytes], AccessUnitScanner],
        first_bytes: frozenset[int],
        usual_suffixes: tuple[int, ...],
    ) -> None:
        self._usual_suffixes = usual_suffixes
        self._name = name
        self._configuration = configuration
        self._make_scanner = make_scanner
        self._first_bytes = first_bytes

    def family_key(self, track: TrackProfile) -> object:
        """Tracks of one codec share a family: their NAL units look alike."""
        return (self._name,)

    def scanner(self, track: TrackProfile) -> AccessUnitScanner:
        """Return a scanner with the track's parameter sets; raises ReferenceMismatchError when they are unusable."""
        payload = track.configuration(self._configuration)
        where = f"track {track.track.track_id} of the reference"
        if payload is None:
            raise ReferenceMismatchError(f"{where} has no {self._configuration.decode()} box; use another reference")
        try:
            return self._make_scanner(payload)
        except BitstreamError as error:
            raise ReferenceMismatchError(f"{where} has unusable parameter sets ({error}); use another one") from error

    def __call__(self, family: int, tracks: Sequence[TrackProfile], reference: MediaWindow) -> NalVideoMatcher:
        """Learn the NAL unit habits of each track."""
        readers = tuple(self._reader(track, reference) for track in tracks)
        most = max(map(size_limit, tracks))
        readers = tuple(replace(r, scanner=r.scanner.limits(max_nal_size=_at_most(r.scanner, most))) for r in readers)
        return NalVideoMatcher(family, readers, first_bytes=self._first_bytes, max_sample=most)

    def _unlearned(self, scanner: AccessUnitScanner, track: TrackProfile) -> AccessUnitScanner:
        """Expect the NAL units that cameras put behind the slices, where the reference has no sample to show."""
        layers = range(32) if track.configuration(b"lhvC") is not None else ()  # the second eye's pictures
        return scanner.limits(continuation_types=self._usual_suffixes, layer_continuation_types=layers)

    def _reader(self, track: TrackProfile, reference: MediaWindow) -> TrackReader:
        scanner = self.scanner(track)
        scanner = (
            scanner.learned(some_samples(track, reference)) if track.sample_count else self._unlearned(scanner, track)
        )
        rows = learn_rows(track, scanner.limits(), reference)
        slices = set(rows[:, Column.SLICE_COUNT].tolist())
        return TrackReader(track, scanner, rows, slices.pop() if len(slices) == 1 else 0)


def own_configuration(track: TrackProfile) -> bytes:
    """Return the parameter sets of a video track, as they stand in its sample entry."""
    return track.configuration(b"avcC") or track.configuration(b"hvcC") or b""


def picture_size(scanner: AccessUnitScanner) -> tuple[int, int] | None:
    """Return width and height of the pictures the parameter sets describe, None where they are in the samples only.

    Sample entries may say otherwise.
    """
    sps = next(iter(scanner.parameter_sets.spss.values()), None)
    return None if sps is None else (int(sps.width), int(sps.height))


def coded_rate(scanner: AccessUnitScanner) -> Fraction | None:
    """Return the frames a second that the parameter sets tell (ISO/IEC 14496-10 E.2.1), None where they do not."""
    sps = next(iter(scanner.parameter_sets.spss.values()), None)
    timing = None if sps is None else sps.vui
    if timing is None or not timing.num_units_in_tick or not timing.time_scale:
        return None
    ticks = 2 if isinstance(scanner, H264Scanner) else 1  # H.264 counts fields
    rate = Fraction(timing.time_scale, ticks * timing.num_units_in_tick)
    return rate if 1 <= rate <= 1000 else None


def _at_most(scanner: AccessUnitScanner, most: int) -> int:
    """Return the largest NAL unit to believe: what the picture size allows, and the reference makes likely."""
    return min(most, int(scanner.parameter_sets.max_coded_size))


def size_limit(track: TrackProfile) -> int:
    """Return the largest sample to expect, in bytes: well above the reference's largest."""
    largest = int(track.samples.size.max()) if track.samples is not None and len(track.samples) else 8 << 20
    return max(largest * _SIZE_HEADROOM, _SMALLEST_LIMIT)
