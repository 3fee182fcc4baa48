"""Which container an output gets: that of its extension, or that of its source."""

from __future__ import annotations

from pathlib import Path

from mediarescue.errors import UsageError
from mediarescue.media.info import VideoInfo

_EXTENSIONS = {
    "mp4": ".mp4 .m4v .f4v .insv .lrv .360",
    "mov": ".mov .qt",
    "3gp": ".3gp",
    "3g2": ".3g2",
    "matroska": ".mkv .mk3d",
    "webm": ".webm",
    "avi": ".avi",
    "mpegts": ".ts .mts .m2ts .m2t .tod",
    "mpeg": ".mpg .mpeg .mod",
    "vob": ".vob",
    "flv": ".flv",
    "asf": ".wmv .asf",
    "ogg": ".ogv",
    "mxf": ".mxf",
    "nut": ".nut",
}
"""FFmpeg's muxers and the extensions of their films, action cameras' and camcorders' own included."""
_MUXERS = {extension: muxer for muxer, extensions in _EXTENSIONS.items() for extension in extensions.split()}
ISOBMFF = ("mp4", "mov", "3gp", "3g2")
"""The containers whose boxes mediarescue writes itself."""
_OF_READER = {"matroska,webm": "matroska"} | {
    name: name for name in ("avi", "mpegts", "mpeg", "flv", "asf", "ogg", "mxf", "nut")
}


def target_container(target: Path, info: VideoInfo) -> str:
    """Return FFmpeg's name of the muxer for an output.

    Raises
    ------
    UsageError
        The extension is none of a film, and not the source's.
    """
    suffix = target.suffix.lower()
    if suffix in _MUXERS:
        return _MUXERS[suffix]
    if suffix == info.path.suffix.lower():
        if info.is_isobmff:
            return "mp4"
        if info.container in _OF_READER:
            return _OF_READER[info.container]
    known = ", ".join(sorted(_MUXERS))
    raise UsageError(f"cannot tell from {target.name} what kind of film to write: its extension is none of {known}")


def is_same_container(container: str, info: VideoInfo) -> bool:
    """Whether a film of ``info`` is of that container already, so that it may be copied as it is."""
    if info.is_isobmff:
        return container in ISOBMFF
    return {container, _OF_READER.get(info.container)} in ({container}, {"matroska", "webm"})
