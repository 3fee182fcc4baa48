"""Fragmented files: cut anywhere, without their init segment, with a damaged fragment, kept fragmented or not."""

from __future__ import annotations

import contextlib
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from mediarescue import untrunc
from mediarescue.checking.structure import IndexState, index_state
from mediarescue.errors import (
    InputError,
    MediaRescueError,
    NothingRecoverableError,
    NothingToDoError,
    ReferenceMismatchError,
)
from mediarescue.options import UntruncOptions
from mediarescue.reports import TimingSource, UntruncReport
from tests.conftest import Clips
from tests.support.boxes import TopBox, top_level
from tests.support.breaking import assert_rescued_like, drop_moov, true_packets
from tests.support.clips import AudioSpec, ClipSpec, VideoSpec
from tests.support.shared import shared_media
from tests.support.synthetic import SyntheticTrack, gpmf_track, write_movie

H264 = VideoSpec(options=(("x264-params", "bframes=2:keyint=20"),))
HEVC = VideoSpec(codec="libx265", options=(("x265-params", "bframes=2:keyint=20"),))
SOUND = (AudioSpec(),)


def fragmented(
    flags: str, *, video: tuple[VideoSpec, ...] = (H264,), audio: tuple[AudioSpec, ...] = SOUND, **options: str
) -> ClipSpec:
    container = options.pop("container", "mp4")
    return ClipSpec(container, video, audio, (("movflags", flags), *options.items()))


KEY = "+frag_keyframe+empty_moov+default_base_moof"
CLIPS = {
    "by-keyframe": fragmented(KEY),
    "delayed-moov": fragmented("+frag_keyframe+delay_moov+default_base_moof"),
    "by-duration-absolute-offsets": fragmented("+empty_moov", frag_duration="300000"),
    "each-picture": fragmented("+frag_every_frame+empty_moov+default_base_moof", audio=()),
    "implicit-offsets": fragmented("+frag_keyframe+empty_moov+omit_tfhd_offset"),
    "negative-composition": fragmented(f"{KEY}+negative_cts_offsets"),
    "dash-global-index": fragmented(f"{KEY}+dash+global_sidx"),
    "dash-segments": fragmented("+dash+frag_keyframe+delay_moov+default_base_moof"),
    "a-moof-a-track": fragmented("+frag_keyframe+separate_moof+empty_moov"),
    "first-samples-in-moov": fragmented("+frag_keyframe"),
    "hevc-and-two-of-each": fragmented(KEY, video=(HEVC, H264), audio=(AudioSpec(), AudioSpec(seed=4, frequency=880))),
    "pcm-mov": fragmented(KEY, audio=(AudioSpec(codec="pcm_s16le"),), container="mov"),
}
FEW_TICKS = Fraction(1, 1000)
PLACES = (0.3, 0.55, 0.8, 0.97)


@pytest.fixture(params=CLIPS)
def whole(request: pytest.FixtureRequest, clips: Clips) -> Path:
    spec = CLIPS[request.param]
    return clips.clip(f"{request.param}.{spec.container}", spec)


@pytest.fixture
def by_keyframe(clips: Clips) -> Path:
    return clips.clip("by-keyframe.mp4", CLIPS["by-keyframe"])


@pytest.fixture
def progressive(clips: Clips) -> Path:
    return clips.clip("progressive.mp4", ClipSpec(video=(H264,), audio=SOUND))


def boxes(path: Path, kind: bytes) -> list[TopBox]:
    return [top for top in top_level(path) if top.kind == kind]


def cut(path: Path, to: Path, size: int) -> Path:
    to.write_bytes(path.read_bytes()[:size])
    return to


def _tolerance(whole: Path) -> Fraction:
    """FFmpeg shows fragments with negative composition offsets late by the greatest of them, and no other file."""
    return Fraction(1, 10) if whole.stem in ("negative-composition", "rotate-buck-bunny") else FEW_TICKS


def rescued(report: UntruncReport) -> Path:
    assert report.output is not None
    return Path(report.output)


def test_whole_ones_are_healthy(whole: Path) -> None:
    assert index_state(whole) is IndexState.SOUND
    with pytest.raises(NothingToDoError):
        untrunc(whole)


