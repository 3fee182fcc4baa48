from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from mediarescue.reporting.cover import Kind
from mediarescue.reporting.picture import clock, gap_times, svg, write_picture
from tests.unit.reporting.covers import cover

SPACE = "{http://www.w3.org/2000/svg}"


def paths(picture: str, name: str) -> list[str]:
    root = ElementTree.fromstring(picture)
    return [str(path.get("d")) for path in root.iter(f"{SPACE}path") if path.get("class") == name]


def test_a_picture_is_of_bounded_size_and_one_bad_sector_of_a_great_film_is_in_it() -> None:
    rng = np.random.default_rng(1)
    parts = [(int(size), Kind.SAMPLES, at % 2) for at, size in enumerate(rng.integers(1, 900_000, 200_000))]
    parts.insert(77_777, (512, Kind.GAP, -1))
    made = cover(parts)
    assert made.file_size > 80_000_000_000
    picture = svg(made, name="film.mp4")
    assert len(picture) < 400_000
    in_file, in_film_video, in_film_audio, legend = paths(picture, "gap")
    for path in (in_file, in_film_video, in_film_audio):
        assert path.count("M") == 1
        assert float(path.split("h")[1].split("v")[0]) >= 2.5
    assert f"at offset {int(made.offset[77_777]):,}" in picture
    assert legend


def test_a_picture_can_be_read_out_and_selected_and_loads_nothing() -> None:
    name = "<bad> & \x00\udcff name.mp4"
    picture = svg(cover([(40, Kind.HEADER, -1), (900, Kind.SAMPLES, 0), (60, Kind.UNKNOWN, -1)]), name=name)
    root = ElementTree.fromstring(picture)
    assert [child.tag.removeprefix(SPACE) for child in root][:2] == ["title", "desc"]
    assert root.get("role") == "img"
    assert "prefers-color-scheme:dark" in picture
    assert "href" not in picture
    assert "@import" not in picture
    words = [str(text.text) for text in root.iter(f"{SPACE}text")]
    assert "<bad> & ?? name.mp4" in words
    assert "unknown: reads as something, of no track" in words
    assert len(paths(picture, "unknown")) == 2


@pytest.mark.parametrize(
    "parts", [[(1, Kind.GAP, -1)], [(1, Kind.SAMPLES, 1)], [(3, Kind.HEADER, -1), (1, Kind.CUT, -1)]]
)
def test_the_smallest_files_have_a_picture(parts: list[tuple[int, Kind, int]]) -> None:
    ElementTree.fromstring(svg(cover(parts), name="a.mp4"))


def test_a_gap_lasts_from_the_end_of_what_is_before_it_to_what_follows() -> None:
    made = cover([(9, Kind.SAMPLES, 0), (9, Kind.GAP, -1), (9, Kind.SAMPLES, 0), (9, Kind.SAMPLES, 1)])
    since, until = gap_times(made, 0, np.array([1]))
    assert since.tolist() == pytest.approx([1 / 30])
    assert until.tolist() == pytest.approx([0.1])


@pytest.mark.parametrize(
    ("seconds", "tenths", "said"),
    [(0, False, "0:00"), (59.96, True, "1:00.0"), (3599.6, False, "1:00:00"), (75.25, True, "1:15.3")],
)
def test_times_read_as_on_a_player(seconds: float, tenths: bool, said: str) -> None:
    assert clock(seconds, tenths=tenths) == said


def test_a_picture_is_written_whole(tmp_path: Path) -> None:
    write_picture(tmp_path / "a.svg", cover([(9, Kind.SAMPLES, 0)]), name="a.mp4", overwrite=False)
    assert (tmp_path / "a.svg").read_text(encoding="utf-8").endswith("</svg>\n")
