"""Tracks written as streams of their own: FFmpeg must read in them what it reads in the film."""

from __future__ import annotations

import hashlib
import json
import struct
from pathlib import Path

import av
import numpy as np
import pytest

from mediarescue.cli.app import main
from mediarescue.errors import OutputError, UsageError
from mediarescue.streams import extract
from tests.conftest import Clips
from tests.e2e.test_rescue_several_entries import film
from tests.support.boxes import mdat_of, tables_of
from tests.support.breaking import cut, drop_moov
from tests.support.clips import AudioSpec, ClipSpec
from tests.support.hashes import Frozen
from tests.support.layout import rechunk
from tests.support.synthetic import gpmf_track, signed_track, write_movie

_ADTS_HEADER = 7
_DECODED = ("h264_b", "h264_open_gop", "hevc_b", "nal_length_2", "h264_slices4")


def pictures(path: Path) -> list[str]:
    with av.open(str(path)) as container:
        return [hashlib.sha1(frame.to_ndarray().tobytes()).hexdigest() for frame in container.decode(video=0)]


def packets(path: Path, kind: str) -> list[bytes]:
    with av.open(str(path)) as container:
        return [bytes(packet) for packet in container.demux(container.streams.get({kind: 0})) if packet.size]


@pytest.mark.parametrize("name", _DECODED)
def test_every_picture_of_the_film_is_in_the_video_stream(name: str, clips: Clips, tmp_path: Path) -> None:
    take = clips.pair(name).take
    video, _ = extract(take, out_dir=tmp_path).streams
    assert Path(video.path).suffix == (".h265" if name.startswith("hevc") else ".h264")
    assert pictures(Path(video.path)) == pictures(take)


def test_the_frames_of_aac_come_with_headers_of_their_own(clips: Clips, tmp_path: Path) -> None:
    take = clips.pair("aac_51").take
    _, audio = extract(take, out_dir=tmp_path).streams
    assert Path(audio.path).name == f"{take.stem}_2_audio.aac"
    assert [packet[_ADTS_HEADER:] for packet in packets(Path(audio.path), "audio")] == packets(take, "audio")


@pytest.mark.parametrize(
    ("codec", "decoded"),
    [("pcm_s16le", "s16"), ("pcm_s16be", "s16"), ("pcm_s24be", "s32"), ("pcm_f32be", "flt"), ("pcm_mulaw", "s16")],
)
def test_pcm_of_any_byte_order_becomes_a_wave_file(codec: str, decoded: str, clips: Clips, tmp_path: Path) -> None:
    spec = ClipSpec("mov", (), (AudioSpec(codec, 44100 if codec != "pcm_mulaw" else 8000, content="noise"),))
    take = clips.clip(f"extract-{codec}.mov", spec)
    (audio,) = extract(take, out_dir=tmp_path).streams

    def numbers(path: Path) -> bytes:
        with av.open(str(path)) as container:
            frames = [frame.to_ndarray() for frame in container.decode(audio=0)]
        return np.concatenate(frames, axis=1).tobytes()

    assert Path(audio.path).suffix == ".wav"
    assert numbers(Path(audio.path)) == numbers(take)
    head = Path(audio.path).read_bytes()[:8]
    assert struct.unpack("<4sI", head) == (b"RIFF", Path(audio.path).stat().st_size - 8)


@pytest.mark.parametrize("name", ["h264_b", "pcm_sowt_mov", "two_aac"])
def test_a_broken_file_gives_the_same_streams_as_the_healthy_one(
    name: str, clips: Clips, tmp_path: Path, frozen_input: Frozen
) -> None:
    pair = clips.pair(name)
    broken = frozen_input(drop_moov(pair.take, tmp_path / pair.take.name))
    folders = [tmp_path / "healthy", tmp_path / "broken"]
    for folder in folders:
        folder.mkdir()
    healthy = extract(pair.take, out_dir=folders[0])
    report = extract(broken, out_dir=folders[1], reference=pair.reference)
    assert report.exit_code == 0
    names = [Path(stream.path).name for stream in report.streams]
    assert names == [Path(stream.path).name for stream in healthy.streams]
    for entry in names:
        assert (folders[0] / entry).read_bytes() == (folders[1] / entry).read_bytes()


def test_a_broken_file_without_reference_is_told_what_it_needs(clips: Clips, tmp_path: Path) -> None:
    broken = drop_moov(clips.pair("h264_b").take, tmp_path / "broken.mp4")
    with pytest.raises(UsageError, match="--ref GOOD"):
        extract(broken, out_dir=tmp_path)
    assert list(tmp_path.iterdir()) == [broken]


