"""Make the pictures of README.md and docs/ from the shipped pair of files, by rescuing it.

    .venv/bin/python scripts/make_pictures.py [--out docs/pictures]

Nothing in them is invented: the message is FFmpeg's; frames, sizes and picture numbers are those of the rescued file.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from dataclasses import dataclass
from html import escape
from pathlib import Path

import av
import av.error
import av.logging
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from mediarescue import untrunc
from mediarescue.bitstream.columns import Column
from mediarescue.bitstream.h264 import H264Scanner, parse_avcc
from mediarescue.isobmff import ByteSource, expand, read_movie
from mediarescue.options import UntruncOptions

ROOT = Path(__file__).resolve().parents[1]
BROKEN = ROOT / "tests" / "fixtures" / "moov-never-written.mp4"
REFERENCE = ROOT / "tests" / "fixtures" / "healthy-same-camera.mp4"
LIMIT = 200_000
"""Bytes a picture may have."""

INK, FAINT, PAPER = "#24292f", "#6e7781", "#ffffff"
VIDEO, AUDIO, INDEX, LOST = "#3b82c4", "#e0a030", "#3f9d63", "#c0392b"
TYPES = {0: "P", 1: "B", 2: "I"}
"""slice_type of H.264 (7.4.3), modulo 5."""
SHADES = {"I": "#1f5f99", "P": VIDEO, "B": "#a9cdec"}


@dataclass(frozen=True)
class Sample:
    """One sample of the rescued file: bytes, track kind, and for video what the slice header says."""

    offset: int
    size: int
    video: bool
    kind: str = ""
    order_count: int = 0


def damaged_map(folder: Path) -> str:
    """Return the map of the broken file with a hole, as ``untrunc --map-picture`` draws it."""
    data, size = bytearray(BROKEN.read_bytes()), 2600
    for place in (0.3, 0.72):
        at = int(len(data) * place)
        data[at : at + size] = bytes(size)
    broken, picture = folder / "damaged.mp4", folder / "map.svg"
    broken.write_bytes(data)
    untrunc(broken, reference=REFERENCE, options=UntruncOptions(dry_run=True, map_picture=picture))
    return picture.read_text(encoding="utf-8")


def why_it_does_not_play(path: Path) -> str:
    """Return what FFmpeg says of the broken file."""
    av.logging.set_level(av.logging.ERROR)
    try:
        with av.logging.Capture() as said:
            av.open(str(path)).close()
    except av.error.InvalidDataError:
        return said[0][2].strip()
    raise SystemExit(f"{path} opens: it is not broken")


def samples_of(path: Path) -> tuple[int, list[Sample]]:
    """Return the file's size and all its samples in file order."""
    found: list[Sample] = []
    with ByteSource.open(path) as source:
        movie = read_movie(source)
        for track in movie.tracks:
            table = expand(track.stbl)
            avcc = track.sample_entries[0].configuration(b"avcC")
            scanner = None if avcc is None else H264Scanner(parse_avcc(avcc))
            for offset, size in zip(table.offset.tolist(), table.size.tolist(), strict=True):
                if scanner is None:
                    found.append(Sample(offset, size, False))
                    continue
                data = np.frombuffer(bytearray(source.read(offset, size)), dtype=np.uint8)
                row = scanner.scan(data, 0, size, final=True)
                assert not isinstance(row, int)
                kind = TYPES[int(row[Column.SLICE_TYPE]) % 5]
                found.append(Sample(offset, size, True, kind, int(row[Column.POC_LSB])))
        return source.size, sorted(found, key=lambda sample: sample.offset)


# -- before and after -------------------------------------------------------------------------------------------------


def before_after(rescued: Path) -> Image.Image:
    """Paint the player that refuses the broken file beside frames of the rescued one."""
    frames, seconds, count = six_frames(rescued)
    picture = Image.new("RGB", (1220, 404), PAPER)
    draw = ImageDraw.Draw(picture)
    for x, title in ((24, "before"), (480, "after mediarescue untrunc")):
        draw.text((x, 18), title, INK, _font(20))
    _player(draw, (24, 56, 416, 332), BROKEN.name, why_it_does_not_play(BROKEN))
    draw.line((432, 194, 456, 194), FAINT, 3)
    draw.polygon([(456, 186), (468, 194), (456, 202)], FAINT)
    for place, (time, frame) in enumerate(frames):
        x, y = 480 + place % 3 * 242, 56 + place // 3 * 168
        picture.paste(frame.resize((234, 132), Image.Resampling.LANCZOS), (x, y))
        draw.text((x, y + 136), f"{time:.2f} s", FAINT, _font(14))
    draw.text((24, 370), f"{BROKEN.stat().st_size:,} bytes, no index", FAINT, _font(14))
    draw.text((480, 384), f"{count} pictures, {seconds:.2f} s, with sound: all that was recorded", FAINT, _font(14))
    return picture


