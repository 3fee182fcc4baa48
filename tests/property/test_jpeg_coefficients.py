"""Files of a writer of its own: every coefficient is read, and every bit comes back; damage raises one error only."""

from __future__ import annotations

import contextlib
import dataclasses

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mediarescue.bitstream.jpeg import JpegError, decode_planes, patch_jpeg, read_coefficients, write_coefficients
from tests.support.jpeg_writer import Odd, coefficients, write
from tests.support.jpegs import decoded, jpeg

FACTORS = st.tuples(st.integers(1, 4), st.integers(1, 4))


@st.composite
def odd_files(draw: st.DrawFn) -> Odd:
    sampling = tuple(draw(st.lists(FACTORS, min_size=1, max_size=4)))
    apart = draw(st.booleans()) or sum(h * v for h, v in sampling) > 10
    return Odd(
        size=(draw(st.integers(1, 70)), draw(st.integers(1, 70))),
        sampling=sampling,
        scans=tuple([place] for place in range(len(sampling))) if apart else (),
        precision=draw(st.sampled_from([8, 12])),
        interval=draw(st.sampled_from([0, 0, 1, 3])),
        lines_late=draw(st.booleans()),
        fill=draw(st.integers(0, 2)),
        padding=draw(st.integers(0, 1)),
        wide_tables=draw(st.booleans()),
        needless_runs=draw(st.booleans()),
        end=draw(st.sampled_from([b"\xff\xd9", b"", b"\xff\xd9trailer"])),
    )


@given(odd_files(), st.integers(0, 999))
@settings(max_examples=60, deadline=None)
@example(Odd(sampling=((2, 1), (1, 2), (1, 1))), 0)
@example(Odd(sampling=((1, 1), (2, 2), (2, 1), (1, 2)), interval=1), 1)
def test_coefficients_are_read_and_written(odd: Odd, seed: int) -> None:
    wanted = coefficients(odd, seed)
    data = write(odd, wanted)
    image = read_coefficients(data)
    assert (image.frame.width, image.frame.height) == odd.size
    for got, expected in zip(image.coefficients, wanted, strict=True):
        np.testing.assert_array_equal(got, expected)
    assert write_coefficients(image, image.coefficients) == data
    if not odd.needless_runs and not odd.fill:
        assert write_coefficients(image, image.coefficients, recode=True) == data


@given(odd_files(), st.integers(0, 999), st.data())
@settings(max_examples=60, deadline=None)
def test_other_blocks_keep_their_bits(odd: Odd, seed: int, data: st.DataObject) -> None:
    """The file with some blocks changed is the one that the writer makes of them."""
    odd = dataclasses.replace(odd, needless_runs=False, padding=1)
    before = coefficients(odd, seed)
    after = [c.copy() for c in before]
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(after) - 1))
        rows, cols = odd.shown(place)
        row, col = data.draw(st.integers(0, rows - 1)), data.draw(st.integers(0, cols - 1))
        after[place][row, col] = coefficients(odd, seed + 1)[place][row, col]
    image = read_coefficients(write(odd, before))
    assert write_coefficients(image, after) == write(odd, after)


FILES = (
    [jpeg(40, 30, **kind) for kind in ({}, {"progressive": True}, {"restart_marker_blocks": 2}, {"mode": "CMYK"})]
    + [jpeg(40, 30, progressive=True, restart_marker_blocks=2, quality=98, subsampling="4:4:4")]
    + [write(odd, coefficients(odd, 0)) for odd in (Odd(precision=12, lines_late=True), Odd(scans=[[0], [1, 2]]))]
)


PROGRESSIVE = [
    jpeg(60, 45, progressive=True, **kind)
    for kind in ({"subsampling": "4:2:0"}, {"restart_marker_blocks": 3, "quality": 98}, {"mode": "L", "quality": 20})
]


@given(st.sampled_from(PROGRESSIVE), st.integers(0, 999), st.integers(1, 300), st.floats(0, 1))
@settings(max_examples=60, deadline=None)
def test_progressive_files_take_any_coefficients(data: bytes, seed: int, count: int, density: float) -> None:
    rng = np.random.default_rng(seed)
    image = read_coefficients(data)
    wanted = [c.copy() for c in image.coefficients]
    for c, component in zip(wanted, image.frame.components, strict=True):
        rows, cols = -(-component.height // 8), -(-component.width // 8)
        places = rng.integers(0, (rows, cols), (count, 2))
        sizes = rng.integers(0, 11, (count, 64)) * (rng.random((count, 64)) < density)
        values = rng.choice([-1, 1], sizes.shape) * (rng.integers(0, 1024, sizes.shape) % (1 << sizes))
        c[places[:, 0], places[:, 1]] = values
    written = write_coefficients(image, wanted)
    for got, expected in zip(read_coefficients(written).coefficients, wanted, strict=True):
        np.testing.assert_array_equal(got, expected)
    # libjpeg reads them too
    decoded(written)


@given(st.sampled_from(FILES), st.data())
@settings(max_examples=500, deadline=None)
def test_damage_raises_or_is_kept(whole: bytes, data: st.DataObject) -> None:
    damaged = bytearray(whole)
    for _ in range(data.draw(st.integers(0, 4))):
        damaged[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    del damaged[data.draw(st.integers(1, len(whole))) :]
    with contextlib.suppress(JpegError):
        image = read_coefficients(bytes(damaged))
        assert write_coefficients(image, image.coefficients) == damaged
        planes = decode_planes(image)
        assert patch_jpeg(image, dict(enumerate(planes))).data == damaged


@given(st.binary(max_size=200))
@settings(max_examples=100, deadline=None)
def test_bytes_of_no_meaning_are_refused(data: bytes) -> None:
    for start in (b"", b"\xff\xd8\xff", FILES[0][:170]):
        with contextlib.suppress(JpegError):
            read_coefficients(start + data)
