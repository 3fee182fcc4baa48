"""Metadata of Pixel's motion photos (``mett``): a Protocol Buffers message beside each picture."""

from __future__ import annotations

from collections.abc import Sequence

from mediarescue.bitstream.metadata import ProtobufSyntax
from mediarescue.recover.codecs.learned import LearnedFactory
from mediarescue.recover.codecs.protobuf import ProtobufFactory
from mediarescue.recover.matcher import Matcher
from mediarescue.recover.profile import TrackProfile
from mediarescue.recover.window import MediaWindow

_STREAM = b"application/microvideo-meta-stream"
_MESSAGE = b"\x0a\x90\x03" + bytes(400) + b"\x18\0\x20\0\x28\0\x30\0" + b"\x3a\x90\x03" + bytes(400) + b"\x48\0"
"""Fields 1 (numbers), 3 and 4 (width and height), 5 (microseconds), 6, 7 (numbers) and 9."""


class MotionPhotoFactory(ProtobufFactory):
    """Make matchers for ``mett``: of that stream by its fields, of all others by their bytes."""

    name = "motion photo"

    def family_key(self, track: TrackProfile) -> object:
        """Two tracks have samples of different kinds."""
        return super().family_key(track) if _is_motion_photo(track) else LearnedFactory().family_key(track)

    def __call__(self, family: int, tracks: Sequence[TrackProfile], reference: MediaWindow) -> Matcher:
        """Learn from the reference's samples, or from the documented order of fields where it has none."""
        maker = super().__call__ if _is_motion_photo(tracks[0]) else LearnedFactory()
        return maker(family, tracks, reference)

    def syntax(self, tracks: Sequence[TrackProfile], samples: Sequence[bytes]) -> ProtobufSyntax:
        """Return the order of the fields."""
        return super().syntax(tracks, samples or [_MESSAGE])


def _is_motion_photo(track: TrackProfile) -> bool:
    """Whether a track is that stream."""
    entries = track.track.sample_entries
    return bool(entries) and _STREAM in entries[track.entry].box.payload
