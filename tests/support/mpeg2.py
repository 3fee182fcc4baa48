"""A writer of MPEG-2 pictures whose macroblocks are drawn at random from all that ISO/IEC 13818-2 allows.

No encoder here makes field pictures, dual prime prediction, 16x8 prediction, concealment vectors or 4:4:4. Only the
syntax matters: the pictures show noise.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

_RUN_LEVEL = {
    False: ["011", "0100", "0101", "00101", "00111", "000110", "0000100", "00100101", "0000001100", "0000000011111"],
    True: ["10", "010", "110", "0111", "11100", "000101", "1111010", "11111100", "000000100", "0000000011111"],
}
"""Codes of short runs in Tables B.14 and B.15; each is followed by a sign."""
_END_OF_BLOCK = {False: "10", True: "0110"}
_TYPES = {
    1: {"1": "i", "01": "qi"},
    2: {"1": "fp", "01": "p", "001": "f", "00011": "i", "00010": "qfp", "00001": "qp", "000001": "qi"},
    3: dict(
        zip(
            ("10", "11", "010", "011", "0010", "0011", "00011", "00010", "000011", "000010", "000001"),
            ("fb", "fbp", "b", "bp", "f", "fp", "i", "qfbp", "qfp", "qbp", "qi"),
            strict=True,
        )
    ),
}
"""Macroblock types of I, P and B pictures: quant, forward, backward, pattern, intra (Tables B.2 to B.4)."""
_PATTERNS = {"111": 60, "1101": 4, "10011": 12, "01011": 1, "001100": 63, "0010110": 9, "00010001": 23, "000000100": 59}
_MOTION = ["1", "010", "011", "0010", "00011", "0000110", "00001011", "00000011000"]
"""motion_code with its sign; the first is 0."""
_DC = (["100", "00", "01", "101", "110"], ["00", "01", "10", "110", "1110"])


@dataclass(frozen=True, slots=True)
class PictureSpec:
    """One picture: ``structure`` is top field 1, bottom field 2, frame 3."""

    kind: int = 1
    structure: int = 3
    width: int = 64
    height: int = 64
    progressive: bool = False
    chroma_format: int = 1
    frame_pred_frame_dct: bool = False
    concealment: bool = False
    intra_vlc_format: bool = False
    mpeg1: bool = False
    f_codes: tuple[int, int, int, int] = (3, 2, 2, 4)
    temporal_reference: int = 0


def start_code(code: int, bits: str = "") -> bytes:
    bits += "0" * (-len(bits) % 8)
    return b"\0\0\1" + bytes([code]) + bytes(int(bits[i : i + 8], 2) for i in range(0, len(bits), 8))


def sequence_header(spec: PictureSpec) -> bytes:
    matrices = "00"
    head = start_code(0xB3, f"{spec.width:012b}{spec.height:012b}00100011{1000:018b}1{100:010b}0{matrices}")
    if spec.mpeg1:
        return head
    extension = f"0001{0x14 if spec.chroma_format == 1 else 0x15:08b}{spec.progressive:b}{spec.chroma_format:02b}"
    return head + start_code(0xB5, extension + f"0000{0:012b}1{0:08b}0{0:07b}")


def group_header(*, closed: bool) -> bytes:
    return start_code(0xB8, f"0{0:05b}{0:06b}1{0:012b}{closed:b}0")


def picture(spec: PictureSpec, seed: int) -> bytes:
    """Return picture header, coding extension and slices."""
    bits = f"{spec.temporal_reference:010b}{spec.kind:03b}{0xFFFF:016b}"
    code = spec.f_codes[0] if spec.mpeg1 else 7
    bits += f"0{code:03b}" * (spec.kind - 1) + "0"
    data = start_code(0, bits)
    if not spec.mpeg1:
        extension = "1000" + "".join(f"{code:04b}" for code in spec.f_codes) + f"00{spec.structure:02b}0"
        extension += (
            f"{spec.frame_pred_frame_dct:b}{spec.concealment:b}0{spec.intra_vlc_format:b}000{spec.progressive:b}0"
        )
        data += start_code(0xB5, extension)
    draw = random.Random(seed)
    rows = (spec.height + 15) // 16 if spec.progressive or spec.mpeg1 else (spec.height + 31) // 32 * 2
    rows //= 1 if spec.structure == 3 else 2
    columns = (spec.width + 15) // 16
    if spec.mpeg1:
        return data + _slice(spec, draw, 1, rows * columns)
    return data + b"".join(_slice(spec, draw, row, columns) for row in range(1, rows + 1))


def _slice(spec: PictureSpec, draw: random.Random, row: int, count: int) -> bytes:
    bits = ["00101" + draw.choice(["0", "1101010100"])]
    done = 0
    while done < count:
        skipped = done and count - done > 2 and spec.kind == 2 and draw.random() < 0.2
        bits.append("011" if skipped else "1")
        done += 2 if skipped else 1
        bits.append(_macroblock(spec, draw))
    return start_code(row, "".join(bits))


def _macroblock(spec: PictureSpec, draw: random.Random) -> str:
    code = draw.choice(list(_TYPES[spec.kind]))
    flags, bits = _TYPES[spec.kind][code], code
    frame = spec.structure == 3
    free = not spec.frame_pred_frame_dct and not spec.mpeg1
    motion = 2 if frame else 1
    if ("f" in flags or "b" in flags) and not spec.mpeg1 and (free or not frame):
        motion = draw.choice([1, 2] if spec.kind == 3 else [1, 2, 3])
        bits += f"{motion:02b}"
    if free and frame and ("i" in flags or "p" in flags):
        bits += draw.choice("01")
    if "q" in flags:
        bits += f"{draw.randrange(1, 32):05b}"
    concealed = "i" in flags and spec.concealment
    if "f" in flags or concealed:
        bits += _vectors(spec, draw, 0, motion)
    if "b" in flags:
        bits += _vectors(spec, draw, 1, motion)
    bits += "1" if concealed else ""
    blocks = 4 + (2, 4, 8)[spec.chroma_format - 1]
    if "i" in flags:
        for block in range(blocks):
            size = draw.randrange(5)
            bits += _DC[block >= 4][size] + "".join(draw.choice("01") for _ in range(size))
            bits += _coefficients(spec, draw, spec.intra_vlc_format)
    elif "p" in flags:
        pattern = draw.choice(list(_PATTERNS))
        more = "".join(draw.choice("01") for _ in range(blocks - 6))
        bits += pattern + more
        for _ in range(_PATTERNS[pattern].bit_count() + more.count("1")):
            bits += draw.choice(["10", "11", "011" + "1", "000001" + _escape(spec, draw)])
            bits += _coefficients(spec, draw, False)
    return bits


def _coefficients(spec: PictureSpec, draw: random.Random, table_one: bool) -> str:
    bits = ""
    for _ in range(draw.choice([0, 0, 1, 2, 3])):
        if draw.random() < 0.1:
            bits += "000001" + _escape(spec, draw)
        else:
            bits += draw.choice(_RUN_LEVEL[table_one][:9]) + draw.choice("01")
    return bits + _END_OF_BLOCK[table_one]


def _escape(spec: PictureSpec, draw: random.Random) -> str:
    run = f"{draw.randrange(8):06b}"
    if not spec.mpeg1:
        return run + f"{draw.randrange(1, 2000):012b}"
    return run + draw.choice([f"{draw.randrange(1, 127):08b}", "00000000" + "11001000", "10000000" + "00111000"])


def _vectors(spec: PictureSpec, draw: random.Random, side: int, motion: int) -> str:
    dual = motion == 3
    if spec.structure == 3:
        count, select = (2, True) if motion == 1 else (1, False)
    else:
        count, select = (2, True) if motion == 2 else (1, not dual)
    bits = ""
    for _ in range(count):
        bits += draw.choice("01") if select else ""
        for axis in range(2):
            code = draw.choice(_MOTION)
            bits += code
            if code != "1":
                f_code = spec.f_codes[0 if spec.mpeg1 else 2 * side + axis]
                bits += "".join(draw.choice("01") for _ in range(f_code - 1))
            bits += draw.choice(["0", "10", "11"]) if dual else ""
    return bits
