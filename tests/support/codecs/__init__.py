"""A clip for every codec in the registry: one module a codec, found by itself; each is broken, rescued and tried.

A module holds ``CLIPS``, a tuple of `CodecClip`. What no encoder here makes is built from its documented structure with
`tests.support.synthetic`, and says so.
"""

from __future__ import annotations

import pkgutil
from importlib import import_module

from tests.support.codecs._clip import CodecClip

CODEC_CLIPS: dict[str, CodecClip] = {
    clip.name: clip
    for info in sorted(pkgutil.iter_modules(__path__), key=lambda info: info.name)
    if not info.name.startswith("_")
    for clip in import_module(f"{__name__}.{info.name}").CLIPS
}

__all__ = ["CODEC_CLIPS", "CodecClip"]
