"""MPEG-4 Visual tracks (``mp4v`` with object type 0x20, and the names that came from AVI)."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

from mediarescue.bitstream.descriptors import decoder_specific_info
from mediarescue.bitstream.errors import BitstreamError
from mediarescue.bitstream.frames import FrameSyntax
from mediarescue.bitstream.mpeg4.h263 import H263Syntax, parse_picture_header
from mediarescue.bitstream.mpeg4.visual import VisualSyntax, find_layer, is_packed
from mediarescue.recover.codecs.framed import FramedFactory, explained_by
from mediarescue.recover.profile import TrackProfile

_PREFIX = b"\0\0\1"
_VERSIONS = (0, 1, 2)
"""What writers mean a layer to be of that does not tell its version: as the standard says, or not."""


class Mpeg4VisualFactory(FramedFactory):
    """Make matchers for MPEG-4 Visual tracks: a VOP ends behind its last macroblock."""

    name = "mpeg4"

    def family_key(self, track: TrackProfile) -> object:
        """Tracks with the same headers in front of their VOPs look alike."""
        return (self.name, _headers(track))

    def syntax(self, tracks: Sequence[TrackProfile], samples: Sequence[bytes]) -> FrameSyntax | None:
        """Take the layer from the sample entry or the first sample, and the writer's habits from its samples."""
        if not samples:
            raise BitstreamError("no sample to learn from")
        headers = _headers(tracks[0])
        if not any(_PREFIX in data for data in (headers, samples[0][:3])):
            return H263Syntax(parse_picture_header(samples[0]))  # short_video_header
        packed = any(map(is_packed, samples))
        best: tuple[int, VisualSyntax | None] = (-1, None)
        for version, stuffed in product(_VERSIONS, (True, False)):
            try:
                layer = find_layer(headers, version) or find_layer(samples[0], version)
            except BitstreamError:
                continue
            syntax = VisualSyntax(layer, packed=packed, stuffed=stuffed, version=version)
            explained = explained_by(syntax, samples)
            if explained > best[0]:
                best = (explained, syntax)
            if explained == len(samples):
                break
        return best[1]


def _headers(track: TrackProfile) -> bytes:
    """Return what the sample entry holds of headers: in the ES descriptor, or in the box FFmpeg writes into MOV."""
    payload = track.configuration(b"esds")
    if payload is None:
        return track.configuration(b"glbl") or b""
    return decoder_specific_info(payload)
