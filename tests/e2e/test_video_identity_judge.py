"""What judges the media core notices what is not the same: each change to a film gives its own difference."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from tests.support.boxes import box, children, find, moov_of
from tests.support.fidelity import compare_films
from tests.support.film_catalogue import ISOBMFF, OTHERS
from tests.support.films import Film, edited, followed_by, in_moov, make_film, patched, turned
from tests.support.layout import rechunk, rewrite, to_co64

LOSSLESS = (("qp", "0"), ("x264-params", "bframes=0:keyint=12"))
PLAIN = Film(options=LOSSLESS)


def _later_by_a_tick(stts: bytes) -> bytes:
    """Make the first sample a tick longer and the rest of its run one shorter run."""
    count, delta = struct.unpack_from(">II", stts, 8)
    return stts[:4] + struct.pack(">IIIII", 2, 1, delta + 1, count - 1, delta) + stts[16:]


CHANGES: dict[str, tuple[Film, str]] = {
    "another picture": (replace(PLAIN, options=(("crf", "10"), *LOSSLESS[1:])), "samples differs"),
    "a frame less": (replace(PLAIN, frames=23), "24 frames became 23"),
    "another rate": (replace(PLAIN, rate=Fraction(24)), "mean rate"),
    "another time base": (replace(PLAIN, muxing=(("video_track_timescale", "25000"),)), "time base differs"),
    "other colours": (replace(PLAIN, color=(1, 9, 14, 9)), "color_primaries differs"),
    "another pixel aspect": (replace(PLAIN, aspect=Fraction(4, 3)), "pixel aspect"),
    "fields": (replace(PLAIN, fields="tff"), "field order differs"),
    "turned": (replace(PLAIN, after=(turned(),)), "DISPLAYMATRIX differs"),
    "another edit list": (replace(PLAIN, after=(edited((900, 512)),)), "frames became"),
    "a sample longer": (replace(PLAIN, after=(patched(stts=_later_by_a_tick),)), "pts differs in 23 of 24"),
    "no sound": (replace(PLAIN, audio=()), "streams ['video', 'audio'] became ['video']"),
    "another sound": (replace(PLAIN, audio=(replace(PLAIN.audio[0], frequency=500.0),)), "packets: stream 1"),
    "a tag": (replace(PLAIN, tags=(("title", "Other"),)), "tag title"),
    "chapters": (replace(PLAIN, chapters=((0, 400, "One"),)), "chapters: 0 became 1"),
    "a trailer": (replace(PLAIN, after=(followed_by(b"tail"),)), "top-level boxes"),
    "a box in moov": (replace(PLAIN, after=(in_moov(box(b"abcd", b"1")),)), "moov: ['mvhd', 'udta'] became"),
    "moov in front": (replace(PLAIN, muxing=(("movflags", "+faststart"),)), "moov in front of the media"),
    "track flags": (replace(PLAIN, after=(patched(tkhd=lambda body: body[:3] + b"\x01" + body[4:]),)), "tkhd: byte 3"),
    "bits of 10": (replace(PLAIN, pix_fmt="yuv420p10le"), "pixel format differs"),
}
"""Change -> (the film with it, a part of the line that must tell)."""


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_film(tmp_path_factory.mktemp("plain") / "plain.mp4", PLAIN)


@pytest.mark.parametrize("change", sorted(CHANGES))
def test_each_change_is_told(change: str, plain: Path, tmp_path: Path) -> None:
    film, expected = CHANGES[change]
    lines = compare_films(plain, make_film(tmp_path / "changed.mp4", film)).that_matter
    assert any(expected in line for line in lines), lines


@pytest.mark.parametrize("name", ["several_edits", "telemetry", "camera_boxes", "timecode", "hevc_hdr10", "tags"])
def test_a_film_is_like_itself(name: str, tmp_path: Path) -> None:
    film = ISOBMFF[name]
    path = make_film(tmp_path / f"film{film.suffix}", film)
    assert compare_films(path, path).differences == []


@pytest.mark.parametrize("name", sorted(OTHERS))
def test_a_film_of_another_container_is_like_itself(name: str, tmp_path: Path) -> None:
    film = OTHERS[name]
    path = make_film(tmp_path / f"film{film.suffix}", film)
    assert compare_films(path, path).differences == []


@pytest.mark.parametrize("laid_out", [to_co64, lambda src, dst: rechunk(src, dst, chunk_seconds=0.5)])
def test_where_the_media_lie_is_of_no_matter_for_offsets_alone(
    laid_out: Callable[[Path, Path], Path], plain: Path, tmp_path: Path
) -> None:
    lines = compare_films(plain, laid_out(plain, tmp_path / "laid-out.mp4")).that_matter
    # Other chunks of the untouched sound are told; wider offsets alone are not.
    assert all("stsc" in line or "offsets" in line for line in lines)
    assert bool(lines) == (laid_out is not to_co64)


def test_a_shift_of_media_and_edit_list_together_is_of_no_matter(plain: Path, tmp_path: Path) -> None:
    source = edited((960, 0))(plain, tmp_path / "source.mp4")
    moov = moov_of(source)

    def stbl(inside: bytes) -> bytes:
        return box(b"stbl", inside + box(b"ctts", struct.pack(">IIII", 0, 1, 24, 512)))

    seen: list[bytes] = []

    def trak(inside: bytes) -> bytes:
        seen.append(inside)
        return box(b"trak", rewrite(inside, {b"stbl": stbl}) if len(seen) == 1 else inside)

    shifted = tmp_path / "shifted.mp4"
    shifted.write_bytes(source.read_bytes()[: -len(moov)] + rewrite(moov, {b"trak": trak}))
    moved = edited((960, 512))(shifted, tmp_path / "moved.mp4")
    assert compare_films(source, moved).that_matter == []
    assert any("times of the samples" in line for line in compare_films(source, shifted).that_matter)


def test_a_sample_of_a_data_track_that_ffmpeg_does_not_list_is_hashed(tmp_path: Path) -> None:
    path = make_film(tmp_path / "film.mp4", ISOBMFF["telemetry"])
    data = bytearray(path.read_bytes())
    moov = moov_of(path)
    found = [box for box in children(moov, 8, len(moov)) if box[0] == b"trak"]
    stco = find(moov, b"mdia", b"minf", b"stbl", b"stco", within=found[-1][2:])
    assert stco
    (offset,) = struct.unpack_from(">I", moov, stco[1] + 8)
    data[offset] ^= 1
    changed = tmp_path / "changed.mp4"
    changed.write_bytes(data)
    lines = compare_films(path, changed).that_matter
    assert any(line.startswith("boxes: trak 5: its samples") for line in lines), lines
