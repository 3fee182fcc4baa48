"""What this machine's FFmpeg can encode, and what its muxers can hold."""

from __future__ import annotations

from contextlib import suppress
from difflib import get_close_matches
from functools import cache
from typing import TYPE_CHECKING, Any

from mediarescue.errors import MissingDependencyError

if TYPE_CHECKING:
    import av.codec

_HOLDS = {
    "3gp": "h263 mpeg4 h264",
    "3g2": "h263 mpeg4 h264",
    "webm": "vp8 vp9 av1",
    "mpegts": "mpeg1video mpeg2video mpeg4 h264 hevc",
    "mpeg": "mpeg1video mpeg2video h264",
    "vob": "mpeg1video mpeg2video",
    "ogg": "vp8",
    "flv": "flv1 h264",
    "mxf": "mpeg2video h264 dnxhd prores mjpeg dvvideo ffv1",
    "dv": "dvvideo",
}
"""Muxers that do not tell, or tell more than players know."""
_ALSO_IN = {"mov": "ffv1"}
"""What muxers of FFmpeg refuse, but mediarescue's own layer writes, and FFmpeg reads."""
_LISTED_AS = {"flv1": "flv", "msmpeg4v3": "msmpeg4"}
"""Codecs that FFmpeg's lists know by the name of their coder."""
_PIECES = ("mp4", "mov", "matroska", "nut")
_PIECES_OF = {"mp4": "mp4", "mov": "mov", "3gp": "mov", "3g2": "mov"}
_NOT_IN = {
    "mov": "vp8 vp9 av1",
    "mp4": "vp8 png",
}
"""What muxers list and refuse all the same, or write so that nothing plays it."""


def encoder_codec(encoder: str) -> str:
    """Return the codec an encoder of FFmpeg makes.

    Raises
    ------
    MissingDependencyError
        There is no video encoder of that name.
    """
    codec = _codec(encoder)
    return str(getattr(codec, "canonical_name", codec.name))


def encoder_formats(encoder: str) -> tuple[str, ...]:
    """Return the pixel formats an encoder of FFmpeg takes, empty where it does not say; raises as `encoder_codec`."""
    return tuple(form.name for form in _codec(encoder).video_formats or ())


def is_hardware(encoder: str) -> bool:
    """Return whether an encoder needs a device, which may not be there although FFmpeg lists the encoder."""
    return encoder.endswith(
        ("_nvenc", "_qsv", "_vaapi", "_videotoolbox", "_amf", "_v4l2m2m", "_mf", "_vulkan", "_rkmpp")
    )


@cache
def video_encoders() -> tuple[str, ...]:
    """Return the names of all video encoders of this FFmpeg, sorted."""
    import av.codec

    names = []
    for name in sorted(av.codec.codecs_available):
        try:
            codec = av.codec.Codec(name, "w")
        except ValueError:
            continue
        # A codec's own name stands for its best encoder; only real names count.
        if codec.type == "video" and codec.name == name:
            names.append(name)
    return tuple(names)


@cache
def container_holds(muxer: str, codec: str) -> bool:
    """Return whether a container can hold pictures of a codec."""
    if muxer in _HOLDS:
        return codec in _HOLDS[muxer].split()
    return codec in _ALSO_IN.get(muxer, "").split() or _writes(muxer, codec)


@cache
def piece_container(target: str, codec: str) -> str:
    """Return the muxer for finished pieces of a film: the output's own kind where that can hold the codec."""
    first = _PIECES_OF.get(target, "matroska")
    return next((name for name in (first, *_PIECES) if _writes(name, codec)), "nut")


def _writes(muxer: str, codec: str) -> bool:
    return codec not in _NOT_IN.get(muxer, "").split() and _LISTED_AS.get(codec, codec) in _listed(muxer)


@cache
def _listed(muxer: str) -> frozenset[str]:
    import io

    import av

    with av.open(io.BytesIO(), "w", format=muxer) as container:
        return frozenset(container.supported_codecs)


def _codec(encoder: str) -> av.codec.Codec:
    import av.codec

    found: Any = None
    with suppress(ValueError):
        found = av.codec.Codec(encoder, "w")
    if found is None or found.type != "video":
        near = get_close_matches(encoder, video_encoders(), 3, 0.5)
        there = f"; near it are {', '.join(near)}" if near else ""
        raise MissingDependencyError(
            f"this FFmpeg has no video encoder {encoder}{there}; leave out --encoder for the source's own codec"
        )
    return found  # type: ignore[no-any-return]