@pytest.mark.parametrize("place", PLACES)
def test_all_that_is_there_of_a_cut_one_comes_back_without_a_reference(
    whole: Path, tmp_path: Path, place: float
) -> None:
    media_start = min(top.offset for top in top_level(whole) if top.kind in (b"moof", b"mdat"))
    size = media_start + int((whole.stat().st_size - media_start) * place)
    report = untrunc(cut(whole, tmp_path / f"cut{whole.suffix}", size))
    assert_rescued_like(whole, rescued(report), cut_at=size, av_tolerance=_tolerance(whole))
    assert report.reference is None
    assert all(track.timing_source is TimingSource.INDEX for track in report.tracks)
    assert not report.reservations
    assert report.fragments is not None
    assert report.fragments.cut


def test_a_cut_at_every_hundredth_byte_keeps_what_is_there(by_keyframe: Path, tmp_path: Path) -> None:
    last = boxes(by_keyframe, b"moof")[-1]
    for size in range(last.offset + 30, by_keyframe.stat().st_size - 200, 613):
        report = untrunc(cut(by_keyframe, tmp_path / "cut.mp4", size), options=UntruncOptions(overwrite=True))
        assert_rescued_like(by_keyframe, rescued(report), cut_at=size)


@pytest.mark.parametrize("place", [0.55, 0.8, 0.97])
def test_whole_fragments_are_kept_byte_for_byte(by_keyframe: Path, tmp_path: Path, place: float) -> None:
    data = by_keyframe.read_bytes()
    size = int(len(data) * place)
    report = untrunc(cut(by_keyframe, tmp_path / "cut.mp4", size), options=UntruncOptions(keep_fragments=True))
    end = max(top.end for top in boxes(by_keyframe, b"mdat") if top.end <= size)
    assert rescued(report).read_bytes() == data[:end]
    assert index_state(rescued(report)) is IndexState.SOUND
    assert report.fragments is not None
    assert report.fragments.kept
    kept = [len(stream.packets) for stream in true_packets(rescued(report))]
    assert [track.samples for track in report.tracks] == kept


def test_a_segment_index_that_leads_beyond_the_cut_is_put_out_of_use(clips: Clips, tmp_path: Path) -> None:
    whole = clips.clip("dash-global-index.mp4", CLIPS["dash-global-index"])
    size = boxes(whole, b"mdat")[-1].end - 50
    report = untrunc(cut(whole, tmp_path / "cut.mp4", size), options=UntruncOptions(keep_fragments=True))
    kinds = [top.kind for top in top_level(rescued(report))]
    assert kinds == [b"ftyp", b"moov", b"free", b"free", b"moof", b"mdat", b"moof", b"mdat"]


@pytest.mark.parametrize("behind", [b"\xa7" * 5000, bytes(9000)], ids=["garbage", "zeros"])
def test_what_is_no_fragment_at_the_end_is_left_out_and_said(by_keyframe: Path, tmp_path: Path, behind: bytes) -> None:
    end = boxes(by_keyframe, b"mdat")[-1].end
    (tmp_path / "f.mp4").write_bytes(by_keyframe.read_bytes()[:end] + behind)
    report = untrunc(tmp_path / "f.mp4")
    assert_rescued_like(by_keyframe, rescued(report))
    assert [(gap.offset, gap.size) for gap in report.gaps] == [(end, len(behind))]
    assert report.exit_code == 10


def test_samples_in_space_that_was_never_written_are_not_invented(by_keyframe: Path, tmp_path: Path) -> None:
    last = boxes(by_keyframe, b"mdat")[-1]
    written = last.offset + 3000
    data = by_keyframe.read_bytes()[:written]
    (tmp_path / "f.mp4").write_bytes(data + bytes(last.end - written + 5000))
    assert_rescued_like(by_keyframe, rescued(untrunc(tmp_path / "f.mp4")), cut_at=len(data.rstrip(b"\0")))


