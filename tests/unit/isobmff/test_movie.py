from __future__ import annotations

import struct
from pathlib import Path

import pytest

from mediarescue.isobmff import BoxError, Edit, Leniency, Problem, expand, read_movie
from tests.unit.isobmff.builders import audio_entry, box, full, moov, mvhd, samples, trak, video_entry

FTYP = box(b"ftyp", b"isom\0\0\2\0isommp42")


def _write(path: Path, *parts: bytes) -> Path:
    path.write_bytes(b"".join(parts))
    return path


def test_a_movie_says_what_its_boxes_say(tmp_path: Path) -> None:
    edts = box(b"edts", full(b"elst", struct.pack(">IIiiIiI", 2, 20, -1, 0x10000, 980, 1024, 0x10000)))
    movie = read_movie(_write(tmp_path / "a.mp4", FTYP, box(b"mdat", bytes(1000)), moov(edts=edts)))
    assert (movie.timescale, movie.duration, movie.is_fragmented) == (1000, 1000, False)
    assert (movie.major_brand, movie.is_quicktime) == (b"isom", False)
    assert [header.offset for header in movie.mdats] == [len(FTYP)]
    (track,) = movie.tracks
    assert movie.track(1) is track
    assert movie.track(2) is None
    assert (track.track_id, track.handler, track.timescale, track.duration) == (1, b"vide", 90000, 90000)
    assert (track.width, track.height, track.is_encrypted) == (640.0, 480.0, False)
    assert track.sample_entry_kind == b"avc1"
    assert track.edit_list == (Edit(20, -1, 1.0), Edit(980, 1024, 1.0))
    (entry,) = track.sample_entries
    assert (entry.media, entry.fields.width) == ("video", 640)
    assert entry.configuration(b"avcC") == b"\1\2\3"
    assert entry.configuration(b"hvcC") is None
    assert len(expand(track.stbl)) == 5


def test_a_file_without_a_type_is_a_quicktime_file(tmp_path: Path) -> None:
    movie = read_movie(_write(tmp_path / "a.mov", moov()))
    assert movie.file_type is None
    assert movie.is_quicktime


def test_a_configuration_inside_wave_is_found(tmp_path: Path) -> None:
    wave = box(b"wave", box(b"frma", b"mp4a") + box(b"mp4a", bytes(4)) + box(b"esds", b"\0\0\0\0es") + bytes(8))
    extra = struct.pack(">IIII", 1024, 0, 4, 2)
    entry = audio_entry(b"mp4a", wave, version=1, extra=extra)
    data = box(b"moov", mvhd() + trak(samples([1]), entry=entry).replace(b"vide", b"soun"))
    (track,) = read_movie(_write(tmp_path / "a.mov", data)).tracks
    assert track.sample_entries[0].configuration(b"esds") == b"\0\0\0\0es"
    assert track.sample_entries[0].fields.samples_per_packet == 1024


@pytest.mark.parametrize(
    "entry",
    [
        video_entry(b"encv", box(b"sinf", box(b"frma", b"avc1"))),
        video_entry(b"avc1", box(b"sinf", box(b"frma", b"avc1"))),
    ],
)
def test_an_encrypted_track_is_told(tmp_path: Path, entry: bytes) -> None:
    data = box(b"moov", mvhd() + trak(samples([1]), entry=entry))
    assert read_movie(_write(tmp_path / "a.mp4", data)).tracks[0].is_encrypted


def test_fragments_are_told(tmp_path: Path) -> None:
    movie = read_movie(_write(tmp_path / "a.mp4", moov(tail=box(b"mvex", full(b"mehd", bytes(4))))))
    assert movie.is_fragmented


def test_a_track_that_cannot_be_read_is_left_out_when_permissive(tmp_path: Path) -> None:
    bad = box(b"trak", full(b"tkhd", bytes(3)))
    path = _write(tmp_path / "a.mp4", box(b"moov", mvhd() + bad + trak(samples([1, 2]))))
    with pytest.raises(BoxError, match="the tkhd box cannot be read"):
        read_movie(path)
    problems: list[Problem] = []
    movie = read_movie(path, leniency=Leniency.PERMISSIVE, problems=problems)
    assert [track.track_id for track in movie.tracks] == [1]
    assert len(problems) == 1
