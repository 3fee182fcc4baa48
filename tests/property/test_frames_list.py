"""Whatever stands in a ``frames.json``: it is read, or refused in one sentence."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from mediarescue.errors import InputError
from mediarescue.pipeline.frames_list import FrameRow, FramesList, read_list, writing_list
from mediarescue.pipeline.picture_files import find_listed

_ROWS = [FrameRow(n, (f"{n:06d}.png",), ("ab" * 32,), 512 * n, n / 25, n == 1) for n in (1, 2)]

_json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(["..", "png", 8, 1]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with pictures and their list."""
    folder = tmp_path_factory.mktemp("pictures")
    source = {"name": "c.mp4", "size": 9, "sha256": "ab", "width": 64, "height": 48, "frame_count": 2}
    made = {"format": "png", "bit_depth": 8, "quality": 95, "planes": False, "orientation": 1, "cicp": None}
    with writing_list(folder / "frames.json", source, made) as rows:
        for row in _ROWS:
            rows.add(row)
            (folder / row.files[0]).touch()
    return folder


def _places(value: Any, way: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the ways to all values inside one."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [way, *(place for key, item in inner for place in _places(item, (*way, key)))]


def _with(document: Any, way: tuple[Any, ...], value: Any) -> Any:
    if not way:
        return value
    changed = copy.deepcopy(document)
    at = changed
    for key in way[:-1]:
        at = at[key]
    at[way[-1]] = value
    return changed


def _read(folder: Path, text: str) -> FramesList:
    path = folder / "hostile.json"
    path.write_text(text, encoding="utf-8", errors="surrogatepass")
    return read_list(path)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), value=_json)
def test_a_list_with_anything_in_it_is_read_or_refused(folder: Path, data: st.DataObject, value: Any) -> None:
    document = json.loads((folder / "frames.json").read_bytes())
    way = data.draw(st.sampled_from(_places(document)))
    try:
        listed = _read(folder, json.dumps(_with(document, way, value)))
    except InputError:
        return
    assert all(type(row.number) is int and row.number > 0 for row in listed.rows)
    assert set(find_listed(folder, listed.rows).by_frame) <= {row.number - 1 for row in listed.rows}


@settings(max_examples=100, deadline=None)
@given(text=st.text())
@example("[" * 100_000)
@example("1" * 5000)
def test_text_that_is_no_list_is_refused(folder: Path, text: str) -> None:
    with pytest.raises(InputError):
        _read(folder, text)


@pytest.mark.parametrize(
    ("way", "value"),
    [
        (("frames", 1, "number"), 0),
        (("frames", 1, "number"), -2),
        (("frames", 1, "number"), 1),
        (("frames", 1, "number"), True),
        (("frames", 1, "pts"), float("inf")),
        (("frames", 1, "pts"), 1 << 63),
        (("frames", 1, "seconds"), float("nan")),
        (("frames", 1, "files"), []),
        (("frames", 1, "files", 0), ".."),
        (("frames", 1, "files", 0), ""),
        (("frames", 1, "files", 0), "a\0.png"),
        (("frames", 1, "sha256"), []),
        (("frames",), {}),
        (("pictures", "planes"), "yes"),
        (("pictures", "format"), "exe"),
        (("pictures", "bit_depth"), 8.0),
        (("pictures", "cicp"), [1, 256]),
        (("source", "width"), "64"),
        (("source", "frame_count"), []),
        (("schema_version",), "1"),
        (("made_by",), None),
    ],
)
def test_what_no_export_writes_is_refused_by_its_name(folder: Path, way: tuple[Any, ...], value: Any) -> None:
    document = json.loads((folder / "frames.json").read_bytes())
    name = next(key for key in reversed(way) if isinstance(key, str))
    with pytest.raises(InputError, match=rf"mediarescue wrote \(.*{name}.*\); export the frames again$"):
        _read(folder, json.dumps(_with(document, way, value)))


def test_several_pictures_of_a_frame_are_its_planes(folder: Path) -> None:
    document = json.loads((folder / "frames.json").read_bytes())
    document["frames"][0] |= {"files": ["1_Y.png", "1_Cb.png"], "sha256": ["", ""]}
    with pytest.raises(InputError, match="files and sha256"):
        _read(folder, json.dumps(document))
    document["pictures"]["planes"] = True
    assert _read(folder, json.dumps(document)).rows[0].files == ("1_Y.png", "1_Cb.png")


def test_jpeg_of_sixteen_bits_is_refused(folder: Path) -> None:
    document = json.loads((folder / "frames.json").read_bytes())
    document["pictures"] |= {"format": "jpeg", "bit_depth": 16}
    with pytest.raises(InputError, match="pictures: bit_depth"):
        _read(folder, json.dumps(document))
