"""What samples say of the track they belong to, where several tracks of one codec are told apart."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from mediarescue.bitstream.aac import FrameColumn
from mediarescue.bitstream.buffers import as_buffer
from mediarescue.bitstream.columns import Column, SyncKind
from mediarescue.bitstream.frames import FrameColumn as SampleColumn
from mediarescue.recover.candidate import FamilySamples
from mediarescue.recover.codecs.framed_matcher import FrameRows
from mediarescue.recover.codecs.nal_matcher import NalVideoMatcher, TrackReader, own_configuration
from mediarescue.recover.families import Family
from mediarescue.recover.joining import cheapest_by_run
from mediarescue.recover.profile import TrackProfile
from mediarescue.recover.rows import PackedRows

DecodeProbe = Callable[[TrackProfile, bytes], float | None]
"""Which part of a sync sample's picture decodes with a track's parameter sets, 0 to 1; None where nobody can tell."""

_NOT_OF_THIS_TRACK = 20.0
_BROKEN_ORDER = 6.0
_NEAR_IN_ORDER = 64
_MOST_SIZE_COST = 5.0
_UNKNOWN_SIZE_COST = 2.0
_COUNTERS = [int(Column.FRAME_NUM), int(Column.POC_LSB)]
_ODD_STEP = 2.0
_UNLIKE = 1.5

_AFTER = {0: (0, 1), 1: (2,), 2: (2, 3), 3: (0, 1)}
"""Window sequences that may follow each other (ISO/IEC 14496-3 4.5.2.3.2): long, start, eight short, stop."""


class AudioEvidence:
    """AAC frames: window sequences follow rules, and loudness does not jump for nothing."""

    def __init__(self, rows: PackedRows | None) -> None:
        self._rows = rows
        columns = [FrameColumn.WINDOW_SEQUENCE, FrameColumn.GLOBAL_GAIN]
        self._facts: list[list[int]] = [] if rows is None else rows.columns(columns)

    def rows_of(self, place: int) -> PackedRows | None:
        """Return the rows as track ``place`` reads them: the same for all."""
        return self._rows

    def alone(self, place: int, index: int) -> float:
        """Return 0: a frame says nothing of its track."""
        return 0.0

    def following(self, place: int, before: int, index: int) -> float:
        """Return the surprise of two frames in a row."""
        if not self._facts or before < 0:
            return 0.0
        (was, loud), (now, louder) = self._facts[before], self._facts[index]
        return (0.0 if now in _AFTER.get(was, (0, 1, 2, 3)) else _BROKEN_ORDER) + min(abs(louder - loud) / 16.0, 2.0)


class SizeEvidence:
    """Samples of any other codec: their sizes, and what their headers say, are like those of their own track."""

    def __init__(self, family: Family, samples: FamilySamples) -> None:
        self._rows = samples.rows
        size = samples.size.astype(np.float64)
        usual = np.zeros(len(size), dtype=bool)
        self._cost: list[list[float]] = [
            (_size_costs(track, size, usual, apart=False) + look).tolist()
            for track, look in zip(family.tracks, _look_costs(family, samples.rows), strict=True)
        ]

    def rows_of(self, place: int) -> PackedRows | None:
        """Return the rows as track ``place`` reads them: the same for all."""
        return self._rows

    def alone(self, place: int, index: int) -> float:
        """Return the surprise that a sample is of track ``place``."""
        return self._cost[place][index]

    def following(self, place: int, before: int, index: int) -> float:
        """Return 0: nothing ties a sample to the one before."""
        return 0.0


def _look_costs(family: Family, rows: PackedRows | None) -> list[NDArray[np.float64] | float]:
    """Return how surprising each sample's header would be in each track, in nats: by how often the reference has it."""
    if not isinstance(family.matcher, FrameRows) or rows is None:
        return [0.0] * len(family.tracks)
    looks, at = np.unique([row[0] for row in rows.columns([SampleColumn.LOOK])], return_inverse=True)
    costs: list[NDArray[np.float64] | float] = []
    for track in family.tracks:
        known = family.matcher.known[track.index][:, SampleColumn.LOOK]
        counts = (known[:, np.newaxis] == looks).sum(axis=0)
        costs.append(-np.log((counts + 0.5) / (len(known) + 0.5))[at] if len(known) else _UNKNOWN_SIZE_COST)
    return costs


