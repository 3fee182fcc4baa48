"""``inspect`` on any bytes: a report with a verdict, and nothing raised."""

from __future__ import annotations

import json
import random
import struct
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mediarescue.checking.inspection import inspect_file
from mediarescue.cli._inspection import inspection_text
from mediarescue.inspection import FileState, InspectReport, report_document
from mediarescue.isobmff import ByteSource
from tests.support.boxes import box
from tests.support.clips import AudioSpec, ClipSpec, VideoSpec, make_clip
from tests.support.synthetic import gpmf_track, mebx_track, pcm_track, tmcd_track, write_movie

FIXTURE = Path(__file__).parents[1] / "fixtures" / "healthy-same-camera.mp4"
_CONTAINERS = (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"moof", b"traf", b"mvex", b"edts", b"dinf", b"udta")


def inspected(folder: Path, data: bytes) -> InspectReport:
    """Inspect and render in every form; what comes must be sane."""
    path = folder / "x.mp4"
    path.write_bytes(data)
    reports = []
    for every_box in (False, True):
        with ByteSource.open(path) as source:
            report = inspect_file(source, every_box=every_box)
        json.dumps(report_document(report), allow_nan=False)
        text = inspection_text(report, depth=None)
        assert f"verdict   {report.verdict.split()[0]}" in text
        assert report.exit_code in (0, 3, 5, 10)
        assert "\n" not in report.verdict
        reports.append(report)
    assert reports[0].state is reports[1].state
    return reports[0]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("inspection")


@pytest.fixture(scope="module")
def films(folder: Path) -> list[bytes]:
    """Films of several layouts, small enough to be broken at every box."""
    write_movie(folder / "s.mov", (gpmf_track(), mebx_track(), tmcd_track(), pcm_track()))
    video, audio = (VideoSpec(frames=8, size=(64, 48)),), (AudioSpec(seconds=AudioSpec().seconds / 8),)
    made = [(folder / "s.mov").read_bytes(), FIXTURE.read_bytes()]
    for flags in ("+faststart", "+frag_every_frame+empty_moov", "+frag_keyframe+hybrid_fragmented"):
        made.append(make_clip(folder / "m.mp4", ClipSpec("mp4", video, audio, (("movflags", flags),))).read_bytes())
    return made


def _borders(data: bytes, start: int, end: int) -> list[int]:
    """Return the starts and ends of all boxes, also nested."""
    found = []
    while start + 8 <= end:
        size, kind = struct.unpack_from(">I4s", data, start)
        body = start + 8
        if size < 8 or start + size > end:
            break
        found += [start, body, start + size]
        if kind in _CONTAINERS:
            found += _borders(data, body, start + size)
        start += size
    return found


def test_films_are_healthy_and_no_longer_once_cut_at_a_border(folder: Path, films: list[bytes]) -> None:
    for film in films:
        assert inspected(folder, film).state is FileState.HEALTHY
        healthy = set()
        for border in sorted({b + d for b in _borders(film, 0, len(film)) for d in (-1, 0, 1, 4)}):
            if 0 <= border < len(film):
                (folder / "x.mp4").write_bytes(film[:border])
                with ByteSource.open(folder / "x.mp4") as source:
                    if inspect_file(source).state is FileState.HEALTHY:
                        healthy.add(border)
        # A fragmented film cut between two fragments is a whole, shorter one; one index loses its samples or itself.
        starts = [at - 4 for at in range(4, len(film) - 4) if film[at : at + 4] in (b"moof", b"mfra")]
        assert healthy <= {at + d for at in starts for d in (-1, 0, 1, 4)}, healthy


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=400))
def test_any_bytes_get_a_verdict(folder: Path, data: bytes) -> None:
    inspected(folder, data)


@settings(max_examples=40, deadline=None)
@given(
    kinds=st.lists(
        st.tuples(
            st.sampled_from([b"ftyp", b"moov", b"mdat", b"moof", b"mvhd", b"trak", b"free", b"uuid", b"meta", b"sidx"]),
            st.binary(max_size=60),
            st.sampled_from([None, 0, 1, 7, 8, 200, 0xFFFFFFFF, 0x3F3F3F3F]),
        ),
        max_size=8,
    )
)
def test_any_row_of_boxes_with_any_sizes_gets_a_verdict(
    folder: Path, kinds: list[tuple[bytes, bytes, int | None]]
) -> None:
    data = b""
    for kind, payload, size in kinds:
        made = box(kind, payload)
        data += made if size is None else struct.pack(">I", size) + made[4:]
    inspected(folder, data)


@pytest.mark.parametrize("seed", range(4))
def test_films_with_changed_bytes_get_a_verdict(folder: Path, films: list[bytes], seed: int) -> None:
    """Bytes of the index changed to the values that tables break at."""
    chance = random.Random(seed)
    for film in films:
        index = max(film.rfind(b"moov"), 0) if seed % 3 else 0
        for _ in range(8):
            data = bytearray(film)
            for _ in range(chance.choice((1, 1, 2, 5, 20))):
                at = chance.randrange(index, min(len(data), index + 4000) - 8)
                value = chance.choice((b"\0", b"\xff", b"\x7f", b"\x80", b"\1", bytes([chance.randrange(256)])))
                width = chance.choice((1, 1, 2, 4, 8))
                data[at : at + width] = value * width
            inspected(folder, bytes(data))
