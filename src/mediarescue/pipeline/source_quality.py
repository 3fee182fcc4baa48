"""How coarsely a film is quantised, so that its copy can be finer by just as much as hides the difference."""

from __future__ import annotations

from mediarescue.media.info import VideoInfo
from mediarescue.media.quantiser import SourceQuality, measure_quality


def source_quality(info: VideoInfo) -> SourceQuality | None:
    """Return how a film was quantised; None where it cannot be known."""
    return measure_quality(info)
