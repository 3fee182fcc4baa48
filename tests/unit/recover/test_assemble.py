"""The new moov, read back with the tests' own reader."""

from __future__ import annotations

import os
import struct
from dataclasses import replace
from pathlib import Path

from mediarescue.api import untrunc
from mediarescue.reports import UntruncReport
from tests.support.boxes import box, children, find, moov_of, tables_of, top_level
from tests.support.synthetic import SyntheticTrack, gpmf_track, mebx_track, pcm_track, signed_track, write_movie

WHEN = 1_700_000_000
EPOCH = 2_082_844_800


def rescued(
    folder: Path, *pairs: tuple[SyntheticTrack, SyntheticTrack], moov_extra: bytes = b""
) -> tuple[Path, UntruncReport]:
    """Write (reference track, broken track) pairs, rescue, and return the output."""
    write_movie(folder / "good.mov", tuple(good for good, _ in pairs), moov_extra=moov_extra)
    write_movie(folder / "broken.mov", tuple(bad for _, bad in pairs), with_moov=False)
    os.utime(folder / "broken.mov", (WHEN, WHEN))
    report = untrunc(folder / "broken.mov", reference=folder / "good.mov")
    assert report.output is not None
    return Path(report.output), report


def payload(path: Path, *names: bytes, track: int = 0) -> bytes:
    moov = moov_of(path)
    if names[0] == b"trak":
        _, body, end = find(moov, b"moov") or (0, 8, len(moov))
        traks = [(at, stop) for kind, _, at, stop in children(moov, body, end) if kind == b"trak"]
        found = find(moov, *names[1:], within=traks[track])
    else:
        found = find(moov, b"moov", *names)
    assert found, names
    return moov[found[1] : found[2]]


def durations(path: Path, track: int = 0) -> tuple[int, int, int]:
    """Return the durations in mvhd, tkhd and mdhd."""
    mvhd, tkhd = payload(path, b"mvhd"), payload(path, b"trak", b"tkhd", track=track)
    mdhd = payload(path, b"trak", b"mdia", b"mdhd", track=track)
    return tuple(
        struct.unpack_from(">Q" if data[0] else ">I", data, wide if data[0] else narrow)[0]
        for data, narrow, wide in ((mvhd, 16, 24), (tkhd, 20, 28), (mdhd, 16, 24))
    )


def edits(path: Path, track: int = 0) -> list[tuple[int, int]]:
    data = payload(path, b"trak", b"edts", b"elst", track=track)
    code = ">Qqi" if data[0] else ">Iii"
    return [row[:2] for row in struct.iter_unpack(code, data[8:])]


def gyro(count: int, seed: int, **changes: object) -> SyntheticTrack:
    return replace(gpmf_track(count, seed=seed), duration=100, **changes)  # type: ignore[arg-type]


def test_samples_and_durations_are_those_of_the_film(tmp_path: Path) -> None:
    output, _ = rescued(tmp_path, (gyro(20, 1), gyro(13, 2)), (pcm_track(20), pcm_track(13, seed=9)))
    data, tables = output.read_bytes(), tables_of(output)
    got = [data[o : o + s] for o, s in zip(tables[0].offsets, tables[0].sizes, strict=True)]
    assert got == list(gyro(13, 2).samples)
    assert b"".join(data[o : o + s] for o, s in zip(tables[1].offsets, tables[1].sizes, strict=True)) == b"".join(
        pcm_track(13, seed=9).samples
    )
    assert durations(output, 0) == (1300, 1300, 1300)
    assert durations(output, 1) == (1300, 650, 5200)


def test_an_edit_list_keeps_its_start_and_gets_the_films_length(tmp_path: Path) -> None:
    good, bad = gyro(20, 1, edits=((250, -1), (1900, 100))), gyro(13, 2)
    output, _ = rescued(tmp_path, (good, bad), (signed_track(20), signed_track(13, seed=8)))
    assert edits(output) == [(250, -1), (1200, 100)]
    assert durations(output) == (1450, 1450, 1300)


