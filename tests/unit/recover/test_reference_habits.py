"""What is learned of a video reference: from few places, and from its samples where the configuration is bare."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from mediarescue.isobmff import ByteSource
from mediarescue.recover.codecs import coded_size
from mediarescue.recover.codecs.h264 import H264Factory
from mediarescue.recover.codecs.nal_matcher import NalVideoMatcher
from mediarescue.recover.codecs.nal_video import coded_rate, picture_size, some_samples
from mediarescue.recover.profile import learn_reference
from mediarescue.recover.window import MediaWindow
from tests.support.boxes import box
from tests.support.h26x import avc_pps, avc_slice, avc_sps, prefixed
from tests.support.synthetic import SyntheticTrack, write_movie

_BARE = bytes([1, 77, 0, 30, 0xFF, 0xE0, 0])
"""An ``avcC`` without parameter sets."""


def entry() -> bytes:
    """Return the body of a visual sample entry, 64 x 64, with a bare ``avcC``."""
    head = bytes(16) + struct.pack(">HHIII", 64, 64, 0x480000, 0x480000, 0) + struct.pack(">H", 1) + bytes(32)
    return head + struct.pack(">Hh", 24, -1) + box(b"avcC", _BARE)


def film(path: Path, count: int) -> Path:
    """Write an ``avc3`` film whose only key frame, the first sample, holds the parameter sets."""
    samples = [prefixed(avc_sps(), avc_pps(), avc_slice(idr=True, kind=7))]
    samples += [prefixed(avc_slice(frame_num=i % 16, lsb=2 * i % 16)) for i in range(1, count)]
    write_movie(path, (SyntheticTrack(b"vide", b"avc3", tuple(samples), entry=entry(), per_chunk=10, sync=(0,)),))
    return path


def test_parameter_sets_come_from_the_samples_where_the_configuration_has_none(tmp_path: Path) -> None:
    with ByteSource.open(film(tmp_path / "avc3.mp4", 60)) as source:
        track = learn_reference(source).tracks[0]
        scanner = H264Factory().scanner(track)
        assert picture_size(scanner) is None
        assert coded_rate(scanner) is None
        assert coded_size(track) is None
        matcher = H264Factory()(0, [track], MediaWindow(source, 0, source.size))
        assert isinstance(matcher, NalVideoMatcher)
        reader = matcher.reader_of(track)
        assert picture_size(reader.scanner) == (64, 64)
        assert len(reader.rows) == 60


@pytest.mark.parametrize("count", [1, 20, 63, 1000])
def test_samples_are_read_from_the_start_the_middle_and_the_end(tmp_path: Path, count: int) -> None:
    with ByteSource.open(film(tmp_path / "avc3.mp4", count)) as source:
        track = learn_reference(source).tracks[0]
        samples = track.samples
        assert samples is not None
        reads = 0

        class Counting(MediaWindow):
            def _fill(self, pos: int, need: int) -> None:
                nonlocal reads
                reads += 1
                super()._fill(pos, need)

        taken = list(some_samples(track, Counting(source, 0, source.size, capacity=4096)))
        assert len(taken) <= 63
        assert taken[0] == source.read(int(samples.offset[0]), int(samples.size[0]))
        assert taken[-1] == source.read(int(samples.offset[-1]), int(samples.size[-1]))
        assert reads <= 3
