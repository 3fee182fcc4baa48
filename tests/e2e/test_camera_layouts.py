"""Whole files as cameras lay them out, rescued; where no encoder writes the layout it is built as documented."""

from __future__ import annotations

import random
import struct
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from mediarescue.api import untrunc
from mediarescue.reports import UntruncReport
from tests.conftest import Clips
from tests.support.boxes import box, mdat_of, tables_of, top_level
from tests.support.breaking import drop_moov
from tests.support.clips import AudioSpec, ClipSpec, VideoSpec
from tests.support.codecs.metadata import rtmd_samples
from tests.support.hashes import Frozen
from tests.support.layout import rechunk
from tests.support.remux import tracks_of
from tests.support.synthetic import SyntheticTrack, write_movie

_GOP = 12
_RATE = 25


def filmed(clips: Clips, seed: int, frames: int) -> Path:
    """Return a clip in the manner of XAVC S: closed GOPs without B pictures, 16-bit big-endian PCM."""
    video = VideoSpec(
        frames=frames,
        rate=Fraction(_RATE),
        seed=seed,
        options=(("x264-params", f"bframes=0:keyint={_GOP}:scenecut=0"),),
    )
    sound = AudioSpec("pcm_s16be", 48000, content="noise", seed=seed, seconds=Fraction(frames, _RATE))
    return clips.clip(f"xavc-{seed}-{frames}.mov", ClipSpec("mov", (video,), (sound,)))


def xavc(clips: Clips, path: Path, *, seed: int, frames: int) -> bytes:
    """Write an XAVC-like film, [rtmd x 12][video x 12][PCM] a GOP, and return its media data.

    Notes
    -----
    Built from the documented structure: no real file of such a camera is at hand.
    """
    video, sound = tracks_of(filmed(clips, seed, frames), per_chunk=_GOP)
    pcm = b"".join(sound.samples)
    step = _GOP * 48000 // _RATE * 4
    chunks = tuple(pcm[at : at + step] for at in range(0, len(pcm), step))
    sound = replace(sound, samples=chunks, constant_size=4, per_chunk=1, duration=1)
    telemetry = SyntheticTrack(
        b"meta", b"rtmd", tuple(rtmd_samples(random.Random(seed), frames)), video.timescale, video.duration,
        per_chunk=_GOP,
    )  # fmt: skip
    placed = write_movie(path, (telemetry, video, sound))
    return path.read_bytes()[placed.start : placed.end]


def samples(path: Path) -> list[list[bytes]]:
    data = path.read_bytes()
    return [[data[o : o + s] for o, s in zip(t.offsets, t.sizes, strict=True)] for t in tables_of(path)]


def joined(path: Path) -> list[bytes]:
    return [b"".join(track) for track in samples(path)]


def assert_whole(report: UntruncReport, take: Path) -> None:
    assert report.output is not None
    assert joined(Path(report.output)) == joined(take)
    assert [gap for gap in report.gaps if not gap.expected] == []


def test_a_sony_rsv_without_any_header_is_rescued(clips: Clips, tmp_path: Path, frozen_input: Frozen) -> None:
    xavc(clips, tmp_path / "good.mp4", seed=2, frames=60)
    media = xavc(clips, tmp_path / "take.mp4", seed=1, frames=96)
    broken = tmp_path / "C0001.RSV"
    broken.write_bytes(media)
    report = untrunc(frozen_input(broken), reference=tmp_path / "good.mp4", output=tmp_path / "out.mp4")
    assert_whole(report, tmp_path / "take.mp4")


def test_a_sony_rsv_cut_inside_a_gop_keeps_what_is_whole(clips: Clips, tmp_path: Path) -> None:
    xavc(clips, tmp_path / "good.mp4", seed=2, frames=60)
    media = xavc(clips, tmp_path / "take.mp4", seed=1, frames=96)
    broken = tmp_path / "C0002.RSV"
    broken.write_bytes(media[: len(media) * 7 // 10])
    report = untrunc(broken, reference=tmp_path / "good.mp4", output=tmp_path / "out.mp4")
    assert report.output is not None
    for got, true in zip(samples(Path(report.output)), samples(tmp_path / "take.mp4"), strict=True):
        assert b"".join(true).startswith(b"".join(got))
        assert len(b"".join(got)) > 0.6 * len(b"".join(true))


def laid_out(name: str, take: Path) -> bytes:
    """Return the take's media as a writer that crashed leaves it, in one of the layouts of real cameras."""
    data, mdat = take.read_bytes(), mdat_of(take)
    media = data[mdat.offset + mdat.header : mdat.end]
    head = next(data[b.offset : b.end] for b in top_level(take) if b.kind == b"ftyp")
    if name == "QuickTime without ftyp":
        return struct.pack(">I4sI4s", 8, b"wide", 0, b"mdat") + media
    if name == "Android's reserved free, question marks for a size":
        return head + box(b"free", bytes(403_601)) + b"????mdat" + media
    if name == "Android's question marks in 64 bits":
        return head + box(b"free", bytes(3000)) + b"\0\0\0\1mdat????????" + media
    if name == "XAVC's profile box, media from 128 KiB on":
        filler = box(b"uuid", b"PROF" + bytes(12 + 200))
        return head + filler + box(b"free", bytes(131_056 - len(head) - len(filler) - 8)) + b"\0\0\0\0mdat" + media
    ends = sorted({o + s for t in tables_of(take) for o, s in zip(t.offsets, t.sizes, strict=True)})
    split = ends[len(ends) // 2] - mdat.offset - mdat.header
    assert name == "two media data boxes"
    return (
        head + box(b"mdat", media[:split]) + box(b"free", b"between") + struct.pack(">I4s", 0, b"mdat") + media[split:]
    )


@pytest.mark.parametrize(
    "name",
    [
        "QuickTime without ftyp",
        "Android's reserved free, question marks for a size",
        "Android's question marks in 64 bits",
        "XAVC's profile box, media from 128 KiB on",
        "two media data boxes",
    ],
)
def test_a_layout_is_rescued_whole(name: str, clips: Clips, tmp_path: Path, frozen_input: Frozen) -> None:
    pair = clips.pair("h264_no_b")
    take, good = (
        rechunk(path, tmp_path / f"{role}.mov", chunk_seconds=0.5)
        for role, path in (("take", pair.take), ("good", pair.reference))
    )
    broken = tmp_path / "broken.mov"
    broken.write_bytes(laid_out(name, take))
    assert_whole(untrunc(frozen_input(broken), reference=good), take)


@pytest.mark.parametrize(("a", "b", "degrees"), [(0, 1, 90), (-1, 0, 180), (0, -1, 270)])
def test_a_film_turned_like_the_reference_says_so(
    a: int, b: int, degrees: int, clips: Clips, tmp_path: Path, frozen_input: Frozen
) -> None:
    pair = clips.pair("h264_no_b")
    identity = struct.pack(">9i", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
    turned = struct.pack(">9i", a << 16, b << 16, 0, -b << 16, a << 16, 0, 0, 0, 0x40000000)
    data = pair.reference.read_bytes()
    at = data.index(identity, data.index(b"tkhd"))
    reference = tmp_path / "turned.mp4"
    reference.write_bytes(data[:at] + turned + data[at + len(turned) :])
    broken = frozen_input(drop_moov(pair.take, tmp_path / "broken.mp4"))
    report = untrunc(broken, reference=reference)
    assert [warning for warning in report.warnings if f"turned by {degrees} degrees" in warning]
    assert report.exit_code == 0
