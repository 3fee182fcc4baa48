"""The map of a broken file holds against the true tables, and the self-check finds pictures that were overwritten."""

from __future__ import annotations

import json
import random
from pathlib import Path
from xml.etree import ElementTree

import av
import pytest

from mediarescue import api
from mediarescue.checking import frames
from mediarescue.cli.app import main
from mediarescue.errors import OutputError, UsageError
from mediarescue.events import Event, StageStarted
from mediarescue.options import CheckMode, UntruncOptions
from tests.conftest import Clips
from tests.support.breaking import cut, drop_moov
from tests.support.clips import ClipSpec, VideoSpec
from tests.support.map_file import MapFile, parse_map

FULL = UntruncOptions(check=CheckMode.FULL)
FRAMES = 90


def spec(codec: str = "libx264", seed: int = 1) -> ClipSpec:
    chosen = [("g", "15"), ("crf", "12")]
    if codec == "libx265":
        chosen.append(("x265-params", "log-level=0:wpp=0:keyint=15"))
    video = VideoSpec(codec=codec, options=tuple(chosen), frames=FRAMES, size=(320, 240), seed=seed)
    return ClipSpec(video=(video,))


def packets(path: Path, kind: str = "video") -> list[tuple[int, int, float]]:
    """Return offset, size and time of each packet with its place in the order of decoding."""
    with av.open(str(path)) as film:
        stream = next(stream for stream in film.streams if stream.type == kind)
        assert stream.time_base is not None
        return [
            (p.pos, p.size, float((p.pts or 0) * stream.time_base))
            for p in film.demux(stream)
            if p.pos is not None and p.size
        ]


def overwrite(path: Path, places: list[tuple[int, int]], *, zeros: bool = False) -> None:
    data, rng = bytearray(path.read_bytes()), random.Random(5)
    for offset, size in places:
        data[offset : offset + size] = bytes(size) if zeros else rng.randbytes(size)
    path.write_bytes(data)


def middle(packet: tuple[int, int, float]) -> tuple[int, int]:
    offset, size, _ = packet
    return offset + size // 2, max(size // 4, 16)


@pytest.mark.parametrize("mode", [CheckMode.SAMPLED, CheckMode.FULL])
def test_a_whole_film_decodes_without_errors(mode: CheckMode, clips: Clips, tmp_path: Path) -> None:
    take = clips.clip("check-take.mp4", spec(seed=2))
    broken = drop_moov(take, tmp_path / "broken.mp4")
    report = api.untrunc(broken, reference=clips.clip("check-ref.mp4", spec()), options=UntruncOptions(check=mode))
    assert report.check is not None
    assert report.check.mode == mode.value
    assert report.check.decoded == report.check.total == sum(track.samples for track in report.tracks)
    assert (report.check.with_errors, report.check.without_references, report.check.no_decoder) == (0, 0, ())
    assert report.exit_code == 0


def test_pictures_whose_payload_was_overwritten_are_reported_at_their_times(clips: Clips, tmp_path: Path) -> None:
    take = clips.clip("check-take.mp4", spec(seed=2))
    broken = drop_moov(take, tmp_path / "broken.mp4")
    true = packets(take)
    overwrite(broken, [middle(true[at]) for at in (20, 45)])
    report = api.untrunc(broken, reference=clips.clip("check-ref.mp4", spec()))
    assert report.check is not None
    assert [(error.track_id, error.sample) for error in report.check.errors] == [(1, 20), (1, 45)]
    assert [error.seconds for error in report.check.errors] == pytest.approx([true[20][2], true[45][2]], abs=1e-4)
    assert report.check.with_errors == 2
    assert report.exit_code == 10
    assert any("2 of" in why and "have errors" in why for why in report.reservations)
    assert Path(str(report.output)).is_file()


def test_zeros_in_a_picture_that_its_decoder_reads_on_through_are_found(clips: Clips, tmp_path: Path) -> None:
    take = clips.clip("check-hevc-take.mp4", spec("libx265", 2))
    broken = drop_moov(take, tmp_path / "broken.mp4")
    true = packets(take)
    overwrite(broken, [middle(true[40])], zeros=True)
    report = api.untrunc(broken, reference=clips.clip("check-hevc-ref.mp4", spec("libx265")), options=FULL)
    assert report.check is not None
    assert [error.sample for error in report.check.errors] == [40]


