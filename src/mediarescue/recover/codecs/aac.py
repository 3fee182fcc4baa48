"""AAC in MP4: frames carry no length, so each is walked to its END element."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from mediarescue.bitstream.aac import AacFrame, AacWalker, AudioSpecificConfig, FrameColumn, parse_audio_specific_config
from mediarescue.bitstream.columns import NEED_MORE
from mediarescue.bitstream.descriptors import parse_es_descriptor
from mediarescue.bitstream.errors import BitstreamError
from mediarescue.bitstream.search import places_of
from mediarescue.recover.candidate import Candidate
from mediarescue.recover.codecs.learned import LearnedFactory
from mediarescue.recover.matcher import Matcher
from mediarescue.recover.profile import TrackProfile
from mediarescue.recover.window import MediaWindow

_BYTES_A_CHANNEL = 768
"""6144 bits, the decoder's input buffer for one channel (ISO/IEC 14496-3 4.5.3.1): no frame is larger."""
_FRAMES_A_CALL = 1024
_RARE = 0.05
"""Part of other data that may begin as frames do."""
_SIZE = int(FrameColumn.SIZE)
_LEARNED_SAMPLES = 4000
_STRETCHES = 4
"""Runs of neighbours, from the first frame to the last, that the reference's habits are learned from."""
_READ_AHEAD = 16 << 10


def decoder_config(track: TrackProfile) -> bytes | None:
    """Return the AudioSpecificConfig of an ``mp4a`` entry, None where it is not AAC."""
    payload = track.configuration(b"esds")
    if payload is None:
        return None
    try:
        descriptor = parse_es_descriptor(payload[4:])
    except BitstreamError:
        return None
    return descriptor.decoder_specific_info if descriptor.object_type_indication in (0x40, 0x66, 0x67, 0x68) else None


def audio_config(track: TrackProfile) -> AudioSpecificConfig | None:
    """Return the configuration of an AAC track whose frames can be walked, None for other tracks.

    Notes
    -----
    MPEG-4 audio has some forty object types; xHE-AAC (42), the error resilient and low delay ones (17 to 23, 39) and
    ALS (36) have frames that tell neither their size nor their end.
    """
    asc = decoder_config(track)
    try:
        config = parse_audio_specific_config(asc or b"")
        AacWalker(config)
    except BitstreamError:
        return None
    return config if config.sampling_frequency else None


class AacMatcher:
    """Match runs of AAC frames.

    Parameters
    ----------
    family : int
    walker : AacWalker
        With the reference's limits set.
    max_frame : int
        Bytes of the largest frame to expect.
    keep_rows : bool
        Keep what each frame says of itself, to tell two tracks apart.
    usual : bool (2, 256)
        Values of the first two bytes of the reference's frames.
    """

    blind = False

    def __init__(
        self, family: int, walker: AacWalker, *, max_frame: int, keep_rows: bool, usual: NDArray[np.bool_]
    ) -> None:
        self.family = family
        self._usual = usual
        self.walker = walker
        self._max_frame = max_frame
        self._keep_rows = keep_rows
        self._rows = walker.rows(_FRAMES_A_CALL)

    def match(self, window: MediaWindow, pos: int) -> Candidate | None:
        """Return the run of whole frames at ``pos``; two in a row are proof."""
        buf, at, stop, _ = window.view(pos, self._max_frame + 8)
        count, _ = self.walker.frames(buf, at, stop, _FRAMES_A_CALL, self._rows)
        if not count:
            return None
        sizes = self._rows[:count, _SIZE].copy()
        kept = self._rows[:count].copy() if self._keep_rows else None
        total = int(sizes[0]) if count == 1 else int(sizes.sum())
        return Candidate(self.family, pos, total, sizes, kept, 0.0 if count > 1 else 1.0, count > 1)

    def begins(self, head: bytes) -> bool:
        """Whether the first two bytes are those of the reference's frames, and hardly of anything else."""
        rare = float(self._usual.mean(axis=1).prod()) <= _RARE
        return rare and len(head) > 1 and bool(self._usual[0, head[0]] and self._usual[1, head[1]])

    def propose(self, window: MediaWindow, pos: int) -> Sequence[Candidate]:
        """Propose nothing: the structure tells."""
        return ()

    def stretch(self, window: MediaWindow, offset: int, size: int) -> Candidate | None:
        """Never fill bytes with frames."""
        return None

    def cut(self, window: MediaWindow, pos: int) -> bool:
        """Return True when a frame starts at ``pos`` and the media ends inside it."""
        left = window.end - pos
        if not 0 < left < self._max_frame:
            return False
        buf, at, stop, _ = window.view(pos, left)
        return self.walker.frame(buf, at, stop) == NEED_MORE

    def find(self, window: MediaWindow, pos: int, end: int) -> int:
        """Return the first position where two frames follow each other."""
        buf, at, stop, _ = window.view(pos, end - pos + 2 * self._max_frame)
        found = self.walker.find(buf, at, at + end - pos, stop)
        return pos + found - at if found >= 0 else -1

    def find_usual(self, window: MediaWindow, pos: int, end: int) -> int:
        """Return the first position where two frames follow each other, the first of which begins as usual."""
        buf, at, stop, _ = window.view(pos, end - pos + 2 * self._max_frame)
        places = places_of(buf, self._usual[0], at, min(at + end - pos, stop - 1))
        places = places[self._usual[1][buf[places + 1]]]
        found = self.walker.find_among(buf, places, stop)
        return pos + found - at if found >= 0 else -1

    def find_ending(self, window: MediaWindow, pos: int, end: int) -> int:
        """Return the last position in ``[pos, end)`` where a frame starts that ends at ``end``, or -1."""
        pos = max(pos, end - self._max_frame)
        buf, at, stop, _ = window.view(pos, end - pos)
        found = self.walker.find_ending(buf, at, min(at + end - pos, stop))
        return pos + found - at if found >= 0 else -1