@pytest.mark.parametrize("name", ["by-keyframe", "delayed-moov", "dash-segments", "hevc-and-two-of-each"])
@pytest.mark.parametrize("kind", ["fragmented", "progressive"])
def test_an_init_segment_comes_from_the_reference(clips: Clips, tmp_path: Path, name: str, kind: str) -> None:
    spec = CLIPS[name]
    whole = clips.clip(f"{name}.mp4", spec)
    options = spec.options if kind == "fragmented" else ()
    reference = clips.clip(
        f"{name}-{kind}-reference.mp4", ClipSpec(video=spec.video, audio=spec.audio, options=options)
    )
    moov = boxes(whole, b"moov")[0]
    data = whole.read_bytes()
    (tmp_path / "part.m4s").write_bytes(data[moov.end :])
    report = untrunc(tmp_path / "part.m4s", reference=reference)
    assert rescued(report).name == "part_rescued.mp4"
    padded = tmp_path / "padded.mp4"  # the original, with the offsets of the part
    padded.write_bytes(data)
    # FFmpeg writes edit lists into progressive files, and stretches the first frame of sound instead in some fragmented
    # ones: which of them was meant, fragments do not say.
    stretched = kind == "progressive" and "delay_moov" not in dict(spec.options)["movflags"]
    assert_rescued_like(padded, rescued(report), av_tolerance=Fraction(6, 100) if stretched else FEW_TICKS)
    assert report.reference == str(reference)


def test_a_damaged_moov_is_no_hindrance_beside_a_reference(
    by_keyframe: Path, progressive: Path, tmp_path: Path
) -> None:
    data = bytearray(by_keyframe.read_bytes())
    moov = boxes(by_keyframe, b"moov")[0]
    data[moov.offset : moov.offset + 600] = b"\x5a" * 600
    (tmp_path / "f.mp4").write_bytes(data)
    report = untrunc(tmp_path / "f.mp4", reference=progressive)
    assert_rescued_like(by_keyframe, rescued(report), av_tolerance=Fraction(6, 100))


def test_a_segment_is_kept_fragmented_behind_the_reference_s_init_segment(
    by_keyframe: Path, progressive: Path, tmp_path: Path
) -> None:
    data = by_keyframe.read_bytes()[boxes(by_keyframe, b"moov")[0].end :]
    (tmp_path / "part.m4s").write_bytes(data)
    report = untrunc(tmp_path / "part.m4s", reference=progressive, options=UntruncOptions(keep_fragments=True))
    before, after = true_packets(by_keyframe), true_packets(rescued(report))
    for true, got in zip(before, after, strict=True):
        assert [packet.digest for packet in got.packets] == [packet.digest for packet in true.packets]
        apart = {(a.pts or 0) - (b.pts or 0) for a, b in zip(got.packets, true.packets, strict=True)}
        assert len(apart) == 1


def test_another_camera_s_reference_is_refused(by_keyframe: Path, clips: Clips, tmp_path: Path) -> None:
    other = clips.clip("hevc-only.mp4", ClipSpec(video=(HEVC,), audio=()))
    (tmp_path / "part.m4s").write_bytes(by_keyframe.read_bytes()[boxes(by_keyframe, b"moov")[0].end :])
    with pytest.raises(ReferenceMismatchError):
        untrunc(tmp_path / "part.m4s", reference=other)


def test_the_number_of_a_track_that_nobody_reads_does_not_make_a_reference_fit(
    by_keyframe: Path, tmp_path: Path
) -> None:
    unknown = SyntheticTrack(b"meta", b"zzzz", tuple(bytes([n]) * 100 for n in range(20)), 90000, 3000)
    write_movie(tmp_path / "other.mp4", (unknown, gpmf_track(12)))
    (tmp_path / "part.m4s").write_bytes(by_keyframe.read_bytes()[boxes(by_keyframe, b"moov")[0].end :])
    with pytest.raises(ReferenceMismatchError):
        untrunc(tmp_path / "part.m4s", reference=tmp_path / "other.mp4")


def test_a_track_that_the_reference_has_not_is_a_reservation(by_keyframe: Path, clips: Clips, tmp_path: Path) -> None:
    silent = clips.clip("no-sound-track.mp4", ClipSpec(video=(H264,), audio=()))
    (tmp_path / "part.m4s").write_bytes(by_keyframe.read_bytes()[boxes(by_keyframe, b"moov")[0].end :])
    report = untrunc(tmp_path / "part.m4s", reference=silent)
    assert [track.kind for track in report.tracks] == ["video"]
    assert report.missing_tracks == ("2 (like no track of the reference)",)
    assert report.exit_code == 10


