"""Huffman tables of a file that lack a symbol."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from mediarescue.bitstream.jpeg import encode, patch_jpeg, read_coefficients, write_coefficients
from mediarescue.bitstream.jpeg.huffman import HuffmanTable, table_for
from mediarescue.bitstream.jpeg.structure import DHT
from tests.support.jpegs import decoded, jpeg


@pytest.mark.parametrize("options", [{"optimize": True}, {"progressive": True}], ids=str)
def test_a_missing_symbol_is_added_and_codes_stay(options: dict[str, Any]) -> None:
    image = read_coefficients(jpeg(160, 120, quality=40, **options))
    wanted = [c.copy() for c in image.coefficients]
    wanted[0][4, 5, 60:] = 1000, -1000, 500, 700
    data = write_coefficients(image, wanted)
    after = read_coefficients(data)
    for new, old in zip(after.coefficients, wanted, strict=True):
        np.testing.assert_array_equal(new, old)
    assert decoded(data).shape == (120, 160, 3)
    marked = [segment for segment in after.structure.segments if segment.marker == DHT]
    assert len(marked) == sum(segment.marker == DHT for segment in image.structure.segments)
    # one block of 300: the others are still there bit by bit, so the file hardly grows
    assert len(data) < len(image.data) + 200


@pytest.mark.parametrize("options", [{"optimize": True}, {"progressive": True}], ids=str)
def test_a_table_without_room_is_made_anew(options: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[HuffmanTable] = []

    def noted(frequencies: NDArray[np.int64]) -> HuffmanTable:
        made.append(table_for(frequencies))
        return made[-1]

    monkeypatch.setattr(encode, "table_for", noted)
    image = read_coefficients(jpeg(400, 300, quality=90, **options))
    rng = np.random.default_rng(0)
    wanted = [c.copy() for c in image.coefficients]
    for c in wanted:
        blocks = c.reshape(-1, 64)
        size = rng.integers(0, 10, (25, 64))
        blocks[:25] = rng.choice([-1, 1], size.shape) * (rng.integers(0, 512, size.shape) % (1 << size))
        # every code there is
        for run in range(16):
            for bits in range(1, 11):
                block = blocks[25 + run * 10 + bits]
                block[1:] = 0
                block[[1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12][run]] = 1 << (bits - 1)
    data = write_coefficients(image, wanted)
    assert made
    for new, old in zip(read_coefficients(data).coefficients, wanted, strict=True):
        np.testing.assert_array_equal(new, old)
    assert decoded(data).shape == (300, 400, 3)


def test_tables_that_the_file_leaves_out_are_written_when_they_grow() -> None:
    data = jpeg(mode="L")
    bare = data[: data.index(b"\xff\xc4")] + data[data.index(b"\xff\xda") :]
    image = read_coefficients(bare)
    assert all(segment.marker != DHT for segment in image.structure.segments)
    plane = np.full((61, 83), 128, np.uint8)
    result = patch_jpeg(image, {0: plane})
    assert result.rewritten_tables == 0
    assert (read_coefficients(result.data).coefficients[0][1, 1] == 0).all()
