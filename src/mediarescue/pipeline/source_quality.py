"""How coarsely a film is quantised, so that its copy can be finer by just as much as hides the difference."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress

from mediarescue.bitstream.errors import BitstreamError
from mediarescue.bitstream.hevc.configuration import parse_hvcc
from mediarescue.bitstream.hevc.parameter_sets import NAL_TYPE_PPS, NAL_TYPE_SPS, Sps, parse_sps
from mediarescue.bitstream.hevc.slice_qp import SlicePps, parse_slice_pps, slice_qp
from mediarescue.bitstream.jpeg.errors import JpegError
from mediarescue.bitstream.jpeg.parse import parse
from mediarescue.bitstream.nal import split_annex_b, split_length_prefixed
from mediarescue.media.info import VideoInfo
from mediarescue.media.quantiser import SourceQuality, measure_quality, qp_of_step, sampled_packets

_WRITTEN_CRF = re.compile(rb"x26[45] .{1,2000}?\brc=crf .{0,80}?\bcrf=(\d+(?:\.\d+)?)", re.DOTALL)
"""What x264 and x265 write of their settings into the first access unit or the parameter sets."""


def source_quality(info: VideoInfo) -> SourceQuality | None:
    """Return how a film was quantised; None where it cannot be known.

    x264 and x265 say it themselves; else the slice headers of HEVC and the tables of JPEG tell it, of other codecs the
    decoder.
    """
    sizes: list[int] = []
    crf: list[float] = []

    def looked_at() -> Iterator[bytes]:
        for number, packet in enumerate(sampled_packets(info)):
            if number:
                sizes.append(len(packet))
            if number < 2 and (written := _WRITTEN_CRF.search(packet)) is not None:
                crf.append(float(written[1]))
            yield packet

    qps = list(_READERS.get(info.codec, _nothing)(looked_at()))
    known = SourceQuality(
        qp=sum(qps) / len(qps) if qps else None,
        activity=0.0,
        crf=crf[0] if crf else None,
        frame_bits=8 * sum(sizes) / len(sizes) if sizes else None,
    )
    return measure_quality(info, known)


def _nothing(packets: Iterable[bytes]) -> Iterator[float]:
    """Read the packets for their sizes alone."""
    for _ in packets:
        yield from ()


def _jpeg_qps(packets: Iterable[bytes]) -> Iterator[float]:
    """Yield the quantiser of each picture: the mean step of the coarse structures of luma."""
    for packet in packets:
        with suppress(JpegError):
            steps = parse(packet).frame.components[0].quant.values[1:10]
            yield qp_of_step(sum(steps) / len(steps))


def _slice_qps(packets: Iterable[bytes]) -> Iterator[float]:
    """Yield the quantiser of each slice; parameter sets come from the configuration in front and from the packets."""
    spss: dict[int, Sps] = {}
    ppss: dict[int, SlicePps] = {}
    length_size = 0
    for number, packet in enumerate(packets):
        # A damaged packet tells nothing, its neighbours do.
        with suppress(BitstreamError):
            if not number and packet[:1] == b"\1":
                config = parse_hvcc(packet)
                length_size = config.nal_length_size
                for nal in (*config.nals(NAL_TYPE_SPS), *config.nals(NAL_TYPE_PPS)):
                    _take_over(nal, spss, ppss)
                continue
            for nal in split_length_prefixed(packet, length_size) if length_size else split_annex_b(packet):
                _take_over(nal, spss, ppss)
                qp = slice_qp(nal, spss, ppss)
                if qp is not None:
                    yield float(qp)


def _take_over(nal: bytes, spss: dict[int, Sps], ppss: dict[int, SlicePps]) -> None:
    if len(nal) < 3 or nal[0] & 1 or nal[1] >> 3:
        return
    kind = nal[0] >> 1
    if kind == NAL_TYPE_SPS:
        sps = parse_sps(nal)
        spss[sps.sps_id] = sps
    elif kind == NAL_TYPE_PPS:
        pps = parse_slice_pps(nal)
        ppss[pps.base.pps_id] = pps


_READERS: dict[str, Callable[[Iterable[bytes]], Iterator[float]]] = {"hevc": _slice_qps, "mjpeg": _jpeg_qps}
