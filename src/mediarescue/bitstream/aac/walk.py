"""Sizes of AAC frames, found by walking their syntax: MP4 stores neither a length nor a sync word in them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from types import ModuleType
from typing import Final

import numpy as np
from numpy.typing import NDArray

from mediarescue.bitstream.aac.config import AudioSpecificConfig
from mediarescue.bitstream.aac.layout import COLUMN_COUNT, PARAM_COUNT, WORK_COUNT, FrameColumn, Param
from mediarescue.bitstream.aac.tables import lookup_tables
from mediarescue.bitstream.aac.tables_bands import PREDICTOR_BAND_LIMITS, band_offsets
from mediarescue.bitstream.columns import INVALID, NEED_MORE
from mediarescue.bitstream.errors import BitstreamError
from mediarescue.bitstream.search import places_of

COUNT_REACHED: Final = 0
"""Why a batch walk stopped: it has the frames it was asked for. The other reasons are INVALID and NEED_MORE."""

MAIN, LC, SSR, LTP = 1, 2, 3, 4
_FIL, _END = 6, 7
NO_MAX_SIZE = 1 << 40
ELEMENT_NAMES = ("SCE", "CPE", "CCE", "LFE", "DSE", "PCE", "FIL", "END")

__all__ = ["COUNT_REACHED", "INVALID", "NEED_MORE", "AacFrame", "AacWalker", "signature_elements"]


@dataclass(frozen=True, slots=True)
class AacFrame:
    """One raw_data_block.

    Parameters
    ----------
    size : int
        Bytes, alignment included.
    element_signature : int
        The elements in their order, without fill and end; see :func:`signature_elements`.
    padding_zero : bool
        Whether the alignment bits at the end are 0.
    global_gain, max_sfb, window_sequence : int
        Of the first channel: 0 to 255, 0 to 51, and 0 long, 1 start, 2 eight short, 3 stop.
    fill_size : int
        Payload bytes of the fill elements.
    """

    size: int
    element_signature: int
    padding_zero: bool
    global_gain: int
    max_sfb: int
    window_sequence: int
    fill_size: int


def signature_elements(signature: int) -> tuple[tuple[str, int], ...]:
    """Return the (name, element_instance_tag) pairs in a signature; only the first 7 elements can be told."""
    elements: list[tuple[str, int]] = []
    while signature > 0 and signature & 128 and len(elements) < 7:
        elements.append((ELEMENT_NAMES[(signature >> 4) & 7], signature & 15))
        signature >>= 8
    return tuple(elements)


@cache
def _load() -> ModuleType:
    """Import the kernels at first use: numba is not paid for by who only reads configurations."""
    from mediarescue.bitstream.aac import _kernels

    return _kernels


class AacWalker:
    """Walk the frames of one stream.

    Parameters
    ----------
    config : AudioSpecificConfig
        The stream's configuration. SBR and parametric stereo lie in fill elements and need nothing more.

    Raises
    ------
    BitstreamError
        When the object type is none of Main, LC, SSR and LTP, or the frame length neither 1024 nor 960.

    Notes
    -----
    A walk succeeds where every field keeps its range up to ID_END, so random bytes can pass: it is the limits
    (:meth:`with_limits`), or a chain of frames, that make sure. The methods allocate nothing shared, so one walker
    may be used from several threads.
    """

    def __init__(self, config: AudioSpecificConfig) -> None:
        if config.audio_object_type not in (MAIN, LC, SSR, LTP):
            raise BitstreamError(f"frames of audio object type {config.audio_object_type} cannot be walked")
        if config.frame_length not in (1024, 960):
            raise BitstreamError(f"AAC frames of {config.frame_length} samples cannot be walked, only 1024 and 960")
        self.config = config
        index = config.sampling_frequency_index
        long, short = band_offsets(index, config.frame_length)
        params = np.zeros(PARAM_COUNT, np.int64)
        params[Param.OBJECT_TYPE] = config.audio_object_type
        params[Param.FRAME_LENGTH] = config.frame_length
        params[Param.LONG_BANDS] = len(long) - 1
        params[Param.SHORT_BANDS] = len(short) - 1
        params[Param.PREDICTOR_BANDS] = PREDICTOR_BAND_LIMITS[index]
        params[Param.TNS_ORDER] = 20 if config.audio_object_type == MAIN else 12
        params[Param.MAX_SIZE] = NO_MAX_SIZE
        params[Param.LONG_OFFSETS : Param.LONG_OFFSETS + len(long)] = long
        params[Param.SHORT_OFFSETS : Param.SHORT_OFFSETS + len(short)] = short
        self._params = params
        self._accepted = np.zeros(0, np.int64)

    def with_limits(
        self,
        *,
        min_size: int = 0,
        max_size: int | None = None,
        signatures: Iterable[int] = (),
        require_zero_padding: bool = False,
    ) -> AacWalker:
        """Return a walker that takes only frames like those of a reference.

        Parameters
        ----------
        min_size, max_size : int
            Bytes; a frame is not read further than ``max_size``. None is no limit.
        signatures : iterable of int
            Accepted element signatures; empty for any.
        require_zero_padding : bool
            Refuse frames whose alignment bits are not 0. Some encoders leave them set: look at the reference.
        """
        other = AacWalker(self.config)
        other._params[Param.MIN_SIZE] = min_size
        other._params[Param.MAX_SIZE] = NO_MAX_SIZE if max_size is None else max_size
        other._params[Param.ZERO_PADDING] = require_zero_padding
        other._accepted = np.array(sorted(set(signatures)), np.int64)
        return other

    @staticmethod
    def rows(count: int) -> NDArray[np.int64]:
        """Return an empty output for :meth:`frames`, int64 of shape (count, len(FrameColumn))."""
        return np.zeros((count, COLUMN_COUNT), np.int64)

    def frame(self, buf: NDArray[np.uint8], pos: int, end: int) -> AacFrame | int:
        """Return the frame at ``pos``, INVALID, or NEED_MORE when it runs over ``end``.

        Parameters
        ----------
        buf : ndarray
            uint8, C-contiguous, writable; never read at or beyond ``end``.
        pos, end : int
            Byte positions, ``0 <= pos <= end <= len(buf)``.

        Raises
        ------
        ValueError
            When the positions or the array are not so; :func:`mediarescue.bitstream.buffers.as_buffer` makes one.
        """
        self._check(buf, pos, end)
        row = np.zeros(COLUMN_COUNT, np.int64)
        work = np.empty(WORK_COUNT, np.int64)
        size = int(_load().walk_frame(buf, pos, end, self._params, lookup_tables(), self._accepted, work, row))
        if size < 0:
            return size
        values = row.tolist()
        return AacFrame(
            size=values[FrameColumn.SIZE],
            element_signature=values[FrameColumn.SIGNATURE],
            padding_zero=values[FrameColumn.PADDING_ZERO] == 1,
            global_gain=values[FrameColumn.GLOBAL_GAIN],
            max_sfb=values[FrameColumn.MAX_SFB],
            window_sequence=values[FrameColumn.WINDOW_SEQUENCE],
            fill_size=values[FrameColumn.FILL_SIZE],
        )

    def frames(
        self, buf: NDArray[np.uint8], pos: int, end: int, max_count: int, out: NDArray[np.int64]
    ) -> tuple[int, int]:
        """Walk consecutive frames from ``pos`` and write a row (:class:`FrameColumn`) for each.

        Parameters
        ----------
        buf, pos, end
            As for :meth:`frame`.
        max_count : int
            Frames at most.
        out : ndarray
            int64 of shape (at least ``max_count``, len(FrameColumn)), written in place; see :meth:`rows`.

        Returns
        -------
        tuple of int
            Frames walked, and why it stopped: COUNT_REACHED, INVALID or NEED_MORE. The sum of the sizes leads to
            where it stopped; a walk that ends exactly at ``end`` says NEED_MORE.
        """
        self._check(buf, pos, end)
        if out.ndim != 2 or out.shape[0] < max_count or out.shape[1] != COLUMN_COUNT:
            raise ValueError(f"out has shape {out.shape}, ({max_count}, {COLUMN_COUNT}) is needed")
        work = np.empty(WORK_COUNT, np.int64)
        stop = np.zeros(2, np.int64)
        count = _load().walk_frames(
            buf, pos, end, self._params, lookup_tables(), self._accepted, work, max_count, out, stop
        )
        return int(count), int(stop[0])

    def find(self, buf: NDArray[np.uint8], pos: int, last: int, end: int, *, chain: int = 2) -> int:
        """Return the first position in ``[pos, last)`` where ``chain`` frames follow each other, or -1.

        Parameters
        ----------
        buf, pos, end
            As for :meth:`frame`.
        last : int
            End of the positions tried; frames may go on to ``end``.
        """
        places = places_of(buf, self._first_bytes(), pos, min(last, end))
        return self.find_among(buf, places, end, chain=chain)

    def find_among(self, buf: NDArray[np.uint8], places: NDArray[np.int64], end: int, *, chain: int = 2) -> int:
        """Return the first of ``places`` (int64, rising, from 0 to ``end``) where ``chain`` frames follow, or -1."""
        if not len(places):
            return -1
        self._check(buf, int(places[0]), end)
        # eight zeros are two elements with one name, and no frame
        places = places[buf[np.minimum(places[:, np.newaxis] + np.arange(8), end - 1)].any(axis=1)]
        work = np.empty(WORK_COUNT, np.int64)
        rows, stop = self.rows(chain), np.zeros(2, np.int64)
        return int(
            _load().find_frames(
                buf, places, end, self._params, lookup_tables(), self._accepted, work, chain, rows, stop
            )
        )

    def find_ending(self, buf: NDArray[np.uint8], pos: int, end: int) -> int:
        """Return the last position in ``[pos, end)`` where a frame starts that ends exactly at ``end``, or -1."""
        self._check(buf, pos, end)
        places = places_of(buf, self._first_bytes(), pos, end)
        work, row = np.empty(WORK_COUNT, np.int64), np.zeros(COLUMN_COUNT, np.int64)
        return int(_load().find_ending(buf, places, end, self._params, lookup_tables(), self._accepted, work, row))

    def _first_bytes(self) -> NDArray[np.bool_]:
        """Return which first bytes an accepted frame may have: its first element and tag, or a fill element's."""
        value = np.arange(256)
        first: NDArray[np.bool_] = value >> 5 != _END
        if len(self._accepted):
            first &= (value >> 5 == _FIL) | np.isin(0x80 | value >> 1, self._accepted & 0xFF)
        return first

    @staticmethod
    def _check(buf: NDArray[np.uint8], pos: int, end: int) -> None:
        if not 0 <= pos <= end <= len(buf):
            raise ValueError(f"pos {pos} and end {end} do not lie in a buffer of {len(buf)} bytes")
        # To numba a read-only or strided array is another type, which the kernels are not compiled for.
        flags = buf.flags
        if not (flags.writeable and flags.c_contiguous):
            raise ValueError("the buffer has to be writable and contiguous")
