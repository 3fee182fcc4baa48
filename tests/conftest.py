"""Fixtures for all tests: generated clips, and proof that inputs stay as they were."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.clips import ClipSpec
from tests.support.codecs import CodecClip
from tests.support.hashes import Frozen
from tests.support.presets import ClipCache, Pair

FIXTURES = Path(__file__).parent / "fixtures"


@pytest.fixture(scope="session")
def clip_cache(tmp_path_factory: pytest.TempPathFactory) -> ClipCache:
    """Return the session's cache of generated clips, shared by the processes of a parallel run."""
    base = tmp_path_factory.getbasetemp()
    # Under pytest-xdist every worker's own folder stands in one common folder.
    return ClipCache((base.parent if base.name.startswith("popen-") else base) / "clips")


class Clips:
    """Hands out generated clips and remembers their hashes for the end of the test."""

    def __init__(self, cache: ClipCache, frozen: Frozen) -> None:
        self._cache, self._frozen = cache, frozen

    def pair(self, name: str) -> Pair:
        """Return the two takes of a preset, see ``tests.support.presets.PRESETS``."""
        pair = self._cache.pair(name)
        self._frozen(pair.reference)
        self._frozen(pair.take)
        return pair

    def codec(self, clip: CodecClip) -> Pair:
        """Return the two takes of a codec's clip, see ``tests.support.codecs``."""
        pair = self._cache.codec(clip)
        self._frozen(pair.reference)
        self._frozen(pair.take)
        return pair

    def clip(self, name: str, spec: ClipSpec) -> Path:
        """Return a clip of the test's own, made once a session under ``name`` (with its suffix)."""
        return self._frozen(self._cache.clip(name, spec))


@pytest.fixture
def frozen_input() -> Iterator[Frozen]:
    """Return ``frozen_input(path) -> path``; the file's sha256 must be the same after the test."""
    frozen = Frozen()
    yield frozen
    frozen.check()


@pytest.fixture
def clips(clip_cache: ClipCache, frozen_input: Frozen) -> Clips:
    """Return the maker of generated clips; those handed out are checked to be unchanged after the test."""
    return Clips(clip_cache, frozen_input)


@pytest.fixture(scope="session", autouse=True)
def _fixtures_stay_as_they_are() -> Iterator[None]:
    frozen = Frozen()
    before = sorted(path for path in FIXTURES.rglob("*") if path.is_file())
    for path in before:
        frozen(path)
    yield
    frozen.check()
    assert sorted(path for path in FIXTURES.rglob("*") if path.is_file()) == before, "a test left files in fixtures"
