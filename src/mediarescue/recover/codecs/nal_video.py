"""H.264 and HEVC in length-prefixed form: what the reference's parameter sets and samples teach the matcher."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from mediarescue.bitstream.columns import Column
from mediarescue.bitstream.errors import BitstreamError
from mediarescue.bitstream.h264 import H264Scanner
from mediarescue.bitstream.scanner import AccessUnitScanner
from mediarescue.errors import ReferenceMismatchError
from mediarescue.recover.codecs.nal_matcher import NalVideoMatcher, TrackReader
from mediarescue.recover.profile import TrackProfile
from mediarescue.recover.window import MediaWindow

_SIZE_HEADROOM = 8
_SMALLEST_LIMIT = 128 << 10
_LEARNED_SAMPLES = 20_000
_FEWEST_LEARNED = 300
_LEARNED_BYTES = 64 << 20
"""Read of the reference for rows, unless it takes more for a few key frames and what lies between."""
_SAMPLES_READ = 64


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
