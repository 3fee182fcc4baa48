"""H.264 and HEVC streams for tests: encoded on the spot with PyAV, or written bit by bit.

Nothing here knows the package under test.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, cast

import av
import numpy as np


@dataclass(frozen=True, slots=True)
class Track:
    """A demuxed track: decoder configuration record, samples, their presentation times."""

    extradata: bytes
    samples: tuple[bytes, ...]
    pts: tuple[int | None, ...]
    keys: tuple[bool, ...]

    @property
    def sizes(self) -> list[int]:
        """Bytes of each sample."""
        return [len(sample) for sample in self.samples]

    @property
    def data(self) -> bytes:
        """All samples back to back."""
        return b"".join(self.samples)

    @property
    def true_ranks(self) -> list[int] | None:
        """Place of each sample in the order of its presentation time; None where times are not distinct."""
        if None in self.pts or len(set(self.pts)) != len(self.pts):
            return None
        ordered = {time: rank for rank, time in enumerate(sorted(cast("tuple[int, ...]", self.pts)))}
        return [ordered[cast(int, time)] for time in self.pts]


def _demux(container: Any, index: int) -> Track:
    stream = container.streams[index]
    extradata = bytes(stream.codec_context.extradata or b"")
    packets = [packet for packet in container.demux(stream) if packet.size]
    return Track(
        extradata,
        tuple(bytes(packet) for packet in packets),
        tuple(packet.pts for packet in packets),
        tuple(bool(packet.is_keyframe) for packet in packets),
    )


def demuxed(path: Path, codec: str) -> list[Track]:
    """Return the tracks of that codec in a file."""
    with av.open(str(path)) as container:
        indices = [s.index for s in container.streams if s.type == "video" and s.codec_context.name == codec]
    tracks = []
    for index in indices:
        with av.open(str(path)) as container:
            tracks.append(_demux(container, index))
    return [track for track in tracks if track.samples]


def encoded(
    codec: str, params: str, *, frames: int = 40, size: tuple[int, int] = (192, 128), pix_fmt: str = "yuv420p"
) -> Track:
    """Encode a moving gradient with ``libx264`` or ``libx265`` into MP4, and demux it."""
    name = codec.removeprefix("lib")
    options = {f"{name}-params": params + (":log-level=none" if name == "x265" else "")}
    file = io.BytesIO()
    width, height = size
    rows, columns = np.mgrid[0:height, 0:width]
    with av.open(file, "w", format="mp4") as container:
        stream = cast(Any, container.add_stream(codec, rate=30, options=options))
        stream.width, stream.height, stream.pix_fmt = width, height, pix_fmt
        for number in range(frames):
            grey = ((columns * 2 + rows + number * 5) % 256).astype(np.uint8)
            frame = av.VideoFrame.from_ndarray(np.stack([grey] * 3, -1), format="rgb24").reformat(format=pix_fmt)
            frame.pts, frame.time_base = number, Fraction(1, 30)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    file.seek(0)
    with av.open(file) as container:
        return _demux(container, 0)


class BitWriter:
    """Write u(n), ue(v) and se(v) values; ``nal`` adds the trailing bits, escapes and puts a header in front."""

    def __init__(self) -> None:
        self.bits = ""

    def u(self, count: int, value: int) -> BitWriter:
        """Append ``count`` bits."""
        self.bits += format(value, f"0{count}b") if count else ""
        return self

    def ue(self, *values: int) -> BitWriter:
        """Append unsigned Exp-Golomb codes."""
        for value in values:
            code = format(value + 1, "b")
            self.bits += "0" * (len(code) - 1) + code
        return self

    def se(self, *values: int) -> BitWriter:
        """Append signed Exp-Golomb codes."""
        return self.ue(*(2 * value - 1 if value > 0 else -2 * value for value in values))

    def rbsp(self) -> bytes:
        """Return the bytes with the stop bit."""
        bits = self.bits + "1"
        bits += "0" * (-len(bits) % 8)
        return int(bits, 2).to_bytes(len(bits) // 8, "big")

    def nal(self, header: bytes, payload: bytes = b"") -> bytes:
        """Return the NAL unit: header, escaped bits, then ``payload`` (slice data) as it is."""
        body = bytearray()
        zeros = 0
        for byte in self.rbsp():
            if zeros >= 2 and byte <= 3:
                body.append(3)
                zeros = 0
            body.append(byte)
            zeros = 0 if byte else zeros + 1
        return header + bytes(body) + payload


def prefixed(*nals: bytes, length_size: int = 4) -> bytes:
    """Return the NAL units each behind its length."""
    return b"".join(len(nal).to_bytes(length_size, "big") + nal for nal in nals)


def avc_sps(
    *,
    poc_type: int = 0,
    sps_id: int = 0,
    frame_mbs_only: bool = True,
    cycle: tuple[int, ...] = (),
    size: tuple[int, int] = (4, 4),
) -> bytes:
    """Return a Main profile SPS: 4 bits of frame_num and of pic_order_cnt_lsb, ``size`` in map units."""
    w = BitWriter().u(8, 77).u(8, 0).u(8, 30).ue(sps_id, 0, poc_type)
    if poc_type == 0:
        w.ue(0)
    elif poc_type == 1:
        w.u(1, 0).se(-1, 1).ue(len(cycle)).se(*cycle)
    w.ue(4).u(1, 0).ue(size[0] - 1, size[1] - 1).u(1, int(frame_mbs_only))
    if not frame_mbs_only:
        w.u(1, 0)
    return w.u(1, 1).u(1, 0).u(1, 0).nal(b"\x67")


def avc_pps(*, pps_id: int = 0, sps_id: int = 0, bottom_poc: bool = False) -> bytes:
    """Return a CAVLC PPS without extras."""
    w = BitWriter().ue(pps_id, sps_id).u(1, 0).u(1, int(bottom_poc)).ue(0, 0, 0).u(1, 0).u(2, 0).se(0, 0, 0)
    return w.u(1, 0).u(1, 0).u(1, 0).nal(b"\x68")


def avc_slice(
    *,
    first_mb: int = 0,
    kind: int = 0,
    pps_id: int = 0,
    frame_num: int = 0,
    lsb: int | None = 0,
    idr: bool = False,
    idr_pic_id: int = 0,
    ref: int = 1,
    field: int | None = None,
    deltas: tuple[int, ...] = (),
    mmco5: bool = False,
    data: bytes = b"\x5a" * 8,
    macroblocks: int = 0,
) -> bytes:
    """Return a slice NAL unit that fits :func:`avc_sps` and :func:`avc_pps`.

    ``field`` is None where the SPS says frames only, 0 frame, 1 top, 2 bottom; ``lsb`` None for other types than 0.
    With ``macroblocks``, the slice decodes: that many grey I_PCM ones, or skipped ones, instead of ``data``.
    """
    w = BitWriter().ue(first_mb, kind, pps_id).u(4, frame_num)
    if field is not None:
        w.u(1, int(field > 0))
        if field:
            w.u(1, field - 1)
    if idr:
        w.ue(idr_pic_id)
    if lsb is not None:
        w.u(4, lsb)
    w.se(*deltas)
    if kind % 5 == 1:
        w.u(1, 0)
    if kind % 5 in (0, 1, 3):
        w.u(1, 0).u(1, 0)
    if kind % 5 == 1:
        w.u(1, 0)
    if ref:
        if idr:
            w.u(2, 0)
        elif mmco5:
            w.u(1, 1).ue(5, 0)
        else:
            w.u(1, 0)
    w.se(0)
    if macroblocks and kind % 5 != 2:
        w.ue(macroblocks)  # mb_skip_run
    elif macroblocks:
        for number in range(macroblocks):
            w.ue(25).u(-len(w.bits) % 8, 0)
            w.bits += f"{90 + 5 * number:08b}" * 256 + f"{120:08b}" * 128
    return w.nal(bytes([ref << 5 | (5 if idr else 1)]), b"" if macroblocks else data)


def avcc(sps: bytes, pps: bytes, *, length_size: int = 4) -> bytes:
    """Return an ``avcC`` payload."""
    head = bytes([1, sps[1], sps[2], sps[3], 0xFC | (length_size - 1), 0xE1])
    return head + len(sps).to_bytes(2, "big") + sps + b"\x01" + len(pps).to_bytes(2, "big") + pps


def hevc_slice(
    *,
    kind: int = 1,
    tid: int = 0,
    layer: int = 0,
    first: bool = True,
    pps_id: int = 0,
    address: int = 1,
    address_bits: int = 4,
    slice_type: int = 1,
    lsb: int = 0,
    lsb_bits: int = 8,
    data: bytes = b"\x5a" * 8,
) -> bytes:
    """Return an independent slice segment NAL unit, explicit empty reference picture set."""
    w = BitWriter().u(1, int(first))
    if 16 <= kind <= 23:
        w.u(1, 0)
        slice_type = 2
    w.ue(pps_id)
    if not first:
        w.u(address_bits, address)
    w.ue(slice_type)
    if kind not in (19, 20):
        w.u(lsb_bits, lsb).u(1, 0).ue(0, 0)
    return w.nal(hevc_header(kind, tid=tid, layer=layer), data)


def hevc_header(kind: int, *, tid: int = 0, layer: int = 0) -> bytes:
    """Return the two bytes of a NAL unit header."""
    return (kind << 9 | layer << 3 | (tid + 1)).to_bytes(2, "big")


def hevc_parameter_sets(*, short_term_sets: bool = False) -> tuple[bytes, bytes]:
    """Return SPS (64x64 samples, 16 blocks of 16x16, 8 bits of the lsb) and PPS."""
    w = BitWriter().u(4, 0).u(3, 0).u(1, 1)
    w.u(8, 1).u(32, 0).u(48, 0).u(8, 30)
    w.ue(0, 1, 64, 64).u(1, 0).ue(0, 0, 4).u(1, 1).ue(4, 2, 0)
    w.ue(0, 1, 0, 0, 0, 0).u(1, 0).u(2, 0).u(1, 0)
    if short_term_sets:
        # One set of two negative pictures, then one predicted from it (7.3.7).
        w.ue(2).ue(2, 0, 0).u(1, 1).ue(0).u(1, 1).u(1, 1).u(1, 0).ue(0).u(1, 1).u(1, 0).u(1, 1).u(1, 0).u(1, 1)
    else:
        w.ue(0)
    sps = w.u(1, 0).u(2, 0).u(1, 0).u(1, 0).nal(hevc_header(33))
    pps = BitWriter().ue(0, 0).u(1, 0).u(1, 0).u(3, 0).u(2, 0).ue(0, 0).se(0).u(8, 0).nal(hevc_header(34))
    return sps, pps


def hvcc(*nals: bytes, length_size: int = 4) -> bytes:
    """Return an ``hvcC`` payload with an array for each NAL unit."""
    head = b"\x01\x01" + bytes(10) + b"\x1e\xf0\x00\xfc\xfd\xf8\xf8\x00\x00" + bytes([0x0C | (length_size - 1)])
    arrays = b"".join(bytes([0x80 | nal[0] >> 1]) + b"\x00\x01" + len(nal).to_bytes(2, "big") + nal for nal in nals)
    return head + bytes([len(nals)]) + arrays
