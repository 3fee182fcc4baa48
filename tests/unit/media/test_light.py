"""The mastering display and the light level, from a film's frames into its copy."""

from __future__ import annotations

import io
from fractions import Fraction
from typing import Any

import av
import pytest

from mediarescue.media.encoder import plan_encoder
from mediarescue.media.light import content_light_level, mastering_display, with_light_level
from mediarescue.options import EncodeOptions
from tests.support.encoding import encoded_piece, film_info, painted_frames

DISPLAY = "G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,50)"
PRIMARIES = ((0.68, 0.32), (0.265, 0.69), (0.15, 0.06), (0.3127, 0.329))


def hdr_frame(display: str = DISPLAY) -> Any:
    """Return a frame as a decoder gives it of an HDR10 film."""
    info = film_info("hevc", "yuv420p10le")
    file = io.BytesIO()
    params = f"log-level=error:hdr10=1:repeat-headers=1:master-display={display}:max-cll=1000,400"
    with av.open(file, "w", format="matroska") as container:
        stream: Any = container.add_stream("libx265", rate=25, options={"x265-params": params, "preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = info.width, info.height, info.pix_fmt
        stream.codec_context.time_base = Fraction(1, 25)
        for number, frame in enumerate(painted_frames(info, 6)):
            frame.pts, frame.time_base = number, Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    file.seek(0)
    with av.open(file, "r") as written:
        return next(written.decode(video=0))


@pytest.mark.parametrize("codec", ["h264", "hevc", "av1"])
def test_display_and_light_level_come_out_as_they_went_in(codec: str) -> None:
    first = hdr_frame()
    info = film_info(codec, "yuv420p10le")
    frames = [first, *painted_frames(info, 5)]
    piece = encoded_piece(plan_encoder(info, EncodeOptions(), target_container="matroska"), info, frames)
    display = mastering_display(piece.frames[0])
    assert display is not None
    for (x, y), (true_x, true_y) in zip(display.primaries, PRIMARIES, strict=True):
        assert float(x) == pytest.approx(true_x, abs=1e-4)
        assert float(y) == pytest.approx(true_y, abs=1e-4)
    assert [float(value) for value in display.luminance] == pytest.approx([0.005, 1000], rel=0.05)
    assert content_light_level(piece.frames[0]) == (1000, 400)


@pytest.mark.parametrize("luminance", ["L(1000,50)", "L(10000000,0)"])
def test_numbers_outside_their_range_are_handed_on_as_they_are(luminance: str) -> None:
    first = hdr_frame(DISPLAY.partition("L")[0] + luminance)
    info = film_info("hevc", "yuv420p10le")
    frames = [first, *painted_frames(info, 5)]
    piece = encoded_piece(plan_encoder(info, EncodeOptions(), target_container="mp4"), info, frames)
    display = mastering_display(piece.frames[0])
    assert display is not None
    assert display == mastering_display(first)
    assert [round(10_000 * value) for value in reversed(display.luminance)] == [
        int(number) for number in luminance[2:-1].split(",")
    ]


def test_nothing_is_said_of_a_display_where_the_film_says_nothing() -> None:
    frame = painted_frames(film_info("hevc", "yuv420p10le"), 1)[0]
    assert with_light_level("libx265", {"x265-params": "log-level=error"}, frame) == {"x265-params": "log-level=error"}


def test_encoders_without_such_a_field_are_left_alone() -> None:
    assert with_light_level("mpeg4", {"bf": "2"}, hdr_frame()) == {"bf": "2"}


def test_side_data_without_a_name_hides_nothing_but_itself() -> None:
    class Frame:
        @property
        def side_data(self) -> dict[str, bytes]:
            raise ValueError("29 is not a valid Type")

    assert mastering_display(Frame()) is None  # type: ignore[arg-type]