def test_a_fragmented_reference_teaches_as_well_as_any(clips: Clips, progressive: Path, tmp_path: Path) -> None:
    drop_moov(progressive, tmp_path / "broken.mp4")
    reference = clips.clip("delayed-moov.mp4", CLIPS["delayed-moov"])
    report = untrunc(tmp_path / "broken.mp4", reference=reference)
    assert_rescued_like(progressive, rescued(report))


@pytest.mark.parametrize("damage", ["moof header", "inside the moof", "mdat header"])
@pytest.mark.parametrize("name", ["by-duration-absolute-offsets", "by-keyframe", "hevc-and-two-of-each"])
def test_the_samples_of_a_damaged_fragment_are_found_by_what_the_others_teach(
    clips: Clips, tmp_path: Path, name: str, damage: str
) -> None:
    whole = clips.clip(f"{name}.mp4", CLIPS[name])
    data = bytearray(whole.read_bytes())
    moof, mdat = boxes(whole, b"moof")[1], boxes(whole, b"mdat")[1]
    at = {"moof header": moof.offset, "inside the moof": moof.offset + 24, "mdat header": mdat.offset}[damage]
    data[at : at + 8] = b"\xa7" * 8
    (tmp_path / "f.mp4").write_bytes(data)
    assert index_state(tmp_path / "f.mp4") is IndexState.FRAGMENTS_CUT
    report = untrunc(tmp_path / "f.mp4")
    assert_rescued_like(whole, rescued(report), pts_tolerance=Fraction(1, 100))


def test_a_recording_that_begins_late_on_its_clock_keeps_its_tracks_in_step(clips: Clips, tmp_path: Path) -> None:
    whole = clips.clip("dash-segments.mp4", CLIPS["dash-segments"])
    data = whole.read_bytes()
    moov, second = boxes(whole, b"moov")[0], boxes(whole, b"moof")[1]
    part = tmp_path / "part.mp4"
    part.write_bytes(data[: moov.end] + data[second.offset : -200])
    report = untrunc(part)
    before = [[p for p in stream.packets if p.pos >= second.offset] for stream in true_packets(whole)]
    after = [stream.packets for stream in true_packets(rescued(report))]
    offsets: list[Fraction] = []
    for true, got in zip(before, after, strict=True):
        assert [packet.digest for packet in got] == [packet.digest for packet in true][: len(got)]
        offsets.append(Fraction(got[0].pts or 0) - Fraction(true[0].pts or 0))
    assert abs(offsets[0] - offsets[1]) < Fraction(1, 1000)
    assert min(Fraction(packets[0].pts or 0) for packets in after) < Fraction(1, 5)


def test_an_unfinished_hybrid_file_is_a_fragmented_one(clips: Clips, tmp_path: Path) -> None:
    finished = clips.clip("hybrid.mp4", fragmented("+hybrid_fragmented+frag_keyframe"))
    assert index_state(finished) is IndexState.SOUND
    moov = boxes(finished, b"moov")[0]
    size = int(moov.offset * 0.8)  # the writer's moov at the end is gone, and the fragments hide in one mdat
    report = untrunc(cut(finished, tmp_path / "cut.mp4", size))
    assert_rescued_like(finished, rescued(report), cut_at=size)


@pytest.mark.parametrize("container", ["jpeg", "jpeg with Samsung's trailer", "heic"])
@pytest.mark.parametrize("index", ["none", "own fragments"])
def test_the_film_in_a_motion_photo_is_rescued(
    by_keyframe: Path, progressive: Path, tmp_path: Path, container: str, index: str
) -> None:
    film = by_keyframe if index == "own fragments" else progressive
    broken = tmp_path / "broken.mp4"
    if index == "none":
        drop_moov(film, broken)
    else:
        cut(film, broken, film.stat().st_size - 300)
    photo = tmp_path / ("photo.heic" if container == "heic" else "photo.jpg")
    for name, clip in (("healthy", film), ("broken", broken)):
        whole = in_photo(clip.read_bytes(), container)
        (tmp_path / f"{name}{photo.suffix}").write_bytes(whole)
    with pytest.raises(NothingToDoError, match=r"bytes \d+ to \d+"):
        untrunc(tmp_path / f"healthy{photo.suffix}")
    reference = tmp_path / f"healthy{photo.suffix}" if index == "none" else None
    report = untrunc(tmp_path / f"broken{photo.suffix}", reference=reference)
    assert rescued(report).suffix == ".mp4"
    assert_rescued_like(film, rescued(report), cut_at=None if index == "none" else film.stat().st_size - 300)


