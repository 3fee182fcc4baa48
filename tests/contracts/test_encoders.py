"""What every encoder family promises, tried on each entry of the registry."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from mediarescue.media.encoder import plan_encoder
from mediarescue.media.encoders import FAMILIES
from mediarescue.media.encoders.pixel_formats import sample_layout
from mediarescue.options import EncodeOptions
from tests.support.encoding import encoded_piece, film_info, painted_frames, planes, same_samples


@dataclass(frozen=True, slots=True)
class Subject:
    """A film for a family: its format and size, and a container that holds its codec."""

    pix_fmt: str = "yuv420p"
    target: str = "mov"
    size: tuple[int, int] = (160, 96)
    exact: bool = False
    coloured: bool = True


NOISE = 20.0
"""Mean difference of two of the painted frames, in steps of 8 bits."""
SUBJECTS = {
    "h264": Subject(),
    "hevc": Subject("yuv420p10le", "mp4"),
    "mpeg4": Subject("yuv420p", "mp4"),
    "mpeg2video": Subject("yuv422p", "mpegts"),
    "mpeg1video": Subject("yuv420p", "mpeg"),
    "h263": Subject("yuv420p", "3gp", (176, 144), coloured=False),
    "flv1": Subject("yuv420p", "flv", coloured=False),
    "msmpeg4v2": Subject("yuv420p", "avi", coloured=False),
    "msmpeg4v3": Subject("yuv420p", "avi", coloured=False),
    "wmv1": Subject("yuv420p", "asf", coloured=False),
    "wmv2": Subject("yuv420p", "asf", coloured=False),
    "mjpeg": Subject("yuvj422p", coloured=False),
    "prores": Subject("yuv422p10le"),
    "dnxhd": Subject("yuv422p", size=(256, 128), coloured=False),
    "cfhd": Subject("yuv422p10le", coloured=False),
    "dvvideo": Subject("yuv420p", size=(720, 576), coloured=False),
    "vp8": Subject("yuv420p", "webm", coloured=False),
    "vp9": Subject("yuv444p", "webm"),
    "av1": Subject("yuv420p10le", "matroska"),
    "ffv1": Subject("yuva444p12le", "matroska", exact=True, coloured=False),
    "ffvhuff": Subject("yuv420p10le", "avi", exact=True, coloured=False),
    "huffyuv": Subject("yuv422p", "avi", exact=True, coloured=False),
    "utvideo": Subject("yuv420p", "avi", exact=True, coloured=False),
    "magicyuv": Subject("gbrp", "avi", exact=True, coloured=False),
    "png": Subject("rgb24", exact=True, coloured=False),
    "qtrle": Subject("rgb24", exact=True, coloured=False),
    "rawvideo": Subject("yuv420p", "avi", exact=True, coloured=False),
    "v210": Subject("yuv422p10le", exact=True, coloured=False),
    "r210": Subject("gbrp10le", exact=True, coloured=False),
}


def test_every_family_is_tried() -> None:
    assert set(SUBJECTS) == {name for name, _ in FAMILIES}


@pytest.mark.parametrize("codec", SUBJECTS)
def test_a_film_stays_in_its_codec_with_its_format_frames_and_colours(codec: str) -> None:
    subject = SUBJECTS[codec]
    info = film_info(codec, subject.pix_fmt, subject.size)
    plan = plan_encoder(info, EncodeOptions(), target_container=subject.target)
    family = FAMILIES.get(codec)
    assert family is not None
    assert plan.encoder in family.encoders
    assert not [note for note in plan.notes if "become" in note]
    frames = painted_frames(info)
    piece = encoded_piece(plan, info, frames)
    assert len(piece.frames) == len(frames)
    assert all((frame.width, frame.height) == subject.size for frame in piece.frames)
    assert sample_layout(piece.frames[0].format.name) == sample_layout(subject.pix_fmt)
    assert plan.lossless == subject.exact
    for was, now in zip(frames, piece.frames, strict=True):
        if subject.exact:
            assert same_samples(was, now)
        else:
            # In order, and the pictures they were: noise of this size is far from any other frame's.
            step = 1 << (info.bit_depth - 8)
            assert abs(planes(was)[0].astype(float) - planes(now)[0]).mean() < NOISE / 2 * step
    if subject.coloured:
        seen = piece.frames[0]
        assert (seen.color_primaries, seen.color_trc, seen.colorspace) == (9, 16, 9)
        assert seen.color_range == info.color.range


@pytest.mark.parametrize("codec", SUBJECTS)
def test_nothing_is_lost_where_that_is_asked_for(codec: str) -> None:
    subject = SUBJECTS[codec]
    info = film_info(codec, subject.pix_fmt, subject.size)
    plan = plan_encoder(info, EncodeOptions(lossless=True), target_container=subject.target)
    assert plan.lossless
    frames = painted_frames(info, 5)
    piece = encoded_piece(plan, info, frames)
    assert all(same_samples(was, now) for was, now in zip(frames, piece.frames, strict=True))


@pytest.mark.parametrize("codec", SUBJECTS)
def test_pieces_of_a_film_have_the_same_settings_and_come_out_the_same_again(codec: str) -> None:
    subject = SUBJECTS[codec]
    info = film_info(codec, subject.pix_fmt, subject.size)
    plan = plan_encoder(info, EncodeOptions(), target_container=subject.target)
    first, again = (encoded_piece(plan, info, painted_frames(info, 6)) for _ in range(2))
    other = encoded_piece(plan, info, painted_frames(info, 6, seed=2))
    assert first.extradata == other.extradata
    assert all(same_samples(one, two) for one, two in zip(first.frames, again.frames, strict=True))
    assert not np.array_equal(planes(first.frames[0])[0], planes(other.frames[0])[0])
