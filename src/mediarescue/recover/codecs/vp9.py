"""VP9 tracks (``vp09``): frames do not tell their size, they end where the next thing starts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mediarescue.bitstream.columns import NEED_MORE
from mediarescue.bitstream.frames import Frame, FrameColumn
from mediarescue.bitstream.vp9 import FrameStarts, superframe_end
from mediarescue.recover.candidate import Candidate
from mediarescue.recover.codecs.framed import some_samples
from mediarescue.recover.codecs.framed_matcher import FrameRows
from mediarescue.recover.codecs.learned import LearnedFactory
from mediarescue.recover.matcher import Backward, Matcher
from mediarescue.recover.profile import TrackProfile
from mediarescue.recover.window import MediaWindow

_FRAMES_A_CALL = 64
_HEAD = 512
_HEADROOM = 8
_SMALLEST_LIMIT = 64 << 10
_BYTES_READ = 48 << 20
_CHAIN = 3
_UNPROVEN = 2.0
_LONE = 2048
"""Bytes in front of the next frame where a single sample of another track is looked for."""


class Vp9Matcher(FrameRows):
    """Match runs of frames, each up to what starts behind it.

    Parameters
    ----------
    family : int
    starts : FrameStarts
    max_sample : int
        Bytes of the largest sample to expect.
    known : dict of int64 (n, columns)
        Rows of the leading samples of each of the reference's tracks.

    Notes
    -----
    A superframe ends with its index, to the byte. Any other frame ends at the next frame header, or in front of samples
    of other tracks that the search for them proves, so it needs neighbours that can be recognised. Not
    found so: the end of a frame in front of PCM or Opus, and a frame of one byte that only shows another again (it
    stays with the frame before). A frame cut by the media in its last tile counts as whole. Measured on libvpx at
    200 kbit/s to 6 Mbit/s with AAC, MP3, AC-3 or no sound: every frame to the byte, but for that last one.
    """

    blind = False
    rate = 0

    def __init__(
        self, family: int, starts: FrameStarts, *, max_sample: int, known: dict[int, NDArray[np.int64]]
    ) -> None:
        self.family = family
        self.known = known
        self._starts = starts
        self._max_sample = max_sample
        self._others: tuple[Matcher, ...] = ()

    def attend(self, matchers: Sequence[Matcher]) -> None:
        """Look out for the samples that these recognise."""
        self._others = tuple(matcher for matcher in matchers if matcher is not self and not matcher.blind)

    def match(self, window: MediaWindow, pos: int) -> Candidate | None:
        """Return the run of frames at ``pos``; the header of one is proof."""
        frames: list[Frame] = []
        at = pos
        while at < window.end and len(frames) < _FRAMES_A_CALL:
            frame = self._frame(window, at)
            if frame is None:
                break
            frames.append(frame)
            at += frame.size
        if not frames:
            return None
        sizes = np.array([frame.size for frame in frames], dtype=np.int64)
        rows = np.array([frame.row for frame in frames], dtype=np.int64)
        return Candidate(self.family, pos, at - pos, sizes, rows, 0.0, True)

    def _frame(self, window: MediaWindow, pos: int) -> Frame | None:
        header = self._starts.header(window.peek(pos, _HEAD))
        if header is None:
            return None
        buf, at, stop, _ = window.view(pos, self._max_sample)
        least = self._starts.least(buf, at, stop, header)
        if least < 0:
            return None
        limit = min(at + self._max_sample, stop)
        if not header.shown:
            end = superframe_end(buf, at, least, limit)
            return Frame(end - at, header.key) if end >= 0 else None
        own = self._starts.find(buf, least, limit, stop)
        bound = own if own >= 0 else limit
        end = self._end(window, pos + least - at, pos + bound - at, own >= 0)
        return Frame(end - pos, header.key) if end >= 0 else None

    def _end(self, window: MediaWindow, pos: int, bound: int, known: bool) -> int:
        """Return where others' samples start in ``[pos, bound)``, else ``bound`` if a frame starts there, else -1."""
        found = bound if known else -1
        for other in self._others:
            at = pos
            while at < bound and (at := other.find(window, at, bound)) >= 0:
                run = other.match(window, at)
                if run is not None and self._proves(window, other, run, bound):
                    found = bound = at
                    break
                at += 1
        if known:
            near = max(pos, bound - _LONE)
            alone = (other.find_ending(window, near, bound) for other in self._others if isinstance(other, Backward))
            return max((at for at in alone if at >= 0), default=found)
        return found

    def _proves(self, window: MediaWindow, owner: Matcher, run: Candidate, bound: int) -> bool:
        """Whether a run of another track's is no coincidence inside a frame."""
        if run.end == bound or run.end >= window.end or (run.certain and len(run.sizes) >= _CHAIN):
            return True
        if not run.certain:
            return False
        if self._starts.header(window.peek(run.end, _HEAD)) is not None:
            return True
        following = (other.match(window, run.end) for other in self._others if other is not owner)
        return any(after is not None and after.certain for after in following)

    def propose(self, window: MediaWindow, pos: int) -> Sequence[Candidate]:
        """Propose nothing: the structure tells."""
        return ()

    def stretch(self, window: MediaWindow, offset: int, size: int) -> Candidate | None:
        """Take the bytes behind a frame header for that frame where nothing tells its end."""
        header = self._starts.header(window.peek(offset, _HEAD))
        if header is None or not header.shown or size > self._max_sample:
            return None
        buf, at, stop, _ = window.view(offset, size)
        if self._starts.least(buf, at, min(at + size, stop), header) < 0:
            return None
        rows = np.array([Frame(size, header.key).row], dtype=np.int64)
        return Candidate(self.family, offset, size, np.array([size], dtype=np.int64), rows, _UNPROVEN)

    def cut(self, window: MediaWindow, pos: int) -> bool:
        """Return True where the media ends inside the headers, the first tiles or the superframe at ``pos``."""
        header = self._starts.header(window.peek(pos, _HEAD))
        if header is None or window.end - pos > self._max_sample:
            return False
        buf, at, stop, _ = window.view(pos, self._max_sample)
        least = self._starts.least(buf, at, stop, header)
        return least == NEED_MORE or (least >= 0 and not header.shown and superframe_end(buf, at, least, stop) < 0)

    def find(self, window: MediaWindow, pos: int, end: int) -> int:
        """Return the first position where a frame header stands."""
        buf, at, stop, _ = window.view(pos, end - pos + _HEAD)
        hit = self._starts.find(buf, at, min(at + end - pos, stop), stop)
        return pos + hit - at if hit >= 0 else -1