def six_frames(path: Path) -> tuple[list[tuple[float, Image.Image]], float, int]:
    """Return six frames spread over the clip with their times, the video's seconds, and its number of frames."""
    with av.open(str(path)) as container:
        decoded = list(container.decode(video=0))
        step = len(decoded) / 6
        chosen = [decoded[int(place * step)] for place in range(6)]
        frames = [
            (float(frame.time or 0), Image.fromarray(frame.to_ndarray(format="rgb24", dst_color_range=2)))
            for frame in chosen
        ]
        rate = container.streams.video[0].average_rate
        return frames, len(decoded) / float(rate or 1), len(decoded)


def _player(draw: ImageDraw.ImageDraw, box: tuple[int, int, int, int], title: str, message: str) -> None:
    left, top, right, bottom = box
    draw.rounded_rectangle(box, 8, "#111418")
    draw.rounded_rectangle((left, top, right, top + 34), 8, "#2d333b", corners=(True, True, False, False))
    draw.text(((left + right) / 2, top + 17), title, "#d0d7de", _font(14), anchor="mm")
    x, y = (left + right) / 2, top + 118
    draw.ellipse((x - 30, y - 30, x + 30, y + 30), outline="#8b949e", width=3)
    draw.line((x - 11, y - 11, x + 11, y + 11), "#e5534b", 4)
    draw.line((x - 11, y + 11, x + 11, y - 11), "#e5534b", 4)
    draw.text((x, y + 58), "This file cannot be played", "#f0f3f6", _font(18), anchor="mm")
    draw.text((x, y + 84), message, "#e5847d", _font(15), anchor="mm")
    draw.line((left + 20, bottom - 24, right - 110, bottom - 24), "#444c56", 4)
    draw.text((right - 20, bottom - 24), "--:-- / --:--", "#8b949e", _font(14), anchor="rm")


def _font(size: int) -> ImageFont.ImageFont | ImageFont.FreeTypeFont:
    return ImageFont.load_default(size)


# -- drawings ---------------------------------------------------------------------------------------------------------


class Drawing:
    """A small SVG on white paper, so that it reads on dark pages too."""

    def __init__(self, width: int, height: int, title: str) -> None:
        self._parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
            f'font-family="Helvetica, Arial, DejaVu Sans, sans-serif" role="img">',
            f"<title>{escape(title)}</title>",
            f'<rect width="{width}" height="{height}" rx="10" fill="{PAPER}"/>',
        ]

    def box(self, x: float, y: float, width: float, height: float, fill: str, *, dashed: bool = False) -> None:
        """Draw a rectangle."""
        line = f'stroke="{LOST}" stroke-dasharray="5 4"' if dashed else f'stroke="{PAPER}" stroke-width="0.8"'
        self._parts.append(
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" fill="{fill}" {line}/>'
        )

    def text(self, x: float, y: float, text: str, *, size: int = 14, fill: str = INK, middle: bool = False) -> None:
        """Write a line."""
        anchor = ' text-anchor="middle"' if middle else ""
        self._parts.append(
            f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{fill}"{anchor}>{escape(text)}</text>'
        )

    def line(self, x1: float, y1: float, x2: float, y2: float, colour: str = FAINT, *, width: float = 1.2) -> None:
        """Draw a line."""
        self._parts.append(
            f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}" stroke-width="{width}"/>'
        )

    def save(self, path: Path) -> None:
        """Write the file."""
        path.write_text("\n".join([*self._parts, "</svg>\n"]), encoding="utf-8")


