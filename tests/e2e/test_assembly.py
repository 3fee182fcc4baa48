"""Encoded pictures in a copy of their film: what the fidelity tests of the whole core do not reach."""

from __future__ import annotations

import struct
import zlib
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import pytest

from mediarescue.api import inspect
from mediarescue.errors import InputError, VerificationError
from mediarescue.events import Event, Progressed, StageFinished, StageStarted
from mediarescue.media.containers import target_container
from mediarescue.media.reader import VideoReader
from mediarescue.output import AtomicOutput
from mediarescue.pipeline.assembly import AssemblyReport, assemble_film, check_source
from tests.support.boxes import box, moov_of, tables_of, top_level
from tests.support.breaking import true_packets
from tests.support.clips import AudioSpec, ClipSpec, VideoSpec, make_clip
from tests.support.encoded_pieces import Pieces, decoded_pictures, encode_pieces, shown_pictures
from tests.support.films import Film, edited, make_film

_NO_B = (("x264-params", "bframes=0:keyint=12"),)
_AAC = AudioSpec(rate=48000, seconds=Fraction(1))
FILM = Film(options=_NO_B, audio=(_AAC,))
"""Pictures of it are never reordered, those of the pieces are."""
FRAGMENTED = (("movflags", "frag_keyframe+empty_moov+default_base_moof"),)


def _film(tmp_path: Path, film: Film = FILM) -> Path:
    return make_film(tmp_path / f"film{film.suffix}", film)


def _assembled(source: Path, pieces: Pieces, target: Path, events: list[Event] | None = None) -> AssemblyReport:
    with VideoReader(source) as reader:
        info = reader.info
    check_source(source, info)
    with AtomicOutput(target) as output:
        container = target_container(target, info)
        listener = (events if events is not None else []).append
        report = assemble_film(source, info, pieces.video, output, container=container, listener=listener)
        output.commit()
    return report


def _sounds(path: Path) -> list[tuple[str, Fraction | None]]:
    return [(p.digest, p.pts) for stream in true_packets(path) if stream.kind == "audio" for p in stream.packets]


@pytest.mark.parametrize(
    "film",
    [
        FILM,
        replace(FILM, after=(edited((500, -1), (960, 0)),)),
        replace(FILM, after=(edited((600, 2048)),)),
        replace(FILM, after=(edited((400, 0)),)),
        replace(FILM, times=tuple(7000 + 1500 * i**2 for i in range(24)), time_base=Fraction(1, 90000)),
        replace(FILM, muxing=(("use_editlist", "0"),)),
    ],
    ids=["plain", "late", "cut in front", "cut behind", "slower and slower", "no edits"],
)
def test_reordered_pictures_are_shown_when_the_others_were(film: Film, tmp_path: Path) -> None:
    source, target = _film(tmp_path, film), tmp_path / "out.mp4"
    pieces = encode_pieces(source, tmp_path / "pieces", length=7)
    report = _assembled(source, pieces, target)
    assert report == AssemblyReport((), ())
    before, after = shown_pictures(source), shown_pictures(target)
    assert [pts for pts, _ in after] == [pts for pts, _ in before]
    assert decoded_pictures(target, edits=False) == list(pieces.pictures)
    assert _sounds(target) == _sounds(source)
    assert any(tables_of(target)[0].composition)  # they are reordered
    assert min(tables_of(target)[0].composition) >= 0
    assert inspect(target).verdict == inspect(source).verdict


@pytest.mark.parametrize("skip", [(0,), (5, 6, 17), (23,)])
def test_pictures_that_did_not_decode_leave_the_others_at_their_times(skip: tuple[int, ...], tmp_path: Path) -> None:
    source, target = _film(tmp_path), tmp_path / "out.mp4"
    pieces = encode_pieces(source, tmp_path / "pieces", length=7, skip=skip)
    _assembled(source, pieces, target)
    times = [pts for i, (pts, _) in enumerate(shown_pictures(source)) if i not in skip]
    assert [pts for pts, _ in shown_pictures(target)] == times
    before, after = tables_of(source)[0], tables_of(target)[0]
    assert len(after.sizes) == len(before.sizes) - len(skip)
    assert _sounds(target) == _sounds(source)
    with av.open(str(source)) as one, av.open(str(target)) as other:
        assert one.duration == other.duration


