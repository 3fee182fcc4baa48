"""The films that must come through the media core with nothing but their pictures' coding changed."""

from __future__ import annotations

import struct
from dataclasses import replace
from fractions import Fraction
from itertools import accumulate

from tests.support.boxes import box
from tests.support.clips import AudioSpec
from tests.support.films import (
    Film,
    edited,
    followed_by,
    in_moov,
    patched,
    turned,
    with_entry_boxes,
    with_tracks,
)
from tests.support.layout import to_co64
from tests.support.synthetic import SyntheticTrack, gpmf_track, mebx_track, tmcd_track

_AAC = AudioSpec(rate=48000, seconds=Fraction(1))
_PCM = AudioSpec("pcm_s16le", 44100, seconds=Fraction(1), content="noise")
_B = (("x264-params", "bframes=3:b-adapt=0:keyint=12:scenecut=0"),)
_PYRAMID = (("x264-params", "bframes=6:b-adapt=0:b-pyramid=normal:keyint=24:scenecut=0"),)
_NO_B = (("x264-params", "bframes=0:keyint=12"),)
_PQ, _HLG = (1, 9, 16, 9), (1, 9, 18, 9)
_MASTERING = "master-display=G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,1):max-cll=1000,400"
_VARYING = tuple(accumulate((3000 + (i * 7919) % 2000 - 900 + 9000 * (i % 9 == 5) for i in range(23)), initial=0))


def _text_track(lines: tuple[str, ...]) -> SyntheticTrack:
    """Return timed text (3GPP TS 26.245 5.16): each sample a length and the line, with no styles."""
    entry = struct.pack(">IbbIhhhhHHBBI", 0, 1, -1, 0, 0, 0, 0, 0, 0, 0, 0, 12, 0xFFFFFFFF)
    fonts = box(b"ftab", struct.pack(">HHB", 1, 1, 5) + b"Serif")
    samples = tuple(struct.pack(">H", len(line)) + line.encode() for line in lines)
    return SyntheticTrack(b"sbtl", b"tx3g", samples, duration=330, entry=entry + fonts)


def _mp4(**fields: object) -> Film:
    return replace(Film(options=_B), **fields)  # type: ignore[arg-type]


def _mov(**fields: object) -> Film:
    return replace(Film(options=_B, container="mov", suffix=".mov", audio=(_PCM,)), **fields)  # type: ignore[arg-type]


