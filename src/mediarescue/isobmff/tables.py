"""Rows of the sample table's boxes as numpy arrays, and payloads built from arrays.

A row costs construct microseconds; a million of them are read here as one view of the payload.
"""

from __future__ import annotations

import struct
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mediarescue.isobmff.boxes.sample_table import CHUNK_ROW
from mediarescue.isobmff.boxes.sample_table import ROW_TYPES as ROW_TYPES
from mediarescue.isobmff.errors import BoxError, Leniency, Problem, damaged

_U32_MAX = 0xFFFFFFFF


class SampleSizes(NamedTuple):
    """What ``stsz`` or ``stz2`` says: ``constant`` bytes for each sample, or the ``sizes`` (int64) of all."""

    constant: int
    sample_count: int
    sizes: NDArray[np.int64] | None


def read_rows(
    payload: bytes,
    kind: bytes,
    *,
    signed: bool = True,
    offset: int = -1,
    leniency: Leniency = Leniency.STRICT,
    problems: list[Problem] | None = None,
) -> NDArray[Any]:
    """Return the rows of ``stts``, ``ctts``, ``stsc``, ``stss``, ``stps``, ``stco`` or ``co64``.

    Parameters
    ----------
    payload : bytes
        The box without its header.
    kind : bytes
    signed : bool
        Read version 0 composition offsets as signed, as iPhones write them, whatever the specification says.
    offset : int
        Absolute offset of the box, for messages.
    leniency : Leniency
    problems : list of Problem, optional

    Returns
    -------
    ndarray
        A read-only view of the payload in a big-endian dtype (`ROW_TYPES`): structured (``count``, ``delta``; ...)
        or plain. PERMISSIVE gives the rows that are there when there are fewer than the entry count says.

    Raises
    ------
    BoxError
        The box is shorter than its entry count says; known before anything is allocated.
    """
    dtype = np.dtype(ROW_TYPES[kind])
    if kind == b"ctts" and not signed and payload[:1] == b"\0":
        dtype = np.dtype([("count", ">u4"), ("offset", ">u4")])
    count = _entry_count(payload, 4, 8, dtype.itemsize * 8, kind, offset, leniency, problems)
    return np.frombuffer(payload, dtype, count, 8) if count else np.zeros(0, dtype)