def test_cuts_in_the_reference_are_not_carried_over(tmp_path: Path) -> None:
    good, bad = gyro(20, 1, edits=((500, 0), (300, 1500))), gyro(13, 2)
    output, _ = rescued(tmp_path, (good, bad), (signed_track(20), signed_track(13, seed=8)))
    assert edits(output) == [(1300, 0)]


def test_a_track_without_an_edit_list_gets_none(tmp_path: Path) -> None:
    output, _ = rescued(tmp_path, (gyro(20, 1), gyro(13, 2)), (signed_track(20), signed_track(13, seed=8)))
    moov = moov_of(output)
    assert not find(moov, b"moov", b"trak", b"edts")


def test_the_references_place_and_owner_stay_out(tmp_path: Path) -> None:
    place = box(b"udta", box(b"\xa9xyz", b"+52.0000+013.0000/")) + box(b"meta", bytes(4) + b"my secret name")
    output, report = rescued(tmp_path, (gyro(20, 1), gyro(13, 2)), moov_extra=place)
    assert b"+52.0000" not in output.read_bytes()
    assert b"secret" not in output.read_bytes()
    assert {"udta", "meta"} <= set(report.dropped_boxes)


def test_the_references_place_and_owner_stay_out_of_its_tracks_too(tmp_path: Path) -> None:
    place = box(b"udta", box(b"\xa9xyz", b"+52.0000+013.0000/"))
    output, _ = rescued(tmp_path, (gyro(20, 1, extra=place), gyro(13, 2)))
    assert b"+52.0000" not in output.read_bytes()


def test_dates_are_those_of_the_broken_file(tmp_path: Path) -> None:
    output, _ = rescued(tmp_path, (gyro(20, 1), gyro(13, 2)))
    for names in ((b"mvhd",), (b"trak", b"tkhd"), (b"trak", b"mdia", b"mdhd")):
        data = payload(output, *names)
        times = struct.unpack_from(">QQ" if data[0] else ">II", data, 4)
        assert times == (WHEN + EPOCH, WHEN + EPOCH), names


def test_a_track_without_a_sample_is_left_out_and_said(tmp_path: Path) -> None:
    empty = replace(mebx_track(0, seed=3), samples=())
    output, report = rescued(tmp_path, (gyro(20, 1), gyro(13, 2)), (mebx_track(20), empty))
    assert len(tables_of(output)) == 1
    assert any("track 2" in warning for warning in report.warnings)


def test_references_to_a_track_that_is_left_out_go_with_it(tmp_path: Path) -> None:
    empty = replace(mebx_track(0, seed=3), samples=())
    tref = box(b"tref", box(b"cdsc", struct.pack(">I", 2)))
    both = box(b"tref", box(b"cdsc", struct.pack(">II", 2, 3)))
    output, _ = rescued(
        tmp_path,
        (gyro(20, 1, extra=tref), gyro(13, 2)),
        (mebx_track(20), empty),
        (replace(signed_track(20, magic=b"\0\1OTHER!"), extra=both), signed_track(13, seed=7, magic=b"\0\1OTHER!")),
    )
    moov = moov_of(output)
    assert moov.count(b"tref") == 1
    assert payload(output, b"trak", b"tref", b"cdsc", track=1) == struct.pack(">I", 3)


def test_the_film_keeps_its_own_file_type(tmp_path: Path) -> None:
    output, _ = rescued(tmp_path, (gyro(20, 1), gyro(13, 2)))
    kinds = [top.kind for top in top_level(output)]
    assert kinds == [b"ftyp", b"mdat", b"moov"]
    assert output.read_bytes()[8:12] == b"qt  "


def test_a_chunk_is_no_longer_than_the_references_longest(tmp_path: Path) -> None:
    good, bad = replace(gyro(200, 1), per_chunk=5), replace(gyro(150, 2), per_chunk=150)
    output, _ = rescued(tmp_path, (good, bad))
    stco = payload(output, b"trak", b"mdia", b"minf", b"stbl", b"stco")
    assert struct.unpack_from(">I", stco, 4)[0] >= 3
    assert len(tables_of(output)[0].sizes) == 150
