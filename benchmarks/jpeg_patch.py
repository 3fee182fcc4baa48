"""Time the JPEG block patcher: read, decode, patch some hundred blocks, write; beside decoding and encoding anew.

``python benchmarks/jpeg_patch.py [PHOTO...]``: every stage's seconds of CPU time, the median of ``--repeat`` runs
after one that is not counted, for files of 24 megapixels, and for the photos named.
"""

from __future__ import annotations

import argparse
import io
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from mediarescue.bitstream.jpeg import decode_planes, patch_jpeg, read_coefficients

SIZE = (6000, 4000)
KINDS: dict[str, dict[str, Any]] = {
    "4:2:0": {"subsampling": "4:2:0"},
    "4:4:4": {"subsampling": "4:4:4", "quality": 97},
    "4:2:2, restarts": {"subsampling": "4:2:2", "restart_marker_rows": 1},
    "4:2:0, optimised": {"subsampling": "4:2:0", "optimize": True},
    "4:2:0, progressive": {"subsampling": "4:2:0", "progressive": True},
}
SPOTS = 100
SPOT = 12


def generated(options: dict[str, Any]) -> bytes:
    """Return a file of slopes, edges and noise; about 3 bits a pixel at quality 92 and 4:2:0."""
    width, height = SIZE
    rng = np.random.default_rng(0)
    y, x = np.mgrid[0:height, 0:width]
    base = (x // 3 + y // 2) % 256 + 40 * ((x // 37 + y // 53) % 3 == 0)
    pixels = np.stack([base, np.roll(base, 91, 0), 255 - base], axis=2).astype(np.float32)
    pixels += rng.normal(0, 5, (height, width, 1)).astype(np.float32)
    stream = io.BytesIO()
    image = Image.fromarray(pixels.clip(0, 255).astype(np.uint8))
    image.save(stream, "JPEG", **{"quality": 92, **options})
    return stream.getvalue()


def timed(times: dict[str, list[float]], name: str, work: Callable[[], Any]) -> Any:
    """Return what ``work`` returns, its CPU time added under a name."""
    began = time.process_time()
    result = work()
    times.setdefault(name, []).append(time.process_time() - began)
    return result


def one_run(data: bytes, times: dict[str, list[float]]) -> tuple[int, int]:
    """Heal spots of a file; return how many blocks changed, and how many of all others did."""
    image = timed(times, "read", lambda: read_coefficients(data))
    planes = timed(times, "planes", lambda: decode_planes(image))
    frame = image.frame
    new = [plane.copy() for plane in planes]
    rng = np.random.default_rng(1)
    for _ in range(SPOTS):
        row, col = int(rng.integers(frame.height)), int(rng.integers(frame.width))
        for plane, component in zip(new, frame.components, strict=True):
            top, left = row * component.v // frame.v_most, col * component.h // frame.h_most
            part = plane[top : top + SPOT, left : left + SPOT]
            part[:] = int(part.mean())
    result = timed(times, "patch and write", lambda: patch_jpeg(image, dict(enumerate(new))))
    after = read_coefficients(result.data)
    stray = 0
    for place, (was, now) in enumerate(zip(image.coefficients, after.coefficients, strict=True)):
        touched = np.zeros(was.shape[:2], np.bool_)
        rows, cols = np.nonzero(new[place] != planes[place])
        touched[rows // 8, cols // 8] = True
        stray += int(((was != now).any(axis=2) & ~touched).sum())
    pillow = timed(times, "(Pillow: decode", lambda: np.asarray(Image.open(io.BytesIO(data))))
    mode = Image.fromarray(pillow)
    timed(times, "encode)", lambda: mode.save(io.BytesIO(), "JPEG", quality=92))
    return sum(result.changed_blocks), stray


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photos", nargs="*", type=Path, metavar="PHOTO")
    parser.add_argument("--repeat", type=int, default=5)
    arguments = parser.parse_args()
    files = {name: generated(options) for name, options in KINDS.items()} if not arguments.photos else {}
    files |= {path.name: path.read_bytes() for path in arguments.photos}
    for name, data in files.items():
        one_run(data, {})
        times: dict[str, list[float]] = {}
        for _ in range(arguments.repeat):
            changed, stray = one_run(data, times)
        medians = {stage: statistics.median(values) for stage, values in times.items()}
        total = sum(value for stage, value in medians.items() if stage in ("read", "planes", "patch and write"))
        stages = ", ".join(f"{stage} {value:.2f}" for stage, value in medians.items())
        print(f"{name} ({len(data) / 1e6:.1f} MB): {total:.2f} s; {stages}; {changed} blocks changed, {stray} others")


if __name__ == "__main__":
    main()
