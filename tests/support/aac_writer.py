"""Random but valid AAC raw_data_blocks, written field by field: every tool of the syntax, and a known size.

The frames mean nothing as sound. Code words come from the books' data, not from the lookup tables under test.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from mediarescue.bitstream.aac.config import AudioSpecificConfig
from mediarescue.bitstream.aac.tables_bands import LTP_BAND_LIMIT, PREDICTOR_BAND_LIMITS, band_offsets
from mediarescue.bitstream.aac.tables_huffman import SCALE_FACTOR_BOOK, SPECTRAL_BOOKS, HuffmanBook

SCE, CPE, CCE, LFE, DSE, PCE, FIL, END = range(8)
EIGHT_SHORT = 2
MAIN, LC, SSR, LTP = 1, 2, 3, 4


def _codes(book: HuffmanBook) -> dict[int, tuple[int, int]]:
    """Return (code word, bits) by table index of a canonical book."""
    codes: dict[int, tuple[int, int]] = {}
    code = last = 0
    for index, size in zip(book.order, book.lengths, strict=True):
        code <<= size - last
        codes[index] = (code, size)
        code, last = code + 1, size
    return codes


SPECTRAL_CODES = {number: _codes(book) for number, book in SPECTRAL_BOOKS.items()}
SCALE_CODES = _codes(SCALE_FACTOR_BOOK)


@dataclass
class Bits:
    """Bits in the making, most significant first."""

    bits: list[int] = field(default_factory=list)

    def put(self, value: int, count: int) -> None:
        assert 0 <= value < 1 << count
        self.bits.extend((value >> shift) & 1 for shift in range(count - 1, -1, -1))

    def align(self, bit: int = 0) -> None:
        self.bits.extend([bit] * (-len(self.bits) % 8))

    def to_bytes(self) -> bytes:
        text = "".join(map(str, self.bits))
        return int(text, 2).to_bytes(len(self.bits) // 8, "big")


@dataclass
class Info:
    """The ics_info in force."""

    sequence: int
    max_sfb: int
    groups: list[int]


class FrameWriter:
    """Write random frames of one configuration; equal seeds give equal frames.

    Parameters
    ----------
    config : AudioSpecificConfig
    seed : int
    quiet : float
        Chance of a section without lines, which keeps frames small.
    """

    def __init__(self, config: AudioSpecificConfig, seed: int, quiet: float = 0.5) -> None:
        self.config = config
        self.random = random.Random(seed)
        self.quiet = quiet
        self.out = Bits()
        self.long, self.short = band_offsets(config.sampling_frequency_index, config.frame_length)

    def flag(self, chance: float = 0.5) -> int:
        """Write a random flag and return it."""
        value = int(self.random.random() < chance)
        self.out.put(value, 1)
        return value

    def noise(self, count: int) -> None:
        """Write ``count`` random bits."""
        for _ in range(count):
            self.out.put(self.random.getrandbits(1), 1)

    def frame(self, elements: list[int], padding_bit: int = 0) -> bytes:
        """Return one raw_data_block of these elements; ID_END is added. Tags count up for each kind."""
        self.out = Bits()
        tags = dict.fromkeys(range(8), 0)
        for element in elements:
            self.out.put(element, 3)
            if element != FIL:
                self.out.put(tags[element], 4)
                tags[element] += 1
            if element in (SCE, LFE):
                self.channel(None, right=False)
            elif element == CPE:
                self.pair()
            elif element == CCE:
                self.coupling()
            else:
                self.plain(element)
        self.out.put(END, 3)
        self.out.align(padding_bit)
        return self.out.to_bytes()

    def plain(self, element: int) -> None:
        """Write a fill, data or program config element behind id and tag."""
        out = self.out
        if element == FIL:
            size = self.random.choice([0, 1, 14, 15, 40, 269])
            out.put(min(size, 15), 4)
            if size >= 15:
                out.put(size - 14, 8)
            if size:
                out.put(0, 8)
                out.bits.extend([0] * (8 * size - 8))
        elif element == DSE:
            align = self.flag()
            size = self.random.choice([0, 1, 254, 255, 300])
            out.put(min(size, 255), 8)
            if size >= 255:
                out.put(size - 255, 8)
            if align:
                out.align(self.random.getrandbits(1))
            self.noise(8 * size)
        else:
            self.program_config()

    def program_config(self) -> None:
        """Write a program_config_element behind its tag: one front pair, and sometimes more."""
        out = self.out
        out.put(1, 2)
        out.put(self.config.sampling_frequency_index, 4)
        counts = [1, *(self.random.randrange(2) for _ in range(5))]
        for count, size in zip(counts, (4, 4, 4, 2, 3, 4), strict=True):
            out.put(count, size)
        for size in (4, 4, 3):
            if self.flag():
                self.noise(size)
        out.put(0b10000, 5)
        self.noise(5 * (counts[1] + counts[2] + counts[5]) + 4 * (counts[3] + counts[4]))
        out.align()
        size = self.random.choice([0, 3])
        out.put(size, 8)
        self.noise(8 * size)

    def pair(self) -> None:
        """Write a channel_pair_element behind its tag."""
        if not self.flag():
            self.channel(None, right=False)
            self.channel(None, right=True)
            return
        info = self.ics_info(common_window=True)
        mask = self.random.randrange(3)
        self.out.put(mask, 2)
        if mask == 1:
            self.noise(len(info.groups) * info.max_sfb)
        self.channel(info, right=False)
        self.channel(info, right=True)

    def coupling(self) -> None:
        """Write a coupling_channel_element behind its tag."""
        independent = self.flag()
        targets = self.random.randrange(4)
        self.out.put(targets, 3)
        lists = 0
        for _ in range(targets + 1):
            lists += 1
            pair = self.flag()
            self.noise(4)
            if pair and self.flag() & self.flag():
                lists += 1
        self.noise(4)
        bands = self.channel(None, right=False)
        for _ in range(lists - 1):
            count = 1 if independent or self.flag() else bands
            for _ in range(count):
                self.scale_word(self.random.randrange(-60, 61))

    def ics_info(self, *, common_window: bool) -> Info:
        """Write ics_info and return it."""
        out = self.out
        sequence = self.random.randrange(4)
        out.put(0, 1)
        out.put(sequence, 2)
        self.noise(1)
        if sequence == EIGHT_SHORT:
            max_sfb = self.random.randrange(len(self.short))
            out.put(max_sfb, 4)
            grouping = self.random.getrandbits(7)
            out.put(grouping, 7)
            groups = [1]
            for shift in range(6, -1, -1):
                if (grouping >> shift) & 1:
                    groups[-1] += 1
                else:
                    groups.append(1)
            return Info(sequence, max_sfb, groups)
        max_sfb = self.random.randrange(len(self.long))
        out.put(max_sfb, 6)
        object_type = self.config.audio_object_type
        if object_type not in (MAIN, LTP):
            out.put(0, 1)
        elif self.flag():
            if object_type == MAIN:
                if self.flag():
                    out.put(self.random.randrange(1, 31), 5)
                self.noise(min(max_sfb, PREDICTOR_BAND_LIMITS[self.config.sampling_frequency_index]))
            else:
                for _ in range(1 + common_window):
                    if self.flag():
                        self.noise(14 + min(max_sfb, LTP_BAND_LIMIT))
        return Info(sequence, max_sfb, [1])

    def channel(self, info: Info | None, *, right: bool) -> int:
        """Write an individual_channel_stream and return its bands that are not empty."""
        gain = self.random.randrange(60, 200)
        self.out.put(gain, 8)
        if info is None:
            info = self.ics_info(common_window=False)
        books = self.sections(info, right=right)
        self.scale_factors([book for book, count, _ in books for _ in range(count)], gain)
        self.tools(info)
        for book, _, lines in books:
            if 0 < book <= 11:
                self.lines(book, lines)
        return sum(count for book, count, _ in books if book)

    def sections(self, info: Info, *, right: bool) -> list[tuple[int, int, int]]:
        """Write section_data and return (book, bands, lines) rows."""
        short = info.sequence == EIGHT_SHORT
        size = 3 if short else 5
        offsets = self.short if short else self.long
        choice = [*range(1, 12), 13, *((14, 15) if right else ())]
        rows = []
        for windows in info.groups:
            band = 0
            while band < info.max_sfb:
                book = 0 if self.random.random() < self.quiet else self.random.choice(choice)
                count = self.random.randint(1, min(info.max_sfb - band, self.random.choice([2, 8, 51])))
                self.out.put(book, 4)
                left = count
                while left >= (1 << size) - 1:
                    self.out.put((1 << size) - 1, size)
                    left -= (1 << size) - 1
                self.out.put(left, size)
                rows.append((book, count, (offsets[band + count] - offsets[band]) * windows))
                band += count
        return rows

    def scale_word(self, difference: int) -> None:
        """Write one scale factor code word."""
        self.out.put(*SCALE_CODES[difference + 60])

    def scale_factors(self, books: list[int], gain: int) -> None:
        """Write scale_factor_data: scale factors over their whole range, noise and intensity near their start."""
        noise = False
        for book in books:
            if book == 13 and not noise:
                noise = True
                self.out.put(256 + self.random.randrange(-20, 20), 9)
            elif 0 < book <= 11:
                difference = self.random.randint(max(-60, -gain), min(60, 255 - gain))
                self.scale_word(difference)
                gain += difference
            elif book:
                self.scale_word(self.random.randrange(-2, 3))

    def tools(self, info: Info) -> None:
        """Write pulse_data, tns_data and gain_control_data with their flags."""
        out = self.out
        short = info.sequence == EIGHT_SHORT
        if short:
            out.put(0, 1)
        elif self.flag():
            count = self.random.randrange(4)
            start = self.random.randrange(len(self.long) // 2)
            out.put(count, 2)
            out.put(start, 6)
            self.noise(9 * (count + 1))
        if self.flag():
            main = self.config.audio_object_type == MAIN
            for _ in range(8 if short else 1):
                filters = self.random.randrange(2 if short else 4)
                out.put(filters, 1 if short else 2)
                resolution = self.flag() if filters else 0
                for _ in range(filters):
                    self.noise(4 if short else 6)
                    order = self.random.randint(0, 7 if short else 20 if main else 12)
                    out.put(order, 3 if short else 5)
                    if order:
                        self.noise(1)
                        self.noise(order * (3 + resolution - self.flag()))
        if self.config.audio_object_type != SSR:
            out.put(0, 1)
        elif self.flag():
            bands = self.random.randrange(4)
            out.put(bands, 2)
            locations = {0: [5], 1: [4, 2], 2: [2] * 8, 3: [4, 5]}[info.sequence]
            for _ in range(bands):
                for size in locations:
                    count = self.random.randrange(8)
                    out.put(count, 3)
                    self.noise(count * (4 + size))

    def lines(self, number: int, count: int) -> None:
        """Write ``count`` spectral lines in a book, every code word as likely."""
        book = SPECTRAL_BOOKS[number]
        for _ in range(count // book.dimension):
            index = self.random.randrange(len(book.order))
            self.out.put(*SPECTRAL_CODES[number][index])
            if book.signed:
                continue
            digits = [index // book.base**k % book.base for k in range(book.dimension)]
            self.noise(sum(digit != 0 for digit in digits))
            for _ in range(sum(digit == 16 for digit in digits)):
                ones = self.random.randrange(9)
                self.out.put((1 << ones + 1) - 2, ones + 1)
                self.noise(ones + 4)
