"""What every codec matcher promises, tried on each entry of the registry and on the fallbacks."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from mediarescue.isobmff import ByteSource
from mediarescue.recover.codecs import MATCHERS
from mediarescue.recover.families import make_families
from mediarescue.recover.matcher import Matcher
from mediarescue.recover.profile import TrackProfile, learn_reference
from mediarescue.recover.window import MediaWindow
from tests.conftest import Clips
from tests.support.codecs import CODEC_CLIPS
from tests.support.synthetic import gpmf_track, mebx_track, pcm_track, signed_track, tmcd_track, write_movie

SUBJECTS = {
    "h264": ("h264_b", b"avc1"),
    "h264_slices": ("h264_slices4", b"avc1"),
    "h264_short_lengths": ("nal_length_2", b"avc1"),
    "hevc": ("hevc_b", b"hvc1"),
    "aac": ("aac_stereo", b"mp4a"),
    "aac_51": ("aac_51", b"mp4a"),
    "gpmd": ("", b"gpmd"),
    "mebx": ("", b"mebx"),
    "learned_length_field": ("", b"camm"),
    "learned_one_size": ("", b"fdsc"),
    "learned_single": ("", b"tmcd"),
    "pcm": ("", b"sowt"),
}
"""Name -> preset (or the synthetic movie) and the sample entry whose matcher is tried."""
REGISTERED = {
    **{name: {b"mp4a": "mp4a.40"}.get(kind, kind.decode()) for name, (_, kind) in SUBJECTS.items()},
    **{name: clip.registered for name, clip in CODEC_CLIPS.items()},
}
ALL = [*SUBJECTS, *CODEC_CLIPS]
STRUCTURED = [
    *(name for name in SUBJECTS if name not in ("learned_single", "pcm")),
    *(name for name, clip in CODEC_CLIPS.items() if clip.exact),
]
MakeMedia = Callable[[bytes], MediaWindow]
_RUNS_ASKED = 12
_MARGIN = 24
"""Bytes of a cut sample that show what it is: length field, headers, signature."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A matcher with the reference it learned from, and the true runs of its samples there."""

    name: str
    matcher: Matcher
    window: MediaWindow
    source: ByteSource
    runs: tuple[tuple[int, tuple[int, ...]], ...]
    """Offset and sample sizes of each contiguous run (constant-size audio: one size)."""

    def bytes_of(self, run: tuple[int, tuple[int, ...]], samples: int | None = None) -> bytes:
        return self.source.read(run[0], sum(run[1][:samples]))


def true_runs(track: TrackProfile) -> tuple[tuple[int, tuple[int, ...]], ...]:
    if track.chunks is not None:
        return tuple((int(o), (int(s),)) for o, s in zip(track.chunks.offset, track.chunks.size, strict=True))
    assert track.samples is not None
    offset, size = track.samples.offset, track.samples.size
    first = np.flatnonzero(np.concatenate(([True], offset[1:] != offset[:-1] + size[:-1])))
    parts = zip(first, np.append(first[1:], len(offset)), strict=True)
    return tuple((int(offset[a]), tuple(size[a:b].tolist())) for a, b in parts)


@pytest.fixture
def subject(request: pytest.FixtureRequest, clips: Clips, tmp_path: Path) -> Iterator[Subject]:
    name: str = request.param
    preset, kind = SUBJECTS.get(name, ("", b""))
    if name in CODEC_CLIPS:
        path, kind = clips.codec(CODEC_CLIPS[name]).reference, CODEC_CLIPS[name].kind
    elif preset:
        path = clips.pair(preset).reference
    else:
        path = tmp_path / "synthetic.mov"
        tracks = (gpmf_track(16), mebx_track(15), pcm_track(14), signed_track(16, magic=b"\0\0\1CAMM-x"), tmcd_track())
        fixed = signed_track(16, seed=9, magic=b"GP\0\2fixed", kind=b"fdsc", size=160)
        write_movie(path, (*tracks, fixed))
    with ByteSource.open(path) as source:
        profile = learn_reference(source)
        families = make_families(profile, MediaWindow(source, 0, source.size)).families
        family = next(f for f in families if f.tracks[0].codec == kind)
        mdat = profile.movie.mdats[0]
        window = MediaWindow(source, mdat.payload_offset, mdat.end)
        yield Subject(name, family.matcher, window, source, true_runs(family.tracks[0]))