class AacFactory:
    """Make matchers for ``mp4a`` tracks that hold AAC."""

    def family_key(self, track: TrackProfile) -> object:
        """Tracks of one decoder configuration are told apart by their order alone."""
        return ("aac", decoder_config(track))

    def __call__(self, family: int, tracks: Sequence[TrackProfile], reference: MediaWindow) -> Matcher:
        """Learn element patterns and sizes from the reference's frames."""
        config = audio_config(tracks[0])
        if config is None:
            return LearnedFactory()(family, tracks, reference)
        walker = AacWalker(config)
        largest = _BYTES_A_CHANNEL * max(config.channels, 2)
        signatures: set[int] = set()
        zero_padding = True
        usual = np.zeros((2, 256), dtype=bool)
        largest = max(
            [largest, *(int(t.samples.size.max()) for t in tracks if t.samples is not None and len(t.samples))]
        )
        for _, head, frame in _frames(tracks, walker, reference):
            signatures.add(frame.element_signature)
            zero_padding &= frame.padding_zero
            usual[[0, 1], [head[0], head[1]]] = True
        if not signatures and any(track.sample_count for track in tracks):  # something else, whatever its entry says
            return LearnedFactory()(family, tracks, reference)
        limited = walker.with_limits(
            min_size=2,
            max_size=largest,
            signatures=signatures,
            require_zero_padding=zero_padding,
        )
        if not usual.any():
            usual[:] = True
        return AacMatcher(family, limited, max_frame=largest, keep_rows=len(tracks) > 1, usual=usual)

    def telling(self, tracks: Sequence[TrackProfile], reference: MediaWindow) -> Iterator[tuple[int, int]]:
        """Give the frames that show an element pattern, a padding or a first byte before any other does."""
        config, seen = audio_config(tracks[0]), set[tuple[int, int]]()
        if config is None:
            return
        for offset, head, frame in _frames(tracks, AacWalker(config), reference):
            shown = {(0, frame.element_signature), (1, frame.padding_zero), (2, head[0]), (3, head[1])}
            if not shown <= seen:
                seen |= shown
                yield offset, frame.size


def _frames(
    tracks: Sequence[TrackProfile], walker: AacWalker, reference: MediaWindow
) -> Iterator[tuple[int, bytes, AacFrame]]:
    """Give offset, first two bytes and parse of the reference's frames that are learned from and read to their size."""
    # frames lie between pictures: a window of the usual size would read all of those too
    near = reference.with_capacity(_READ_AHEAD)
    for track in tracks:
        samples = track.samples
        if samples is None or not len(samples):
            continue
        count, each = len(samples), _LEARNED_SAMPLES // _STRETCHES
        starts = np.linspace(0, max(0, count - each), _STRETCHES).astype(np.int64)
        for index in np.unique(np.concatenate([np.arange(s, min(s + each, count)) for s in starts])).tolist():
            offset, size = int(samples.offset[index]), int(samples.size[index])
            buf, at, stop, _ = near.view(offset, size)
            frame = walker.frame(buf, at, min(at + size, stop))
            if not isinstance(frame, int) and frame.size == size:
                yield offset, buf[at : at + 2].tobytes(), frame
