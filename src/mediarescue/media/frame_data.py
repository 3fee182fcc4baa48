"""What frames say beside their pictures, and what of it an encoder cannot say again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import av

UNNAMED = "UNNAMED"
"""Stands for side data that FFmpeg attached and PyAV has no name for."""
_LIGHT = ("libx264", "libx265", "libsvtav1")
_CAPTIONS = ("libx264", "libx264rgb", "libx265", "mpeg2video", "h264_nvenc", "hevc_nvenc", "h264_qsv", "h264_vaapi")
_KINDS: dict[str, tuple[str, tuple[str, ...]]] = {
    "DYNAMIC_HDR_PLUS": ("HDR10+ metadata: players show the pictures as HDR10", ()),
    "DYNAMIC_HDR_VIVID": ("HDR Vivid metadata: players show the pictures without it", ()),
    "MASTERING_DISPLAY_METADATA": ("the mastering display, as the pictures tell it", _LIGHT),
    "CONTENT_LIGHT_LEVEL": ("the content light level, as the pictures tell it", _LIGHT),
    "AMBIENT_VIEWING_ENVIRONMENT": ("the ambient viewing environment, as the pictures tell it", ()),
    "STEREO3D": ("how the pictures hold two views (stereo)", ("libx264", "mpeg2video")),
    "SPHERICAL": ("how the pictures cover a sphere (360 degrees)", ()),
    "A53_CC": ("closed captions inside the pictures", _CAPTIONS),
    "AFD": ("which part of the pictures is meant to be seen (active format description)", ("mpeg2video",)),
    "S12M_TIMECODE": ("time codes inside the pictures", ()),
    UNNAMED: ("metadata inside the pictures that could not be read", ()),
}
"""What each kind is called where it gets lost, and the encoders that FFmpeg has write it. Of Dolby Vision the writing
of the film tells; what is not here is no metadata, or written anew."""
_IN_BOXES = ("SPHERICAL", "STEREO3D")
_CODECS_THAT_TELL = ("h264", "hevc", "av1", "mpeg2video")
"""Of other codecs, light and views are told by the container alone."""


def side_data_types(frame: av.VideoFrame) -> tuple[str, ...]:
    """Return PyAV's names of a frame's side data, `UNNAMED` where it has no name for one."""
    try:
        found: Any = frame.side_data
        return tuple(dict.fromkeys(item.type.name for item in found))
    except ValueError:
        return (UNNAMED,)


def lost_side_data(types: tuple[str, ...], *, codec: str, encoder: str, keeps_boxes: bool) -> tuple[str, ...]:
    """Return what of a film's side data an encoder does not write, in the words of the report.

    Parameters
    ----------
    types : tuple of str
        As of `side_data_types`.
    codec : str
        The source's.
    keeps_boxes : bool
        Whether all that the container says of the pictures comes along (MP4 and MOV).
    """
    lost = []
    for name in types:
        title, encoders = _KINDS.get(name, ("", ()))
        in_container = keeps_boxes and (name in _IN_BOXES or codec not in _CODECS_THAT_TELL)
        if title and encoder not in encoders and not in_container:
            lost.append(title)
    return tuple(lost)
