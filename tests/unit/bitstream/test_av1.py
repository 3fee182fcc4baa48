"""AV1 temporal units: SVT-AV1's packets to the byte, and units built after the specification."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediarescue.bitstream.av1 import Av1Syntax, ObuType, split_obus
from mediarescue.bitstream.columns import INVALID, NEED_MORE
from mediarescue.bitstream.frames import Frame
from tests.support.clips import ClipSpec, VideoSpec, make_clip

_SEQUENCE = bytes.fromhex("00000003b4ff700be001")
"""A main profile header as SVT-AV1 writes it for 160x120 (5.5.1)."""
_KEY, _HIDDEN, _SHOWN, _AGAIN = b"\x10\0", b"\x28\x10", b"\x30\x02", b"\xe8"
"""First bytes of a key frame, a hidden and a shown inter frame (5.9.2), and a frame shown again."""


def obu(kind: ObuType, payload: bytes, *, spatial: int | None = None) -> bytes:
    head = bytes([kind << 3 | 2]) if spatial is None else bytes([kind << 3 | 6, spatial << 3])
    size = len(payload)
    while size > 127:
        head += bytes([size & 127 | 128])
        size >>= 7
    return head + bytes([size]) + payload


def frame_of(syntax: Av1Syntax, data: bytes, *, final: bool = True, stop: int | None = None) -> Frame | int:
    buf = np.frombuffer(bytearray(data), dtype=np.uint8)
    return syntax.frame(buf, 0, len(data) if stop is None else stop, final=final)


SEQUENCE = obu(ObuType.SEQUENCE_HEADER, _SEQUENCE)
KEY = SEQUENCE + obu(ObuType.FRAME, _KEY + b"k" * 300)
HIDDEN = obu(ObuType.FRAME, _HIDDEN + b"h" * 90)
SHOWN = obu(ObuType.FRAME, _SHOWN + b"s" * 50)
AGAIN = obu(ObuType.FRAME_HEADER, _AGAIN)
SYNTAX = Av1Syntax([_SEQUENCE], [KEY, HIDDEN + SHOWN])


@pytest.fixture(scope="module")
def packets(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[bytes, bool]]:
    spec = ClipSpec("mp4", (VideoSpec("libsvtav1", (("preset", "12"), ("svtav1-params", "keyint=16")), frames=36),), ())
    path = make_clip(tmp_path_factory.mktemp("av1") / Path("clip.mp4"), spec)
    with av.open(str(path)) as container:
        return [(bytes(p), bool(p.is_keyframe)) for p in container.demux() if p.size]


def test_an_encoders_packets_are_read_to_their_exact_size_with_their_key_flag(
    packets: list[tuple[bytes, bool]],
) -> None:
    headers = [payload for data, _ in packets for kind, payload in split_obus(data) or () if kind == 1]
    syntax = Av1Syntax(headers, [data for data, _ in packets])
    media = b"".join(data for data, _ in packets) + b"\xff" * 40
    at = 0
    for data, key in packets:
        found = frame_of(syntax, media[at:])
        assert isinstance(found, Frame)
        assert (found.size, found.key) == (len(data), key)
        at += len(data)
    assert sum(key for _, key in packets) == 3


@pytest.mark.parametrize(
    "unit",
    [
        obu(ObuType.TEMPORAL_DELIMITER, b"") + KEY,
        HIDDEN + HIDDEN + SHOWN,
        HIDDEN + AGAIN,
        obu(ObuType.METADATA, b"\x04\xb5meta") + SHOWN,
        SHOWN + obu(ObuType.PADDING, b"pad\x80"),
        obu(ObuType.FRAME_HEADER, _SHOWN + b"header")
        + obu(ObuType.TILE_GROUP, b"t" * 70)
        + obu(ObuType.TILE_GROUP, b"u" * 30),
        obu(ObuType.FRAME, _SHOWN + b"0" * 30, spatial=0) + obu(ObuType.FRAME, _SHOWN + b"1" * 60, spatial=1),
    ],
    ids=["delimiter", "hidden", "shown_again", "metadata", "padding", "tile_groups", "two_layers"],
)
@pytest.mark.parametrize("behind", [b"\xff" * 9, SHOWN, AGAIN, KEY, b""])
def test_a_temporal_unit_ends_behind_the_data_of_its_shown_frame(unit: bytes, behind: bytes) -> None:
    syntax = Av1Syntax([_SEQUENCE])
    found = frame_of(syntax, unit + behind)
    assert isinstance(found, Frame)
    assert found.size == len(unit)
    assert all(frame_of(syntax, unit, stop=stop) != INVALID for stop in range(1, len(unit)))


def test_a_unit_cut_anywhere_needs_more(packets: list[tuple[bytes, bool]]) -> None:
    for stop in range(1, len(KEY)):
        assert frame_of(SYNTAX, KEY, stop=stop) == NEED_MORE
    assert frame_of(SYNTAX, HIDDEN) == NEED_MORE
    assert frame_of(SYNTAX, KEY, final=False) == NEED_MORE  # padding could follow


@pytest.mark.parametrize(
    "data",
    [
        SEQUENCE + SEQUENCE[:1] + b"\0",
        obu(ObuType.TILE_GROUP, b"tiles") + SHOWN,
        SHOWN[:1].replace(b"\x32", b"\x30") + SHOWN[1:],
        obu(ObuType.FRAME_HEADER, _AGAIN + b"\0" * 20),
        obu(ObuType.FRAME_HEADER, b"\xec"),
        bytes(64),
    ],
    ids=["empty_header", "tiles_alone", "no_size_field", "long_existing", "no_trailing_bits", "zeros"],
)
def test_what_the_specification_forbids_is_no_unit(data: bytes) -> None:
    assert frame_of(Av1Syntax([_SEQUENCE]), data) == INVALID


def test_only_a_shown_key_frame_with_its_sequence_header_is_a_sync_sample() -> None:
    alone = frame_of(Av1Syntax([_SEQUENCE]), obu(ObuType.FRAME, _KEY + b"k" * 300))
    assert isinstance(alone, Frame)
    assert not alone.key


@given(st.binary(max_size=300), st.integers(0, 300), st.booleans())
def test_random_bytes_never_raise_and_never_reach_beyond_the_stop(data: bytes, stop: int, final: bool) -> None:
    stop = min(stop, len(data))
    for start in (b"", b"\x0a", b"\x32\x20", b"\x12\0", SEQUENCE):
        found = frame_of(Av1Syntax([_SEQUENCE]), start + data, final=final, stop=len(start) + stop)
        assert found in (INVALID, NEED_MORE) if isinstance(found, int) else 0 < found.size <= len(start) + stop


def test_references_that_the_reference_shows_make_a_lone_frame_certain(packets: list[tuple[bytes, bool]]) -> None:
    samples = [data for data, _ in packets]
    headers = [payload for data in samples for kind, payload in split_obus(data) or () if kind == 1]
    learned, unlearned = Av1Syntax(headers, samples[:24]), Av1Syntax(headers, samples[:1])
    lone = [data for data in samples[24:] if len(split_obus(data) or ()) == 1 and data[0] == ObuType.FRAME << 3 | 2]
    assert lone
    for data in lone:
        known, unknown = frame_of(learned, data), frame_of(unlearned, data)
        assert isinstance(known, Frame)
        assert isinstance(unknown, Frame)
        assert (known.evidence or 0) >= 20 > (unknown.evidence or 0)