@pytest.mark.parametrize("first", [0, 2 * 90000, 3600 * 90000 + 1])
def test_fragments_become_one_film_with_the_same_times(first: int, tmp_path: Path) -> None:
    times = tuple(first + 3600 * i + 10 * (i % 3) for i in range(24))
    film = replace(
        FILM, times=times, time_base=Fraction(1, 90000), muxing=(("movflags", "dash+frag_keyframe+delay_moov"),)
    )
    source, target = _film(tmp_path, film), tmp_path / "out.mp4"
    report = _assembled(source, encode_pieces(source, tmp_path / "pieces"), target)
    assert report.notes == ("the film's 7 fragments became one film with a single index",)
    assert [top.kind for top in top_level(target)] == [b"ftyp", b"moov", b"mdat"]
    assert [pts for pts, _ in shown_pictures(target)] == [pts for pts, _ in shown_pictures(source)]
    assert _sounds(target) == _sounds(source)
    assert "healthy" in inspect(target).verdict


def test_of_two_picture_tracks_only_one_is_exchanged(tmp_path: Path) -> None:
    small, large = VideoSpec(frames=20, size=(64, 48)), VideoSpec(frames=24, seed=2)
    source, target = make_clip(tmp_path / "two.mp4", ClipSpec(video=(small, large))), tmp_path / "out.mp4"
    pieces = encode_pieces(source, tmp_path / "pieces", track=1)
    _assembled(source, pieces, target)
    assert decoded_pictures(target, track=1, edits=False) == list(pieces.pictures)
    assert true_packets(target)[0] == replace(true_packets(source)[0], packets=true_packets(target)[0].packets)
    kept = [[(p.digest, p.pts, p.dts) for p in true_packets(path)[0].packets] for path in (source, target)]
    assert kept[0] == kept[1]