ISOBMFF: dict[str, Film] = {
    "h264_b": _mp4(),
    "h264_pyramid": _mp4(options=_PYRAMID),
    "h264_no_b": _mp4(options=_NO_B),
    "h264_10_bit": _mp4(pix_fmt="yuv420p10le", audio=()),
    "h264_422_10_bit": _mp4(pix_fmt="yuv422p10le"),
    "h264_444_odd": _mp4(pix_fmt="yuv444p", size=(65, 49)),
    "h264_full_range": _mp4(pix_fmt="yuvj420p", color=(2, 5, 6, 5)),
    "h264_bt709": _mp4(color=(1, 1, 1, 1)),
    "h264_grey": _mp4(pix_fmt="gray"),
    "h264_top_field_first": _mp4(fields="tff", size=(64, 64)),
    "h264_bottom_field_first": _mp4(fields="bff", size=(64, 64)),
    "h264_faint_fields": _mp4(options=(("qp", "0"), ("fast-pskip", "0")), fields="bff", faint=True, size=(128, 96)),
    "h264_anamorphic": _mp4(aspect=Fraction(64, 45)),
    "h264_one_frame": _mp4(frames=1, audio=()),
    "h264_moov_in_front": _mp4(muxing=(("movflags", "+faststart"),)),
    "h264_fragmented": _mp4(muxing=(("movflags", "frag_keyframe+empty_moov"),)),
    "h264_co64": _mp4(after=(to_co64,)),
    "hevc_8_bit": _mp4(codec="libx265", options=(("x265-params", "bframes=4:b-adapt=0:keyint=20"),)),
    "hevc_two_frames": _mp4(codec="libx265", options=(("x265-params", "bframes=0"),), frames=2, audio=()),
    "hevc_10_bit": _mp4(codec="libx265", options=(), pix_fmt="yuv420p10le"),
    "hevc_10_bit_faint": _mp4(
        codec="libx265", options=(("x265-params", "lossless=1"),), pix_fmt="yuv420p10le", faint=True
    ),
    "hevc_12_bit_444": _mp4(codec="libx265", options=(), pix_fmt="yuv444p12le"),
    "hevc_hdr10": _mp4(
        codec="libx265", options=(("x265-params", f"hdr10=1:{_MASTERING}"),), pix_fmt="yuv420p10le", color=_PQ
    ),
    "hevc_hlg": _mov(codec="libx265", options=(), pix_fmt="yuv420p10le", color=_HLG),
    "prores_422": _mov(codec="prores_ks", options=(("profile", "2"),), pix_fmt="yuv422p10le", frames=8),
    "prores_4444": _mov(codec="prores_ks", options=(("profile", "4"),), pix_fmt="yuva444p10le", frames=6),
    "prores_fields": _mov(
        codec="prores_ks", options=(("profile", "3"),), pix_fmt="yuv422p10le", frames=8, fields="tff", size=(64, 64)
    ),
    "mjpeg_422": _mov(codec="mjpeg", options=(("q", "3"),), pix_fmt="yuvj422p"),
    "mjpeg_odd": _mov(codec="mjpeg", options=(("q", "3"),), pix_fmt="yuvj420p", size=(65, 49)),
    "mpeg4_b": _mp4(codec="mpeg4", options=(("bf", "2"), ("q", "3"))),
    "mpeg4_odd": _mp4(codec="mpeg4", options=(("q", "3"),), size=(65, 49)),
    "mpeg2_fields": _mov(codec="mpeg2video", options=(("q", "3"), ("bf", "2")), fields="tff", size=(64, 64)),
    "h263_3gp": Film("3gp", ".3gp", "h263", size=(128, 96)),
    "av1": _mp4(codec="libsvtav1", options=(("preset", "12"),), size=(64, 64)),
    "av1_10_bit_faint": _mp4(
        codec="libsvtav1", options=(("preset", "12"), ("crf", "1")), size=(64, 64), pix_fmt="yuv420p10le", faint=True
    ),
    "vp9": _mp4(codec="libvpx-vp9", options=(("cpu-used", "8"), ("deadline", "realtime"))),
    "vfr": _mp4(times=_VARYING, time_base=Fraction(1, 90000), options=_NO_B),
    "vfr_b": _mp4(times=_VARYING, time_base=Fraction(1, 90000)),
    "first_time_not_0": _mp4(times=tuple(7000 + t for t in _VARYING), time_base=Fraction(1, 90000)),
    "huge_time_base": _mp4(
        times=tuple(t * 11111 for t in _VARYING),
        time_base=Fraction(1, 999999937),
        muxing=(("video_track_timescale", "999999937"),),
    ),
    "odd_time_base": _mp4(rate=Fraction(24000, 1001), muxing=(("video_track_timescale", "23976"),)),
    "coarse_time_base": _mp4(rate=Fraction(25), muxing=(("video_track_timescale", "25"),)),
    "turned": _mp4(after=(turned(),)),
    "turned_mov": _mov(rotation=270, aspect=Fraction(4, 3)),
    "empty_edit_first": _mp4(after=(edited((500, -1), (960, 1024)),)),
    "edit_cuts_the_beginning": _mp4(after=(edited((600, 5120)),)),
    "edit_cuts_the_end": _mp4(after=(edited((400, 1024)),)),
    "several_edits": _mp4(after=(edited((200, 1024), (300, 6144), (240, 3072)),)),
    "no_edits_b": _mp4(muxing=(("use_editlist", "0"),)),
    "negative_offsets": _mp4(muxing=(("movflags", "+negative_cts_offsets"),)),
    "no_audio": _mp4(audio=()),
    "two_sounds": _mp4(audio=(_AAC, replace(_AAC, frequency=990.0, layout="mono"))),
    "pcm_sound": _mov(),
    "chapters": _mp4(chapters=((0, 400, "One"), (400, 960, "Two"))),
    "tags": _mov(
        tags=(
            ("creation_time", "2020-02-03T04:05:06.000000Z"),
            ("com.apple.quicktime.make", "Maker"),
            ("com.apple.quicktime.model", "Model 1"),
            ("com.apple.quicktime.location.ISO6709", "+48.2082+016.3738+151.0/"),
        ),
        muxing=(("movflags", "+use_metadata_tags"),),
    ),
    "subtitles": _mp4(after=(with_tracks(_text_track(("Hello", "", "World"))),)),
    "timecode": _mov(after=(with_tracks(tmcd_track(), references=((b"tmcd", 0),)),)),
    "telemetry": _mp4(after=(with_tracks(gpmf_track(), mebx_track(), tmcd_track()),)),
    "camera_boxes": _mp4(
        after=(
            in_moov(box(b"udta", box(b"\xa9xyz", b"\x00\x12\x15\xc7+48.2082+016.3738/") + box(b"CAME", bytes(20)))),
            with_entry_boxes(
                box(b"clap", struct.pack(">8I", 60, 1, 44, 1, 0, 1, 0, 1)), box(b"uuid", bytes(range(32)))
            ),
            followed_by(box(b"uuid", bytes(range(16)) + b"<x:xmpmeta/>") + box(b"free", b"left") + b"trailing"),
        )
    ),
    "mastering_in_boxes": _mp4(
        color=_PQ,
        pix_fmt="yuv420p10le",
        after=(
            with_entry_boxes(
                box(b"mdcv", struct.pack(">8H2I", *range(13250, 13258), 10000000, 1)),
                box(b"clli", struct.pack(">2H", 1000, 400)),
            ),
        ),
    ),
    "track_flags": _mp4(after=(patched(tkhd=lambda body: body[:3] + b"\x0f" + body[4:]),)),
}
"""Name -> film, in MP4, MOV and 3GP: everything but the picture track is the same to the byte."""

