"""MPEG-4 Visual in MP4 with AAC, and packed as files that came from AVI are: headers and B-VOPs inside the samples.

The packed take is put together from an encoder's packets: a B-VOP shares the sample of the anchor in front of it, and a
VOP that is not coded stands where it was. With short headers the pictures are those of H.263.
"""

from __future__ import annotations

from pathlib import Path

from tests.support.clips import AudioSpec, ClipSpec, VideoSpec
from tests.support.codecs._clip import CodecClip
from tests.support.codecs._pictures import visual_entry
from tests.support.mpeg4 import Encoding, encode
from tests.support.synthetic import SyntheticTrack, pcm_track, write_movie

_BETWEEN = VideoSpec("mpeg4", (("bf", "2"), ("ps", "300")), frames=50, size=(176, 144))
_PARTITIONED = VideoSpec("mpeg4", (("data_partitioning", "1"), ("ps", "300")), frames=40)
_NOT_CODED = b"\0\0\1\xb6\x50\x4f"
"""A P-VOP of 5 bits of time increment, not coded: 01 0 1 00000 1 0, and 01111 as stuffing."""


def packed_samples(count: int, seed: int) -> list[bytes]:
    """Return samples of a sequence I, P+B, (not coded), P+B, ..."""
    pictures = encode(Encoding("mpeg4", (160, 128), (("bf", "1"), ("g", "12")), frames=count, seed=seed))
    samples: list[bytes] = []
    for picture in pictures:
        if picture[:4] == b"\0\0\1\xb6" and picture[4] >> 6 == 2:
            samples[-1] += picture
            samples.append(_NOT_CODED)
        else:
            samples.append(picture)
    return samples


def _build_packed(path: Path, seed: int, scale: float) -> None:
    samples = packed_samples(round(30 * scale), seed)
    sync = tuple(i for i, sample in enumerate(samples) if sample[:4] == b"\0\0\1\xb0")
    video = SyntheticTrack(
        b"vide", b"DIVX", tuple(samples), duration=40, per_chunk=5, entry=visual_entry((160, 128)), sync=sync
    )
    write_movie(path, (pcm_track(-(-len(samples) // 5)), video))


def _build_short_header(path: Path, seed: int, scale: float) -> None:
    count = round(20 * scale)
    pictures = encode(Encoding("h263", (176, 144), (("g", "10"),), frames=count, seed=seed))
    video = SyntheticTrack(
        b"vide", b"mp4v", tuple(pictures), duration=40, per_chunk=5, entry=visual_entry((176, 144)), sync=(0,)
    )
    write_movie(path, (pcm_track(-(-count // 5)), video))


CLIPS = (
    CodecClip("mpeg4_b", "mp4v.20", b"mp4v", ClipSpec("mp4", (_BETWEEN,), (AudioSpec(),))),
    CodecClip("mpeg4_partitioned", "mp4v.20", b"mp4v", ClipSpec("mp4", (_PARTITIONED,), (AudioSpec(),))),
    CodecClip("mpeg4_short_header", "mp4v", b"mp4v", build=_build_short_header, suffix=".mov", playable=False),
    CodecClip("mpeg4_packed", "DIVX", b"DIVX", build=_build_packed, suffix=".mov", playable=False),
)
