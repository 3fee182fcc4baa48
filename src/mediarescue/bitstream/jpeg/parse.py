"""Read the segments of a JPEG file (ITU-T T.81 Annex B); entropy-coded data are stepped over."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

import numpy as np

from mediarescue.bitstream.jpeg.errors import JpegError, UnsupportedJpegError
from mediarescue.bitstream.jpeg.huffman import LONGEST, HuffmanTable
from mediarescue.bitstream.jpeg.standard_tables import STANDARD_TABLES
from mediarescue.bitstream.jpeg.structure import (
    APP0,
    APP14,
    DAC,
    DHT,
    DNL,
    DQT,
    DRI,
    EOI,
    SOI,
    SOS,
    Component,
    Frame,
    HuffmanDefinition,
    QuantDefinition,
    Scan,
    Segment,
    Structure,
    coefficient_steps,
)

_SCAN_END = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
"""The marker behind entropy-coded data: no stuffed zero, no restart, no fill (B.1.1.5)."""
_SEQUENTIAL, _PROGRESSIVE = (0xC0, 0xC1), 0xC2
_FRAMES = frozenset((*range(0xC0, 0xC4), *range(0xC5, 0xC8), *range(0xC9, 0xCC), *range(0xCD, 0xD0), 0xDE, 0xF7))
_ALONE = frozenset((0x01, *range(0xD0, 0xD8)))
"""Markers without parameters: TEM, RSTn."""
_KINDS = {0xC3: "lossless JPEG", 0xDE: "hierarchical JPEG", 0xF7: "JPEG-LS"}
_MOST_COMPONENTS = 4
_BIGGEST_SYMBOL_OF_DC = 15
_UNSENT = -1
_MOST_SCANS = 1000
"""Each costs time by the size of the image, but may take a few bytes only."""


@dataclass(slots=True)
class _State:
    """What the segments up to a place have said."""

    data: bytes
    segments: list[Segment] = field(default_factory=list)
    huffman: dict[int, HuffmanDefinition] = field(default_factory=dict)
    quant: dict[int, QuantDefinition] = field(default_factory=dict)
    latched: dict[int, QuantDefinition] = field(default_factory=dict)
    header: Segment | None = None
    lines: int = 0
    interval: int = 0
    jfif: bool = False
    adobe: int = -1
    scans: list[Scan] = field(default_factory=list)


def parse(data: bytes) -> Structure:
    """Return what the segments of a JPEG file say.

    Raises
    ------
    JpegError
        If the segments contradict the syntax or each other, or the file ends inside of one.
    UnsupportedJpegError
        If the image is lossless, arithmetic-coded or hierarchical.
    """
    if data[:3] != b"\xff\xd8\xff":
        raise JpegError("this is no JPEG file", 0)
    state = _State(data)
    pos = 2
    while True:
        segment = _segment_at(data, pos)
        if segment is None or (segment.marker == SOI and state.scans):
            # without EOI the image ends with the last scan's data; whatever stands behind is a trailer
            end = len(data) if segment is None else segment.start
            break
        state.segments.append(segment)
        pos = segment.stop
        if segment.marker == EOI:
            end = pos
            break
        _read(state, segment)
        if segment.marker == SOS:
            found = _SCAN_END.search(data, pos)
            pos = len(data) if found is None else found.start()
            state.scans[-1] = replace(state.scans[-1], data_stop=pos)
    if state.header is None or not state.scans:
        raise JpegError("the JPEG file holds no image", end)
    frame = _frame(state, state.header)
    structure = Structure(frame, tuple(state.scans), tuple(state.segments), _color(state, frame), end)
    if frame.progressive:
        _check_progression(structure)
    if state.segments[-1].marker != EOI and (coefficient_steps(structure) != 1).any():
        raise JpegError("the JPEG file ends before its last scan", end)
    return structure


def _segment_at(data: bytes, pos: int) -> Segment | None:
    """Return the next segment at or behind ``pos``, stray bytes and fill being passed; None at the end."""
    while True:
        start = data.find(b"\xff", pos)
        if start < 0 or start + 1 >= len(data):
            return None
        marker = data[start + 1]
        if marker not in (0, 0xFF) and marker not in _ALONE:
            break
        pos = start + (1 if marker == 0xFF else 2)
    if marker in (EOI, SOI):
        return Segment(marker, start, start + 2)
    if marker < 0xC0:
        raise JpegError(f"there is no JPEG marker {marker:02X}: the file is damaged", start)
    size = int.from_bytes(data[start + 2 : start + 4], "big")
    stop = start + 2 + size
    if size < 2 or stop > len(data):
        raise JpegError("the JPEG file ends inside its headers or is damaged there", start)
    return Segment(marker, start, stop)


def _read(state: _State, segment: Segment) -> None:
    """Take in one segment."""
    marker, payload = segment.marker, state.data[segment.start + 4 : segment.stop]
    if marker in _FRAMES:
        if marker not in (*_SEQUENTIAL, _PROGRESSIVE):
            kind = _KINDS.get(marker, "arithmetic-coded JPEG" if marker > 0xC8 else "hierarchical JPEG")
            raise UnsupportedJpegError(f"{kind} is not supported", segment.start)
        if state.header is not None:
            raise JpegError("the JPEG file has two frame headers", segment.start)
        state.header = segment
        _check_frame(payload, segment.start)
    elif marker == DQT:
        _read_quant(state, segment)
    elif marker == DHT:
        _read_huffman(state, segment)
    elif marker == SOS:
        _read_scan(state, segment, payload)
    elif marker == DAC:
        raise UnsupportedJpegError("arithmetic-coded JPEG is not supported", segment.start)
    elif marker in (DRI, DNL):
        if len(payload) != 2:
            raise JpegError("a marker of the JPEG file has a wrong length", segment.start)
        if marker == DRI:
            state.interval = int.from_bytes(payload, "big")
        elif len(state.scans) == 1:
            state.lines = int.from_bytes(payload, "big")
    elif marker == APP0 and payload.startswith(b"JFIF\0"):
        state.jfif = True
    elif marker == APP14 and payload.startswith(b"Adobe") and len(payload) >= 12:
        state.adobe = payload[11]
    elif marker == SOI:
        raise JpegError("the JPEG file starts twice", segment.start)


def _check_frame(payload: bytes, offset: int) -> None:
    """Check the parameters of SOFn (B.2.2), except that the number of lines may be 0 yet."""
    if len(payload) < 6 or len(payload) != 6 + 3 * payload[5]:
        raise JpegError("the JPEG frame header has a wrong length", offset)
    if payload[0] not in (8, 12):
        raise JpegError(f"a JPEG precision of {payload[0]} bits does not exist", offset)
    if payload[3:5] == b"\0\0" or not payload[5]:
        raise JpegError("the JPEG image has no width or no components", offset)
    if payload[5] > _MOST_COMPONENTS:
        raise UnsupportedJpegError(f"JPEG images of {payload[5]} components are not supported", offset)
    identifiers = payload[6::3]
    if len(set(identifiers)) < len(identifiers):
        raise JpegError("two components of the JPEG image have the same identifier", offset)
    for sampling, quant in zip(payload[7::3], payload[8::3], strict=True):
        if not (1 <= sampling >> 4 <= 4 and 1 <= sampling & 15 <= 4 and quant <= 3):
            raise JpegError("the JPEG frame header names impossible sampling factors or tables", offset)


def _read_quant(state: _State, segment: Segment) -> None:
    """Take in DQT (B.2.4.1)."""
    data, pos = state.data, segment.start + 4
    while pos < segment.stop:
        wide, slot = data[pos] >> 4, data[pos] & 15
        size = 128 if wide else 64
        if wide > 1 or slot > 3 or pos + 1 + size > segment.stop:
            raise JpegError("a quantisation table of the JPEG file is damaged", pos)
        raw = data[pos + 1 : pos + 1 + size]
        values = tuple(raw) if not wide else tuple(raw[i] << 8 | raw[i + 1] for i in range(0, 128, 2))
        if 0 in values:
            raise JpegError("a quantisation table of the JPEG file holds zeros", pos)
        state.quant[slot] = QuantDefinition(pos + 1, slot, bool(wide), values)
        pos += 1 + size


def _read_huffman(state: _State, segment: Segment) -> None:
    """Take in DHT."""
    for slot, table in huffman_tables(state.data, segment):
        state.huffman[slot] = HuffmanDefinition(segment.start, slot, table)


def huffman_tables(data: bytes, segment: Segment) -> list[tuple[int, HuffmanTable]]:
    """Return identifier (+ 16 for AC) and table of all that a DHT segment defines (B.2.4.2)."""
    tables, pos = [], segment.start + 4
    while pos < segment.stop:
        slot, counts = data[pos], data[pos + 1 : pos + 1 + LONGEST]
        stop = pos + 1 + LONGEST + sum(counts)
        if slot & 0xEF > 3 or stop > segment.stop:
            raise JpegError("a Huffman table of the JPEG file is damaged", pos)
        try:
            tables.append((slot, HuffmanTable(counts, data[pos + 1 + LONGEST : stop])))
        except ValueError as error:
            raise JpegError(str(error), pos) from None
        pos = stop
    return tables


def _read_scan(state: _State, segment: Segment, payload: bytes) -> None:
    """Take in SOS (B.2.3)."""
    offset = segment.start
    if state.header is None:
        raise JpegError("a scan of the JPEG file comes before the frame header", offset)
    count = payload[0] if payload else 0
    if not 1 <= count <= _MOST_COMPONENTS or len(payload) != 4 + 2 * count:
        raise JpegError("a scan header of the JPEG file is damaged", offset)
    sof = state.data[state.header.start + 4 : state.header.stop]
    identifiers = list(sof[6::3])
    progressive = state.header.marker == _PROGRESSIVE
    if len(state.scans) >= _MOST_SCANS:
        raise JpegError("the JPEG file has more scans than any encoder writes", offset)
    places = [identifiers.index(i) if i in identifiers else -1 for i in payload[1 : 1 + 2 * count : 2]]
    start, end, high, low = (*payload[-3:-1], payload[-1] >> 4, payload[-1] & 15) if progressive else (0, 63, 0, 0)
    sound = -1 not in places and len(set(places)) == count
    if progressive:
        sound = sound and (end == 0 if start == 0 else start <= end <= 63 and count == 1)
        sound = sound and low <= 13 and high in (0, low + 1)
    elif any(place in scan.components for scan in state.scans for place in places):
        sound = False
    if not sound:
        raise JpegError("a scan header of the JPEG file is damaged", offset)
    dc: list[HuffmanDefinition | None] = []
    ac: list[HuffmanDefinition | None] = []
    for place, selected in zip(places, payload[2 : 2 + 2 * count : 2], strict=True):
        needs_dc, needs_ac = start == 0 and high == 0, end > 0
        dc.append(_table(state, selected >> 4, offset) if needs_dc else None)
        ac.append(_table(state, 16 | (selected & 15), offset) if needs_ac else None)
        if place not in state.latched:
            quant = state.quant.get(sof[8 + 3 * place])
            if quant is None:
                raise JpegError("a quantisation table of the JPEG file is missing", offset)
            state.latched[place] = quant
    state.scans.append(
        Scan(
            *(tuple(places), tuple(dc), tuple(ac), start, end, high, low, state.interval),
            *(segment.stop, segment.stop),
        )
    )


def _table(state: _State, slot: int, offset: int) -> HuffmanDefinition:
    """Return the Huffman table a scan names; the usual ones where the file has left them out."""
    found = state.huffman.get(slot)
    if found is None and slot in STANDARD_TABLES:
        found = HuffmanDefinition(-1, slot, STANDARD_TABLES[slot])
    if found is None:
        raise JpegError("a Huffman table of the JPEG file is missing", offset)
    if slot < 16 and any(value > _BIGGEST_SYMBOL_OF_DC for value in found.table.values):
        raise JpegError("a Huffman table of the JPEG file is damaged", offset)
    return found


def _frame(state: _State, header: Segment) -> Frame:
    """Return the frame header, with sizes of its components (A.1.1, A.2)."""
    sof = state.data[header.start + 4 : header.stop]
    height, width = int.from_bytes(sof[1:3], "big") or state.lines, int.from_bytes(sof[3:5], "big")
    if not height:
        raise JpegError("the JPEG image has no height", header.start)
    factors = [(sampling >> 4, sampling & 15) for sampling in sof[7::3]]
    h_most, v_most = max(h for h, _ in factors), max(v for _, v in factors)
    across, down = -(-width // (8 * h_most)), -(-height // (8 * v_most))
    components: list[Component] = []
    first = 0
    for place, (h, v) in enumerate(factors):
        if not any(place in scan.components and scan.start == 0 for scan in state.scans):
            raise JpegError("the JPEG file ends before all components of the image", len(state.data))
        size = (-(-width * h // h_most), -(-height * v // v_most))
        quant = state.latched[place]
        components.append(Component(sof[6 + 3 * place], h, v, quant, *size, across * h, down * v, first))
        first += across * h * down * v
    return Frame(header.start, sof[0], width, height, header.marker == _PROGRESSIVE, tuple(components))


def _check_progression(structure: Structure) -> None:
    """Raise JpegError where a scan does not go on at the bit at which an earlier one has stopped (G.1.1.1.2)."""
    sent = np.full((len(structure.frame.components), 64), _UNSENT)
    for scan in structure.scans:
        band = sent[list(scan.components), scan.start : scan.end + 1]
        if (band != (scan.high or _UNSENT)).any():
            raise JpegError("the scans of the progressive JPEG file do not follow each other", scan.data_start)
        sent[list(scan.components), scan.start : scan.end + 1] = scan.low


def _color(state: _State, frame: Frame) -> str:
    """Return what the components are: JFIF knows YCbCr only, then Adobe's marker counts, then the identifiers."""
    count = len(frame.components)
    if count == 4:
        return "YCCK" if state.adobe == 2 else "CMYK"
    if count < 3:
        return "gray" if count == 1 else "unknown"
    if state.jfif:
        return "YCbCr"
    if state.adobe >= 0:
        return "RGB" if state.adobe == 0 else "YCbCr"
    return "RGB" if bytes(c.identifier for c in frame.components) == b"RGB" else "YCbCr"
