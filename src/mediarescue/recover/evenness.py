"""How evenly the bytes of sound are spread: PCM has no marks, but what is compressed looks like noise beside it."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from mediarescue.recover.foreign import PCM, looks_like
from mediarescue.recover.window import MediaWindow

_LEAST_ROWS = 64
_MOST_READ = 1 << 18
_RUNS_READ = 16
_UNEVEN_REFERENCE = 0.4
_UNEVEN = 0.1
"""Nats. Sound of cameras has 1.0 to 2.8, loud G.711 0.4, music that clips 0.3; H.264, HEVC, AAC and JPEG below 0.05."""
_LEVELS = 16


def unevenness(data: bytes, block: int) -> float | None:
    """Return how far the upper four bits of the bytes are from being evenly spread, in nats; None of too few bytes.

    Parameters
    ----------
    block : int
        Bytes of a frame: each of its bytes is counted for itself, and the least even of them is told.

    Notes
    -----
    The divergence from an even spread, less what chance makes of it in as few frames: 0 is noise, ln 16 silence.
    """
    count = len(data) // block
    if count < _LEAST_ROWS:
        return None
    upper = np.frombuffer(data, np.uint8, count * block).reshape(count, block) >> 4
    part = (upper[:, :, np.newaxis] == np.arange(_LEVELS)).sum(axis=0) / count
    divergence = (part * np.log(np.maximum(part, 1e-12) * _LEVELS)).sum(axis=1).max()
    return float(divergence) - (_LEVELS - 1) / (2 * count)


class Evenness:
    """Tell whether bytes may be sound like a track's, by the first frames of some of its runs.

    Parameters
    ----------
    window : MediaWindow
        The reference.
    runs : iterable of (int, int)
        Offset and bytes of runs of its sound.
    block : int
        Bytes of a frame.

    Notes
    -----
    Where the reference's own sound is spread like noise (ADPCM, or noise), only what shows another structure is
    refused.
    """

    def __init__(self, window: MediaWindow, runs: Iterable[tuple[int, int]], block: int) -> None:
        chosen = list(runs)
        chosen = chosen[:: max(1, len(chosen) // _RUNS_READ)][:_RUNS_READ]
        known = [unevenness(window.peek(offset, min(size, _MOST_READ)), block) for offset, size in chosen]
        told = [value for value in known if value is not None]
        self._block = block
        self._tells = bool(told) and min(told) >= _UNEVEN_REFERENCE

    def may_be_sound(self, window: MediaWindow, offset: int, size: int) -> bool:
        """Whether ``size`` bytes at ``offset`` are uneven as sound is; true where nobody can tell."""
        data = window.peek(offset, min(size, _MOST_READ))
        if not self._tells:
            return looks_like(data, whole=False) in (PCM, "")
        value = unevenness(data, self._block)
        return value is None or value >= _UNEVEN
