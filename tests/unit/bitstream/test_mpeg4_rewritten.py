"""Forms of MPEG-4 Visual that no encoder here writes: reversible codes and global motion.

An encoder's VOPs are walked by the plain kernels, watched at what they read where, and written anew in the other form.
FFmpeg decodes both to the same pictures, so the new form is what it should be.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from itertools import product
from typing import Any

import av
import numpy as np
import pytest

from mediarescue.bitstream.mpeg4 import _partition_kernels, books
from mediarescue.bitstream.mpeg4 import pictures as vops
from mediarescue.bitstream.mpeg4.layer import Layer, parse_vop_header
from mediarescue.bitstream.mpeg4.tables import INTER_TYPE_AT, INTRA_AT
from mediarescue.bitstream.mpeg4.visual import VisualSyntax, find_layer
from tests.support.mpeg4 import Encoding, encode, read_as
from tests.support.plain_kernels import plain_kernels

KERNELS = ("mediarescue.bitstream.mpeg4._kernels", "mediarescue.bitstream.mpeg4._partition_kernels")
FOUR_VECTORS, QUARTER_SAMPLE = 1 << 2, 1 << 4
VOP = b"\0\0\1\xb6"


def bits_of(data: bytes) -> str:
    return "".join(f"{byte:08b}" for byte in data)


def stuffed(bits: str) -> bytes:
    """Return whole bytes: a 0, then 1s (5.2.4)."""
    bits += "0" + "1" * (-(len(bits) + 1) % 8)
    return int(bits, 2).to_bytes(len(bits) // 8, "big")


def unstuffed(data: bytes) -> str:
    return bits_of(data).rstrip("1")[:-1]


def pictures(samples: list[bytes]) -> list[Any]:
    stream = io.BytesIO(b"".join(samples))
    with av.open(stream, "r", format="m4v", options={"err_detect": "explode"}) as container:
        return [frame.to_ndarray() for frame in container.decode(video=0)]


def with_layer(sample: bytes, rewrite: Callable[[str], str], wanted: Layer) -> bytes:
    """Return the headers of a sample with its layer's bits written anew, which must read as ``wanted``."""
    start = sample.index(b"\0\0\1\x20")
    end = sample.index(b"\0\0\1", start + 4)
    made = sample[:start] + stuffed(rewrite(unstuffed(sample[start:end]))) + sample[end : sample.index(VOP)]
    assert find_layer(made) == wanted
    return made


def rewritten(samples: list[bytes], headers: bytes, each: Callable[[str, int], str]) -> list[bytes]:
    """Return the samples with other headers and each VOP's bits as ``each(bits, index)`` makes them."""
    made = []
    for index, sample in enumerate(samples):
        at = sample.index(VOP)
        made.append((headers if at else b"") + stuffed(each(unstuffed(sample[at:]), index)))
    return made


def book_of(book: books.CoefficientBook) -> dict[str, tuple[int, int, int]]:
    meanings = [
        (last, run, level)
        for last in (0, 1)
        for run, count in enumerate(book.levels[last])
        for level in range(1, count + 1)
    ]
    return dict(zip(book.words.split(), meanings, strict=True))


def word_at(bits: str, at: int, book: dict[str, tuple[int, int, int]]) -> str:
    return next(bits[at : at + size] for size in range(2, 13) if bits[at : at + size] in book)


def coefficients(bits: str, book: dict[str, tuple[int, int, int]]) -> list[tuple[int, int, int]]:
    """Return last, run and signed level of each coefficient of a block (7.4.1.3)."""
    found, at = [], 0
    while at < len(bits):
        escape = bits.startswith("0000011", at)
        if escape and bits.startswith("11", at + 7):
            level = int(bits[at + 17 : at + 29], 2)
            found.append((int(bits[at + 9]), int(bits[at + 10 : at + 16], 2), level - (level >> 11 << 12)))
            at += 30
            continue
        at += (8 if bits[at + 7] == "0" else 9) if escape else 0
        word = word_at(bits, at, book)
        last, run, level = book[word]
        if escape and bits[at - 2 : at] == "10" and bits[at - 9 : at - 2] == "0000011":
            run += max(r for la, r, le in book.values() if (la, le) == (last, level)) + 1
        elif escape:
            level += max(le for la, r, le in book.values() if (la, r) == (last, run))
        at += len(word) + 1
        found.append((last, run, -level if bits[at - 1] == "1" else level))
    return found


def reversible(block: list[tuple[int, int, int]], words: dict[tuple[int, int, int], str]) -> str:
    """Write a block in reversible codes (Tables B-23 to B-25)."""
    made = ""
    for last, run, level in block:
        sign = "1" if level < 0 else "0"
        plain = words.get((last, run, abs(level)))
        made += plain + sign if plain else f"00001{last}{run:06b}1{abs(level):011b}10000{sign}"
    return made