def test_a_cut_film_is_refused_before_any_work(tmp_path: Path) -> None:
    source = _film(tmp_path, replace(FILM, muxing=(("movflags", "+faststart"),)))
    with VideoReader(source) as reader:
        info = reader.info
    data = source.read_bytes()
    source.write_bytes(data[: len(data) * 3 // 4])
    with pytest.raises(InputError, match=r"cut off: \d+ of the \d+ samples .*'mediarescue untrunc'"):
        check_source(source, info)


def test_a_cut_fragmented_film_is_refused_before_any_work(tmp_path: Path) -> None:
    source = _film(tmp_path, replace(FILM, muxing=FRAGMENTED))
    with VideoReader(source) as reader:
        info = reader.info
    data = source.read_bytes()
    source.write_bytes(data[: len(data) * 3 // 4])
    with pytest.raises(InputError, match="mediarescue untrunc"):
        check_source(source, info)


def test_pieces_that_lack_a_picture_are_refused_and_nothing_is_left(tmp_path: Path) -> None:
    source, target = _film(tmp_path), tmp_path / "out.mp4"
    pieces = encode_pieces(source, tmp_path / "pieces")
    lacking = replace(pieces, video=replace(pieces.video, segments=pieces.video.segments[1:]))
    with pytest.raises(VerificationError, match="made 14 pictures of 24"):
        _assembled(source, lacking, target)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["film.mp4", "pieces"]


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_progress_is_told_in_bytes(suffix: str, tmp_path: Path) -> None:
    source, events = _film(tmp_path), list[Event]()
    _assembled(source, encode_pieces(source, tmp_path / "pieces"), tmp_path / f"out{suffix}", events)
    first, *between, last = events
    assert isinstance(first, StageStarted)
    assert (first.stage, first.unit) == ("assemble", "bytes")
    assert isinstance(last, StageFinished)
    done = [event.done for event in between if isinstance(event, Progressed)]
    assert done == sorted(done)
    assert first.total is not None
    assert 0 < done[-1] <= first.total


def test_a_film_whose_index_is_compressed_is_copied_by_its_packets(tmp_path: Path) -> None:
    plain, source, target = _film(tmp_path), tmp_path / "compressed.mov", tmp_path / "out.mov"
    moov = moov_of(plain)
    packed = box(b"cmov", box(b"dcom", b"zlib") + box(b"cmvd", len(moov).to_bytes(4, "big") + zlib.compress(moov)))
    at = next(top for top in top_level(plain) if top.kind == b"moov")
    source.write_bytes(plain.read_bytes()[: at.offset] + box(b"moov", packed))
    _assembled(source, encode_pieces(source, tmp_path / "pieces"), target)
    assert [pts for pts, _ in shown_pictures(target)] == [pts for pts, _ in shown_pictures(source)]
    assert _sounds(target) == _sounds(source)


def test_encrypted_pictures_are_refused_before_any_work(tmp_path: Path) -> None:
    source = _film(tmp_path)
    with VideoReader(source) as reader:
        info = reader.info
    data = source.read_bytes()
    assert data.count(b"avc1\0\0\0\0\0\0") == 1
    source.write_bytes(data.replace(b"avc1\0\0\0\0\0\0", b"encv\0\0\0\0\0\0"))
    with pytest.raises(InputError, match="are encrypted"):
        check_source(source, info)


def test_offsets_below_0_in_fragments_are_read_as_they_are_meant_and_it_is_said(tmp_path: Path) -> None:
    movflags = "frag_keyframe+empty_moov+default_base_moof+negative_cts_offsets"
    film = replace(FILM, options=(("x264-params", "bframes=2:b-adapt=0"),), muxing=(("movflags", movflags),))
    source, target = _film(tmp_path, film), tmp_path / "out.mp4"
    report = _assembled(source, encode_pieces(source, tmp_path / "pieces"), target)
    late, early = shown_pictures(source)[0][0], shown_pictures(target)[0][0]
    assert early == 0
    assert late is not None
    assert f"{late / 12800:.3f} s late" in report.notes[1]
    assert _sounds(target) == _sounds(source)


def test_an_item_whose_new_place_has_no_room_is_told(tmp_path: Path) -> None:
    source = _film(tmp_path, replace(FILM, audio=()))
    iloc = box(b"iloc", struct.pack(">IHHHHHBB", 0, 0x1100, 1, 7, 0, 1, 255, 5))
    with source.open("ab") as file:
        file.write(box(b"meta", bytes(4) + box(b"hdlr", bytes(8) + b"mdir" + bytes(13)) + iloc))
    report = _assembled(source, encode_pieces(source, tmp_path / "pieces", length=7), tmp_path / "out.mp4")
    assert report.lost == ("where item 7 of a 'meta' box lies: its 'iloc' box has too few bytes for the number",)


def test_an_index_that_goes_on_to_the_end_of_the_file_gets_its_size(tmp_path: Path) -> None:
    source, target = _film(tmp_path), tmp_path / "out.mp4"
    moov = top_level(source)[-1]
    assert moov.kind == b"moov"
    data = bytearray(source.read_bytes())
    data[moov.offset : moov.offset + 4] = bytes(4)
    source.write_bytes(data)
    pieces = encode_pieces(source, tmp_path / "pieces", length=7)
    _assembled(source, pieces, target)
    assert decoded_pictures(target) == list(pieces.pictures)
    made = top_level(target)[-1]
    assert target.read_bytes()[made.offset : made.offset + 8] == struct.pack(">I4s", made.size, b"moov")
    assert _sounds(target) == _sounds(source)
