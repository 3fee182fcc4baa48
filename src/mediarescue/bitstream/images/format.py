"""What a still image format says of itself, for the tracks whose samples are such images."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Image(NamedTuple):
    """Where an image ends and what its header says.

    Attributes
    ----------
    end : int
        Index behind its last byte.
    width, height : int
        Pixels; for a field-coded picture those of the field.
    padded_size : int
        Bytes up to the next field or the end of the sample where the image tells them, else 0.
    """

    end: int
    width: int
    height: int
    padded_size: int = 0


class Start(NamedTuple):
    """Bytes that images begin with: ``marker`` stands ``behind`` bytes from the first one."""

    marker: bytes
    behind: int = 0


@dataclass(frozen=True, slots=True)
class ImageFormat:
    """One format.

    Attributes
    ----------
    starts : tuple of Start
        The forms an image comes in.
    read : callable
        ``(buf, at, stop)`` -> the image that starts at ``buf[at]``, INVALID where none does, NEED_MORE where it runs
        over ``stop``.
    evidence : float
        Nats by which other bytes are unlikely to pass for an image.
    """

    starts: tuple[Start, ...]
    read: Callable[[NDArray[np.uint8], int, int], Image | int]
    evidence: float
