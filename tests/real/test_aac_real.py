from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mediarescue.bitstream.aac import (
    COUNT_REACHED,
    NEED_MORE,
    AacFrame,
    AacWalker,
    FrameColumn,
    parse_audio_specific_config,
)
from tests.support.aac_oracle import aac_tracks, decodes
from tests.support.shared import SHARED, shared_media

pytestmark = pytest.mark.shared

SUFFIXES = {".mp4", ".mov", ".m4a", ".3gp"}
FILES = sorted(path for path in (SHARED / "video").rglob("*") if path.suffix.lower() in SUFFIXES)
BEETHOVEN = "video/audio_m4a/Beethoven_-_Bagatelle_op.119_no.11_i.m4a"


@pytest.mark.parametrize("path", FILES or [SHARED / "video"], ids=lambda path: path.name)
def test_every_aac_sample_has_its_size_in_the_table(path: Path) -> None:
    shared_media(path.relative_to(SHARED).as_posix())
    if not path.is_file():
        pytest.skip("no media files")
    for track in aac_tracks(path):
        config = parse_audio_specific_config(track.config)
        walker = AacWalker(config)
        count = len(track.packets)
        stream = track.stream
        out = walker.rows(count)
        assert walker.frames(stream, 0, len(stream), count, out) == (count, COUNT_REACHED), track.name
        assert out[:, FrameColumn.SIZE].tolist() == [len(packet) for packet in track.packets], track.name
        for packet in track.packets[:: max(1, count // 20)]:
            buf = np.frombuffer(packet + b"\xff" * 8, np.uint8).copy()
            frame = walker.frame(buf, 0, len(buf))
            assert isinstance(frame, AacFrame)
            assert frame.size == len(packet)
            for end in (1, len(packet) // 2, len(packet) - 1):
                assert walker.frame(buf, 0, end) == NEED_MORE


@pytest.mark.parametrize(
    "relative",
    [BEETHOVEN, "video/iphone_11/video.MOV", "video/gopro/hero7.mp4", "video/containers/sample_mpeg4.mp4"],
)
def test_the_shortest_prefix_a_decoder_takes_is_the_size(relative: str) -> None:
    track = aac_tracks(shared_media(relative))[0]
    walker = AacWalker(parse_audio_specific_config(track.config))
    for packet in track.packets[2::40][:4]:
        # Bisection: a decoder takes every prefix that reaches ID_END, and no shorter one.
        low, high = 0, len(packet)
        while high - low > 1:
            middle = (low + high) // 2
            if decodes(track.config, packet[:middle]):
                high = middle
            else:
                low = middle
        buf = np.frombuffer(packet + b"\xff" * 64, np.uint8).copy()
        frame = walker.frame(buf, 0, len(buf))
        assert isinstance(frame, AacFrame)
        assert frame.size == high


def test_limits_learned_from_a_track_accept_it_and_refuse_noise() -> None:
    track = aac_tracks(shared_media(BEETHOVEN))[0]
    plain = AacWalker(parse_audio_specific_config(track.config))
    count = len(track.packets)
    stream = track.stream
    out = plain.rows(count)
    plain.frames(stream, 0, len(stream), count, out)
    sizes = out[:, FrameColumn.SIZE]
    walker = plain.with_limits(
        min_size=int(sizes.min()),
        max_size=int(sizes.max()),
        signatures=np.unique(out[:, FrameColumn.SIGNATURE]).tolist(),
        require_zero_padding=bool(out[:, FrameColumn.PADDING_ZERO].all()),
    )
    assert walker.frames(stream, 0, len(stream), count, out) == (count, COUNT_REACHED)
    noise = np.random.default_rng(1).integers(0, 256, 40_000, np.uint8)
    row = walker.rows(2)
    chains = [walker.frames(noise, pos, len(noise), 2, row)[0] for pos in range(30_000)]
    assert sum(chain >= 1 for chain in chains) <= 3
    assert sum(chain >= 2 for chain in chains) == 0