OTHERS: dict[str, Film] = {
    "matroska": Film("matroska", ".mkv", options=_B, chapters=((0, 400, "One"), (400, 960, "Two"))),
    "matroska_ffv1": Film("matroska", ".mkv", "ffv1", pix_fmt="yuv422p10le", audio=(replace(_AAC, codec="flac"),)),
    "matroska_vfr": Film(
        "matroska", ".mkv", options=_B, times=tuple(t // 90 for t in _VARYING), time_base=Fraction(1, 1000)
    ),
    "matroska_turned": Film("matroska", ".mkv", options=_B, rotation=90, aspect=Fraction(4, 3)),
    "webm": Film(
        "webm",
        ".webm",
        "libvpx-vp9",
        (("cpu-used", "8"), ("deadline", "realtime")),
        audio=(replace(_AAC, codec="libopus"),),
    ),
    "avi_mpeg4": Film("avi", ".avi", "mpeg4", (("q", "3"),), audio=(_PCM,)),
    "avi_h264": Film("avi", ".avi", options=_NO_B, audio=(_PCM,)),
    "avi_mjpeg": Film("avi", ".avi", "mjpeg", (("q", "3"),), pix_fmt="yuvj420p", audio=(_PCM,)),
    "matroska_mjpeg": Film("matroska", ".mkv", "mjpeg", (("q", "3"),), pix_fmt="yuvj422p", aspect=Fraction(2)),
    "transport_stream": Film("mpegts", ".ts", options=_B),
    "m2ts": Film("mpegts", ".mts", options=_B, muxing=(("mpegts_m2ts_mode", "1"),)),
    "program_stream": Film("vob", ".mpg", "mpeg2video", (("q", "3"),), audio=(replace(_AAC, codec="mp2"),)),
}
"""Name -> film in another container, whose streams are copied packet by packet."""