def file_layout(rescued: Path) -> Drawing:
    """Draw a recording before and after its end, and what its media data looks like close by."""
    size, samples = samples_of(rescued)
    end = max(sample.offset + sample.size for sample in samples)
    drawing = Drawing(920, 430, "A recording with and without its index, and the first bytes of its media data")
    rows = (
        (34, "finished", size),
        (94, "power lost", end),
        (154, "rescued", size),
    )
    for y, name, stop in rows:
        drawing.text(20, y + 25, name)
        drawing.box(120, y, 42, 38, FAINT)
        drawing.text(141, y + 24, "ftyp", size=12, fill=PAPER, middle=True)
        drawing.box(162, y, 588, 38, VIDEO)
        label = (
            "mdat: pictures and sound"
            if stop == size
            else "mdat, its size never filled in: the same pictures and sound"
        )
        drawing.text(456, y + 24, label, fill=PAPER, middle=True)
        if stop == size:
            drawing.box(750, y, 150, 38, INDEX)
            drawing.text(825, y + 24, "moov: the index" if y < 100 else "moov, rebuilt", fill=PAPER, middle=True)
        else:
            drawing.box(750, y, 150, 38, "none", dashed=True)
            drawing.text(825, y + 24, "never written", fill=LOST, middle=True)
    first = samples[0].offset
    shown = [sample for sample in samples if sample.offset + sample.size - first <= 9_300]
    scale = 880 / (shown[-1].offset + shown[-1].size - first)
    part = (shown[-1].offset + shown[-1].size - first) / (end - first)
    drawing.line(162, 192, 20, 256)
    drawing.line(162 + 588 * part, 192, 900, 256)
    for sample in shown:
        fill = SHADES[sample.kind] if sample.video else AUDIO
        x, width = 20 + (sample.offset - first) * scale, sample.size * scale
        drawing.box(x, 256, width, 60, fill)
        if sample.video and width > 12:
            drawing.text(x + width / 2, 291, sample.kind, fill=PAPER if sample.kind != "B" else INK, middle=True)
    x = 20.0
    for fill, text in (
        (SHADES["I"], "whole picture (I)"),
        (SHADES["P"], "change to an earlier one (P)"),
        (SHADES["B"], "between two others (B)"),
        (AUDIO, "a frame of sound"),
    ):
        drawing.box(x, 340, 16, 16, fill)
        drawing.text(x + 22, 353, text, size=13)
        x += 38 + 6.9 * len(text)
    drawing.text(
        20,
        390,
        f"The first {len(shown)} of {len(samples)} samples, widths to scale: pictures and sound take turns, "
        "nothing between them says where one ends.",
        size=13,
        fill=FAINT,
    )
    drawing.text(
        20, 410, "The index would say it: where each lies, how long it is, when it is shown.", size=13, fill=FAINT
    )
    return drawing


def picture_order(rescued: Path) -> Drawing:
    """Draw how the pictures' own numbers give the order on screen."""
    _, samples = samples_of(rescued)
    pictures = [sample for sample in samples if sample.video][:14]
    # Only a set of pictures without holes in its numbers shows a whole order.
    while sorted(p.order_count for p in pictures) != list(range(0, 2 * len(pictures), 2)):
        pictures.pop()
    drawing = Drawing(920, 300, "Pictures in the order of the file and in the order of the screen")
    drawing.text(
        20,
        34,
        "as they lie in the file: the number is the picture order count that the encoder wrote into each",
        size=13,
    )
    drawing.text(20, 286, "as they are shown: sorted by that number", size=13)
    step = 880 / len(pictures)
    ranks = {count: rank for rank, count in enumerate(sorted(p.order_count for p in pictures))}
    for place, picture in enumerate(pictures):
        x, to = 20 + place * step, 20 + ranks[picture.order_count] * step
        colour = {"I": SHADES["I"], "P": VIDEO, "B": "#7fb2de"}[picture.kind]
        drawing.line(x + step / 2, 100, to + step / 2, 210, colour, width=2)
        for left, top in ((x, 50), (to, 210)):
            drawing.box(left + 3, top, step - 6, 50, SHADES[picture.kind])
            ink = INK if picture.kind == "B" else PAPER
            drawing.text(left + step / 2, top + 22, picture.kind, size=15, fill=ink, middle=True)
            drawing.text(left + step / 2, top + 40, str(picture.order_count), size=13, fill=ink, middle=True)
    return drawing


def main() -> int:
    """Write the pictures; return 1 if one is larger than it may be."""
    parser = argparse.ArgumentParser(description="Make the pictures of README.md and docs/.")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "pictures")
    out: Path = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        rescued = Path(folder) / BROKEN.name
        report = untrunc(BROKEN, reference=REFERENCE, output=rescued)
        _, _, shown = six_frames(rescued)
        if shown != report.tracks[0].samples or report.reservations:
            raise SystemExit(f"a player shows {shown} pictures of {report.tracks[0].samples}: nothing to be proud of")
        (out / "map.svg").write_text(damaged_map(Path(folder)), encoding="utf-8")
        before_after(rescued).save(out / "before-after.png", optimize=True)
        file_layout(rescued).save(out / "file-layout.svg")
        picture_order(rescued).save(out / "picture-order.svg")
    made = sorted(out.iterdir())
    for path in made:
        print(f"{path.stat().st_size:8} {path.name}")
    return 1 if any(path.stat().st_size > LIMIT for path in made) else 0


if __name__ == "__main__":
    sys.exit(main())
