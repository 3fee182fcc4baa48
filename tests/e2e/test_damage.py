"""Damage in the midst of a film: what it did not touch comes back, and nothing else is taken for a sample."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import pytest

from mediarescue.fit import decoded
from mediarescue.isobmff import ByteSource
from mediarescue.recover.profile import TrackProfile
from mediarescue.recover.run import Rescue, identify, learn, prepare
from tests.support.damage_judge import TrackVerdict, judge, true_tracks
from tests.support.damages import Damage, Kind, Span, make_damage, without_index
from tests.support.presets import ClipCache, Pair

VIDEO = ["h264_no_b", "h264_pyramid", "h264_slices4", "hevc_b", "nal_length_2"]


def rescued(pair: Pair, damage: Damage, folder: Path) -> Rescue:
    trial = folder / "damaged.mp4"
    trial.write_bytes(damage.data)
    with ByteSource.open(pair.reference) as healthy, ByteSource.open(trial) as broken:
        preparation = prepare(broken, healthy)
        return identify(broken, learn(healthy, preparation), preparation, probe=decoded)


def verdicts(pair: Pair, damage: Damage, folder: Path) -> dict[str, TrackVerdict]:
    found = judge(true_tracks(pair.take), damage, rescued(pair, damage, folder).tracks)
    return {f"{verdict.codec}{verdict.index}": verdict for verdict in found}


def assert_nothing_else_lost(found: dict[str, TrackVerdict]) -> None:
    for name, verdict in found.items():
        assert verdict.right == verdict.untouched, f"{name} misses {verdict.missed_places}"
        assert not verdict.wrong, f"{name} has {verdict.wrong_places}"


def damaged(pair: Pair, kind: Kind, at: int, size: int, seed: int = 1) -> Damage:
    data, first = without_index(pair.take)
    return make_damage(data, first, kind, at, size, random.Random(seed))


def picture(pair: Pair) -> tuple[int, int]:
    """Return offset and bytes of the largest picture in the middle of the film."""
    table = tracks_of(pair, "video")[0].samples
    assert table is not None
    index = max(range(len(table) * 2 // 5, len(table) * 4 // 5), key=lambda i: int(table.size[i]))
    return int(table.offset[index]), int(table.size[index])


def tracks_of(pair: Pair, kind: str) -> Sequence[TrackProfile]:
    return [track for track in true_tracks(pair.take) if track.kind == kind]


@pytest.mark.parametrize("name", VIDEO)
def test_a_picture_that_lost_bytes_goes_and_the_next_one_is_found_inside_it(
    name: str, clip_cache: ClipCache, tmp_path: Path
) -> None:
    pair = clip_cache.pair(name)
    offset, size = picture(pair)
    assert_nothing_else_lost(verdicts(pair, damaged(pair, "cut", offset + size // 3, size // 4), tmp_path))


@pytest.mark.parametrize("count", [1, 7, 300, 20_000])
@pytest.mark.parametrize("name", VIDEO[:-1])
def test_a_picture_with_bytes_put_in_goes_and_the_next_one_is_found_behind_it(
    name: str, count: int, clip_cache: ClipCache, tmp_path: Path
) -> None:
    pair = clip_cache.pair(name)
    offset, size = picture(pair)
    assert_nothing_else_lost(verdicts(pair, damaged(pair, "insert", offset + size // 2, count), tmp_path))


def test_what_a_length_claims_to_the_end_is_no_cut_picture_where_samples_go_on(
    clip_cache: ClipCache, tmp_path: Path
) -> None:
    pair = clip_cache.pair("nal_length_2")  # two bytes of anything may be a length that reaches behind the end
    offset, size = picture(pair)
    assert_nothing_else_lost(verdicts(pair, damaged(pair, "insert", offset + size // 2, 7), tmp_path))


@pytest.mark.parametrize("name", ["h264_no_b", "hevc_b"])
def test_an_overwritten_length_costs_one_picture(name: str, clip_cache: ClipCache, tmp_path: Path) -> None:
    pair = clip_cache.pair(name)
    offset, _ = picture(pair)
    found = verdicts(pair, damaged(pair, "noise", offset, 3), tmp_path)
    video = next(verdict for verdict in found.values() if verdict.codec in ("avc1", "hvc1"))
    assert video.untouched - video.right <= 1  # the one in front may go with it
    assert not any(verdict.wrong for verdict in found.values())


@pytest.mark.parametrize("kind", ["zeros", "noise", "copy", "swap"])
@pytest.mark.parametrize("name", ["h264_b", "h264_slices4", "hevc_open_gop", "aac_51"])
def test_an_overwritten_stretch_costs_what_it_covers(
    name: str, kind: Kind, clip_cache: ClipCache, tmp_path: Path
) -> None:
    pair = clip_cache.pair(name)
    offset, size = picture(pair)
    found = verdicts(pair, damaged(pair, kind, offset + size // 2, 5 * size), tmp_path)
    assert not any(verdict.wrong for verdict in found.values())
    assert sum(verdict.untouched - verdict.right for verdict in found.values()) <= 2
    assert not any(verdict.key_errors for verdict in found.values())


def test_the_picture_in_front_of_a_damaged_frame_of_sound_is_kept(clip_cache: ClipCache, tmp_path: Path) -> None:
    pair = clip_cache.pair("h264_no_b")
    pictures, frames = tracks_of(pair, "video")[0].samples, tracks_of(pair, "audio")[0].samples
    assert pictures is not None
    assert frames is not None
    ends = set((pictures.offset + pictures.size).tolist())
    index = next(i for i in range(20, len(frames)) if int(frames.offset[i]) in ends)
    at, size = int(frames.offset[index]), int(frames.size[index])
    assert_nothing_else_lost(verdicts(pair, damaged(pair, "cut", at + size // 2, size // 4), tmp_path))


def test_pictures_in_front_of_what_no_track_has_are_kept(clip_cache: ClipCache, tmp_path: Path) -> None:
    pair = clip_cache.pair("h264_no_b")
    offset, size = picture(pair)
    data, _ = without_index(pair.take)
    at, note = offset + size, b"x=0.125;y=0.250;" * 40
    spans = (Span(0, 0, at), Span(at + len(note), at, len(data) - at))
    damage = Damage("insert", at, len(note), data[:at] + note + data[at:], spans, False)
    assert_nothing_else_lost(verdicts(pair, damage, tmp_path))


def test_a_hole_behind_a_picture_leaves_it(clip_cache: ClipCache, tmp_path: Path) -> None:
    pair = clip_cache.pair("h264_no_b")
    offset, size = picture(pair)
    assert_nothing_else_lost(verdicts(pair, damaged(pair, "zeros", offset + size, 6000), tmp_path))


@pytest.mark.parametrize("lost", [1, 7, 40])
def test_sound_behind_a_picture_that_lost_bytes_keeps_its_place(
    lost: int, clip_cache: ClipCache, tmp_path: Path
) -> None:
    pair = clip_cache.pair("pcm_sowt_mov")
    offset, size = picture(pair)
    found = verdicts(pair, damaged(pair, "cut", offset + size // 2, lost), tmp_path)
    assert found["sowt1"].untouched - found["sowt1"].right <= 1024  # where it begins is told by pieces of 256 frames
    assert not found["sowt1"].wrong
    assert found["avc10"].right == found["avc10"].untouched


def test_a_damaged_picture_is_no_sound(clip_cache: ClipCache, tmp_path: Path) -> None:
    pair = clip_cache.pair("pcm_sowt_mov")
    offset, size = picture(pair)
    found = verdicts(pair, damaged(pair, "zeros", offset + size // 2, 3 * size), tmp_path)
    assert not found["sowt1"].wrong
    assert found["sowt1"].right >= 0.95 * found["sowt1"].untouched


@pytest.mark.parametrize("kind", ["zeros", "noise"])
@pytest.mark.parametrize("name", ["two_aac", "two_aac_long_chunks"])
def test_two_tracks_of_one_codec_go_on_in_step_behind_damage(
    name: str, kind: Kind, clip_cache: ClipCache, tmp_path: Path
) -> None:
    pair = clip_cache.pair(name)
    frames = tracks_of(pair, "audio")[0].samples
    assert frames is not None
    index = len(frames) // 2
    size = int(frames.size[index : index + 3].sum())
    found = verdicts(pair, damaged(pair, kind, int(frames.offset[index]) + 10, size), tmp_path)
    for verdict in (found["mp4a1"], found["mp4a2"]):
        assert verdict.wrong <= 3  # those around the gap, of either track
        assert verdict.untouched - verdict.right <= 3