def read_sample_sizes(
    payload: bytes,
    kind: bytes,
    *,
    offset: int = -1,
    leniency: Leniency = Leniency.STRICT,
    problems: list[Problem] | None = None,
) -> SampleSizes:
    """Read ``stsz`` or ``stz2`` (ISO/IEC 14496-12 8.7.3); parameters and errors as in `read_rows`."""
    if len(payload) < 12:
        damaged(f"the {kind.decode('latin-1')} box is cut off", offset=offset, leniency=leniency, problems=problems)
        return SampleSizes(0, 0, np.zeros(0, np.int64))
    size, count = struct.unpack_from(">II", payload, 4)
    if kind == b"stsz" and size:
        return SampleSizes(size, count, None)
    bits = 32 if kind == b"stsz" else size & 0xFF
    if bits not in (4, 8, 16, 32) or (kind == b"stz2" and bits == 32):
        damaged(f"stz2 has fields of {bits} bits", offset=offset, leniency=leniency, problems=problems)
        return SampleSizes(0, 0, np.zeros(0, np.int64))
    count = _entry_count(payload, 8, 12, bits, kind, offset, leniency, problems)
    if bits == 4:
        packed = np.frombuffer(payload, np.uint8, (count + 1) // 2, 12)
        sizes = np.stack((packed >> 4, packed & 15), axis=1).reshape(-1)[:count].astype(np.int64)
    else:
        sizes = np.frombuffer(payload, f">u{bits // 8}", count, 12).astype(np.int64)
    return SampleSizes(0, count, sizes)


def _entry_count(
    payload: bytes,
    at: int,
    head: int,
    row_bits: int,
    kind: bytes,
    offset: int,
    leniency: Leniency,
    problems: list[Problem] | None,
) -> int:
    """Return the entry count at ``at``, at most what fits behind the first ``head`` bytes."""
    name = kind.decode("latin-1")
    if len(payload) < head:
        damaged(f"the {name} box is cut off", offset=offset, leniency=leniency, problems=problems)
        return 0
    count = int.from_bytes(payload[at : at + 4], "big")
    fits = (len(payload) - head) * 8 // row_bits
    if count > fits:
        message = f"the {name} box says {count} entries and has room for {fits}"
        damaged(message, offset=offset, leniency=leniency, problems=problems)
        return fits
    return count


def run_lengths(values: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[Any]]:
    """Return ``(counts, values)`` of the runs of equal neighbours."""
    if not len(values):
        return np.zeros(0, np.int64), values
    starts = np.flatnonzero(np.concatenate(([True], values[1:] != values[:-1])))
    return np.diff(np.append(starts, len(values))), values[starts]


def build_rows(kind: bytes, rows: NDArray[Any], *, version: int = 0, flags: int = 0) -> bytes:
    """Return the payload of a table from its rows, in any dtype that casts to `ROW_TYPES`."""
    data = np.ascontiguousarray(rows, dtype=ROW_TYPES[kind])
    return struct.pack(">III", version << 24 | flags, len(data), 0)[:8] + data.tobytes()


def build_time_to_sample(duration: NDArray[np.int64]) -> bytes:
    """Return the payload of ``stts`` for one duration a sample, in media ticks; BoxError for one below 0."""
    counts, deltas = run_lengths(_within(duration, 0, _U32_MAX, "a sample duration"))
    return _build_runs(b"stts", counts, "delta", deltas)


def build_composition_offset(composition_offset: NDArray[np.int64], *, version: int = 0) -> bytes:
    """Return the payload of ``ctts``; negative offsets are written in either version."""
    counts, offsets = run_lengths(_within(composition_offset, -(1 << 31), (1 << 31) - 1, "a composition offset"))
    return _build_runs(b"ctts", counts, "offset", offsets, version=version)


def build_composition_to_decode(values: tuple[int, int, int, int, int]) -> bytes:
    """Return the payload of ``cslg`` from its five values in order, in version 1 where one needs 64 bits."""
    if all(-(1 << 31) <= value < 1 << 31 for value in values):
        return struct.pack(">I5i", 0, *values)
    return struct.pack(">I5q", 1 << 24, *values)


def build_sync_sample(is_sync: NDArray[np.bool_]) -> bytes:
    """Return the payload of ``stss``."""
    return build_rows(b"stss", np.flatnonzero(is_sync) + 1)


def build_sample_size(size: NDArray[np.int64], *, constant: bool) -> bytes:
    """Return the payload of ``stsz``; ``constant`` writes one size for all (they must be equal and not 0)."""
    _within(size, 0, _U32_MAX, "a sample size")
    if constant:
        if not len(size) or size[0] == 0 or (size != size[0]).any():
            raise BoxError("the sample sizes are not all the same")
        return struct.pack(">III", 0, int(size[0]), len(size))
    return struct.pack(">III", 0, 0, len(size)) + size.astype(">u4").tobytes()


def build_sample_to_chunk(sample_count: NDArray[np.int64], description_index: NDArray[np.int32]) -> bytes:
    """Return the payload of ``stsc`` from one sample count and one 0-based sample entry a chunk."""
    if not len(sample_count):
        return build_rows(b"stsc", np.zeros(0, CHUNK_ROW))
    changes = (sample_count[1:] != sample_count[:-1]) | (description_index[1:] != description_index[:-1])
    starts = np.flatnonzero(np.concatenate(([True], changes)))
    rows = np.zeros(len(starts), CHUNK_ROW)
    rows["first_chunk"] = starts + 1
    rows["samples_per_chunk"] = sample_count[starts]
    rows["sample_description_index"] = description_index[starts] + 1
    return build_rows(b"stsc", rows)


def build_chunk_offset(offset: NDArray[np.int64], *, large: bool | None = None) -> tuple[bytes, bytes]:
    """Return ``(kind, payload)`` of ``stco``, or of ``co64`` where ``large`` or an offset needs more than 32 bits."""
    needed = bool(len(offset)) and int(offset.max()) > _U32_MAX
    _within(offset, 0, (1 << 63) - 1, "a chunk offset")
    kind = b"co64" if needed or large else b"stco"
    return kind, build_rows(kind, offset)


def _build_runs(
    kind: bytes, counts: NDArray[np.int64], name: str, values: NDArray[np.int64], *, version: int = 0
) -> bytes:
    rows: NDArray[Any] = np.zeros(len(counts), ROW_TYPES[kind])
    rows["count"] = counts
    rows[name] = values
    return build_rows(kind, rows, version=version)


def _within(values: NDArray[np.int64], low: int, high: int, what: str) -> NDArray[np.int64]:
    if len(values) and (int(values.min()) < low or int(values.max()) > high):
        raise BoxError(f"{what} does not fit its field: {int(values.min())} to {int(values.max())}")
    return values
