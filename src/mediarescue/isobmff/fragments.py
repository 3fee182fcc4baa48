"""The runs of samples that movie fragments list, joined to one table a track (ISO/IEC 14496-12 8.8)."""

from __future__ import annotations

import struct
from array import array
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mediarescue.isobmff.box import Box
from mediarescue.isobmff.errors import BoxError
from mediarescue.isobmff.header import read_header
from mediarescue.isobmff.layout import parse_payload
from mediarescue.isobmff.sample_table import MAX_CONSTANT_SAMPLES, SampleTable

Int64Array = NDArray[np.int64]

_BASE_DATA_OFFSET, _DESCRIPTION_INDEX, _DEFAULT_DURATION = 0x000001, 0x000002, 0x000008
_DEFAULT_SIZE, _DEFAULT_FLAGS, _BASE_IS_MOOF = 0x000010, 0x000020, 0x020000
_DATA_OFFSET, _FIRST_FLAGS = 0x000001, 0x000004
_DURATION, _SIZE, _FLAGS, _COMPOSITION = 0x000100, 0x000200, 0x000400, 0x000800
_NO_SYNC = 0x01010000
"""``sample_is_non_sync_sample``, and ``sample_depends_on`` 1: some writers say only the latter of a picture."""
_LONGEST_PAUSE = 1 << 31
"""Ticks; a longer one does not fit ``stts``, and comes from a damaged time."""
_LATEST = 1 << 56
"""Offsets and times beyond it are damage, and sums of those below stay within 64 bits."""
_MDAT_HEADERS = (8, 16)


class TrackExtends(NamedTuple):
    """Defaults of a track's fragments (``trex``, 8.8.3); the index of the sample entry counts from 1."""

    description_index: int = 1
    duration: int = 0
    size: int = 0
    flags: int = 0


def read_track_extends(moov: Box) -> dict[int, TrackExtends]:
    """Return the ``trex`` boxes of a ``moov`` by track id; raises BoxError where one is cut off."""
    mvex, found = moov.find(b"mvex"), {}
    for box in mvex.find_all(b"trex") if mvex is not None else ():
        fields = parse_payload(b"trex", box.payload, offset=box.offset)
        found[fields.track_id] = TrackExtends(
            fields.default_sample_description_index,
            fields.default_sample_duration,
            fields.default_sample_size,
            fields.default_sample_flags,
        )
    return found


class Run(NamedTuple):
    """One ``trun``: what its samples have in common, and where their rows differ (``fields``, its row flags).

    ``first_flags`` and ``decode_time`` are -1 where the fragment does not give them; ``byte_count`` is that of all
    its samples, ``description_index`` counts from 0.
    """

    offset: int
    sample_count: int
    fields: int
    first_flags: int
    duration: int
    size: int
    flags: int
    description_index: int
    decode_time: int
    byte_count: int


class _Found(NamedTuple):
    """A run with its track, its rows, and the absolute base its ``tfhd`` gives (-1: none)."""

    track_id: int
    run: Run
    rows: bytes
    base: int


@dataclass(frozen=True, slots=True, eq=False)
class TimedSamples:
    """Samples and when each is decoded.

    Attributes
    ----------
    samples : SampleTable
        Their durations are what the writer gave each, 0 where it did not know.
    decode_time : ndarray of int64
        Media ticks on the clock of the recording; never falling. Pauses between fragments show here.
    """

    samples: SampleTable
    decode_time: Int64Array


