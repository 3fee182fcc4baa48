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
_PIECE = (256, 1024)
"""Frames, and bytes, at least, that are looked at together where sound may begin or end."""
_FEWEST_PIECES = 2


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

    Attributes
    ----------
    piece : int
        Bytes that are looked at together where sound may begin or end.
    tells : bool
        Whether the reference's own sound is uneven enough to be told from noise.

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
        self.piece = block * max(_PIECE[0], -(-_PIECE[1] // block))
        self.tells = bool(told) and min(told) >= _UNEVEN_REFERENCE

    def may_be_sound(self, window: MediaWindow, offset: int, size: int) -> bool:
        """Whether ``size`` bytes at ``offset`` are uneven as sound is; true where nobody can tell."""
        if not self.tells:
            return looks_like(window.peek(offset, min(size, _MOST_READ)), whole=False) in (PCM, "")
        pieces = range(offset, max(offset + size - self.piece, offset) + 1, self.piece)
        return all(self._sounds(window.peek(at, min(self.piece, offset + size - at))) for at in pieces)

    def sound_from(self, window: MediaWindow, pos: int, end: int) -> int:
        """Return how many bytes from ``pos`` on, up to ``end``, are sound beyond doubt; 0 where nobody can tell."""
        piece, at = self.piece, pos
        while self.tells and at + piece <= end and self._sounds(window.peek(at, piece), zeros=False):
            at += piece
        return at - pos if at - pos >= _FEWEST_PIECES * piece else 0

    def sound_before(self, window: MediaWindow, pos: int, end: int) -> int:
        """Return how many bytes in front of ``end``, none before ``pos``, are sound beyond doubt, as `sound_from`."""
        piece, at = self.piece, end
        while self.tells and at - piece >= pos and self._sounds(window.peek(at - piece, piece), zeros=False):
            at -= piece
        return end - at if end - at >= _FEWEST_PIECES * piece else 0

    def is_noise(self, window: MediaWindow, pos: int, end: int) -> bool:
        """Whether bytes are spread as those of pictures, unlike the sound; False where nobody can tell."""
        value = unevenness(window.peek(pos, min(end - pos, _MOST_READ)), self._block) if self.tells else None
        return value is not None and value < _UNEVEN

    def _sounds(self, data: bytes, *, zeros: bool = True) -> bool:
        """Whether bytes are uneven as sound is, silence among it where ``zeros``; true of too few to tell."""
        value = unevenness(data, self._block)
        return value is None or (value >= _UNEVEN and (zeros or any(data)))
