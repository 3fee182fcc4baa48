"""Make the broken file and the reference that the repository ships, with PyAV alone.

Two takes of one make-believe camera: a dial whose hand turns, coloured shapes that drift, a two-tone sound that glides.
The first is then left as by a recorder that lost power: no ``moov``, the size of ``mdat`` still 0.

    python scripts/make_fixtures.py [--out tests/fixtures]
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.support.breaking import drop_moov  # noqa: E402
from tests.support.clips import AudioSpec, ClipSpec, Planes, VideoSpec, make_clip  # noqa: E402

LIMIT = 150_000
"""Bytes a fixture may have."""


def dial(index: int, width: int, height: int, seed: int) -> Planes:
    """Paint one frame: a sky-to-ground gradient, drifting discs, a clock whose hand turns once in 4 seconds."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    down = y / height
    rgb = np.stack([60 + 90 * down, 110 + 40 * down, 190 - 120 * down], axis=-1)
    colours = ((230, 70, 60), (250, 200, 60), (70, 190, 110))
    for i, colour in enumerate(colours):
        cx = (width * (0.2 + 0.3 * i) + (1.5 + i) * index + 53 * seed) % (width + 60) - 30
        cy = height * (0.3 + 0.15 * i) + 18 * np.sin(index / 11 + i + seed)
        _blend(rgb, np.clip(16 + 5 * i - np.hypot(x - cx, y - cy), 0, 1), colour)
    cx, cy, radius = width * 0.72, height * 0.5, height * 0.36
    distance = np.hypot(x - cx, y - cy)
    _blend(rgb, np.clip(radius - distance, 0, 1), (245, 245, 240))
    _blend(rgb, np.clip(3 - np.abs(distance - radius), 0, 1), (40, 40, 45))
    turn = 2 * np.pi * (index / 100 + seed / 7)
    along = (x - cx) * np.sin(turn) - (y - cy) * np.cos(turn)
    across = (x - cx) * np.cos(turn) + (y - cy) * np.sin(turn)
    hand = np.clip(2.5 - np.abs(across), 0, 1) * ((along > -8) & (along < radius - 8))
    _blend(rgb, hand, (30, 30, 35))
    return _to_yuv(rgb)


def _blend(rgb: NDArray[np.float64], alpha: NDArray[np.float64], colour: tuple[int, int, int]) -> None:
    rgb += alpha[..., None] * (np.array(colour) - rgb)


def _to_yuv(rgb: NDArray[np.float64]) -> Planes:
    """Convert to limited-range BT.709 with 2x2 mean chroma."""
    r, g, b = (rgb[..., i] / 255 for i in range(3))
    luma = 0.2126 * r + 0.7152 * g + 0.0722 * b
    planes = [16 + 219 * luma]
    for channel, scale in ((b, 1.8556), (r, 1.5748)):
        full = 128 + 224 * (channel - luma) / scale
        planes.append(full.reshape(full.shape[0] // 2, 2, -1, 2).mean(axis=(1, 3)))
    y, u, v = (np.clip(np.round(plane), 0, 255).astype(np.uint8) for plane in planes)
    return y, u, v


def camera(seed: int, seconds: Fraction, frequency: float) -> ClipSpec:
    """Return one take: 320x180 H.264 with B-frames at 25 a second, 48 kHz stereo AAC."""
    video = VideoSpec(
        options=(("preset", "medium"), ("crf", "25"), ("x264-params", "keyint=50:bframes=3:b-adapt=1")),
        frames=int(seconds * 25),
        size=(320, 180),
        seed=seed,
        paint=dial,
    )
    audio = AudioSpec(rate=48000, frequency=frequency, seconds=seconds, seed=seed, bit_rate=64000)
    return ClipSpec(video=(video,), audio=(audio,))


def main() -> int:
    """Write the fixtures; return 1 if one is larger than it may be."""
    parser = argparse.ArgumentParser(description="Make the fixtures the repository ships.")
    parser.add_argument("--out", type=Path, default=ROOT / "tests" / "fixtures")
    out: Path = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    reference = make_clip(out / "healthy-same-camera.mp4", camera(2, Fraction(3), 523.25))
    with tempfile.TemporaryDirectory() as folder:
        take = make_clip(Path(folder) / "take.mp4", camera(5, Fraction(4), 329.63))
        broken = drop_moov(take, out / "moov-never-written.mp4", mdat_size="zero")
    large = [path for path in (reference, broken) if path.stat().st_size > LIMIT]
    for path in (reference, broken):
        print(f"{path.stat().st_size:8} {path.name}")
    return 1 if large else 0


if __name__ == "__main__":
    sys.exit(main())