class Fragments:
    """Collects the runs of samples of any number of ``moof`` boxes in flat arrays.

    Parameters
    ----------
    extends : mapping of int to TrackExtends
        The defaults by track id.

    Notes
    -----
    A program that writes each picture as a fragment of its own makes 200,000 an hour: a run costs some eighty
    bytes, the rows of the samples stay as they are in the file until `samples` expands them all at once.
    """

    def __init__(self, extends: Mapping[int, TrackExtends] | None = None) -> None:
        self.extends = dict(extends or {})
        self._runs: dict[int, array[int]] = {}
        self._rows: dict[tuple[int, int], bytearray] = {}
        self.has_absolute_offsets = False
        """Whether a fragment says where its data lie in the file (``base_data_offset``), so that it must not move."""

    @property
    def track_ids(self) -> tuple[int, ...]:
        """The tracks that have runs, in the order they appeared."""
        return tuple(self._runs)

    def add(self, moof: bytes, offset: int) -> int:
        """Take in one ``moof`` (header included) that stands at absolute ``offset``; return where its samples end.

        Raises BoxError, and keeps nothing of it, where a box in it is cut off or lists more samples than it has
        bytes for.
        """
        found: list[_Found] = []
        end = offset
        try:
            for kind, body, stop in _children(moof, 0, len(moof)):
                if kind == b"moof":
                    for inner, start, close in _children(moof, body, stop):
                        if inner == b"traf":
                            end = self._read_traf(moof, start, close, offset, end, found)
        except struct.error:
            raise BoxError("a box of the fragment is cut off", offset=offset) from None
        found = _at_home(found, offset, len(moof))
        self.has_absolute_offsets |= any(item.base >= 0 for item in found)
        for track_id, run, rows, _ in found:
            self._runs.setdefault(track_id, array("q")).extend(run)
            if rows:
                self._rows.setdefault((track_id, run.fields), bytearray()).extend(rows)
        return max((item.run.offset + item.run.byte_count for item in found), default=offset)

    def _read_traf(self, data: bytes, pos: int, end: int, moof: int, previous: int, found: list[_Found]) -> int:
        """Append the runs of one ``traf``; return where its data ends (8.8.7: where the next begins by default)."""
        track_id, base, decode_time, explicit = 0, previous, -1, False
        default = TrackExtends()
        for kind, body, stop in _children(data, pos, end):
            if kind == b"tfhd":
                track_id, base, default = self._read_tfhd(data, body, moof, previous)
                previous, explicit = base, bool(data[body + 3] & _BASE_DATA_OFFSET)
            elif kind == b"tfdt":
                decode_time = struct.unpack_from(">Q" if data[body] else ">I", data, body + 4)[0]
                decode_time = decode_time if decode_time < _LATEST else -1
            elif kind == b"trun":
                if not track_id:
                    raise BoxError("a trun box has no tfhd before it", offset=moof)
                run, rows = _read_trun(data, body, stop, default, base, previous)
                found.append(_Found(track_id, run._replace(decode_time=decode_time), rows, base if explicit else -1))
                previous, decode_time = run.offset + run.byte_count, -1
        return previous

    def _read_tfhd(self, data: bytes, pos: int, moof: int, previous: int) -> tuple[int, int, TrackExtends]:
        """Return the track id, where data offsets count from, and the defaults of one ``tfhd``."""
        flags, track_id = struct.unpack_from(">II", data, pos)
        pos += 8
        base = moof if flags & _BASE_IS_MOOF else previous
        if flags & _BASE_DATA_OFFSET:
            base = struct.unpack_from(">Q", data, pos)[0]
            pos += 8
        values = list(self.extends.get(track_id, TrackExtends()))
        for place, flag in enumerate((_DESCRIPTION_INDEX, _DEFAULT_DURATION, _DEFAULT_SIZE, _DEFAULT_FLAGS)):
            if flags & flag:
                values[place] = struct.unpack_from(">I", data, pos)[0]
                pos += 4
        return track_id, base, TrackExtends(*values)

    def runs(self, track_id: int) -> NDArray[np.int64]:
        """Return the runs of a track that have samples, int64 (n, 10) in the columns of `Run`."""
        runs = np.array(self._runs.get(track_id, ()), np.int64).reshape(-1, len(Run._fields))
        return runs[runs[:, Run._fields.index("sample_count")] > 0]

    def samples(self, track_id: int) -> TimedSamples:
        """Return one row for each sample of a track; chunks are runs.

        Raises
        ------
        BoxError
            More than `MAX_CONSTANT_SAMPLES` samples are claimed without a row for each.
        """
        table = self.runs(track_id)
        columns = dict(zip(Run._fields, table.T, strict=True))
        count, fields = columns["sample_count"], columns["fields"]
        unvouched = int(count[fields == 0].sum()) if len(count) else 0
        if unvouched > MAX_CONSTANT_SAMPLES:
            raise BoxError(f"{unvouched} samples of one size are too many for one row each")
        first = np.cumsum(count) - count

        def column(name: str, flag: int) -> Int64Array:
            values = np.repeat(columns[name] if name in columns else np.zeros_like(count), count)
            for mask in np.unique(fields[(fields & flag) != 0]).tolist():
                rows = np.frombuffer(self._rows[track_id, mask], ">i4" if flag == _COMPOSITION else ">u4")
                place = (mask & (flag - 1) & 0xF00).bit_count()
                values[np.repeat(fields == mask, count)] = rows.reshape(-1, mask.bit_count())[:, place]
            return values

        size, flags = column("size", _SIZE), column("flags", _FLAGS)
        told = columns["first_flags"] >= 0
        flags[first[told]] = columns["first_flags"][told]
        before = np.cumsum(size) - size
        duration = column("duration", _DURATION)
        samples = SampleTable(
            offset=np.repeat(columns["offset"] - before[first], count) + before,
            size=size,
            duration=duration,
            composition_offset=column("composition", _COMPOSITION),
            is_sync=(flags & _NO_SYNC) == 0,
            chunk_index=np.repeat(np.arange(len(count), dtype=np.int32), count),
            description_index=np.repeat(columns["description_index"], count).astype(np.int32),
        )
        return TimedSamples(samples, _decode_times(duration, first, columns["decode_time"]))


