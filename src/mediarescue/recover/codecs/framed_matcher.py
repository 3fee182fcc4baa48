"""The matcher of codecs whose samples tell their own size: the codec's syntax fills it in."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mediarescue.bitstream.columns import NEED_MORE
from mediarescue.bitstream.frames import Frame, FrameSyntax
from mediarescue.recover.candidate import Candidate
from mediarescue.recover.matcher import Matcher, Unmarked
from mediarescue.recover.resync import only_zeros
from mediarescue.recover.window import MediaWindow

_FIRST_LOOK = 32 << 10
_FRAMES_A_CALL = 256
_PROOF = 20.0
_FOUND = 16.0
"""Evidence in nats that lets a search stop at a place; the chain behind it is tried afterwards."""
_FOUND_APART = 9.0
"""The same where samples stand alone, between others that have no marks: several of them are proof together."""
_WEAK = 3.0
_ZERO_TAIL = 64


class FrameRows:
    """A matcher whose candidates carry a row (`FrameColumn`) for each sample.

    Attributes
    ----------
    known : dict of int64 (n, columns)
        The rows of the leading samples of each of the reference's tracks, by the track's index.
    rate : int
        Hz of ``FrameColumn.TICKS``, 0 where there are none.
    estimated : bool
        Where the samples part is a guess, and so are their times.
    """

    known: dict[int, NDArray[np.int64]]
    rate: int
    estimated: bool = False


class FramedMatcher(FrameRows):
    """Match runs of samples that tell their own size.

    Parameters
    ----------
    family : int
    syntax : FrameSyntax
    max_sample : int
        Bytes of the largest sample to expect.
    known : dict of int64 (n, columns)
        What the syntax says of the leading samples of each of the reference's tracks, by the track's index.
    """

    blind = False

    def __init__(
        self, family: int, syntax: FrameSyntax, *, max_sample: int, known: dict[int, NDArray[np.int64]]
    ) -> None:
        self.family = family
        self.syntax = syntax
        self.known = known
        self.rate = syntax.rate
        self._max_sample = min(max_sample, syntax.largest)
        self._need_more = False
        self._found = _FOUND

    def attend(self, matchers: Sequence[Matcher]) -> None:
        """Search for weaker starts where the samples between have no marks."""
        self._found = _FOUND_APART if any(isinstance(m, Unmarked) for m in matchers) else _FOUND

    def match(self, window: MediaWindow, pos: int) -> Candidate | None:
        """Return the run of whole samples at ``pos``; certain where enough of their bytes are no coincidence."""
        frames = self._frames(window, pos)
        if not frames:
            return None
        usual = self.syntax.evidence
        evidence = sum(usual if frame.evidence is None else frame.evidence for frame in frames)
        rows = np.array([frame.row for frame in frames], dtype=np.int64)
        sizes = np.array([frame.size for frame in frames], dtype=np.int64)
        cost = max(0.0, (_PROOF - evidence) / 4)
        return Candidate(self.family, pos, int(sizes.sum()), sizes, rows, cost, evidence >= _PROOF, evidence)

    def _frames(self, window: MediaWindow, pos: int) -> list[Frame]:
        """Return the whole samples at ``pos``; notes where the media ends inside the first."""
        need = _FIRST_LOOK
        self._need_more = False
        while True:
            buf, start, stop, final = window.view(pos, need)
            frames, at, more = self._walk(buf, start, stop, final)
            if frames or not more or final or need >= window.largest or need > 2 * self._max_sample:
                break
            need = max(need * 8, 1 << 20)
        if frames and _ends_in_zeros(buf, at, frames[-1].size) and only_zeros(window, pos + at - start):
            frames.pop()  # space that was reserved and never written
            more = True
        self._need_more = more and not frames and (final or pos + need >= window.end)
        return frames

    def _walk(self, buf: NDArray[np.uint8], at: int, stop: int, final: bool) -> tuple[list[Frame], int, bool]:
        frames: list[Frame] = []
        while at < stop and len(frames) < _FRAMES_A_CALL:
            frame = self.syntax.frame(buf, at, stop, final=final)
            if isinstance(frame, int):
                return frames, at, frame == NEED_MORE
            if not 0 < frame.size <= min(self._max_sample, stop - at):
                break
            frames.append(frame)
            at += frame.size
            if frame.evidence is not None and frame.evidence < _WEAK:
                break  # an empty text may as well be the beginning of what follows: others are asked behind it
        return frames, at, False

    def propose(self, window: MediaWindow, pos: int) -> Sequence[Candidate]:
        """Propose nothing: the structure tells."""
        return ()

    def stretch(self, window: MediaWindow, offset: int, size: int) -> Candidate | None:
        """Never fill bytes with samples."""
        return None

    def cut(self, window: MediaWindow, pos: int) -> bool:
        """Return True when a sample starts at ``pos`` and the media ends inside it."""
        if not 0 < window.end - pos <= self._max_sample:
            return False
        return not self._frames(window, pos) and self._need_more

    def find(self, window: MediaWindow, pos: int, end: int) -> int:
        """Return the first position where a run of samples starts that is hardly a coincidence."""
        at = pos
        while at < end:
            buf, start, stop, _ = window.view(at, end - at + 64)
            hit = self.syntax.find(buf, start, min(start + end - at, stop), stop)
            if hit < 0:
                return -1
            at += hit - start
            candidate = self.match(window, at)
            if candidate is not None and candidate.evidence >= self._found:
                return at
            at += 1
        return -1


def _ends_in_zeros(buf: NDArray[np.uint8], end: int, size: int) -> bool:
    return size > _ZERO_TAIL and not buf[end - _ZERO_TAIL : end].any()
