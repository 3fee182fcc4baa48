"""The plan for a film's new pictures: codec, depth, profile and tags of the source, and what the user may say."""

from __future__ import annotations

import io
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from mediarescue.errors import UsageError
from mediarescue.media.encoder import add_stream, plan_encoder
from mediarescue.media.info import ColorTags, VideoInfo
from mediarescue.media.quantiser import SourceQuality
from mediarescue.options import EncodeOptions

INFO = VideoInfo(
    path=Path("film.mp4"),
    container="mov,mp4,m4a,3gp,3g2,mj2",
    stream_index=0,
    stream_id=1,
    codec="h264",
    codec_tag="avc1",
    profile="High",
    width=160,
    height=96,
    pix_fmt="yuv420p",
    bit_depth=8,
    time_base=Fraction(1, 90000),
    rate=Fraction(30000, 1001),
    frame_count=8,
    duration_seconds=0.3,
    bit_rate=None,
    has_b_frames=True,
    sample_aspect_ratio=Fraction(4, 3),
    color=ColorTags(1, 9, 16, 9),
    field_order="progressive",
    is_isobmff=True,
)


def encoded(info: VideoInfo, options: EncodeOptions, target: str = "mp4") -> tuple[io.BytesIO, list[av.VideoFrame]]:
    plan = plan_encoder(info, options, target_container=target)
    noise = np.random.default_rng(3)
    frames = []
    for number in range(8):
        frame = av.VideoFrame(info.width, info.height, info.pix_fmt)
        for plane in frame.planes:
            samples = np.frombuffer(memoryview(plane), np.uint8)
            samples[:] = (np.arange(samples.size) // 7 + 3 * number + noise.integers(0, 9, samples.size)) % 199 + 20
        frame.pts = number
        frames.append(frame)
    file = io.BytesIO()
    with av.open(file, "w", format=plan.container) as container:
        stream = add_stream(container, plan, info, frames[0])
        for frame in frames:
            frame.time_base = stream.codec_context.time_base
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    file.seek(0)
    return file, frames


@pytest.mark.parametrize(("codec", "encoder"), [("h264", "libx264"), ("hevc", "libx265")])
def test_a_lossless_copy_has_every_sample_and_all_tags_of_the_source(codec: str, encoder: str) -> None:
    info = replace(INFO, codec=codec)
    file, frames = encoded(info, EncodeOptions(lossless=True))
    with av.open(file, "r") as container:
        context = container.streams.video[0].codec_context
        assert context.name == codec
        assert (context.color_range, context.color_primaries) == (1, 9)
        assert (context.color_trc, context.colorspace) == (16, 9)
        assert context.sample_aspect_ratio == Fraction(4, 3)
        decoded = list(container.decode(video=0))
    assert len(decoded) == len(frames)
    for was, now in zip(frames, decoded, strict=True):
        assert np.array_equal(was.to_ndarray(), now.to_ndarray())


@pytest.mark.parametrize("crf", [-1.0, 51.5])
def test_a_quality_beyond_the_encoders_scale_is_a_usage_error(crf: float) -> None:
    with pytest.raises(UsageError, match="outside the scale of libx264"):
        plan_encoder(INFO, EncodeOptions(crf=crf), target_container="mp4")


def test_an_unknown_preset_is_a_usage_error_that_names_those_there_are() -> None:
    with pytest.raises(UsageError, match="veryslow"):
        plan_encoder(INFO, EncodeOptions(preset="p7"), target_container="mp4")


@pytest.mark.parametrize("activity", [-8.0, 0.0, 3.0])
def test_a_finer_source_gets_a_finer_copy(activity: float) -> None:
    qualities = []
    for qp in (18.0, 24.0, 30.0):
        source = SourceQuality(qp, activity)
        plan = plan_encoder(INFO, EncodeOptions(), target_container="mp4", source_quality=source)
        qualities.append(float(plan.options["crf"]))
    assert np.allclose(np.diff(qualities), 6, atol=0.11)


def test_frames_are_not_reordered_in_avi() -> None:
    assert plan_encoder(INFO, EncodeOptions(), target_container="avi").options["bf"] == "0"


def test_a_baseline_source_stays_baseline() -> None:
    file, _ = encoded(replace(INFO, profile="Constrained Baseline"), EncodeOptions())
    with av.open(file, "r") as container:
        assert container.streams.video[0].codec_context.profile == "Constrained Baseline"
