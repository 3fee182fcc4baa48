"""What is learned from samples: signatures, length fields, sizes and the order of tracks."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from mediarescue.recover.models import LengthField, LengthModel, OrderModel, Signature

HEADS = st.lists(st.binary(min_size=8, max_size=40), min_size=1, max_size=12)


@given(heads=HEADS)
def test_what_a_signature_was_learned_from_speaks_for_it(heads: list[bytes]) -> None:
    signature = Signature.learn(heads)
    assert signature.seen == len(heads)
    for head in heads:
        assert signature.evidence(head) >= 0
        assert all(head[at] == value for at, value in signature.values)


@given(magic=st.binary(min_size=5, max_size=16), tails=st.lists(st.binary(min_size=16, max_size=16), min_size=2))
def test_a_constant_beginning_is_learned_whole(magic: bytes, tails: list[bytes]) -> None:
    signature = Signature.learn([magic + tail for tail in tails])
    assert [value for at, value in signature.values if at < len(magic)] == list(magic)
    assert signature.strong
    assert signature.evidence(magic + bytes(40)) > 0 or len(signature.values) > len(magic)


@given(heads=HEADS)
def test_a_signatures_prefix_stands_where_it_says(heads: list[bytes]) -> None:
    signature = Signature.learn(heads)
    for head in heads:
        at = signature.prefix_at
        assert head[at : at + len(signature.prefix)] == signature.prefix


@given(heads=HEADS, other=st.binary(max_size=8))
def test_too_few_bytes_are_no_evidence(heads: list[bytes], other: bytes) -> None:
    signature = Signature.learn(heads)
    if signature.values and len(other) <= signature.values[-1][0]:
        assert signature.evidence(other) == -math.inf


def test_nothing_seen_is_an_empty_signature() -> None:
    signature = Signature.learn([])
    assert signature.values == ()
    assert not signature.strong
    assert signature.prefix == b""


@given(
    at=st.integers(0, 8),
    width=st.sampled_from([2, 4]),
    order=st.sampled_from(["big", "little"]),
    extra=st.integers(0, 64),
    lengths=st.lists(st.integers(20, 900), min_size=5, max_size=20, unique=True),
    seed=st.integers(0, 10**6),
)
def test_a_length_written_in_the_sample_is_found(
    at: int, width: int, order: str, extra: int, lengths: list[int], seed: int
) -> None:
    heads, sizes = [], []
    for i, size in enumerate(lengths):
        noise = bytes((seed + 31 * i * (k + 7) + k * k) % 251 for k in range(24))
        field = (size).to_bytes(width, order)  # type: ignore[arg-type]
        heads.append(noise[:at] + field + noise[at + width :])
        sizes.append(size + extra)
    found = LengthField.learn(heads, sizes)
    assert found is not None
    assert [found.size(head) for head in heads] == sizes
    assert found.size(heads[0][: found.at + found.width - 1]) == 0


@given(sizes=st.lists(st.integers(1, 2**31), min_size=1, max_size=50))
def test_sizes_seen_are_cheaper_than_others(sizes: list[int]) -> None:
    model = LengthModel(sizes)
    unseen = max(sizes) + 1
    assert all(model.cost(size) < model.cost(unseen) for size in sizes)
    assert all(model.cost(size) > 0 and math.isfinite(model.cost(size)) for size in [*sizes, unseen, 0])
    assert set(model.likely(100)) == set(sizes)
    counts = [sizes.count(size) for size in model.likely(100)]
    assert counts == sorted(counts, reverse=True)


def test_a_model_of_nothing_still_has_a_price() -> None:
    assert math.isfinite(LengthModel([]).cost(5))


@given(runs=st.lists(st.integers(0, 3), max_size=60), context=st.lists(st.integers(0, 3), max_size=4))
def test_the_order_model_shares_out_probability(runs: list[int], context: list[int]) -> None:
    model = OrderModel(4)
    model.learn(runs)
    probabilities = [math.exp(-model.cost(tuple(context), family)) for family in range(4)]
    assert all(0 < probability <= 1 for probability in probabilities)
    assert sum(probabilities) <= 1 + 1e-9
    assert sorted(model.likely_after(tuple(context))) == [0, 1, 2, 3]


@given(cycle=st.lists(st.integers(0, 2), min_size=2, max_size=3, unique=True))
def test_a_cycle_is_learned(cycle: list[int]) -> None:
    model = OrderModel(3)
    model.learn(cycle * 20)
    following = [*cycle, cycle[0]]
    for last, after in zip(cycle, following[1:], strict=True):
        assert model.likely_after((last,))[0] == after
