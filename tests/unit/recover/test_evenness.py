"""What tells sound without marks from compressed data: how evenly its bytes are spread."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest

from mediarescue.isobmff import ByteSource
from mediarescue.recover.evenness import Evenness, unevenness
from mediarescue.recover.window import MediaWindow
from tests.conftest import Clips
from tests.support.boxes import tables_of

_NOISE = np.random.default_rng(3).bytes(1 << 16)


def sound(loudness: float, kind: str = "<i2") -> bytes:
    """Return a second of two channels of 16 bits: what music is, a normal distribution cut where it clips."""
    values = np.random.default_rng(4).normal(0, loudness * 32768, 48000 * 2)
    return np.clip(values, -32768, 32767).astype(kind).tobytes()


def test_silence_is_as_uneven_as_can_be() -> None:
    assert unevenness(bytes(4000), 4) == pytest.approx(math.log(16), abs=0.01)


@pytest.mark.parametrize("block", [1, 2, 4, 6, 12])
def test_noise_is_even_however_few_frames_there_are(block: int) -> None:
    for size in (64 * block, 1000 * block):
        value = unevenness(_NOISE[:size], block)
        assert value is not None
        assert abs(value) < 0.15


@pytest.mark.parametrize("kind", ["<i2", ">i2"])
@pytest.mark.parametrize("loudness", [0.001, 0.05, 0.2, 0.35])
def test_sound_is_uneven_at_any_loudness(loudness: float, kind: str) -> None:
    value = unevenness(sound(loudness, kind), 4)
    assert value is not None
    assert value > 0.2


def test_a_few_frames_tell_nothing() -> None:
    assert unevenness(bytes(63 * 4), 4) is None


WindowOf = Callable[[bytes], MediaWindow]


@pytest.fixture
def window_of(tmp_path: Path) -> Iterator[WindowOf]:
    """Return ``window_of(data)``: a window of a file with just these bytes."""
    with ExitStack() as stack:

        def window(data: bytes) -> MediaWindow:
            path = tmp_path / f"{len(list(tmp_path.iterdir()))}.bin"
            path.write_bytes(data)
            return MediaWindow(stack.enter_context(ByteSource.open(path)), 0, len(data))

        yield window


def test_compressed_pictures_and_sound_are_no_pcm(window_of: WindowOf, clips: Clips) -> None:
    reference = sound(0.2)
    evenness = Evenness(window_of(reference), [(0, len(reference))], 4)
    assert evenness.may_be_sound(window_of(sound(0.02)), 0, 100_000)
    take = clips.pair("aac_stereo").take
    for table in tables_of(take):
        data = take.read_bytes()
        joined = b"".join(data[o : o + s] for o, s in zip(table.offsets, table.sizes, strict=True))
        assert not evenness.may_be_sound(window_of(joined), 0, len(joined)), table.handler


def test_sound_like_noise_refuses_only_what_shows_another_structure(window_of: WindowOf, clips: Clips) -> None:
    evenness = Evenness(window_of(_NOISE), [(0, len(_NOISE))], 4)
    assert evenness.may_be_sound(window_of(_NOISE[::-1]), 0, 5000)
    take = clips.pair("video_only").take
    table, data = tables_of(take)[0], take.read_bytes()
    joined = b"".join(data[o : o + s] for o, s in zip(table.offsets, table.sizes, strict=True))
    assert not evenness.may_be_sound(window_of(joined), 0, len(joined))


def test_a_run_of_no_bytes_tells_nothing(window_of: WindowOf) -> None:
    evenness = Evenness(window_of(b"\0" * 16), [(0, 0)], 4)
    assert evenness.may_be_sound(window_of(_NOISE), 0, 400)
