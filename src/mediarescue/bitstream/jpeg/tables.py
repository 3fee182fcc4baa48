"""Give components other quantisation tables, and leave those of the others alone."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from mediarescue.bitstream.jpeg.decode import JpegImage
from mediarescue.bitstream.jpeg.encode import Edit
from mediarescue.bitstream.jpeg.layout import NATURAL_ORDER
from mediarescue.bitstream.jpeg.structure import DQT, QuantDefinition

_SLOTS = 4


def quantisation_edits(image: JpegImage, wanted: Mapping[int, NDArray[np.int32]]) -> list[Edit]:
    """Return the edits of DQT and SOF for other tables.

    Parameters
    ----------
    image : JpegImage
    wanted : mapping of int to int32 array, shape (64,)
        Table for some of the components, in row-major order.

    Raises
    ------
    ValueError
        If a value is not 1 to 255; up to 65535 where the component's present table has 16-bit values.

    Notes
    -----
    A table that no other component uses is overwritten. Otherwise the component gets an identifier of its own, and a
    DQT segment directly before its first scan, where no later definition can take its place.
    """
    components = image.frame.components
    sof = image.frame.offset + 10
    groups: dict[tuple[QuantDefinition, tuple[int, ...]], list[int]] = {}
    for place, table in wanted.items():
        quant = components[place].quant
        values = tuple(int(value) for value in np.asarray(table).reshape(-1)[NATURAL_ORDER])
        if not all(1 <= value < (65536 if quant.wide else 256) for value in values):
            raise ValueError("the values of a quantisation table have to be 1 to 255")
        groups.setdefault((quant, values), []).append(place)
    shared = {
        quant
        for (quant, _), places in groups.items()
        if any(c.quant == quant and place not in places for place, c in enumerate(components))
    }
    taken = {c.quant.slot for place, c in enumerate(components) if place not in wanted or c.quant not in shared}
    edits: set[Edit] = set()
    for (quant, values), places in groups.items():
        raw = b"".join(value.to_bytes(1 + quant.wide, "big") for value in values)
        if quant not in shared:
            edits.add(Edit(quant.offset, quant.offset + len(raw), raw))
            continue
        slot = min(set(range(_SLOTS)) - taken)
        taken.add(slot)
        segment = bytes([0xFF, DQT, 0, 3 + len(raw), quant.wide << 4 | slot]) + raw
        for place in places:
            before = _first_scan(image, place)
            edits.add(Edit(before, before, segment))
            edits.add(Edit(sof + 3 * place + 2, sof + 3 * place + 3, bytes([slot])))
    return list(edits)


def _first_scan(image: JpegImage, place: int) -> int:
    """Return where the header of the first scan of a component starts in the file."""
    behind = next(scan.data_start for scan in image.structure.scans if place in scan.components)
    return next(segment.start for segment in image.structure.segments if segment.stop == behind)
