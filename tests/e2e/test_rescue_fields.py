"""Field-coded H.264: one or two fields a sample, written bit by bit, as no encoder here makes such."""

from __future__ import annotations

import io
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

import av
import pytest

from mediarescue.api import untrunc
from tests.support.breaking import assert_rescued_like, cut, drop_moov
from tests.support.h26x import avc_pps, avc_slice, avc_sps
from tests.support.hashes import Frozen

_MACROBLOCKS = 16
"""Of a field of 64x64 samples."""
_GROUP = (0, 3, 1, 2, 6, 4, 5)
"""Pictures of a group by their place on screen, in decode order: an I, then P with two B each."""


def annex_b(*nals: bytes) -> bytes:
    """Return the NAL units behind start codes: the muxer puts lengths there."""
    return b"".join(b"\0\0\0\1" + nal for nal in nals)


def field_coded(path: Path, groups: int, *, fields: int, sound: int) -> Path:
    """Write ``groups`` of seven field pairs, ``fields`` a sample; sound makes two clips unlike each other."""
    rate = Fraction(25 if fields == 2 else 50)
    packets: list[tuple[bytes, int, int, bool]] = []
    for group in range(groups):
        frame_num = 0
        for number, place in enumerate(_GROUP):
            idr, between = number == 0, place in (1, 2, 4, 5)
            coded = partial(avc_slice, frame_num=frame_num, ref=0 if between else 1, macroblocks=_MACROBLOCKS)
            kind = 6 if between else 5
            top = coded(field=1, lsb=2 * place, kind=7 if idr else kind, idr=idr, idr_pic_id=group % 2)
            bottom = coded(field=2, lsb=2 * place + 1, kind=kind)
            frame_num += not between
            shown = len(_GROUP) * group + place
            if fields == 2:
                packets.append((annex_b(top, bottom), len(packets), shown + 1, idr))
            else:
                packets.append((annex_b(top), len(packets), 2 * shown + 2, idr))
                packets.append((annex_b(bottom), len(packets), 2 * shown + 3, False))
    sets = annex_b(avc_sps(frame_mbs_only=False), avc_pps())
    with (
        av.open(io.BytesIO(sets + b"".join(data for data, *_ in packets[:14])), format="h264") as template,
        av.open(str(path), "w", options={"fflags": "+bitexact"}) as container,
    ):
        stream: Any = container.add_stream_from_template(template.streams.video[0])
        stream.time_base = 1 / rate
        audio: Any = container.add_stream("aac", rate=48000, layout="mono")
        found = [_packet(stream, rate, *packet) for packet in packets]
        for start in range(0, int(len(packets) / rate * 48000), 1024):
            frame = av.AudioFrame(format="fltp", layout="mono", samples=1024)
            frame.planes[0].update(bytes((start * sound // 64 + i * sound) % 61 for i in range(4096)))
            frame.sample_rate, frame.pts, frame.time_base = 48000, start, Fraction(1, 48000)
            found += audio.encode(frame)
        found += audio.encode(None)
        for packet in sorted(found, key=lambda packet: packet.dts * packet.time_base):
            container.mux(packet)
    return path


def _packet(stream: Any, rate: Fraction, data: bytes, dts: int, pts: int, key: bool) -> Any:
    packet = av.Packet(data)
    packet.stream, packet.time_base, packet.dts, packet.pts, packet.is_keyframe = stream, 1 / rate, dts, pts, key
    return packet


@pytest.mark.parametrize("fields", [1, 2])
def test_field_coded_video_comes_back_with_its_order(fields: int, tmp_path: Path, frozen_input: Frozen) -> None:
    take = field_coded(tmp_path / "take.mp4", 6, fields=fields, sound=3)
    reference = frozen_input(field_coded(tmp_path / "reference.mp4", 8, fields=fields, sound=5))
    broken = frozen_input(drop_moov(take, tmp_path / "broken.mp4"))
    report = untrunc(broken, reference=reference)
    assert report.output is not None
    assert report.exit_code == 0
    assert_rescued_like(take, Path(report.output))


@pytest.mark.parametrize("fields", [1, 2])
def test_field_coded_video_cut_short_keeps_its_whole_samples(fields: int, tmp_path: Path, frozen_input: Frozen) -> None:
    take = field_coded(tmp_path / "take.mp4", 6, fields=fields, sound=3)
    reference = frozen_input(field_coded(tmp_path / "reference.mp4", 8, fields=fields, sound=5))
    size = cut(take, tmp_path / "broken.mp4", 0.6)
    report = untrunc(frozen_input(tmp_path / "broken.mp4"), reference=reference)
    assert report.output is not None
    assert_rescued_like(take, Path(report.output), cut_at=size)