def test_reversible_codes_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    encoding = Encoding("mpeg4", (96, 64), (("data_partitioning", "1"), ("qmin", "1"), ("qmax", "3")), frames=5)
    samples = encode(encoding)
    layer = find_layer(samples[0])
    assert layer is not None
    assert layer.partitioned
    plain: Any = plain_kernels(*KERNELS)
    spans: list[tuple[int, int, int]] = []

    def watched(buf: Any, end: int, bit: int, tables: Any, book: int, place: int, escape: int) -> int:
        stop: int = original(buf, end, bit, tables, book, place, escape)
        spans.append((int(bit), int(stop), book))
        return stop

    original = plain.coefficients
    monkeypatch.setattr(plain, "coefficients", watched)
    monkeypatch.setattr(_partition_kernels, "walk_partitions", plain.walk_partitions)
    intra, inter = book_of(books.INTRA), book_of(books.INTER)
    intra_words = {meaning: word for word, meaning in book_of(books.REVERSIBLE_INTRA).items()}
    inter_words = {meaning: word for word, meaning in book_of(books.REVERSIBLE_INTER).items()}

    def each(bits: str, index: int) -> str:
        spans.clear()
        sample = samples[index]
        assert read_as(VisualSyntax(layer), [sample], b"") == [len(sample)]
        ahead = 8 * sample.index(VOP)
        made, at = "", 0
        for start, stop, book in spans:
            is_intra = book == INTRA_AT
            block = coefficients(bits[start - ahead : stop - ahead], intra if is_intra else inter)
            made += bits[at : start - ahead] + reversible(block, intra_words if is_intra else inter_words)
            at = stop - ahead
        return made + bits[at:]

    # data_partitioned and reversible_vlc, and scalability behind them
    headers = with_layer(samples[0], lambda bits: bits[:-2] + "10", layer._replace(reversible=True))
    made = rewritten(samples, headers, each)
    monkeypatch.undo()
    assert np.array_equal(pictures(made), pictures(samples))
    for tail in (b"", b"\x3c\x11" * 20, bytes(40)):
        assert read_as(VisualSyntax(find_layer(headers)), made, tail) == [len(sample) for sample in made]


@pytest.mark.parametrize(("points", "flags"), list(product([1, 2], [QUARTER_SAMPLE, QUARTER_SAMPLE | FOUR_VECTORS])))
def test_sprites_of_global_motion_are_read(points: int, flags: int, monkeypatch: pytest.MonkeyPatch) -> None:
    samples = encode(Encoding("mpeg4", (96, 64), (("mbd", "2"),), frames=5, flags=flags, calm=points == 2))
    layer = find_layer(samples[0])
    assert layer is not None
    scope = plain_kernels(*KERNELS).coefficients.__globals__
    reads: list[tuple[int, int]] = []
    behind_types: list[int] = []
    peek, macroblock = scope["peek"], scope["macroblock"]

    def watched_peek(buf: Any, end: int, bit: int, count: int) -> int:
        reads.append((int(bit), count))
        return peek(buf, end, bit, count)  # type: ignore[no-any-return]

    def watched(buf: Any, end: int, bit: int, params: Any, tables: Any, work: Any, number: int) -> int:
        reads.clear()
        stop: int = macroblock(buf, end, bit, params, tables, work, number)
        if len(reads) > 2 and reads[1][1] == 13:
            kind = tables[INTER_TYPE_AT + peek(buf, end, reads[1][0], 13)] >> 8
            if not kind & 4 and not kind & 16:
                behind_types.append(reads[2][0])
        return stop

    monkeypatch.setitem(scope, "peek", watched_peek)
    monkeypatch.setitem(scope, "macroblock", watched)
    monkeypatch.setattr(vops, "walk_picture", scope["walk_picture"])

    def each(bits: str, index: int) -> str:
        sample = samples[index]
        behind_types.clear()
        assert read_as(VisualSyntax(layer), [sample], b"") == [len(sample)]
        if bits[32:34] != "01":
            return bits
        at = sample.index(VOP)
        before_quant = parse_vop_header(sample[at:], layer).bits - 8
        made = bits[:32] + "11" + bits[34:before_quant] + "001" * 2 * points
        here = before_quant
        for spot in behind_types:
            made += bits[here : spot - 8 * at] + "0"  # mcsel
            here = spot - 8 * at
        return made + bits[here:]

    # behind the size: interlaced, obmc_disable, sprite_enable
    size = f"{layer.width:013b}1{layer.height:013b}1"
    headers = with_layer(
        samples[0],
        lambda bits: re.sub(f"({size}..)00", rf"\g<1>10{points:06b}010", bits),
        layer._replace(global_motion=True, warping_points=points),
    )
    made = rewritten(samples, headers, each)
    monkeypatch.undo()
    assert np.array_equal(pictures(made), pictures(samples))
    for tail in (b"", b"\x3c\x11" * 20, bytes(40)):
        assert read_as(VisualSyntax(find_layer(headers)), made, tail) == [len(sample) for sample in made]
