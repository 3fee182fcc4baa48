"""Put new samples into a JPEG file: only the blocks they change are coded anew."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mediarescue.bitstream.jpeg.decode import JpegImage, read_coefficients
from mediarescue.bitstream.jpeg.encode import apply_edits, recoded_scans
from mediarescue.bitstream.jpeg.planes import decode_plane
from mediarescue.bitstream.jpeg.quantise import blocks_of, changed_samples, requantised, rescaled
from mediarescue.bitstream.jpeg.structure import coefficient_steps
from mediarescue.bitstream.jpeg.tables import quantisation_edits
from mediarescue.bitstream.jpeg.trailer import trailer_edits


@dataclass(frozen=True, slots=True)
class PatchResult:
    """What `patch_jpeg` has made.

    Parameters
    ----------
    data : bytes
        The file.
    changed_blocks : tuple of int
        For each component, how many of its blocks have other coefficients than before.
    rewritten_tables : int
        Huffman tables that were extended or made anew because they lacked a symbol.
    trailer_shift : int
        Bytes by which what follows the image has moved; 0 where nothing follows.
    """

    data: bytes
    changed_blocks: tuple[int, ...]
    rewritten_tables: int
    trailer_shift: int


def patch_jpeg(
    source: bytes | JpegImage,
    planes: Mapping[int, NDArray[Any]],
    *,
    within: Mapping[int, NDArray[np.bool_]] | None = None,
    requantise: Mapping[int, NDArray[np.int32]] | None = None,
) -> PatchResult:
    """Return a JPEG file with new samples.

    Parameters
    ----------
    source : bytes or JpegImage
        The file, or what `read_coefficients` has made of it.
    planes : mapping of int to array, shape (component.height, component.width)
        For components by their place in the frame: the plane of `decode_planes` with some samples changed. Any number
        type; floats are not rounded before they are transformed.
    within : mapping of int to bool array, same shapes
        Samples outside of it are taken as unchanged.
    requantise : mapping of int to int32 array, shape (64,)
        Components whose quantisation table is replaced by this one, in row-major order. All their blocks are coded
        anew, those of the others stay bit-identical also where they shared a table.

    Returns
    -------
    PatchResult
        Without any change its data are the source's.

    Raises
    ------
    JpegError
        See `read_coefficients`.
    ValueError
        If a plane, a mask or a table has the wrong shape, or a table values that do not fit.
    """
    image = source if isinstance(source, JpegImage) else read_coefficients(source)
    frame = image.frame
    tables = {place: np.asarray(table, np.int32).reshape(64) for place, table in (requantise or {}).items()}
    table_edits = quantisation_edits(image, tables)
    flat = image.flat.copy()
    views = image.views(flat)
    for place, table in tables.items():
        views[place][:] = rescaled(image.coefficients[place], image.quantisation[place], table, image.frame.precision)
    for place, plane in planes.items():
        component = frame.components[place]
        mask = (within or {}).get(place)
        for array in (plane, mask):
            if array is not None and array.shape != (component.height, component.width):
                raise ValueError(
                    f"component {place} has shape {(component.height, component.width)}, not {array.shape}"
                )
        changed = changed_samples(plane, decode_plane(image, place), mask)
        blocks = np.argwhere(blocks_of(changed))
        table = tables.get(place, image.quantisation[place])
        views[place][blocks[:, 0], blocks[:, 1]] = requantised(image, place, plane, changed, blocks, table)
    for view, old, step in zip(views, image.coefficients, coefficient_steps(image.structure), strict=True):
        if (step != 1).any():
            view[:] = np.where(step == 0, old, np.rint(view / np.maximum(step, 1)) * step)
    differs = (flat.view(np.uint64) != image.flat.view(np.uint64)).reshape(-1, 16).any(axis=1)
    edits, grown = recoded_scans(image, flat, differs.astype(np.uint8))
    edits += table_edits
    more, moved = trailer_edits(image.data, image.structure, edits)
    counts = tuple(
        int(np.count_nonzero(differs[c.first_block : c.first_block + c.block_count])) for c in frame.components
    )
    return PatchResult(apply_edits(image.data, edits + more), counts, grown, moved)
