"""HEVC access units: the scanner and its parameter sets (ISO/IEC 23008-2 7.4.2.4, ISO/IEC 14496-15 8)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, cached_property
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from mediarescue.bitstream.errors import BitstreamError
from mediarescue.bitstream.hevc.configuration import HevcConfiguration
from mediarescue.bitstream.hevc.parameter_sets import (
    NAL_TYPE_PPS,
    NAL_TYPE_SPS,
    NAL_TYPE_VPS,
    Pps,
    Sps,
    parse_pps,
    parse_sps,
    parse_vps,
)
from mediarescue.bitstream.hevc.poc import build_sps_table, output_counter, sync_kinds
from mediarescue.bitstream.hevc.slice_header import build_pps_table
from mediarescue.bitstream.scanner import AccessUnitScanner


class HevcParameterSets:
    """Sequence and picture parameter sets of layer 0 by id; immutable."""

    def __init__(
        self,
        spss: Mapping[int, Sps],
        ppss: Mapping[int, Pps],
        raw: Mapping[tuple[int, int], bytes],
    ) -> None:
        self.spss = spss
        self.ppss = ppss
        self._raw = raw

    @classmethod
    def from_configuration(cls, config: HevcConfiguration) -> HevcParameterSets:
        """Return the sets of an ``hvcC``; raises BitstreamError where one cannot be parsed."""
        sets = cls({}, {}, {})
        for kind in (NAL_TYPE_SPS, NAL_TYPE_PPS):
            for nal in config.nals(kind):
                if _layer_and_type(nal)[0] == 0:
                    sets = sets.updated(nal)
        return sets

    def updated(self, nal: bytes) -> HevcParameterSets:
        """Return the sets with ``nal`` (VPS, SPS or PPS) taken over; ``self`` where it changes nothing.

        Raises
        ------
        BitstreamError
            When it cannot be parsed.
        """
        kind = nal[0] >> 1 & 0x3F
        if nal in (raw for (known, _), raw in self._raw.items() if known == kind):
            return self
        if kind == NAL_TYPE_VPS:
            parse_vps(nal)
            return self
        if kind == NAL_TYPE_SPS:
            sps = parse_sps(nal)
            return HevcParameterSets({**self.spss, sps.sps_id: sps}, self.ppss, {**self._raw, (kind, sps.sps_id): nal})
        pps = parse_pps(nal)
        return HevcParameterSets(self.spss, {**self.ppss, pps.pps_id: pps}, {**self._raw, (kind, pps.pps_id): nal})

    @cached_property
    def table(self) -> NDArray[np.int64]:
        """Picture parameter sets as the kernels read them."""
        return build_pps_table(self.spss, self.ppss)

    @cached_property
    def sps_table(self) -> NDArray[np.int64]:
        """Sequence parameter sets as the picture order kernel reads them."""
        return build_sps_table(self.spss)

    @cached_property
    def max_coded_size(self) -> int:
        """Bytes that no NAL unit exceeds."""
        return max((sps.max_coded_size for sps in self.spss.values()), default=1 << 24)


def _layer_and_type(nal: bytes) -> tuple[int, int]:
    return ((nal[0] & 1) << 5 | nal[1] >> 3 if len(nal) > 1 else 0), nal[0] >> 1 & 0x3F


class HevcScanner(AccessUnitScanner):
    """Scan HEVC access units in samples with length-prefixed NAL units.

    NAL units of layers above 0 (MV-HEVC, an enhancement layer) belong to the access unit and are not parsed.

    Parameters
    ----------
    config : HevcConfiguration

    Raises
    ------
    BitstreamError
        When a parameter set cannot be parsed.
    """

    _parameter_set_types: ClassVar[frozenset[int]] = frozenset((NAL_TYPE_VPS, NAL_TYPE_SPS, NAL_TYPE_PPS))
    _vcl_types: ClassVar[frozenset[int]] = frozenset((*range(10), *range(16, 22)))

    def __init__(self, config: HevcConfiguration) -> None:
        if config.nal_length_size not in (1, 2, 4):
            raise BitstreamError(f"NAL unit lengths of {config.nal_length_size} bytes do not exist")
        super().__init__(HevcParameterSets.from_configuration(config), config.nal_length_size)

    @staticmethod
    @cache
    def _kernels() -> Any:
        from mediarescue.bitstream.hevc import _kernels

        return _kernels

    @staticmethod
    def _layer_and_type(nal: bytes) -> tuple[int, int]:
        return _layer_and_type(nal)

    def sync_kinds(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the SyncKind flags of each access unit, int64 (n,)."""
        return sync_kinds(rows)

    def output_counter(self, rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], int]:
        """Return the slice headers' counter that goes with the order of output, int64 (n,), and its modulus or 0."""
        return output_counter(rows, self.parameter_sets.sps_table)
