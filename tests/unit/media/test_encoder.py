"""The plan for a film's new pictures: codec, depth, profile and tags of the source, and what the user may say."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from mediarescue.errors import MissingDependencyError, UsageError
from mediarescue.media.encoded import EncoderPlan
from mediarescue.media.encoder import plan_encoder
from mediarescue.media.encoders import UnsuitableError
from mediarescue.media.encoders.available import encoder_codec, is_hardware, video_encoders
from mediarescue.media.encoders.quirks import with_quirks
from mediarescue.media.quantiser import SourceQuality
from mediarescue.options import EncodeOptions
from tests.support.encoding import encoded_piece, film_info, painted_frames, same_samples

INFO = film_info("h264", "yuv420p", profile="High")


def crf_of(plan: EncoderPlan) -> float:
    return float(plan.options["crf"])


@pytest.mark.parametrize("crf", [-1.0, 51.5])
def test_a_quality_beyond_the_encoders_scale_is_a_usage_error(crf: float) -> None:
    with pytest.raises(UsageError, match="outside the scale of libx264"):
        plan_encoder(INFO, EncodeOptions(crf=crf), target_container="mp4")


def test_an_unknown_preset_is_a_usage_error_that_names_those_there_are() -> None:
    with pytest.raises(UsageError, match="veryslow"):
        plan_encoder(INFO, EncodeOptions(preset="p7"), target_container="mp4")


@pytest.mark.parametrize("activity", [-5.0, 0.0, 3.0])
def test_a_finer_source_gets_a_finer_copy(activity: float) -> None:
    qualities = [
        crf_of(plan_encoder(INFO, EncodeOptions(), target_container="mp4", source_quality=SourceQuality(qp, activity)))
        for qp in (20.0, 26.0, 32.0)
    ]
    assert np.allclose(np.diff(qualities), 6, atol=0.11)


def test_a_source_that_tells_its_crf_gets_a_slightly_finer_one() -> None:
    source = SourceQuality(31.0, 2.0, crf=23.0)
    plan = plan_encoder(INFO, EncodeOptions(), target_container="mp4", source_quality=source)
    assert 19 < crf_of(plan) < 23


def test_a_source_without_any_loss_does_not_make_a_lossless_copy() -> None:
    plan = plan_encoder(INFO, EncodeOptions(), target_container="mp4", source_quality=SourceQuality(-8.0, 0.0))
    assert crf_of(plan) > 0


def test_the_users_quality_rules() -> None:
    source = SourceQuality(31.0, 2.0, crf=23.0)
    plan = plan_encoder(INFO, EncodeOptions(crf=30), target_container="mp4", source_quality=source)
    assert crf_of(plan) == 30


def test_a_quality_for_a_lossless_copy_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="either --crf or --lossless"):
        plan_encoder(INFO, EncodeOptions(crf=20, lossless=True), target_container="mp4")


@pytest.mark.parametrize(
    ("name", "encoder"), [("hevc", "libx265"), ("h264", "libx264"), ("av1", "libsvtav1"), ("prores", "prores_ks")]
)
def test_the_name_of_a_codec_means_its_usual_encoder(name: str, encoder: str) -> None:
    by_codec, by_name = (
        plan_encoder(INFO, EncodeOptions(crf=5, encoder=one), target_container="matroska") for one in (name, encoder)
    )
    assert by_codec == by_name
    assert by_codec.encoder == encoder


@pytest.mark.parametrize(
    ("distance", "rate", "g"), [(140, 30, "140"), (15, 30, "120"), (250, 30, None), (30, 300, None)]
)
@pytest.mark.parametrize("codec", ["h264", "hevc", "vp9"])
def test_key_frames_are_about_as_near_as_they_were(codec: str, distance: int, rate: int, g: str | None) -> None:
    info = replace(film_info(codec, "yuv420p"), key_distance=distance, rate=Fraction(rate))
    assert plan_encoder(info, EncodeOptions(), target_container="matroska").options.get("g") == g


def test_what_frames_tell_and_an_encoder_does_not_is_lost() -> None:
    told = ("MASTERING_DISPLAY_METADATA", "DYNAMIC_HDR_PLUS", "SPHERICAL", "SEI_UNREGISTERED")
    info = film_info("hevc", "yuv420p10le", frame_side_data=told)

    def lost(target: str, encoder: str | None = None) -> str:
        return " ".join(plan_encoder(info, EncodeOptions(encoder=encoder), target_container=target).lost)

    assert "HDR10+" in lost("mov")
    assert "mastering" not in lost("mov")
    assert "sphere" not in lost("mov")
    assert "sphere" in lost("matroska")
    assert "mastering" in lost("mov", "prores_ks")


def test_frames_are_not_reordered_in_avi() -> None:
    assert plan_encoder(INFO, EncodeOptions(), target_container="avi").options["bf"] == "0"


def test_a_baseline_source_stays_baseline() -> None:
    info = replace(INFO, profile="Constrained Baseline")
    piece = encoded_piece(plan_encoder(info, EncodeOptions(), target_container="mp4"), info, painted_frames(info, 8))
    assert piece.context["profile"] == "Constrained Baseline"
    assert not piece.context["has_b_frames"]


@pytest.mark.parametrize("crf", [0, 0.5])
def test_the_finest_quality_of_a_baseline_source_is_lossless_and_says_where_it_plays(crf: float) -> None:
    info = replace(INFO, profile="Constrained Baseline")
    plan = plan_encoder(info, EncodeOptions(crf=crf), target_container="mp4")
    frames = painted_frames(info, 3)
    piece = encoded_piece(plan, info, frames)
    assert plan.lossless
    assert any("High 4:4:4" in note for note in plan.notes)
    assert all(same_samples(was, now) for was, now in zip(frames, piece.frames, strict=True))


@pytest.mark.parametrize(("order", "first"), [("tt", "tff"), ("bt", "tff"), ("bb", "bff"), ("tb", "bff")])
def test_fields_stay_fields(order: str, first: str) -> None:
    info = replace(INFO, field_order=order)
    plan = plan_encoder(info, EncodeOptions(), target_container="mp4")
    assert plan.options["x264-params"] == f"{first}=1"
    piece = encoded_piece(plan, info, painted_frames(info, 4, fields=True))
    assert all(frame.interlaced_frame for frame in piece.frames)


@pytest.mark.parametrize("pix_fmt", ["yuv422p", "yuv444p", "yuvj420p", "yuvj444p", "yuv420p10le", "gbrp"])
def test_depth_and_chroma_stay(pix_fmt: str) -> None:
    info = film_info("h264", pix_fmt)
    plan = plan_encoder(info, EncodeOptions(lossless=True), target_container="mov")
    frames = painted_frames(info, 3)
    piece = encoded_piece(plan, info, frames)
    assert plan.encoder.startswith("libx264")
    assert all(same_samples(was, now) for was, now in zip(frames, piece.frames, strict=True))


@pytest.mark.parametrize("width", [33, 40, 64, 66])
def test_narrow_hevc_decodes_to_what_was_encoded(width: int) -> None:
    info = film_info("hevc", "yuv444p", (width, 96))
    plan = plan_encoder(info, EncodeOptions(lossless=True), target_container="mp4")
    frames = painted_frames(info, 8)
    piece = encoded_piece(plan, info, frames)
    assert all(same_samples(was, now) for was, now in zip(frames, piece.frames, strict=True))


@pytest.mark.parametrize("tag", ["hvc1", "hev1"])
def test_the_sample_entry_of_hevc_keeps_its_name(tag: str) -> None:
    info = film_info("hevc", "yuv420p", codec_tag=tag)
    piece = encoded_piece(plan_encoder(info, EncodeOptions(), target_container="mp4"), info, painted_frames(info, 6))
    assert piece.context["codec_tag"] == tag


def test_odd_pictures_keep_their_size_where_the_codec_allows_it() -> None:
    info = film_info("mjpeg", "yuvj420p", (161, 97))
    plan = plan_encoder(info, EncodeOptions(), target_container="mov")
    piece = encoded_piece(plan, info, painted_frames(info, 2))
    assert (plan.encoder, piece.frames[0].width, piece.frames[0].height) == ("mjpeg", 161, 97)


def test_odd_pictures_become_full_chroma_in_a_codec_that_counts_in_pairs() -> None:
    info = film_info("mjpeg", "yuvj420p", (161, 97))
    plan = plan_encoder(info, EncodeOptions(encoder="libx264"), target_container="mov")
    piece = encoded_piece(plan, info, painted_frames(info, 2))
    assert (plan.pix_fmt, piece.frames[0].width, piece.frames[0].height) == ("yuvj444p", 161, 97)


def test_prores_keeps_its_profile() -> None:
    for tag, profile in (("apco", "proxy"), ("apcn", "standard"), ("apch", "hq")):
        info = film_info("prores", "yuv422p10le", codec_tag=tag)
        plan = plan_encoder(info, EncodeOptions(), target_container="mov")
        assert plan.options["profile"] == profile
        assert encoded_piece(plan, info, painted_frames(info, 1)).context["codec_tag"] == tag


@pytest.mark.parametrize("pix_fmt", ["yuva444p12le", "yuv422p10le", "gray", "yuv411p", "yuvj422p"])
@pytest.mark.parametrize("target", ["mov", "matroska"])
def test_what_the_own_codec_cannot_keep_ffv1_keeps(pix_fmt: str, target: str) -> None:
    info = film_info("prores" if "10" in pix_fmt or "12" in pix_fmt else "mjpeg", pix_fmt, (161, 97))
    plan = plan_encoder(info, EncodeOptions(lossless=True), target_container=target)
    frames = painted_frames(info, 2)
    piece = encoded_piece(plan, info, frames)
    assert plan.encoder == "ffv1"
    assert any("FFV1" in note for note in plan.notes)
    assert all(same_samples(was, now) for was, now in zip(frames, piece.frames, strict=True))


@pytest.mark.parametrize(("codec", "target"), [("rawvideo", "mov"), ("lagarith", "avi"), ("huffyuv", "matroska")])
def test_what_takes_the_place_of_a_lossless_codec_is_lossless(codec: str, target: str) -> None:
    info = film_info(codec, "yuv420p", (161, 97), is_isobmff=False)
    plan = plan_encoder(info, EncodeOptions(), target_container=target)
    assert plan.lossless
    assert plan.encoder == "ffv1"


def test_a_codec_without_an_encoder_becomes_the_nearest_and_says_so() -> None:
    plan = plan_encoder(film_info("vc1", "yuv420p"), EncodeOptions(), target_container="matroska")
    assert plan.encoder == "libx264"
    assert any("vc1" in note and "H.264" in note for note in plan.notes)


def test_transparency_goes_where_it_can_be_kept() -> None:
    plan = plan_encoder(film_info("hap", "rgba"), EncodeOptions(), target_container="mov")
    assert (plan.encoder, plan.pix_fmt) == ("prores_ks", "yuva444p10le")


def test_a_codec_stays_in_its_own_film_whatever_a_muxer_thinks() -> None:
    plan = plan_encoder(film_info("prores", "yuv422p10le"), EncodeOptions(), target_container="mp4")
    assert (plan.encoder, plan.container) == ("prores_ks", "mov")


def test_an_unknown_encoder_is_a_missing_dependency_and_names_its_like() -> None:
    with pytest.raises(MissingDependencyError, match="libx264"):
        plan_encoder(INFO, EncodeOptions(encoder="libx2645"), target_container="mp4")


def test_an_encoder_that_the_container_cannot_hold_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="webm files cannot hold"):
        plan_encoder(INFO, EncodeOptions(encoder="libx264"), target_container="webm")


def test_an_encoder_that_does_not_work_here_is_a_missing_dependency(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise UnsuitableError("there is no such device")

    monkeypatch.setattr("mediarescue.media.encoders.choosing.try_out", refuse)
    with pytest.raises(MissingDependencyError, match=r"no such device.*libx264"):
        plan_encoder(INFO, EncodeOptions(encoder=_device_encoder()), target_container="mp4")


def _device_encoder() -> str:
    found = [name for name in video_encoders() if is_hardware(name) and encoder_codec(name) == "h264"]
    if not found:
        pytest.skip("this FFmpeg lists no encoder of a device")
    return found[0]


def test_lossless_by_an_encoder_that_cannot_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="every sample"):
        plan_encoder(INFO, EncodeOptions(encoder="mpeg4", lossless=True), target_container="mp4")


def test_settings_that_mean_nothing_to_an_encoder_are_told_not_refused() -> None:
    options = EncodeOptions(preset="slow", crf=20)
    plan = plan_encoder(film_info("ffv1", "yuv420p"), options, target_container="matroska")
    assert any("--preset or --crf" in note for note in plan.notes)


def test_the_presets_of_x264_have_a_speed_in_other_encoders() -> None:
    speeds = []
    for preset in ("veryfast", "medium", "veryslow"):
        plan = plan_encoder(film_info("av1", "yuv420p"), EncodeOptions(preset=preset), target_container="webm")
        speeds.append(int(plan.options["preset"]))
    assert speeds == sorted(speeds, reverse=True)


@pytest.mark.parametrize(("size", "shorter"), [((1920, 1080), False), ((3840, 2160), True), ((7680, 4320), True)])
def test_the_look_ahead_of_large_pictures_is_shorter(size: tuple[int, int], shorter: bool) -> None:
    plan = plan_encoder(film_info("h264", "yuv420p", size), EncodeOptions(), target_container="mp4")
    assert ("rc-lookahead" in plan.options) == shorter
    plan = plan_encoder(film_info("hevc", "yuv420p10le", size), EncodeOptions(), target_container="mp4")
    assert ("rc-lookahead" in plan.options["x265-params"]) == shorter


X265_OF_4K_10_BIT = {"rc-lookahead": "4", "bframes": "2", "b-pyramid": "0", "frame-threads": "1"}


@pytest.mark.parametrize(
    ("pix_fmt", "size", "preset", "told"),
    [
        ("yuv420p10le", (1920, 1080), "medium", {}),
        ("yuv420p", (3840, 2160), "medium", {"rc-lookahead": "10", "frame-threads": "1"}),
        ("yuv420p10le", (3840, 2160), "medium", X265_OF_4K_10_BIT),
        ("yuv420p10le", (2160, 3840), "slower", X265_OF_4K_10_BIT | {"ref": "3"}),
    ],
)
def test_x265_holds_fewer_frames_of_large_pictures(
    pix_fmt: str, size: tuple[int, int], preset: str, told: dict[str, str]
) -> None:
    plan = plan_encoder(film_info("hevc", pix_fmt, size), EncodeOptions(preset=preset), target_container="mp4")
    params = dict(item.split("=", 1) for item in plan.options["x265-params"].split(":"))
    assert {name: params[name] for name in params if name != "log-level"} == told


@pytest.mark.parametrize("rate", [Fraction(1, 3), Fraction(30000, 1001), Fraction(119437, 3581), Fraction(90000), None])
@pytest.mark.parametrize("codec", ["h264", "mpeg4", "mpeg2video"])
def test_any_rate_is_encoded_frame_by_frame(rate: Fraction | None, codec: str) -> None:
    info = film_info(codec, "yuv420p", (64, 48), rate=rate)
    plan = plan_encoder(info, EncodeOptions(), target_container="matroska")
    assert len(encoded_piece(plan, info, painted_frames(info, 5)).frames) == 5


def test_equal_pictures_do_not_depend_on_what_is_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mediarescue.media.encoders.quirks._has_avx512", lambda: True)
    assert with_quirks("libx264", {"x264-params": "tff=1"}, 720)["x264-params"] == "tff=1:asm=AVX2"
    assert "x264-params" not in with_quirks("libx264", {}, 1280)
    assert with_quirks("libx265", {}, 720) == {}