class Vp9Factory:
    """Make matchers for VP9 tracks."""

    def family_key(self, track: TrackProfile) -> object:
        """Tracks of VP9 look alike."""
        return ("vp9",)

    def __call__(self, family: int, tracks: Sequence[TrackProfile], reference: MediaWindow) -> Matcher:
        """Learn the habits of the reference's frame headers; learned bytes where those do not read."""
        shown = {track.index: some_samples(track, reference, _BYTES_READ // len(tracks)) for track in tracks}
        samples = [sample for samples in shown.values() for sample in samples]
        starts = FrameStarts(samples)
        if not starts.width or not samples:
            return LearnedFactory()(family, tracks, reference)
        known = {index: _rows(starts, found) for index, found in shown.items()}
        largest = max(int(track.samples.size.max(initial=0)) for track in tracks if track.samples is not None)
        limit = max(_HEADROOM * largest, _SMALLEST_LIMIT)
        return Vp9Matcher(family, starts, max_sample=min(limit, reference.largest), known=known)


def _rows(starts: FrameStarts, samples: Sequence[bytes]) -> NDArray[np.int64]:
    headers = (starts.header(sample) for sample in samples)
    rows = [Frame(0, header is not None and header.key).row for header in headers]
    return np.array(rows, dtype=np.int64).reshape(-1, len(FrameColumn))
