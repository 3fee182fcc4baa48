"""Encoded pictures in films that are no MP4 or MOV, or become or were one: packets, descriptions, and what is said."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from mediarescue.errors import OutputError
from tests.e2e.test_assembly import FILM, _assembled, _film, _sounds
from tests.support.breaking import true_packets
from tests.support.encoded_pieces import decoded_pictures, encode_pieces
from tests.support.films import Film, edited
from tests.support.synthetic import gpmf_track

MATROSKA = replace(
    FILM, container="matroska", suffix=".mkv", chapters=((0, 400, "One"), (400, 960, "Two")), tags=(("title", "Name"),)
)
EDITED = replace(FILM, after=(edited((600, 5120)),))


def _times(path: Path) -> list[Fraction]:
    with av.open(str(path)) as film:
        stream: Any = film.streams.video[0]
        return [frame.pts * stream.time_base for frame in film.decode(stream)]


def _remuxed(source: Path, target: Path) -> tuple[tuple[str, ...], tuple[str, ...]]:
    pieces = encode_pieces(source, target.parent / "pieces", length=7)
    report = _assembled(source, pieces, target)
    assert decoded_pictures(target) == list(pieces.pictures)
    return report.notes, report.lost


def _with_attachments(source: Path, target: Path) -> Path:
    """Copy a Matroska film and attach a font and a cover to it."""
    with av.open(str(source)) as film, av.open(str(target), "w", format="matroska") as output:
        made = [output.add_stream_from_template(stream, opaque=True) for stream in film.streams]
        output.add_attachment("letters.ttf", "font/ttf", b"\0\1\0\0 a font")
        output.add_attachment("cover.jpg", "image/jpeg", _jpeg())
        for packet in film.demux():
            if packet.size:
                packet.stream = made[packet.stream_index]
                output.mux(packet)
    return target


def _jpeg() -> bytes:
    context: Any = av.CodecContext.create("mjpeg", "w")
    context.width, context.height, context.pix_fmt, context.time_base = 16, 16, "yuvj420p", Fraction(1, 25)
    frame = av.VideoFrame.from_ndarray(np.full((24, 16), 90, np.uint8), format="yuvj420p")
    frame.pts = 0
    return b"".join(bytes(packet) for packet in context.encode(frame))


def test_a_matroska_film_keeps_its_chapters_titles_and_attached_files(tmp_path: Path) -> None:
    source = _with_attachments(_film(tmp_path, MATROSKA), tmp_path / "attached.mkv")
    target = tmp_path / "out.mkv"
    assert _remuxed(source, target) == ((), ())
    with av.open(str(source)) as one, av.open(str(target)) as other:
        files = [[(s.name, s.mimetype, s.data) for s in film.streams.attachments] for film in (one, other)]
        assert files[1] == files[0] == [("letters.ttf", "font/ttf", b"\0\1\0\0 a font")]
        assert [s.disposition for s in other.streams] == [s.disposition for s in one.streams]
        assert other.chapters() == one.chapters()
        assert other.metadata.get("title") == one.metadata.get("title")
    packets = [[[p.digest for p in s.packets] for s in true_packets(path)[1:]] for path in (source, target)]
    assert packets[1] == packets[0]
    assert _times(target) == _times(source)


@pytest.mark.parametrize("suffix", [".mkv", ".mov", ".ts"])
def test_a_transport_stream_keeps_its_times_in_every_container(suffix: str, tmp_path: Path) -> None:
    source = _film(tmp_path, replace(FILM, container="mpegts", suffix=".ts"))
    target = tmp_path / f"out{suffix}"
    notes, lost = _remuxed(source, target)
    assert lost == ()
    rounded = suffix == ".mkv"
    assert [note for note in notes if "rounded" not in note] == []
    assert bool(notes) == rounded
    shift = max(abs(a - b) for a, b in zip(_times(source), _times(target), strict=True))
    assert shift <= Fraction(1, 2000) if rounded else shift == 0
    sounds = [[pts for _, pts in _sounds(path)] for path in (source, target)]
    assert all(abs(a - b) <= Fraction(1, 1000) for a, b in zip(*sounds, strict=True))


@pytest.mark.parametrize(("container", "size"), [("1", 192), ("0", 188)])
def test_packets_of_a_transport_stream_keep_their_size(container: str, size: int, tmp_path: Path) -> None:
    film = replace(FILM, container="mpegts", suffix=".mts", muxing=(("mpegts_m2ts_mode", container),))
    source, target = _film(tmp_path, film), tmp_path / "out.mts"
    _remuxed(source, target)
    data = target.read_bytes()
    assert len(data) % size == 0
    assert set(data[size - 188 :: size]) == {0x47}


def test_what_matroska_cannot_hold_of_an_mp4_is_said(tmp_path: Path) -> None:
    from tests.support.films import with_tracks

    source = _film(tmp_path, replace(FILM, after=(with_tracks(gpmf_track()),)))
    notes, lost = _remuxed(source, tmp_path / "out.mkv")
    assert len(lost) == 1
    assert lost[0].startswith("track 3 (data")
    assert lost[0].endswith("FFmpeg cannot carry such a track over to Matroska")
    assert notes == ()


def test_times_that_a_container_cannot_hold_exactly_are_rounded_and_it_is_said(tmp_path: Path) -> None:
    source = _film(tmp_path, replace(FILM, rate=Fraction(30000, 1001), audio=()))
    notes, _ = _remuxed(source, tmp_path / "out.mkv")
    assert notes == ("Matroska keeps times in steps of 1 ms: they are rounded to these",)
    assert all(
        abs(a - b) <= Fraction(1, 2000) for a, b in zip(_times(source), _times(tmp_path / "out.mkv"), strict=True)
    )


def test_pictures_that_an_edit_list_hides_are_shown_where_there_are_none_and_it_is_said(tmp_path: Path) -> None:
    source, target = _film(tmp_path, EDITED), tmp_path / "out.mkv"
    notes, _ = _remuxed(source, target)
    assert notes[0].startswith("everything is 0.400 s later: Matroska has no times below 0; ")
    assert notes[0].endswith("; 10 pictures that the edit list hides are shown first")
    assert _times(target)[10:] == [Fraction(2, 5) + Fraction(i, 25) for i in range(14)]
    later = [b - a for (_, a), (_, b) in zip(_sounds(source), _sounds(target), strict=True)]  # type: ignore[operator]
    assert all(abs(delay - Fraction(2, 5)) <= Fraction(1, 1000) for delay in later)


def test_an_edit_list_is_applied_where_the_container_has_none(tmp_path: Path) -> None:
    source, target = _film(tmp_path, replace(FILM, after=(edited((500, -1), (960, 0)),))), tmp_path / "out.mkv"
    _remuxed(source, target)
    assert _times(target) == _times(source)


def test_a_rotation_survives_the_change_of_container(tmp_path: Path) -> None:
    source, target = _film(tmp_path, Film(rotation=90, audio=())), tmp_path / "out.mkv"
    _remuxed(source, target)
    turns = []
    for path in (source, target):
        with av.open(str(path)) as film:
            turns.append(next(film.decode(video=0)).rotation)
    assert turns[0] == turns[1] != 0


def test_pictures_that_a_container_cannot_hold_are_refused(tmp_path: Path) -> None:
    source = _film(tmp_path)
    with pytest.raises((OutputError, ValueError)):
        _remuxed(source, tmp_path / "out.ogv")
    assert not (tmp_path / "out.ogv").exists()


def test_pixels_that_a_container_cannot_say_the_shape_of_are_listed(tmp_path: Path) -> None:
    source = _film(tmp_path, Film(codec="mpeg4", options=(("q", "5"),), aspect=Fraction(64, 45), audio=()))
    _, lost = _remuxed(source, tmp_path / "out.flv")
    assert lost == ("the shape of the pixels (64:45): players show them square",)
