"""What movie fragments say of their samples' durations (ISO/IEC 14496-12 8.8)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import construct as c
import numpy as np
from numpy.typing import NDArray

from mediarescue.isobmff.box import Box
from mediarescue.isobmff.errors import BoxError

Int64Array = NDArray[np.int64]

_BASE_DATA_OFFSET, _DESCRIPTION_INDEX, _DEFAULT_DURATION = 0x000001, 0x000002, 0x000008
_DATA_OFFSET, _FIRST_FLAGS = 0x000001, 0x000004
_DURATION, _SIZE, _FLAGS, _COMPOSITION = 0x000100, 0x000200, 0x000400, 0x000800

TrackExtends = c.Struct(
    "version_and_flags" / c.Int32ub,
    "track_id" / c.Int32ub,
    "default_sample_description_index" / c.Int32ub,
    "default_sample_duration" / c.Int32ub,
)
"""``trex`` (8.8.3), as far as it is read."""

TrackFragmentHeader = c.Struct(
    "version_and_flags" / c.Int32ub,
    "track_id" / c.Int32ub,
    "base_data_offset" / c.If(c.this.version_and_flags & _BASE_DATA_OFFSET, c.Int64ub),
    "sample_description_index" / c.If(c.this.version_and_flags & _DESCRIPTION_INDEX, c.Int32ub),
    "default_sample_duration" / c.If(c.this.version_and_flags & _DEFAULT_DURATION, c.Int32ub),
)
"""``tfhd`` (8.8.7), as far as it is read."""

TrackRun = c.Struct(
    "version_and_flags" / c.Int32ub,
    "sample_count" / c.Int32ub,
    "data_offset" / c.If(c.this.version_and_flags & _DATA_OFFSET, c.Int32sb),
    "first_sample_flags" / c.If(c.this.version_and_flags & _FIRST_FLAGS, c.Int32ub),
    "rows" / c.GreedyBytes,
)
"""``trun`` (8.8.8)."""


def default_durations(moov: Box) -> dict[int, int]:
    """Return the default duration of each track's fragment samples, in media ticks, by track id."""
    mvex = moov.find(b"mvex")
    fields = [_parsed(TrackExtends, box) for box in (mvex.find_all(b"trex") if mvex else ())]
    return {extends.track_id: extends.default_sample_duration for extends in fields}


def fragment_durations(moof: Box, defaults: Mapping[int, int]) -> dict[int, Int64Array]:
    """Return the duration of each of a fragment's samples in media ticks, by track id.

    Raises
    ------
    BoxError
        When a box is cut off, or lists more samples than it has bytes for.
    """
    out: dict[int, Int64Array] = {}
    for traf in moof.find_all(b"traf"):
        header = _parsed(TrackFragmentHeader, traf.get(b"tfhd"))
        default = header.default_sample_duration
        if default is None:
            default = defaults.get(header.track_id, 0)
        runs = [_run_durations(box, default) for box in traf.find_all(b"trun")]
        out[header.track_id] = np.concatenate([out.get(header.track_id, np.zeros(0, np.int64)), *runs])
    return out


def _run_durations(trun: Box, default: int) -> Int64Array:
    run = _parsed(TrackRun, trun)
    flags, count = run.version_and_flags, run.sample_count
    fields = sum(1 for flag in (_DURATION, _SIZE, _FLAGS, _COMPOSITION) if flags & flag)
    if 4 * fields * count > len(run.rows) or count > _MOST_SAMPLES:
        raise BoxError(f"a trun box of {len(trun.payload)} bytes cannot list {count} samples", offset=trun.offset)
    if not flags & _DURATION:
        return np.full(count, default, dtype=np.int64)
    rows = np.frombuffer(run.rows, dtype=">u4", count=fields * count).reshape(count, fields)
    return rows[:, 0].astype(np.int64)


_MOST_SAMPLES = 1 << 24


def _parsed(layout: Any, box: Box) -> Any:
    try:
        return layout.parse(box.payload)
    except c.ConstructError as error:
        raise BoxError(f"the {box.kind.decode('latin-1')} box is cut off", offset=box.offset) from error
