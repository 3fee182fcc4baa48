"""The search through damage looks at few places; it must not miss what looking at all of them would find."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mediarescue.isobmff import ByteSource
from mediarescue.recover.boxes import find_box
from mediarescue.recover.families import make_families
from mediarescue.recover.matcher import Matcher
from mediarescue.recover.padding import Padding
from mediarescue.recover.profile import learn_reference
from mediarescue.recover.resync import StartSearch
from mediarescue.recover.window import MediaWindow
from tests.support.boxes import mdat_of
from tests.support.presets import ClipCache
from tests.support.synthetic import gpmf_track, mebx_track, signed_track, write_movie

CASES = ["h264_b", "hevc_b", "two_aac", "nal_length_2", "synthetic"]
QUICK = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
MOST = 12_000


@dataclass(frozen=True, slots=True)
class Case:
    matchers: tuple[Matcher, ...]
    media: bytes = field(repr=False)
    starts: tuple[int, ...] = field(repr=False)
    """Where the samples of the media begin."""
    trial: Path


@pytest.fixture(scope="module", params=CASES)
def case(
    request: pytest.FixtureRequest, clip_cache: ClipCache, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Case]:
    folder = tmp_path_factory.mktemp("resync")
    if request.param == "synthetic":
        reference, take = folder / "reference.mov", folder / "take.mov"
        for path, seed in ((reference, 1), (take, 40)):
            tracks = (gpmf_track(20, seed=seed), mebx_track(20, seed=seed), signed_track(20, seed=seed))
            write_movie(path, tracks)
    else:
        pair = clip_cache.pair(request.param)
        reference, take = pair.reference, pair.take
    mdat = mdat_of(take)
    begin = mdat.offset + mdat.header
    with ByteSource.open(reference) as source, ByteSource.open(take) as film:
        profile = learn_reference(source)
        matchers = tuple(make_families(profile, MediaWindow(source, 0, source.size)).matchers)
        tables = [track.samples for track in learn_reference(film).tracks if track.samples is not None]
        offsets = np.sort(np.concatenate([table.offset for table in tables])) - begin
        media = take.read_bytes()[begin : mdat.end]
        far = max(len(media) - MOST, len(media) // 2)
        yield Case(matchers, media, tuple(offsets[offsets < far].tolist()), folder / "trial")


def every_place(window: MediaWindow, matchers: tuple[Matcher, ...]) -> int:
    """Return the first place that the search verifies of all those that the matchers' exact searches give, or -1."""
    best = find_box(window, 0, window.end)
    for matcher in matchers:
        at = matcher.find(window, 0, window.end)
        while at >= 0 and StartSearch(window, matchers, Padding()).find(at) != at:
            at = matcher.find(window, at + 1, window.end) if at + 1 < window.end else -1
        best = min((place for place in (best, at) if place >= 0), default=-1)
    return best


@QUICK
@given(
    junk=st.integers(0, 4000),
    kind=st.sampled_from(["noise", "zeros", "ff", "pattern", "media"]),
    which=st.integers(0, 10_000),
    seed=st.integers(0, 1000),
)
def test_nothing_between_the_damage_and_the_first_chain_is_lost(
    case: Case, junk: int, kind: str, which: int, seed: int
) -> None:
    start = case.starts[which % len(case.starts)]
    rng = np.random.default_rng(seed)
    filling = {
        "noise": rng.bytes(junk),
        "zeros": bytes(junk),
        "ff": b"\xff" * junk,
        "pattern": (b"BAD SECTOR\0\0" * (junk // 12 + 1))[:junk],
        "media": case.media[start // 2 + 3 :][:junk],
    }[kind]
    data = filling + case.media[start : start + MOST]
    case.trial.write_bytes(data)
    with ByteSource.open(case.trial) as source:
        window = MediaWindow(source, 0, len(data))
        quick, plain = StartSearch(window, case.matchers, Padding()).find(0), every_place(window, case.matchers)
    assert plain < 0 or 0 <= quick <= plain
    if kind != "media" and quick >= 0:
        true = {len(filling) + at - start for at in case.starts if start <= at < start + MOST}
        assert quick in true, "no chance start in the damage, and one of the film's own samples"