def test_what_a_cut_file_still_holds_is_taken_by_its_own_index(clips: Clips, tmp_path: Path) -> None:
    take = clips.pair("moov_first").take
    broken = tmp_path / "cut.mp4"
    broken.write_bytes(take.read_bytes()[: take.stat().st_size * 3 // 4])
    report = extract(broken, out_dir=tmp_path)
    assert report.exit_code == 10
    assert report.missing_samples > 0
    shown = pictures(take)
    rescued = pictures(Path(report.streams[0].path))
    assert len(shown) // 2 < len(rescued) < len(shown)


def test_raw_samples_come_with_a_table_of_where_each_begins(tmp_path: Path) -> None:
    source = tmp_path / "telemetry.mov"
    tracks = (gpmf_track(6), signed_track(9, magic=b"\0\0\1odd", kind=b"odd "))
    write_movie(source, tracks)
    telemetry, odd = extract(source, out_dir=tmp_path).streams
    assert Path(telemetry.path).read_bytes() == b"".join(tracks[0].samples)
    assert telemetry.table is None
    assert odd.table is not None
    rows = [line.split(",") for line in Path(odd.table).read_text().splitlines()[1:]]
    data = Path(odd.path).read_bytes()
    assert [data[int(at) : int(at) + int(size)] for at, size, _ in rows] == list(tracks[1].samples)
    assert [seconds for _, _, seconds in rows[:3]] == ["0.000000", "0.100000", "0.200000"]


def test_nothing_is_written_when_one_stream_exists(clips: Clips, tmp_path: Path) -> None:
    take = clips.pair("h264_b").take
    there = tmp_path / f"{take.stem}_2_audio.aac"
    there.write_text("mine")
    with pytest.raises(OutputError, match="exists"):
        extract(take, out_dir=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [there.name]
    assert there.read_text() == "mine"


def test_an_index_without_samples_is_as_good_as_none(tmp_path: Path) -> None:
    source = tmp_path / "empty.mov"
    write_movie(source, (signed_track(0, magic=b"none", kind=b"odd "),))
    with pytest.raises(UsageError, match="--ref GOOD"):
        extract(source, out_dir=tmp_path)


def test_the_command_lists_the_streams_and_prints_json(
    clips: Clips, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    take = clips.pair("h264_b").take
    assert main(["extract", str(take), "--out-dir", str(tmp_path / "new" / "folder")]) == 0
    shown = capsys.readouterr().out
    assert f"{take.stem}_1_video.h264" in shown
    assert main(["extract", str(take), "--out-dir", str(tmp_path), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["command"] == "extract"
    assert [stream["codec"] for stream in document["streams"]] == ["avc1", "mp4a.40"]
    assert main(["extract", str(take), "--out-dir", str(tmp_path)]) == 6


def test_a_cut_broken_file_says_what_is_lost(clips: Clips, tmp_path: Path, frozen_input: Frozen) -> None:
    pair = clips.pair("h264_b")
    broken = tmp_path / "broken.mp4"
    cut(pair.take, broken, 0.5)
    report = extract(frozen_input(broken), out_dir=tmp_path, reference=pair.reference)
    assert 0 < report.streams[0].samples < 50


def test_a_fragmented_file_that_was_cut_gives_what_its_fragments_list(clips: Clips, tmp_path: Path) -> None:
    options = (("movflags", "frag_keyframe+empty_moov+default_base_moof"),)
    take = clips.clip("extract-fragmented.mp4", ClipSpec(options=options))
    broken = tmp_path / "cut.mp4"
    broken.write_bytes(take.read_bytes()[: take.stat().st_size * 2 // 3])
    whole, part = tmp_path / "whole", tmp_path / "part"
    whole.mkdir()
    part.mkdir()
    healthy, report = extract(take, out_dir=whole), extract(broken, out_dir=part)
    assert healthy.exit_code == 0
    assert report.reference is None
    for all_of_it, some in zip(healthy.streams, report.streams, strict=True):
        assert some.samples > 10
        assert Path(all_of_it.path).read_bytes().startswith(Path(some.path).read_bytes())


def test_the_function_is_not_hidden_by_its_module() -> None:
    import mediarescue

    assert mediarescue.extract is extract


def test_pictures_of_several_entries_come_with_their_own_parameter_sets(tmp_path: Path) -> None:
    take = film(tmp_path / "take.mp4", 5, (20, 25), 5)
    video, _ = extract(take, out_dir=tmp_path).streams
    with av.open(video.path) as container:
        sizes = [(frame.width, frame.height) for frame in container.decode(video=0)]
    assert sizes == [(160, 120)] * 20 + [(192, 96)] * 25


def test_one_chunk_of_pcm_that_was_cut_is_kept_up_to_its_last_whole_frame(clips: Clips, tmp_path: Path) -> None:
    spec = ClipSpec("mov", (), (AudioSpec("pcm_s16le", 48000),), options=(("movflags", "+faststart"),))
    take = rechunk(clips.clip("extract-faststart.mov", spec), tmp_path / "late.mov", chunk_seconds=9.0)
    data, mdat = take.read_bytes(), mdat_of(take)
    moov = data[mdat.end :]
    first = tables_of(take)[0].offsets[0]
    head = b"stco" + struct.pack(">II", 0, 1)
    early = moov.replace(head + struct.pack(">I", first), head + struct.pack(">I", first + len(moov)))
    broken = tmp_path / "cut.mov"
    broken.write_bytes((data[: mdat.offset] + early + data[mdat.offset :])[: first + len(moov) + 7003])
    (sound,) = extract(broken, out_dir=tmp_path).streams
    assert sound.samples == 7003 // 4
    assert Path(sound.path).read_bytes()[44:] == data[first : first + 7000]
