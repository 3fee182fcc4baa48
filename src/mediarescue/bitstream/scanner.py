"""What the H.264 and HEVC scanners share: one shape, whatever the codec."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar, NamedTuple, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from mediarescue.bitstream.buffers import as_buffer
from mediarescue.bitstream.columns import (
    COLUMN_COUNT,
    INVALID,
    PARAMETER_COUNT,
    Column,
    Parameter,
)
from mediarescue.bitstream.errors import BitstreamError

Rows = NDArray[np.int64]
_WORK_SHAPE = (3, 24)
_ORDER_STATE = 6
_LARGEST_PARAMETER_SET = 4096
"""Bytes; the largest of cameras have some hundred. Random bytes may claim megabytes."""


class ParameterSets(Protocol):
    """The parameter sets in force; a value: an update gives another one."""

    @property
    def table(self) -> Rows:
        """Picture parameter sets as the kernels read them."""

    @property
    def sps_table(self) -> Rows:
        """Sequence parameter sets as the picture order kernels read them."""

    @property
    def max_coded_size(self) -> int:
        """Bytes that no NAL unit exceeds."""

    def updated(self, nal: bytes) -> Self:
        """Return the sets with ``nal`` in place of its predecessor; ``self`` where it changes nothing."""


class ScanStop(NamedTuple):
    """Where a run of access units ended: position, and 0 or the negative code of what is there."""

    pos: int
    code: int


class AccessUnitScanner:
    """Find and describe access units of a length-prefixed stream.

    Subclasses give the parameter sets, the kernels and how a NAL unit type reads. In-band parameter sets are taken
    over once the access unit that carries them proved valid, so scanning changes the scanner; use :meth:`limits`
    without arguments for an independent copy.
    """

    columns: ClassVar[type[Column]] = Column
    _parameter_set_types: ClassVar[frozenset[int]]
    _vcl_types: ClassVar[frozenset[int]]

    def __init__(self, sets: ParameterSets, nal_length_size: int) -> None:
        self._sets: Any = sets
        self._params = np.zeros(PARAMETER_COUNT, np.int64)
        self._params[Parameter.LENGTH_SIZE] = nal_length_size
        self._params[Parameter.FIELDS_PER_SAMPLE] = 2
        self._max_nal_size: int | None = None
        self._work = np.zeros(_WORK_SHAPE, np.int64)

    @staticmethod
    def _kernels() -> Any:
        raise NotImplementedError

    @staticmethod
    def _layer_and_type(nal: bytes) -> tuple[int, int]:
        raise NotImplementedError

    def sync_kinds(self, rows: Rows) -> Rows:
        """Return the SyncKind flags of each access unit, int64 (n,)."""
        raise NotImplementedError

    def output_counter(self, rows: Rows) -> tuple[Rows, int]:
        """Return the slice headers' counter that goes with the order of output, int64 (n,), and its modulus or 0."""
        raise NotImplementedError

    @property
    def parameter_sets(self) -> Any:
        """The parameter sets in force."""
        return self._sets

    @property
    def nal_length_size(self) -> int:
        """Bytes of each length field."""
        return int(self._params[Parameter.LENGTH_SIZE])

    @property
    def max_nal_size(self) -> int:
        """Bytes that no NAL unit is believed to exceed."""
        return self._max_nal_size or int(self._sets.max_coded_size)

    def limits(
        self,
        *,
        max_nal_size: int | None = None,
        continuation_types: Iterable[int] | None = None,
        layer_continuation_types: Iterable[int] | None = None,
        fields_per_sample: int | None = None,
        any_first_mb: bool | None = None,
    ) -> Self:
        """Return a copy with the given limits; None keeps what is set.

        Parameters
        ----------
        max_nal_size : int
            Bytes; by default what the parameter sets' picture size allows.
        continuation_types : iterable of int
            NAL unit types known to follow the first slice inside an access unit. Others that may do so are
            accepted only where another NAL unit, or the end, follows them.
        layer_continuation_types : iterable of int
            The same for NAL units of HEVC layers above 0.
        fields_per_sample : int
            2 (default) joins the second field of a frame to the first, 1 makes each field a unit of its own.
        any_first_mb : bool
            Slices may come in any order.
        """
        copy = type(self).__new__(type(self))
        copy.__dict__.update(self.__dict__)
        copy._params = self._params.copy()
        copy._work = np.zeros(_WORK_SHAPE, np.int64)
        if max_nal_size is not None:
            copy._max_nal_size = max_nal_size
        for parameter, types in (
            (Parameter.CONTINUATION, continuation_types),
            (Parameter.LAYER_CONTINUATION, layer_continuation_types),
        ):
            if types is not None:
                mask = sum(1 << kind for kind in set(types))
                copy._params[parameter] = mask - (1 << 64) if mask >> 63 else mask
        if fields_per_sample is not None:
            copy._params[Parameter.FIELDS_PER_SAMPLE] = fields_per_sample
        if any_first_mb is not None:
            copy._params[Parameter.ANY_FIRST_MB] = any_first_mb
        return copy

    def learned(self, samples: Iterable[bytes]) -> Self:
        """Return a copy with the limits that healthy samples show: continuation types, fields per sample.

        Parameters
        ----------
        samples : iterable of bytes
            Whole samples of the reference; some dozens do.
        """
        from mediarescue.bitstream.nal import split_length_prefixed

        base: set[int] = set()
        layers: set[int] = set()
        single = paired = 0
        for sample in samples:
            try:
                nals = split_length_prefixed(sample, self.nal_length_size)
            except BitstreamError:
                continue
            seen_vcl = False
            for nal in filter(None, nals):
                layer, kind = self._layer_and_type(nal)
                if seen_vcl and layer:
                    layers.add(kind)
                elif seen_vcl and kind not in self._vcl_types:
                    base.add(kind)
                seen_vcl = seen_vcl or (kind in self._vcl_types and not layer)
            row = self.scan(as_buffer(sample), 0, len(sample), final=True)
            if not isinstance(row, int):
                single += int(row[Column.FIELD_COUNT] == 1)
                paired += int(row[Column.FIELD_COUNT] == 2)
        return self.limits(
            continuation_types=base,
            layer_continuation_types=layers,
            fields_per_sample=1 if single > paired else 2,
        )

    def _ready(self, sets: ParameterSets, *, final: bool) -> NDArray[np.int64]:
        params = self._params
        params[Parameter.FINAL] = final
        params[Parameter.MAX_NAL_SIZE] = self._max_nal_size or sets.max_coded_size
        return params

    def _in_band(self, buf: NDArray[np.uint8], pos: int, end: int) -> Any:
        """Return the sets with those from ``pos`` on taken over, up to the first slice; None when one is broken."""
        sets = self._sets
        kernels = self._kernels()
        while True:
            size = kernels.nal_at(buf, pos, end, self._params)
            start = pos + self.nal_length_size
            if size < 0 or start + size > end:
                return sets
            nal = buf[start : start + min(size, 2)].tobytes()
            layer, kind = self._layer_and_type(nal)
            if kind in self._vcl_types:
                return sets
            if kind in self._parameter_set_types and not layer:
                if size > _LARGEST_PARAMETER_SET:
                    return None
                try:
                    sets = sets.updated(buf[start : start + size].tobytes())
                except BitstreamError:
                    return None
            pos = start + size

    def scan(self, buf: NDArray[np.uint8] | bytes, pos: int, end: int, *, final: bool = True) -> Rows | int:
        """Scan one access unit.

        Parameters
        ----------
        buf : uint8 array of shape (n,), contiguous and writable, or bytes (which are copied at each call)
        pos, end : int
            The unit starts at ``pos``; nothing at ``end`` or behind is read.
        final : bool
            Whether ``end`` is the end of the media rather than of a window into it. In a window a unit counts as
            complete only once the start of something else is seen behind it.

        Returns
        -------
        int64 array of shape (COLUMN_COUNT,), or int
            The row, see :class:`Column`; or INVALID, NEED_MORE.
        """
        data = as_buffer(buf)
        kernels = self._kernels()
        out = np.empty(COLUMN_COUNT, np.int64)
        sets = self._sets
        params = self._ready(sets, final=final)
        self._work[0] = -1
        size = int(kernels.scan_access_unit(data, pos, end, params, sets.table, out, self._work))
        at = int(out[Column.PARAMETER_SET_POS])
        if at >= 0:
            sets = self._in_band(data, at, end)
            if sets is None:
                return INVALID
            if sets is not self._sets:
                params = self._ready(sets, final=final)
                self._work[0] = -1
                size = int(kernels.scan_access_unit(data, pos, end, params, sets.table, out, self._work))
        if size < 0:
            return size
        self._sets = sets
        return out

    def scan_many(
        self, buf: NDArray[np.uint8] | bytes, pos: int, end: int, max_count: int, *, final: bool = True
    ) -> tuple[Rows, ScanStop]:
        """Scan consecutive access units, at most ``max_count``; arguments as for :meth:`scan`.

        Returns
        -------
        rows : int64 array of shape (n, COLUMN_COUNT)
        stop : ScanStop
            Where the last unit ends, and 0 when ``max_count`` was reached, else the code of what is there. At the
            end of the media that is NEED_MORE with ``pos == end``.
        """
        data = as_buffer(buf)
        kernels = self._kernels()
        room = min(max_count, max(end - pos, 0) // (self.nal_length_size + 2) + 1)
        rows = np.empty((room, COLUMN_COUNT), np.int64)
        stop = np.zeros(2, np.int64)
        count = code = 0
        while count < max_count:
            params = self._ready(self._sets, final=final)
            count += kernels.scan_access_units(
                data, pos, end, params, self._sets.table, room - count, rows[count:], stop, self._work
            )
            pos, code = int(stop[0]), int(stop[1])
            if code < 0 or count >= room:
                break
            row = self.scan(data, pos, end, final=final)
            if isinstance(row, int):
                code = row
                break
            rows[count] = row
            pos += int(row[Column.SIZE])
            count += 1
        return rows[:count], ScanStop(pos, code)

    def find(self, buf: NDArray[np.uint8], places: Rows, end: int, *, only_whole: bool = False) -> int:
        """Return the first of ``places`` (int64, rising) where an access unit may start by its first slice, or -1.

        With ``only_whole`` it must end in front of ``end``, as lengths of two bytes are no mark.

        Notes
        -----
        Parameter sets in front of the slice are not taken over here: where there are some, the place counts.
        """
        params = self._ready(self._sets, final=False)
        out = np.empty(COLUMN_COUNT, np.int64)
        table = self._sets.table
        return int(self._kernels().find_access_unit(buf, places, end, params, table, out, self._work, int(only_whole)))

    def picture_order(self, blocks: Iterable[Rows], count: int) -> tuple[Rows, Rows]:
        """Return coded video sequence index and PicOrderCntVal of consecutive units whose rows come in blocks.

        Parameters
        ----------
        blocks : iterable of int64 arrays of shape (m, COLUMN_COUNT)
            Only one is held at a time.
        count : int
            Rows in all blocks.

        Returns
        -------
        sequence, poc : int64 arrays of shape (count,)
        """
        sequence, poc = np.zeros(count, np.int64), np.zeros(count, np.int64)
        state, at = np.zeros(_ORDER_STATE, np.int64), 0
        for rows in blocks:
            out = np.zeros((len(rows), 2), np.int64)
            self._kernels().picture_order(np.ascontiguousarray(rows, np.int64), self._sets.sps_table, out, state)
            poc[at : at + len(rows)], sequence[at : at + len(rows)] = out[:, 0], out[:, 1]
            at += len(rows)
        return sequence, poc

    def picture_order_counts(self, rows: Rows) -> Rows:
        """Return PicOrderCntVal of each of the consecutive units in ``rows``, int64 (n,)."""
        return self.picture_order([rows], len(rows))[1]

    def coded_video_sequences(self, rows: Rows) -> Rows:
        """Return the index of the coded video sequence of each unit, from 0, int64 (n,)."""
        return self.picture_order([rows], len(rows))[0]

    def display_ranks(self, rows: Rows) -> Rows:
        """Return the place of each unit in the order of output, int64 (n,): by sequence, then picture order count."""
        sequence, poc = self.picture_order([rows], len(rows))
        ranks = np.empty(len(rows), np.int64)
        ranks[np.lexsort((poc, sequence))] = np.arange(len(rows))
        return ranks
