"""A folder in which no film fits is given up early."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from mediarescue import api, choosing
from mediarescue.errors import ReferenceMismatchError
from tests.conftest import Clips
from tests.support.clips import ClipSpec


def test_films_that_read_nothing_are_not_tried_on_more(
    clips: Clips, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "films"
    folder.mkdir()
    (folder / "a.mp4").write_bytes(clips.clip("plain-ref.mp4", ClipSpec()).read_bytes())
    noise = random.Random(2).randbytes(300_000)
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + (len(noise) + 8).to_bytes(4, "big") + b"mdat" + noise)
    limits: list[int] = []
    tried = choosing._tried

    def counting(film, source, location, limit):  # type: ignore[no-untyped-def]
        limits.append(limit)
        return tried(film, source, location, limit)

    monkeypatch.setattr(choosing, "_tried", counting)
    with pytest.raises(ReferenceMismatchError):
        api.untrunc(broken, reference=folder)
    assert choosing._GLANCE in limits
    assert choosing._FULL not in limits