class VideoEvidence:
    """Access units: each track's own parameter sets must read them, key frames decode, frame numbers go on."""

    def __init__(
        self,
        family: Family,
        samples: FamilySamples,
        read: Callable[[int, int], bytes],
        probe: DecodeProbe | None,
    ) -> None:
        matcher = family.matcher
        assert isinstance(matcher, NalVideoMatcher)
        assert samples.rows is not None
        configurations = {own_configuration(track) for track in family.tracks}
        offset, size = samples.offset.tolist(), samples.size.tolist()
        self._rows: list[PackedRows] = []
        self._cost: list[list[float]] = []
        self._starts: list[list[bool]] = []
        for place, track in enumerate(family.tracks):
            rows, cost = samples.rows, np.zeros(len(size))
            scanner = matcher.readers[place].scanner
            if len(configurations) > 1:
                rows = PackedRows()
                for block in samples.rows.blocks():
                    first = len(rows)
                    for index in range(first, first + len(block)):
                        row = scanner.scan(as_buffer(read(offset[index], size[index])), 0, size[index], final=True)
                        if isinstance(row, int) or int(row[Column.SIZE]) != size[index]:
                            cost[index] = _NOT_OF_THIS_TRACK
                        else:
                            block[index - first] = row
                    rows.append(block)
            starts = (rows.flags(scanner.sync_kinds) & int(SyncKind.IRAP)) != 0
            cost += _size_costs(track, np.asarray(size, dtype=np.float64), starts)
            if probe is not None and len(configurations) > 1:
                for index in np.flatnonzero(starts & (cost < _NOT_OF_THIS_TRACK)).tolist():
                    part = probe(track, read(offset[index], size[index]))
                    cost[index] += 0.0 if part is None else _NOT_OF_THIS_TRACK * (1.0 - part)
            self._rows.append(rows)
            self._cost.append(cost.tolist())
            self._starts.append(starts.tolist())
        self._facts = [rows.columns(_COUNTERS) for rows in self._rows]
        self._steps = [_steps(matcher.readers[place]) for place in range(len(family.tracks))]
        if len(configurations) == 1:
            self._steps = [frozenset().union(*self._steps)] * len(family.tracks)
        if len(configurations) == 1 and not _unlike_in_size(family.tracks):
            # what was filmed differs from take to take by more than the tracks do: sizes would turn them all round
            self._cost = [[0.0] * len(size) for _ in family.tracks]

    def rows_of(self, place: int) -> PackedRows:
        """Return the rows as track ``place`` reads them."""
        return self._rows[place]

    def alone(self, place: int, index: int) -> float:
        """Return the surprise that an access unit is of track ``place``."""
        return self._cost[place][index]

    def with_entries(self, tracks: Sequence[TrackProfile], places: NDArray[np.int16]) -> NDArray[np.int16]:
        """Choose anew among the parts of a track for each run from key frame to key frame: where alone they change."""
        places = places.copy()
        for track_id in {track.track.track_id for track in tracks}:
            parts = [place for place, track in enumerate(tracks) if track.track.track_id == track_id]
            mine = np.flatnonzero(np.isin(places, parts))
            if len(parts) > 1 and len(mine):
                starts = np.asarray(
                    np.array([self._starts[part] for part in parts])[:, mine].any(axis=0), dtype=np.bool_
                )
                costs = np.array([self._cost[part] for part in parts])[:, mine]
                places[mine] = np.array(parts)[cheapest_by_run(costs, starts)]
        return places

    def following(self, place: int, before: int, index: int) -> float:
        """Return the surprise of two access units in a row.

        Notes
        -----
        A track begins with a key frame; H.264's frame_num stays or advances by one (ISO/IEC 14496-10 7.4.3);
        HEVC's order count stays near that of the picture before. Steps of both that the reference never makes are odd.
        """
        if self._starts[place][index]:
            return 0.0
        if before < 0:
            return 2 * _BROKEN_ORDER
        (was, count_before), (now, count) = self._facts[place][before], self._facts[place][index]
        steps = self._steps[place]
        odd = 0.0 if not steps or (now - was, count - count_before) in steps else _ODD_STEP
        if was >= 0 and now >= 0:
            return odd if now in (was, was + 1) or (now == 0 and was > 0) else _BROKEN_ORDER
        wrapped = count < _NEAR_IN_ORDER or count_before < _NEAR_IN_ORDER
        return odd if abs(count - count_before) <= _NEAR_IN_ORDER or wrapped else _BROKEN_ORDER


def _steps(reader: TrackReader) -> frozenset[tuple[int, int]]:
    """Return by how much frame_num and order count differ between pictures that follow each other in the reference."""
    counters = reader.rows[:, _COUNTERS]
    return frozenset(zip(*np.diff(counters, axis=0).T.tolist(), strict=True)) if len(counters) > 1 else frozenset()


def _unlike_in_size(tracks: Sequence[TrackProfile]) -> bool:
    """Whether the usual sizes of some tracks' pictures differ by more than two takes of one camera do."""
    usual = [float(np.log(t.samples.size + 1.0).mean()) for t in tracks if t.samples is not None and len(t.samples)]
    return max(usual, default=0.0) - min(usual, default=0.0) > _UNLIKE


def _size_costs(
    track: TrackProfile, size: NDArray[np.float64], starts: NDArray[np.bool_], *, apart: bool = True
) -> NDArray[np.float64]:
    """Return how far each size is from those of the track's own key and other frames, or of all, in nats."""
    known = track.samples
    out = np.full(len(size), _UNKNOWN_SIZE_COST)
    if known is None:
        return out
    for kind in (False, True) if apart else (False,):
        of_kind = known.is_sync == kind if apart else np.ones(len(known), dtype=bool)
        logs = np.log(known.size[of_kind].astype(np.float64) + 1)
        if len(logs) < 2:
            continue
        spread = max(float(logs.std()), 0.2)
        here = starts == kind
        z = (np.log(size[here] + 1) - float(logs.mean())) / spread
        out[here] = np.minimum(z * z / 2 + math.log(spread / 0.2), _MOST_SIZE_COST)
    return out
