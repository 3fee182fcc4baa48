"""JPEG files of every kind an encoder at hand can make."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def picture(width: int, height: int, seed: int = 0, *, mode: str = "RGB") -> Image.Image:
    """Return a picture with slopes, edges and noise, so that blocks differ in how many coefficients they have."""
    rng = np.random.default_rng(seed)
    bands = len(mode) if mode != "L" else 1
    y, x = np.mgrid[0:height, 0:width]
    planes = [
        (x * (2 + band) + y * (3 - band)) % 256 + np.where((x // 16 + y // 16) % 3 == band % 3, 60, 0)
        for band in range(bands)
    ]
    noisy = np.where((x // 8 + y // 8) % 4 == 0, 1.0, 0.1)[..., None] * rng.normal(0, 25, (height, width, bands))
    pixels = np.clip(np.stack(planes, axis=2) * 0.7 + noisy, 0, 255).astype(np.uint8)
    return Image.fromarray(pixels[:, :, 0] if bands == 1 else pixels, mode if bands in (1, 3) else None).convert(mode)


def jpeg(width: int = 83, height: int = 61, *, seed: int = 0, mode: str = "RGB", **options: Any) -> bytes:
    """Return a JPEG file by Pillow; ``options`` are those of its encoder."""
    stream = io.BytesIO()
    picture(width, height, seed, mode=mode).save(stream, "JPEG", **options)
    return stream.getvalue()


def decoded(data: bytes) -> NDArray[np.uint8]:
    """Return what libjpeg makes of a file, without colour conversion where it is YCbCr."""
    with Image.open(io.BytesIO(data)) as image:
        if image.mode == "RGB":
            image.draft("YCbCr", image.size)
        return np.asarray(image)
