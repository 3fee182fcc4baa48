"""What another program changed in a picture, whatever it made of its channels and depth."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mediarescue.media.rgb import Picture


def like(picture: Picture, fresh: Picture, notes: set[str]) -> Picture:
    """Bring a picture to the channels of another: without alpha, grey as RGB, RGB as grey.

    Parameters
    ----------
    picture, fresh : NDArray
        Shape (rows, columns) or (rows, columns, channels).
    notes : set of str
        Gets what is to be said of the picture.
    """
    import cv2

    plain: Any = picture
    if plain.ndim == 3 and plain.shape[2] in (2, 4):
        if plain[..., -1].min() < np.iinfo(plain.dtype).max:
            notes.add("transparency in the pictures was left out: films have none")
        plain = plain[..., :-1]
    if plain.ndim == 3 and plain.shape[2] == 1:
        plain = plain[..., 0]
    plain = np.ascontiguousarray(plain)
    if plain.ndim == 2 and fresh.ndim == 3:
        notes.add("grey pictures were taken for a film in colour")
        plain = np.repeat(plain[..., None], 3, axis=2)
    elif plain.ndim == 3 and fresh.ndim == 2:
        if not (plain[..., 0] == plain[..., 1]).all() or not (plain[..., 1] == plain[..., 2]).all():
            notes.add("the colours of pictures were left out: the film has none there")
        plain = cv2.cvtColor(plain, cv2.COLOR_BGR2GRAY)
    return plain  # type: ignore[no-any-return]


def differing(picture: Picture, fresh: Picture, tolerance: int, notes: set[str]) -> NDArray[np.bool_]:
    """Tell which pixels were changed.

    Parameters
    ----------
    picture, fresh : NDArray
        Of the same shape.
    tolerance : int
        Differences up to so many levels of 255 count as none.
    notes : set of str
        Gets what is to be said of the picture.

    Returns
    -------
    NDArray[np.bool_]
        Shape (rows, columns).

    Notes
    -----
    Of two depths, what cutting or rounding the finer numbers gives counts as equal.
    """
    import cv2

    over: Any
    if picture.dtype == fresh.dtype:
        limit = tolerance * (257 if fresh.dtype == np.uint16 else 1)
        over = cv2.absdiff(picture, fresh) > limit
    elif picture.dtype == np.uint8:
        notes.add("pictures of 8 bits were taken for a film of more: changed places lose their fine steps")
        cut, rounded = (fresh >> 8).astype(np.uint8), ((fresh.astype(np.uint32) + 128) // 257).astype(np.uint8)
        over = (cv2.absdiff(picture, cut) > tolerance) & (cv2.absdiff(picture, rounded) > tolerance)
    else:
        over = cv2.absdiff((picture >> 8).astype(np.uint8), fresh) > tolerance
    # Three times as fast as any() along so short an axis.
    return over[..., 0] | over[..., 1] | over[..., 2] if over.ndim == 3 else over  # type: ignore[no-any-return]