def every(names: list[str]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("subject", names, indirect=True)


@pytest.fixture
def media(tmp_path: Path) -> Iterator[MakeMedia]:
    """Return ``media(bytes) -> MediaWindow`` over a file of just these bytes."""
    opened: list[ByteSource] = []

    def make(data: bytes) -> MediaWindow:
        path = tmp_path / f"media-{len(opened)}"
        path.write_bytes(data)
        opened.append(ByteSource.open(path))
        return MediaWindow(opened[-1], 0, len(data))

    yield make
    for source in opened:
        source.close()


def test_every_registered_matcher_is_tried_here() -> None:
    tried = {MATCHERS.get(name) for name in REGISTERED.values()}
    missing = [name for name, line in MATCHERS if line not in tried]
    assert not missing, f"add a subject for {missing}"


@every(STRUCTURED)
def test_each_true_run_is_matched_where_it_stands_with_its_true_sizes(subject: Subject) -> None:
    for offset, sizes in subject.runs:
        pos, left = offset, list(sizes)
        while left:
            candidate = subject.matcher.match(subject.window, pos)
            assert candidate is not None, f"nothing at {pos} of run {offset}"
            got = candidate.sizes.tolist()
            assert candidate.offset == pos
            assert candidate.size == sum(got)
            assert got[: len(left)] == left[: len(got)], f"other sizes at {pos}"
            assert len(got) <= len(left), f"the run at {offset} goes on behind its end"
            assert candidate.cost >= 0
            left = left[len(got) :]
            pos = candidate.end


@every(["pcm", "learned_single"])
def test_what_has_no_structure_is_proposed_in_its_true_length_and_never_matched(subject: Subject) -> None:
    usual = max({sizes for _, sizes in subject.runs}, key=[sizes for _, sizes in subject.runs].count)
    for offset, sizes in subject.runs:
        assert subject.matcher.match(subject.window, offset) is None
        proposed = [candidate.size for candidate in subject.matcher.propose(subject.window, offset)]
        if sizes == usual:
            assert sum(sizes) in proposed
    assert subject.matcher.blind


@every(ALL)
def test_nothing_is_claimed_beyond_the_end_of_the_media(subject: Subject) -> None:
    offset, sizes = max(subject.runs, key=lambda run: sum(run[1]))
    size = sum(sizes)
    for left in sorted({*range(1, min(size, 40)), *range(1, size, max(1, size // 60)), size - 1}):
        window = MediaWindow(subject.source, subject.window.start, offset + left)
        candidate = subject.matcher.match(window, offset)
        assert candidate is None or candidate.end <= window.end
        found = subject.matcher.find(window, subject.window.start, window.end)
        assert found == -1 or window.start <= found < window.end
        subject.matcher.cut(window, offset)
        if candidate is not None:
            whole = candidate.sizes.tolist()
            assert whole == list(sizes[: len(whole)]), f"{left} bytes give other sizes"


@every(STRUCTURED)
def test_a_first_sample_cut_short_is_known_as_one(subject: Subject) -> None:
    for offset, sizes in subject.runs[:6]:
        for left in {sizes[0] - 1, sizes[0] * 3 // 4, sizes[0] // 2}:
            if left < _MARGIN:
                continue
            window = MediaWindow(subject.source, subject.window.start, offset + left)
            assert subject.matcher.match(window, offset) is None, f"{left} of {sizes[0]} bytes pass for a sample"
            assert subject.matcher.cut(window, offset), f"{left} of {sizes[0]} bytes at {offset} are not known as cut"


@every(["pcm"])
def test_pcm_is_never_cut_short(subject: Subject) -> None:
    offset, sizes = subject.runs[0]
    window = MediaWindow(subject.source, subject.window.start, offset + sizes[0] // 2 + 1)
    assert not subject.matcher.cut(window, offset)


@every(STRUCTURED)
@pytest.mark.parametrize("garbage", [b"\xff" * 777, random.Random(5).randbytes(1500), bytes(900)])
def test_the_next_true_start_is_found_behind_garbage(subject: Subject, garbage: bytes, media: MakeMedia) -> None:
    run = max(subject.runs, key=lambda run: len(run[1]))
    window = media(garbage + subject.bytes_of(run) + b"\xff" * 64)
    assert subject.matcher.find(window, 0, window.end) == len(garbage)
    assert subject.matcher.find(window, len(garbage), window.end) == len(garbage)
    assert subject.matcher.find(window, 0, len(garbage)) == -1


@every(ALL)
def test_zeros_are_nobodys_samples(subject: Subject, media: MakeMedia) -> None:
    window = media(bytes(100_000))
    assert subject.matcher.match(window, 0) is None
    assert subject.matcher.match(window, 5) is None
    assert subject.matcher.find(window, 0, 2000) == -1


@every(ALL)
def test_random_bytes_are_hardly_ever_taken_for_samples_and_never_for_certain(
    subject: Subject, media: MakeMedia
) -> None:
    window = media(random.Random(11).randbytes(60_000))
    matches = [subject.matcher.match(window, pos) for pos in range(0, 50_000, 29)]
    taken = [match for match in matches if match is not None]
    assert len(taken) <= 0.01 * len(matches)
    assert not [match for match in taken if match.certain]


@every(ALL)
def test_asking_changes_nothing(subject: Subject) -> None:
    order, offsets = random.Random(3), [offset for offset, _ in subject.runs]
    for index, offset in enumerate(offsets[:_RUNS_ASKED]):
        first = answers(subject, offset)
        for at in range(offset, min(offset + 200, subject.window.end), 7):
            subject.matcher.match(subject.window, at)
            subject.matcher.cut(subject.window, at)
        answers(subject, order.choice(offsets[index + 1 :] or offsets))
        assert answers(subject, offset) == first, f"another answer at {offset}"


@every(["learned_single"])
def test_where_it_was_asked_first_makes_no_place_likelier(subject: Subject, media: MakeMedia) -> None:
    run = subject.runs[0]
    window = media(2 * subject.bytes_of(run))
    costs = [[found.cost for found in subject.matcher.propose(window, at)] for at in (0, sum(run[1]))]
    assert costs[0] == costs[1] != []


def answers(subject: Subject, offset: int) -> list[tuple[list[int], float]]:
    """Return sizes and cost of all that the matcher says may start at ``offset``."""
    matched = subject.matcher.match(subject.window, offset)
    found = [*([matched] if matched else []), *subject.matcher.propose(subject.window, offset)]
    return [(candidate.sizes.tolist(), candidate.cost) for candidate in found]
