"""A plain writer of sequential JPEG files from coefficients: slow, and able to be odd where encoders are not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

_ZIGZAG = sorted(range(64), key=lambda i: (i // 8 + i % 8, i // 8 if (i // 8 + i % 8) % 2 else i % 8))


@dataclass(frozen=True)
class Odd:
    """What a file is like.

    Parameters
    ----------
    size : (int, int)
        Width and height.
    sampling : sequence of (int, int)
        Factors of each component.
    scans : sequence of sequence of int
        Components of each scan; empty for all in one.
    lines_late : bool
        Whether the number of lines comes in DNL.
    fill : int
        Fill bytes in front of every marker but SOI.
    padding : int
        The bit that fills the last byte of an interval.
    """

    size: tuple[int, int] = (37, 29)
    sampling: Sequence[tuple[int, int]] = ((2, 2), (1, 1), (1, 1))
    scans: Sequence[Sequence[int]] = ()
    precision: int = 8
    interval: int = 0
    lines_late: bool = False
    fill: int = 0
    padding: int = 1
    wide_tables: bool = False
    needless_runs: bool = False
    end: bytes = b"\xff\xd9"
    identifiers: Sequence[int] = field(default=(1, 2, 3, 4))

    @property
    def most(self) -> tuple[int, int]:
        return max(h for h, _ in self.sampling), max(v for _, v in self.sampling)

    def blocks(self, component: int) -> tuple[int, int]:
        """Return rows and columns of blocks, whole MCUs."""
        (width, height), (h_most, v_most) = self.size, self.most
        h, v = self.sampling[component]
        return -(-height // (8 * v_most)) * v, -(-width // (8 * h_most)) * h

    def shown(self, component: int) -> tuple[int, int]:
        """Return rows and columns of blocks with a pixel."""
        (width, height), (h_most, v_most) = self.size, self.most
        h, v = self.sampling[component]
        return (height * v + 8 * v_most - 1) // (8 * v_most), (width * h + 8 * h_most - 1) // (8 * h_most)


def coefficients(odd: Odd, seed: int) -> list[NDArray[np.int16]]:
    """Return random blocks of all components; 0 where no scan holds them."""
    rng = np.random.default_rng(seed)
    most = (4 << odd.precision) - 1
    planes = []
    for place in range(len(odd.sampling)):
        rows, cols = odd.blocks(place)
        sizes = rng.integers(0, most.bit_length() + 1, (rows, cols, 64)) * (rng.random((rows, cols, 64)) < 0.2)
        signs = rng.choice([-1, 1], sizes.shape)
        values = (signs * rng.integers(0, 1 << 30, sizes.shape) % (1 << sizes) * signs).astype(np.int16)
        values[:, :, 0] = rng.integers(-most // 2, most // 2, (rows, cols))
        if [place] in [list(scan) for scan in odd.scans] or len(odd.sampling) == 1:
            shown = odd.shown(place)
            values[shown[0] :] = 0
            values[:, shown[1] :] = 0
        planes.append(values)
    return planes


def write(odd: Odd, planes: Sequence[NDArray[np.int16]]) -> bytes:
    """Return a file; every DC symbol has a code of 5 bits, every AC symbol one of 9."""
    wide = odd.wide_tables
    table = b"".join((i * 5 % (60000 if wide else 255) + 1).to_bytes(1 + wide, "big") for i in range(64))
    out = bytearray(b"\xff\xd8" + _segment(odd, 0xDB, bytes([wide << 4]) + table))
    height = 0 if odd.lines_late else odd.size[1]
    parts = b"".join(bytes([odd.identifiers[place], h << 4 | v, 0]) for place, (h, v) in enumerate(odd.sampling))
    head = bytes([odd.precision]) + height.to_bytes(2, "big") + odd.size[0].to_bytes(2, "big")
    out += _segment(odd, 0xC1, head + bytes([len(odd.sampling)]) + parts)
    out += _segment(odd, 0xC4, b"\0" + bytes([0] * 4 + [16] + [0] * 11) + bytes(range(16)))
    # 255 is left without a code, so that one of its length is free
    out += _segment(odd, 0xC4, b"\x10" + bytes([0] * 8 + [255] + [0] * 7) + bytes(range(255)))
    if odd.interval:
        out += _segment(odd, 0xDD, odd.interval.to_bytes(2, "big"))
    for number, scan in enumerate(odd.scans or [range(len(odd.sampling))]):
        selected = b"".join(bytes([odd.identifiers[place], 0]) for place in scan)
        out += _segment(odd, 0xDA, bytes([len(scan)]) + selected + b"\0\x3f\0")
        out += _scan(odd, list(scan), planes)
        if odd.lines_late and number == 0:
            out += _segment(odd, 0xDC, odd.size[1].to_bytes(2, "big"))
    return bytes(out + (b"\xff" * odd.fill if odd.end else b"") + odd.end)


def _segment(odd: Odd, marker: int, payload: bytes) -> bytes:
    return b"\xff" * (1 + odd.fill) + bytes([marker]) + (len(payload) + 2).to_bytes(2, "big") + payload


def _scan(odd: Odd, scan: list[int], planes: Sequence[NDArray[np.int16]]) -> bytes:
    """Return the data of a scan."""
    mcus: list[list[tuple[int, int, int]]]
    if len(scan) == 1:
        rows, cols = odd.shown(scan[0])
        mcus = [[(scan[0], row, col)] for row in range(rows) for col in range(cols)]
    else:
        across, down = -(-odd.size[0] // (8 * odd.most[0])), -(-odd.size[1] // (8 * odd.most[1]))
        mcus = [
            [
                (place, y * odd.sampling[place][1] + v, x * odd.sampling[place][0] + h)
                for place in scan
                for v in range(odd.sampling[place][1])
                for h in range(odd.sampling[place][0])
            ]
            for y in range(down)
            for x in range(across)
        ]
    size = odd.interval or len(mcus)
    pieces = []
    for first in range(0, len(mcus), size):
        before = dict.fromkeys(scan, 0)
        bits = ""
        for mcu in mcus[first : first + size]:
            for place, row, col in mcu:
                block = [int(value) for value in planes[place][row, col]]
                bits += _block(odd, block, before[place])
                before[place] = block[0]
        bits += str(odd.padding) * (-len(bits) % 8)
        raw = bytes(int(bits[i : i + 8], 2) for i in range(0, len(bits), 8)).replace(b"\xff", b"\xff\0")
        pieces.append(raw + b"\xff" * odd.fill)
    joined = pieces[0]
    for number, piece in enumerate(pieces[1:]):
        joined += bytes([0xFF, 0xD0 + number % 8]) + piece
    return joined


def _block(odd: Odd, block: list[int], before: int) -> str:
    bits = format(abs(block[0] - before).bit_length(), "05b") + _value(block[0] - before)
    run = 0
    for place in _ZIGZAG[1:]:
        if block[place] == 0:
            run += 1
            continue
        while run > 15:
            bits += format(0xF0, "09b")
            run -= 16
        bits += format(run << 4 | abs(block[place]).bit_length(), "09b") + _value(block[place])
        run = 0
    while odd.needless_runs and run > 15:
        bits += format(0xF0, "09b")
        run -= 16
    return bits + (format(0, "09b") if run else "")


def _value(value: int) -> str:
    size = abs(value).bit_length()
    return format(value if value > 0 else value + (1 << size) - 1, f"0{size}b") if size else ""
