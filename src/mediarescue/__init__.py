"""Rescue photos and videos people thought were lost or spoilt."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mediarescue.api import inspect, untrunc
    from mediarescue.frames_api import export_frames, import_frames
    from mediarescue.photo_api import open_photo, process_photo
    from mediarescue.profiles import save_profile, show_profile
    from mediarescue.reencoding import reencode
    from mediarescue.rehearsal import try_reference
    from mediarescue.streams import extract
    from mediarescue.video_api import open_video, process_video

    __version__: str

__all__ = [
    "__version__",
    "export_frames",
    "extract",
    "import_frames",
    "inspect",
    "open_photo",
    "open_video",
    "process_photo",
    "process_video",
    "reencode",
    "save_profile",
    "show_profile",
    "try_reference",
    "untrunc",
]


_FUNCTIONS = {
    "untrunc": "mediarescue.api",
    "inspect": "mediarescue.api",
    "extract": "mediarescue.streams",
    "export_frames": "mediarescue.frames_api",
    "import_frames": "mediarescue.frames_api",
    "open_photo": "mediarescue.photo_api",
    "process_photo": "mediarescue.photo_api",
    "reencode": "mediarescue.reencoding",
    "open_video": "mediarescue.video_api",
    "process_video": "mediarescue.video_api",
    "save_profile": "mediarescue.profiles",
    "show_profile": "mediarescue.profiles",
    "try_reference": "mediarescue.rehearsal",
}


def __getattr__(name: str) -> Any:
    """Import a function at its first use: it brings numpy and construct with it; look the version up when asked."""
    if name == "__version__":
        from importlib.metadata import version

        return version("mediarescue")
    if name in _FUNCTIONS:
        return getattr(import_module(_FUNCTIONS[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
