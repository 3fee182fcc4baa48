"""Declarations of boxes in the words of their specification, one file a family; `LAYOUTS` in layout.py names them."""

from __future__ import annotations

from mediarescue.isobmff.boxes.sample_entry import (
    AUDIO_ENTRIES,
    VISUAL_ENTRIES,
    AudioSampleEntry,
    VisualSampleEntry,
    entry_media,
    entry_prefix_size,
)

__all__ = [
    "AUDIO_ENTRIES",
    "VISUAL_ENTRIES",
    "AudioSampleEntry",
    "VisualSampleEntry",
    "entry_media",
    "entry_prefix_size",
]
