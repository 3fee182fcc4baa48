"""Any bytes taken for media data: the search ends, never raises, and accounts for every byte."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from mediarescue.api import untrunc
from mediarescue.errors import MediaRescueError
from mediarescue.isobmff import ByteSource
from mediarescue.options import UntruncOptions
from mediarescue.recover.candidate import Segmentation
from mediarescue.recover.locate import locate_media
from mediarescue.reports import UntruncReport
from tests.support.boxes import mdat_of
from tests.support.presets import ClipCache
from tests.support.searching import Search
from tests.support.synthetic import gpmf_track, mebx_track, pcm_track, signed_track, tmcd_track, write_movie

FAST = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
CASES = ["h264_b", "hevc_b", "pcm_sowt_mov", "two_aac", "synthetic"]


@dataclass(frozen=True, slots=True)
class Case:
    """A reference ready for use, media data of another take, and a file to write trial bytes to."""

    reference: Path
    trial: Path
    search: Search = field(repr=False)
    media: bytes = field(repr=False)

    def segmented(self, data: bytes) -> Segmentation:
        self.trial.write_bytes(data)
        return self.search.segment(self.trial, whole=True)


@pytest.fixture(scope="module", params=CASES)
def case(
    request: pytest.FixtureRequest, clip_cache: ClipCache, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Case]:
    folder = tmp_path_factory.mktemp("search")
    if request.param == "synthetic":
        reference, take = folder / "reference.mov", folder / "take.mov"
        for path, seed, count in ((reference, 1, 20), (take, 40, 12)):
            pcm = pcm_track(count, seed=seed, frames=100)
            tracks = (gpmf_track(count, seed=seed), mebx_track(count, seed=seed), tmcd_track(seed), pcm)
            write_movie(path, (*tracks, signed_track(count, seed=seed)))
    else:
        pair = clip_cache.pair(request.param)
        reference, take = pair.reference, pair.take
    mdat = mdat_of(take)
    start = mdat.offset + mdat.header
    with Search(reference) as search:
        yield Case(reference, folder / "trial", search, take.read_bytes()[start : start + 9000])


def assert_covers(segmentation: Segmentation, size: int) -> None:
    ends = segmentation.offset + segmentation.size
    assert segmentation.start == 0
    assert segmentation.end == size
    if not size:
        return
    assert segmentation.offset[0] == 0
    assert ends[-1] == size
    assert (segmentation.offset[1:] == ends[:-1]).all()
    assert (segmentation.size > 0).all()
    lost = sum(gap.size for gap in segmentation.gaps)
    found = sum(int(samples.size.sum()) for samples in segmentation.samples)
    assert segmentation.recovered_bytes == found
    assert found + lost == size
    for samples in segmentation.samples:
        assert int(samples.run_count.sum()) == len(samples.size)
        assert (np.diff(samples.offset) > 0).all()


@FAST
@given(data=st.binary(min_size=1, max_size=3000))
def test_any_bytes_are_covered_exactly(case: Case, data: bytes) -> None:
    assert_covers(case.segmented(data), len(data))


@FAST
@given(
    plan=st.lists(
        st.tuples(st.integers(0, 8000), st.integers(1, 1500), st.sampled_from(["media", "noise", "zeros", "ff"]))
    )
)
def test_any_mixture_of_true_media_and_rubbish_is_covered_exactly(case: Case, plan: list[tuple[int, int, str]]) -> None:
    parts = []
    for at, size, kind in plan[:6]:
        noise = np.random.default_rng(at).bytes(size)
        parts.append(
            {"media": case.media[at : at + size], "noise": noise, "zeros": bytes(size), "ff": b"\xff" * size}[kind]
        )
    data = b"".join(parts)
    if data:
        assert_covers(case.segmented(data), len(data))


@FAST
@given(
    damage=st.lists(st.tuples(st.integers(0, 8000), st.binary(min_size=1, max_size=40)), max_size=5),
    cut=st.integers(1, 9000),
)
def test_damage_inside_a_film_costs_no_more_than_a_gap(case: Case, damage: list[tuple[int, bytes]], cut: int) -> None:
    data = bytearray(case.media[:cut])
    for at, junk in damage:
        data[at : at + len(junk)] = junk[: max(0, len(data) - at)]
    assert_covers(case.segmented(bytes(data)), len(data))


@settings(FAST, max_examples=40)
@given(
    data=st.one_of(
        st.binary(max_size=2000),
        st.builds(
            lambda kind, size, rest: size.to_bytes(4, "big") + kind + rest,
            st.sampled_from([b"ftyp", b"mdat", b"moov", b"free", b"wide", b"moof", b"uuid"]),
            st.integers(0, 2**32 - 1),
            st.binary(max_size=300),
        ),
    )
)
def test_any_file_gives_a_report_or_an_error_of_ours(case: Case, data: bytes) -> None:
    case.trial.write_bytes(data)
    try:
        outcome: UntruncReport | MediaRescueError = untrunc(
            case.trial, reference=case.reference, options=UntruncOptions(dry_run=True)
        )
    except MediaRescueError as error:
        outcome = error
    if isinstance(outcome, UntruncReport):
        assert outcome.recovered_bytes + sum(gap.size for gap in outcome.gaps) == outcome.media_bytes
    else:
        assert str(outcome)


BOXES = st.sampled_from([b"ftyp", b"free", b"wide", b"skip", b"uuid", b"mdat", b"moov", b"junk", b"abcd"])


@example(before=[], size=1, media=b"", after=[])
@settings(deadline=None)
@given(
    before=st.lists(st.tuples(BOXES, st.binary(max_size=40)), max_size=4),
    size=st.one_of(st.sampled_from([0, 1, 8, 0x3F3F3F3F]), st.integers(0, 2**32 - 1)),
    media=st.binary(max_size=100),
    after=st.lists(st.tuples(BOXES, st.binary(max_size=20)), max_size=3),
)
def test_the_media_data_lies_inside_the_file(
    before: list[tuple[bytes, bytes]],
    size: int,
    media: bytes,
    after: list[tuple[bytes, bytes]],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    def boxes(rows: list[tuple[bytes, bytes]]) -> bytes:
        return b"".join((8 + len(body)).to_bytes(4, "big") + kind + body for kind, body in rows)

    path = tmp_path_factory.getbasetemp() / "locate-trial"
    path.write_bytes(boxes(before) + size.to_bytes(4, "big") + b"mdat" + media + boxes(after))
    with ByteSource.open(path) as source:
        location = locate_media(source)
        assert 0 <= location.start <= location.end <= source.size
        if location.mdat_offset is not None:
            assert source.read(location.mdat_offset + 4, 4) == b"mdat"
            cut_header = location.start == source.size
            assert cut_header or location.start - location.mdat_offset in (8, 16)
        assert location.file_type == b"" or location.file_type[4:8] == b"ftyp"
