"""The map as a picture."""

from __future__ import annotations

from pathlib import Path

from mediarescue.output import write_text_atomic
from mediarescue.reporting.cover import Cover


def write_picture(path: Path, cover: Cover, *, name: str, overwrite: bool) -> None:
    """Write the picture as an SVG."""
    write_text_atomic(path, svg(cover, name=name), overwrite=overwrite)


def svg(cover: Cover, *, name: str) -> str:
    """Return the picture."""
    return "<svg/>"