def _read_trun(data: bytes, pos: int, stop: int, default: TrackExtends, base: int, previous: int) -> tuple[Run, bytes]:
    """Read a ``trun`` (8.8.8); without a data offset its samples follow those of the run before."""
    flags, count = struct.unpack_from(">II", data, pos)
    pos += 8
    offset, first_flags = previous, -1
    if flags & _DATA_OFFSET:
        offset = base + struct.unpack_from(">i", data, pos)[0]
        pos += 4
    if flags & _FIRST_FLAGS:
        first_flags = struct.unpack_from(">I", data, pos)[0]
        pos += 4
    fields = flags & 0xF00
    width = fields.bit_count()
    end = pos + 4 * width * count
    if end > stop:
        raise BoxError(f"a trun box of {stop - pos} bytes cannot list {count} samples")
    byte_count = default.size * count
    if fields & _SIZE:
        column = pos + (4 if fields & _DURATION else 0)
        if count == 1:
            byte_count = struct.unpack_from(">I", data, column)[0]
        else:
            rows = np.frombuffer(data, ">u4", width * count, pos).reshape(count, width)
            byte_count = int(rows[:, (column - pos) // 4].sum(dtype=np.int64))
    description = min(max(default.description_index - 1, 0), 0xFFFF)
    if not 0 <= offset < _LATEST or byte_count > _LATEST:
        raise BoxError(f"a trun box places its samples at byte {offset}")
    run = Run(offset, count, fields, first_flags, default.duration, default.size, default.flags, description, -1,
              byte_count)  # fmt: skip
    return run, data[pos:end]


def _at_home(found: list[_Found], moof: int, size: int) -> list[_Found]:
    """Move runs whose absolute offsets are those of another file to where they lie in this one.

    Notes
    -----
    A segment taken out of a longer recording, or a file that lost some bytes, keeps absolute offsets that lead
    nowhere. They are told by the order that writers keep: counted from the ``moof``, the first sample follows the
    header of the ``mdat`` behind it.
    """
    bases = {item.base for item in found}
    if len(bases) != 1 or -1 in bases:
        return found
    shift = moof - bases.pop()
    behind = min(item.run.offset for item in found) - moof - size
    if not shift or 0 <= behind <= _MDAT_HEADERS[-1] or behind + shift not in _MDAT_HEADERS:
        return found
    return [item._replace(run=item.run._replace(offset=item.run.offset + shift)) for item in found]


def _decode_times(duration: Int64Array, first: Int64Array, told: Int64Array) -> Int64Array:
    """Return the decode time of each sample from the runs' own (-1: not told) and the durations between them.

    Notes
    -----
    A time that falls behind the last sample's, or jumps by hours, is a clock that started anew or damage: the
    samples go on without a pause.
    """
    before = np.cumsum(duration) - duration
    anchors = np.flatnonzero(told >= 0)
    if not len(anchors):
        return before
    if anchors[0] != 0:
        anchors = np.concatenate(([0], anchors))
    start = first[anchors]
    times = np.maximum(told[anchors], 0)
    length = np.diff(before[start], append=before[-1] + duration[-1])
    pause = times[1:] - times[:-1] - length[:-1]
    last = duration[start[1:] - 1]
    pause[(pause < -last) | (pause > _LONGEST_PAUSE)] = 0
    begins = times[0] + np.concatenate(([0], np.cumsum(length[:-1] + pause)))
    count = np.diff(start, append=len(duration))
    out: Int64Array = np.repeat(begins - before[start], count) + before
    return out


def _children(data: bytes, pos: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Yield type, start of the payload and end of the boxes in ``data[pos:end]``; BoxError where one is cut off."""
    while pos + 8 <= end:
        size, kind = struct.unpack_from(">I4s", data, pos)
        body = pos + 8
        if size < 8:
            header = read_header(data, pos, limit=end)
            if header is None:
                raise BoxError("a box of the fragment has no size")
            size, body = header.size, header.payload_offset
        if pos + size > end:
            raise BoxError(f"the {kind.decode('latin-1')} box of a fragment is cut off")
        yield kind, body, pos + size
        pos += size
