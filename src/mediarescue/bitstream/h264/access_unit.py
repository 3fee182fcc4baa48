"""H.264 access units: the scanner and its parameter sets (ISO/IEC 14496-10 7.4.1.2, ISO/IEC 14496-15 5)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, cached_property
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from mediarescue.bitstream.errors import BitstreamError
from mediarescue.bitstream.h264.configuration import AvcConfiguration
from mediarescue.bitstream.h264.poc import build_sps_table, output_counter, sync_kinds
from mediarescue.bitstream.h264.pps import NAL_TYPE_PPS, Pps, parse_pps
from mediarescue.bitstream.h264.slice_header import build_pps_table
from mediarescue.bitstream.h264.sps import NAL_TYPE_SPS, Sps, parse_sps
from mediarescue.bitstream.scanner import AccessUnitScanner


class AvcParameterSets:
    """Sequence and picture parameter sets by id; immutable."""

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
    def from_configuration(cls, config: AvcConfiguration) -> AvcParameterSets:
        """Return the sets of an ``avcC``; raises BitstreamError where one cannot be parsed."""
        sets = cls({}, {}, {})
        for nal in (*config.sps, *config.pps):
            sets = sets.updated(nal)
        return sets

    def updated(self, nal: bytes) -> AvcParameterSets:
        """Return the sets with ``nal`` (SPS or PPS) taken over; ``self`` where it is known already.

        Raises
        ------
        BitstreamError
            When it cannot be parsed.
        """
        kind = nal[0] & 0x1F
        # The content decides, not nal_ref_idc in the header, which some muxers rewrite.
        if nal[1:] in (raw for (known, _), raw in self._raw.items() if known == kind):
            return self
        if kind == NAL_TYPE_SPS:
            sps = parse_sps(nal)
            raw = {**self._raw, (kind, sps.sps_id): nal[1:]}
            return AvcParameterSets({**self.spss, sps.sps_id: sps}, self.ppss, raw)
        pps = parse_pps(nal, self.spss)
        raw = {**self._raw, (kind, pps.pps_id): nal[1:]}
        return AvcParameterSets(self.spss, {**self.ppss, pps.pps_id: pps}, raw)

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


class H264Scanner(AccessUnitScanner):
    """Scan H.264 access units in samples with length-prefixed NAL units.

    Parameters
    ----------
    config : AvcConfiguration

    Raises
    ------
    BitstreamError
        When a parameter set cannot be parsed.
    """

    _parameter_set_types: ClassVar[frozenset[int]] = frozenset((NAL_TYPE_SPS, NAL_TYPE_PPS))
    _vcl_types: ClassVar[frozenset[int]] = frozenset((1, 5))

    def __init__(self, config: AvcConfiguration) -> None:
        if config.nal_length_size not in (1, 2, 4):
            raise BitstreamError(f"NAL unit lengths of {config.nal_length_size} bytes do not exist")
        super().__init__(AvcParameterSets.from_configuration(config), config.nal_length_size)

    @staticmethod
    @cache
    def _kernels() -> Any:
        from mediarescue.bitstream.h264 import _kernels

        return _kernels

    @staticmethod
    def _layer_and_type(nal: bytes) -> tuple[int, int]:
        return 0, nal[0] & 0x1F

    def sync_kinds(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the SyncKind flags of each access unit, int64 (n,)."""
        return sync_kinds(rows)

    def output_counter(self, rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], int]:
        """Return the slice headers' counter that goes with the order of output, int64 (n,), and its modulus or 0."""
        return output_counter(rows, self.parameter_sets.sps_table)