def in_photo(film: bytes, container: str) -> bytes:
    """Return a photo with a film behind it, laid out as Google and Samsung do (no real one is here)."""
    if container == "heic":
        head = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\0\0\0\x10meta" + bytes(8)
        return head + (8 + len(film)).to_bytes(4, "big") + b"mpvd" + film
    jpeg = b"\xff\xd8\xff\xe1\0\x1aExif MicroVideoOffset=" + bytes(range(1, 200)) * 20 + b"\xff\xd9"
    if container == "jpeg":
        return jpeg + film
    return jpeg + b"\0\0\x30\x0a\x10\0\0\0MotionPhoto_Data" + film


def test_a_photo_alone_is_refused(tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(in_photo(b"", "jpeg"))
    with pytest.raises(InputError, match="no video"):
        untrunc(tmp_path / "photo.jpg")


def test_where_all_fragments_are_damaged_a_reference_serves_as_for_any_file(
    clips: Clips, progressive: Path, tmp_path: Path
) -> None:
    whole = clips.clip(
        "one-fragment.mp4", fragmented("+empty_moov+delay_moov+default_base_moof", frag_duration="9000000")
    )
    data = bytearray(whole.read_bytes())
    (moof,) = boxes(whole, b"moof")
    data[moof.offset + 4 : moof.offset + 40] = b"\xa7" * 36
    (tmp_path / "f.mp4").write_bytes(data)
    report = untrunc(tmp_path / "f.mp4", reference=progressive)
    assert_rescued_like(whole, rescued(report), pts_tolerance=Fraction(1, 100))


def test_a_moof_without_media_gives_nothing(by_keyframe: Path, tmp_path: Path) -> None:
    with pytest.raises(NothingRecoverableError):
        untrunc(cut(by_keyframe, tmp_path / "cut.mp4", boxes(by_keyframe, b"moof")[0].end + 20))


@pytest.mark.shared
@pytest.mark.parametrize(
    "name", ["frag-buck-bunny", "sample_fragmented", "sample_partially_fragmented", "rotate-buck-bunny"]
)
def test_real_fragmented_files_are_healthy_and_come_back_when_they_are_cut(tmp_path: Path, name: str) -> None:
    whole = shared_media(f"video/containers/{name}.mp4")
    assert index_state(whole) is IndexState.SOUND
    size = int(whole.stat().st_size * 0.6)
    report = untrunc(cut(whole, tmp_path / "cut.mp4", size))
    assert_rescued_like(whole, rescued(report), cut_at=size, av_tolerance=_tolerance(whole))


def test_the_index_can_stand_in_front(by_keyframe: Path, tmp_path: Path) -> None:
    size = int(by_keyframe.stat().st_size * 0.8)
    report = untrunc(cut(by_keyframe, tmp_path / "cut.mp4", size), options=UntruncOptions(faststart=True))
    assert [top.kind for top in top_level(rescued(report))] == [b"ftyp", b"moov", b"mdat"]
    assert report.output_bytes == rescued(report).stat().st_size
    assert_rescued_like(by_keyframe, rescued(report), cut_at=size)


@pytest.mark.parametrize("seed", range(40))
def test_random_damage_never_raises_but_what_is_documented(by_keyframe: Path, tmp_path: Path, seed: int) -> None:
    rng = np.random.default_rng(seed)
    data = bytearray(by_keyframe.read_bytes())
    for at in rng.integers(0, len(data), 40).tolist():
        data[at] = int(rng.integers(256))
    broken = tmp_path / "f.mp4"
    broken.write_bytes(data[: int(rng.integers(1000, len(data)))])
    with contextlib.suppress(MediaRescueError):
        report = untrunc(broken, reference=by_keyframe)
        true_packets(rescued(report))