def test_pictures_whose_references_are_lost_are_told_apart_from_damaged_ones(clips: Clips, tmp_path: Path) -> None:
    take = clips.clip("check-hevc-take.mp4", spec("libx265", 2))
    broken = drop_moov(take, tmp_path / "broken.mp4")
    first = packets(take)[:5]
    overwrite(broken, [(first[0][0], first[-1][0] + first[-1][1] - first[0][0])])
    report = api.untrunc(broken, reference=clips.clip("check-hevc-ref.mp4", spec("libx265")), options=FULL)
    assert report.check is not None
    assert report.check.with_errors == 0
    assert 1 <= report.check.without_references <= 15


def test_no_frame_is_decoded_where_none_is_asked_for(
    clips: Clips, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = drop_moov(clips.clip("check-take.mp4", spec(seed=2)), tmp_path / "broken.mp4")
    events: list[Event] = []
    for options in (UntruncOptions(check=CheckMode.NONE), UntruncOptions(dry_run=True, overwrite=True)):
        report = api.untrunc(
            broken, reference=clips.clip("check-ref.mp4", spec()), options=options, listener=events.append
        )
        assert report.check is None
    assert not any(isinstance(event, StageStarted) and event.stage == frames.CHECK for event in events)


def test_pictures_behind_a_gap_are_counted_without_decoding(clips: Clips, tmp_path: Path) -> None:
    take = clips.clip("check-take.mp4", spec(seed=2))
    broken = drop_moov(take, tmp_path / "broken.mp4")
    true = packets(take)
    data = bytearray(broken.read_bytes())
    begin, end = true[33][0], true[36][0] + true[36][1] // 2
    data[begin:end] = b"\xff" * (end - begin)
    broken.write_bytes(data)
    report = api.untrunc(
        broken,
        reference=clips.clip("check-ref.mp4", spec()),
        options=UntruncOptions(check=CheckMode.NONE, map_picture=tmp_path / "map.svg"),
    )
    assert report.check is not None
    assert (report.check.mode, report.check.decoded) == ("none", 0)
    (stretch,) = report.check.smeared
    assert stretch.pictures == 45 - 37
    assert stretch.since_seconds == pytest.approx(true[37][2], abs=0.05)
    assert stretch.until_seconds == pytest.approx(true[45][2], abs=0.05)
    (gap,) = [gap for gap in report.gaps if not gap.expected]
    assert gap.reason == "overwritten with bytes of 0xFF"
    assert "1 gap," in (tmp_path / "map.svg").read_text()


def test_a_track_without_a_decoder_is_said_and_no_failure(
    clips: Clips, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = drop_moov(clips.clip("check-take.mp4", spec(seed=2)), tmp_path / "broken.mp4")
    known = frames._decoders
    monkeypatch.setattr(frames, "_decoders", lambda film: {at: of for at, of in known(film).items() if at != 1})
    report = api.untrunc(broken, reference=clips.clip("check-ref.mp4", spec()))
    assert report.check is not None
    assert report.check.no_decoder == ("1 (video, avc1)",)
    assert report.check.decoded > 0
    assert report.exit_code == 0


def test_an_interruption_while_frames_are_checked_leaves_no_file(
    clips: Clips, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = drop_moov(clips.clip("check-take.mp4", spec(seed=2)), tmp_path / "broken.mp4")

    def interrupted(event: Event) -> None:
        if isinstance(event, StageStarted) and event.stage == frames.CHECK:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        api.untrunc(broken, reference=clips.clip("check-ref.mp4", spec()), listener=interrupted)
    assert [path.name for path in tmp_path.iterdir()] == ["broken.mp4"]


def read_map(path: Path) -> MapFile:
    read = parse_map(path.read_text(encoding="utf-8"))
    at = 0
    for line in read.lines:
        assert line.offset == at
        at += line.size
    assert at == read.size
    return read


def test_the_map_says_of_each_true_sample_whose_it_is_and_where_damage_lies(clips: Clips, tmp_path: Path) -> None:
    take = clips.clip("check-take.mp4", spec(seed=2))
    broken = drop_moov(take, tmp_path / "broken.mp4")
    true = packets(take)
    hole = (true[50][0], true[52][0] + true[52][1] // 2 - true[50][0])
    overwrite(broken, [hole])
    options = UntruncOptions(map_file=tmp_path / "a.map", map_picture=tmp_path / "a.svg", dry_run=True)
    report = api.untrunc(broken, reference=clips.clip("check-ref.mp4", spec()), options=options)
    read = read_map(tmp_path / "a.map")
    assert (read.name, read.size) == ("broken.mp4", broken.stat().st_size)
    lost = [(line.offset, line.size) for line in read.lines if line.kind in ("gap", "unknown")]
    assert lost == [(gap.offset, gap.size) for gap in report.gaps if not gap.expected]
    assert any(offset <= hole[0] < offset + size for offset, size in lost)
    for track in report.tracks:
        runs = [line for line in read.lines if line.track == track.track_id]
        assert sum(line.samples or 0 for line in runs) == track.samples
        assert [line.first for line in runs] == [sum(r.samples or 0 for r in runs[:at]) for at in range(len(runs))]
    where = {line.offset: line for line in read.lines}
    begin = next(line for line in read.lines if line.track == 1)
    assert begin.offset == true[0][0]
    assert begin.seconds == 0
    for offset, _, _ in true[:30]:
        holder = max((line for line in where.values() if line.offset <= offset), key=lambda line: line.offset)
        assert holder.track == 1
    ElementTree.parse(tmp_path / "a.svg")
    assert report.coverage is not None
    assert "gap" in report.coverage.cells
    alone = api.untrunc(broken, reference=clips.clip("check-ref.mp4", spec()), options=UntruncOptions(dry_run=True))
    assert alone.coverage == report.coverage  # made without a map


def test_a_fragmented_file_has_a_map_too(clips: Clips, tmp_path: Path) -> None:
    made = ClipSpec(options=(("movflags", "frag_keyframe+empty_moov"),))
    take = clips.clip("check-fragments.mp4", made)
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(take.read_bytes()[: take.stat().st_size * 2 // 3])
    report = api.untrunc(broken, options=UntruncOptions(map_file=tmp_path / "a.map"))
    read = read_map(tmp_path / "a.map")
    assert {line.kind for line in read.lines} >= {"header", "samples", "box"}
    assert sum(line.samples or 0 for line in read.lines) == sum(track.samples for track in report.tracks)
    assert report.check is not None
    assert report.check.with_errors == 0


def test_two_files_of_one_name_and_a_map_that_exists_are_refused_before_any_work(clips: Clips, tmp_path: Path) -> None:
    broken = drop_moov(clips.clip("check-take.mp4", spec(seed=2)), tmp_path / "broken.mp4")
    reference = clips.clip("check-ref.mp4", spec())
    there = tmp_path / "there.map"
    there.write_text("mine")
    for options, error in (
        (UntruncOptions(map_file=tmp_path / "x", map_picture=tmp_path / "x"), UsageError),
        (UntruncOptions(map_file=tmp_path / "broken_rescued.mp4"), UsageError),
        (UntruncOptions(map_picture=broken, overwrite=True), UsageError),
        (UntruncOptions(map_file=there), OutputError),
    ):
        with pytest.raises(error):
            api.untrunc(broken, reference=reference, options=options)
    assert there.read_text() == "mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["broken.mp4", "there.map"]


def test_the_command_line_has_it_all(clips: Clips, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    take = clips.clip("check-take.mp4", spec(seed=2))
    broken = tmp_path / "broken.mp4"
    cut(take, broken, 0.8)
    true = packets(take)
    overwrite(broken, [(true[50][0], true[52][0] + true[52][1] // 2 - true[50][0])])
    names = [str(tmp_path / name) for name in ("a.map", "a.svg")]
    command = ["untrunc", str(broken), "--ref", str(clips.clip("check-ref.mp4", spec())), "--check", "full"]
    assert main([*command, "--map", names[0], "--map-picture", names[1]]) == 10
    said = capsys.readouterr().out
    assert "! gap" in said
    assert "\ncheck     7 pictures behind gaps may be smeared until the next key picture" in said
    assert "all frames decoded" not in said
    assert all(Path(name).is_file() for name in names)
    assert main([*command, "--overwrite", "--json"]) == 10
    document = json.loads(capsys.readouterr().out)
    assert "gap" in document["coverage"]["cells"]
    assert document["check"]["mode"] == "full"
