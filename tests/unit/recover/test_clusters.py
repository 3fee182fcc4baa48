from __future__ import annotations

import random
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mediarescue.recover.clusters.chain import LOST, Chain, Place
from mediarescue.recover.clusters.deal import deal
from mediarescue.recover.clusters.units import Bytes, UnitReader, forbidden, nal_unit
from mediarescue.recover.families import Families
from mediarescue.recover.models import OrderModel

CLUSTER = 1 << 12


@pytest.fixture(scope="module")
def chain() -> Chain:
    return Chain(UnitReader(Families((), OrderModel(0))))


def _array(data: bytes) -> Bytes:
    return np.frombuffer(bytearray(data), dtype=np.uint8)


def _film(chance: random.Random, count: int, sizes: Callable[[], int]) -> bytes:
    """Return pictures of one slice each; their contents hold no zeros, as the sample of any start code would."""
    out = bytearray()
    for _ in range(count):
        content = bytes([0x41, 0x9A]) + bytes(chance.randrange(1, 256) for _ in range(sizes()))
        out += len(content).to_bytes(4, "big") + content
    return bytes(out)


def test_a_nal_unit_is_known_by_its_head() -> None:
    slice_ = bytes.fromhex("000009c4419a2420") + bytes(8)
    assert nal_unit(_array(slice_), 0)[0] == 2504
    assert nal_unit(_array(slice_), 0)[1] > 15
    for wrong in ("000009c4c19a2420", "7f0009c4419a2420", "00000000419a2420", "000009c4459a2420", "0000000209002420"):
        assert nal_unit(_array(bytes.fromhex(wrong) + bytes(8)), 0) == (-1, 0.0), wrong
    assert nal_unit(_array(bytes.fromhex("0000000209102420") + bytes(8)), 0)[0] == 6


def test_start_codes_are_forbidden_inside_a_nal_unit_and_escaped_ones_are_not() -> None:
    assert forbidden(_array(b"\1\0\0\1\2\0\0\3\1\0\0\0\5")).tolist() == [1, 9]
    assert forbidden(_array(b"\0\0")).tolist() == []


def test_clusters_inside_a_long_picture_go_to_whom_their_content_says(chain: Chain) -> None:
    chance = random.Random(4)
    large = _film(chance, 12, lambda: chance.randrange(3, 9) * CLUSTER + chance.randrange(CLUSTER))
    small = _film(chance, 150, lambda: chance.randrange(100, 400))
    sources, taken, clusters = (large, small), [0, 0], list[bytes]()
    truth = list[int]()
    while (taken[0] + 1) * CLUSTER <= len(large):
        owner = int(bool(truth) and chance.random() < 0.15 and (taken[1] + 1) * CLUSTER <= len(small))
        clusters.append(sources[owner][taken[owner] * CLUSTER : (taken[owner] + 1) * CLUSTER])
        taken[owner] += 1
        truth.append(owner)
    dealing = deal(chain, len(clusters), lambda index: _array(clusters[index]), skip=0)
    assert dealing is not None
    assert sum(truth) > 5
    assert dealing.owner.tolist() == truth
    assert (dealing.lost, dealing.unsure) == (0, 0)
    assert dealing.returns >= 5


def test_what_nothing_tells_is_counted_as_unsure(chain: Chain) -> None:
    chance = random.Random(7)
    large = _film(chance, 3, lambda: 8 * CLUSTER)
    # one cluster of noise, without a start code, in the middle of a picture: it could be any of several
    noise = bytes(chance.randrange(1, 256) for _ in range(CLUSTER))
    clusters = [large[at : at + CLUSTER] for at in range(0, len(large) - CLUSTER, CLUSTER)]
    clusters.insert(4, noise)
    dealing = deal(chain, len(clusters), lambda index: _array(clusters[index]), skip=0)
    assert dealing is not None
    assert int(dealing.owner.sum()) == 1
    assert dealing.unsure > 0


@settings(deadline=None, max_examples=60)
@given(pieces=st.lists(st.binary(min_size=1, max_size=600), min_size=1, max_size=8), skip=st.integers(0, 700))
def test_any_bytes_are_dealt(pieces: list[bytes], skip: int) -> None:
    chain = Chain(UnitReader(Families((), OrderModel(0))))
    for piece in pieces:
        for place in (LOST, Place(), Place(skip=skip), Place(tail=piece[:20])):
            chain.feed(place, chain.cluster(_array(piece)))
    dealing = deal(chain, len(pieces), lambda index: _array(pieces[index]), skip=skip)
    assert dealing is not None
    assert len(dealing.owner) == len(pieces)
