"""``inspect`` from outside: healthy files of every layout, broken ones, sizes that cannot be read whole."""

from __future__ import annotations

import json
import os
import struct
from pathlib import Path

import pytest

import mediarescue
from mediarescue.checking.structure import IndexState, index_state
from mediarescue.cli.app import main
from mediarescue.inspection import FileState, InspectReport, Severity
from mediarescue.isobmff import ByteSource
from tests.conftest import Clips
from tests.support.boxes import box, children, find, mdat_of, moov_of, tables_of, top_level
from tests.support.breaking import MdatSize, drop_moov
from tests.support.clips import AudioSpec, ClipSpec, VideoSpec
from tests.support.layout import rechunk, to_co64
from tests.support.shared import SHARED, shared_media
from tests.support.synthetic import SyntheticTrack, write_movie

_PLAIN = ClipSpec(video=(VideoSpec(frames=30),), audio=(AudioSpec(),))
_SOUND = ClipSpec(video=(), audio=(AudioSpec(),))


def _layout(container: str, *flags: str, **options: str) -> ClipSpec:
    movflags = (("movflags", "".join(flags)),) if flags else ()
    return ClipSpec(container, _PLAIN.video, _PLAIN.audio, (*movflags, *options.items()))


HEALTHY = {
    "plain.mp4": _layout("mp4"),
    "faststart.mp4": _layout("mp4", "+faststart"),
    "plain.mov": _layout("mov"),
    "reserved.mov": _layout("mov", moov_size="20000"),
    "fragments.mp4": _layout("mp4", "+frag_keyframe", "+empty_moov"),
    "fragment-a-frame.mp4": _layout("mp4", "+frag_every_frame", "+empty_moov", "+default_base_moof"),
    "partly.mp4": _layout("mp4", "+frag_keyframe"),
    "delayed.mp4": _layout("mp4", "+frag_keyframe", "+delay_moov"),
    "hybrid.mp4": _layout("mp4", "+hybrid_fragmented", "+frag_keyframe", "+empty_moov"),
    "dash.mp4": _layout("mp4", "+dash", "+global_sidx", "+frag_keyframe"),
    "cmaf.mp4": _layout("mp4", "+cmaf"),
    "separate.mp4": _layout("mp4", "+separate_moof", "+frag_keyframe", "+empty_moov"),
    "no-edits.mp4": _layout("mp4", use_editlist="0"),
    "negative.mp4": _layout("mp4", "+negative_cts_offsets"),
    "sound.m4a": ClipSpec("ipod", (), _SOUND.audio),
    "pcm.mov": ClipSpec("mov", _PLAIN.video, (AudioSpec("pcm_s16le", content="silence"),)),
    "silence-only.mov": ClipSpec("mov", (), (AudioSpec("pcm_s16le", content="silence"),)),
    "phone.3gp": ClipSpec("3gp", (VideoSpec(codec="h263", size=(176, 144), frames=30),), (AudioSpec(rate=16000),)),
    "visual.mp4": ClipSpec("mp4", (VideoSpec(codec="mpeg4", frames=30),), (AudioSpec("libmp3lame"),)),
    "prores.mov": ClipSpec("mov", (VideoSpec(codec="prores_ks", pix_fmt="yuv422p10le", frames=8),), ()),
}


def inspected(path: Path) -> InspectReport:
    report = mediarescue.inspect(path)
    assert isinstance(report, InspectReport)
    return report


def messages(report: InspectReport, severity: Severity | None = None) -> str:
    return "\n".join(f.message for f in report.findings if severity in (None, f.severity))


@pytest.mark.parametrize("name", sorted(HEALTHY))
def test_a_file_of_any_layout_is_healthy(clips: Clips, name: str) -> None:
    report = inspected(clips.clip(f"inspect-{name}", HEALTHY[name]))
    assert (report.state, report.verdict, report.exit_code) == (FileState.HEALTHY, "healthy", 0), report
    assert messages(report, Severity.FAULT) == messages(report, Severity.CONTRADICTION) == ""
    assert all(track.samples + (track.fragment_samples or 0) for track in report.tracks)


@pytest.mark.parametrize(
    "path", sorted(SHARED.glob("video/*/*.*")), ids=lambda path: path.relative_to(SHARED / "video").as_posix()
)
def test_a_real_file_is_healthy_unless_it_is_cut(path: Path) -> None:
    report = inspected(path)
    is_cut = path.name in ("displaymatrix.mp4", "two_first_slice.mp4")
    assert report.state is (FileState.CUT if is_cut else FileState.HEALTHY), report.verdict
    assert report.exit_code == (10 if is_cut else 0)


def test_a_real_file_of_an_iphone_is_described_as_it_is() -> None:
    report = inspected(shared_media("video/iphone_11/video.MOV"))
    audio, video = report.tracks
    assert (audio.codec, audio.description, audio.sample_rate, audio.channels) == ("mp4a.40", "AAC LC", 44100, 2)
    assert (video.description, video.width, video.height) == ("H.264 High 3.1", 1280, 720)
    assert video.frame_rate == pytest.approx(29.97, abs=0.01)
    assert report.chunk_order[:6] == ("a43", "a43", "a1", "v15", "a21", "v15")


class TestTracks:
    def test_numbers_are_those_of_the_tables(self, clips: Clips) -> None:
        take = clips.pair("long_chunks").take
        report, tables = inspected(take), tables_of(take)
        for track, table in zip(report.tracks, tables, strict=True):
            assert track.samples == len(table.sizes)
            assert track.bytes == sum(table.sizes)
            assert (len(table.sizes) if track.sync_samples is None else track.sync_samples) == sum(table.sync)
            assert track.interleave_seconds == pytest.approx(0.5, abs=0.03)
        assert report.chunk_order[0].startswith("v")
        assert report.chunk_order[1].startswith("a")
        assert sum(int(name[1:]) for name in report.chunk_order if name[0] == "v") <= report.tracks[0].samples

    def test_fragments_are_counted_and_timed(self, clips: Clips) -> None:
        report = inspected(clips.clip("inspect-fragments.mp4", HEALTHY["fragments.mp4"]))
        assert report.tracks[0].samples == 0
        assert report.tracks[0].fragment_samples == 30
        assert report.tracks[0].duration_seconds == pytest.approx(30 / 25, abs=0.05)
        assert report.fragments is not None
        assert report.fragments.readable_seconds == pytest.approx(30 / 25, abs=0.05)

    def test_tracks_of_one_kind_are_told_apart_in_the_order(self, clips: Clips) -> None:
        order = inspected(clips.pair("two_aac_long_chunks").take).chunk_order
        assert any(name.startswith("a[2]") for name in order)
        assert any(name.startswith("a[3]") for name in order)


class TestBroken:
    @pytest.mark.parametrize("size", ["zero", "question_marks", "too_small", "too_large", "true"])
    def test_a_missing_moov_is_said_with_the_command(self, clips: Clips, tmp_path: Path, size: MdatSize) -> None:
        broken = drop_moov(clips.pair("h264_b").take, tmp_path / "my film.mp4", mdat_size=size)
        report = inspected(broken)
        assert report.state is FileState.MOOV_MISSING
        assert report.verdict == "moov missing: rescue with a reference"
        assert report.command == f"mediarescue untrunc '{broken}' --ref GOOD"
        assert report.exit_code == 10
        told = {
            "question_marks": "'????'",
            "too_small": "is wrong: no box follows it",
            "too_large": "bytes are missing",
            "zero": "is 0",
            "true": "",
        }
        assert told[size] in messages(report)

    def test_a_moov_that_no_size_leads_to_is_found(self, clips: Clips, tmp_path: Path) -> None:
        take = clips.pair("h264_b").take
        data, mdat = bytearray(take.read_bytes()), mdat_of(take)
        data[mdat.offset : mdat.offset + 4] = bytes(4)
        (tmp_path / "x.mp4").write_bytes(data)
        report = inspected(tmp_path / "x.mp4")
        assert report.state is FileState.MOOV_MISSING
        assert f"a whole moov stands at byte {mdat.end}" in messages(report)

    def test_a_file_cut_in_its_media_says_how_far_it_plays(self, clips: Clips, tmp_path: Path) -> None:
        take = clips.pair("moov_first").take
        mdat = mdat_of(take)
        (tmp_path / "x.mp4").write_bytes(take.read_bytes()[: mdat.offset + mdat.size // 2])
        report = inspected(tmp_path / "x.mp4")
        assert report.state is FileState.CUT
        tables = tables_of(take)
        end = (tmp_path / "x.mp4").stat().st_size
        lost = sum(o + s > end for t in tables for o, s in zip(t.offsets, t.sizes, strict=True))
        first = min(
            d / t.timescale for t in tables for o, s, d in zip(t.offsets, t.sizes, t.dts, strict=True) if o + s > end
        )
        assert f"plays up to 00:{first:06.3f} of" in report.verdict
        total = sum(len(t.sizes) for t in tables)
        assert f"cut short: {round(lost / total * 100)} % of the samples" in report.verdict

    def test_a_cut_fragmented_file_says_up_to_where_it_reads(self, clips: Clips, tmp_path: Path) -> None:
        take = clips.clip("inspect-fragment-a-frame.mp4", HEALTHY["fragment-a-frame.mp4"])
        mdats = [top for top in top_level(take) if top.kind == b"mdat"]
        whole = mdats[len(mdats) // 2]
        (tmp_path / "x.mp4").write_bytes(take.read_bytes()[: whole.end + 40])
        report = inspected(tmp_path / "x.mp4")
        assert report.state is FileState.FRAGMENTS_CUT
        assert f"fragmented: readable up to byte {whole.end} of {whole.end + 40}, time 00:0" in report.verdict
        assert report.fragments is not None
        assert report.fragments.count == len(mdats) // 2 + 1
        assert report.fragments.readable_seconds is not None
        assert 0.3 < report.fragments.readable_seconds < 1.2

    @pytest.mark.parametrize(
        ("table", "at", "told"),
        [
            (b"stsz", 8, "the chunks hold"),
            (b"stts", 8, "stts describes"),
            (b"ctts", 8, "ctts describes"),
            (b"stsc", 12, "the chunks hold"),
        ],
    )
    def test_tables_that_contradict_are_named(
        self, clips: Clips, tmp_path: Path, table: bytes, at: int, told: str
    ) -> None:
        take = clips.pair("h264_b").take
        data, offset = bytearray(take.read_bytes()), moov_of(take)
        place = _table(take, table) + at
        data[place + 3] -= 1
        assert len(offset)
        (tmp_path / "x.mp4").write_bytes(data)
        report = inspected(tmp_path / "x.mp4")
        assert report.state is FileState.CONTRADICTORY
        assert report.exit_code == 10
        assert told in messages(report, Severity.CONTRADICTION)
        assert told in report.verdict

    def test_a_table_that_claims_more_rows_than_it_has_is_damage(self, clips: Clips, tmp_path: Path) -> None:
        take = clips.pair("h264_b").take
        data = bytearray(take.read_bytes())
        place = _table(take, b"stco") + 4
        data[place : place + 4] = b"\x7f\xff\xff\xff"
        (tmp_path / "x.mp4").write_bytes(data)
        report = inspected(tmp_path / "x.mp4")
        assert report.state is FileState.MOOV_DAMAGED
        assert "stco box says 2147483647 entries" in report.verdict

    def test_a_moov_that_was_cut_while_it_was_written(self, clips: Clips, tmp_path: Path) -> None:
        data = clips.pair("h264_b").take.read_bytes()
        (tmp_path / "x.mp4").write_bytes(data[:-100])
        report = inspected(tmp_path / "x.mp4")
        assert report.state is FileState.MOOV_DAMAGED
        assert report.verdict == "moov cut off (100 of its bytes are missing): rescue with a reference"
        assert "moov is cut at byte" in messages(report, Severity.FAULT)

    def test_media_that_are_zeros_behind_a_sound_index(self, clips: Clips, tmp_path: Path) -> None:
        take = clips.pair("h264_b").take
        data, mdat = bytearray(take.read_bytes()), mdat_of(take)
        middle = (mdat.offset + mdat.end) // 2
        data[middle : mdat.end] = bytes(mdat.end - middle)
        (tmp_path / "x.mp4").write_bytes(data)
        report = inspected(tmp_path / "x.mp4")
        assert report.state is FileState.PARTLY_ZEROS
        assert 0.3 < report.zero_fraction < 0.7
        assert "% of the media are zeros: nothing to rescue there" in report.verdict
        data[mdat.offset + mdat.header : mdat.end] = bytes(mdat.size - mdat.header)
        (tmp_path / "x.mp4").write_bytes(data)
        report = inspected(tmp_path / "x.mp4")
        assert (report.state, report.exit_code) == (FileState.ZEROS, 5)

    @pytest.mark.parametrize("between", [5001, 1_000_000])
    def test_offsets_that_were_not_moved_with_the_media(self, clips: Clips, tmp_path: Path, between: int) -> None:
        """A box put in front of the media, and the index not told: it points inside, or also in front of, the mdat."""
        take = clips.pair("h264_b").take
        data, mdat = take.read_bytes(), mdat_of(take)
        noise = bytes(i * 7 % 251 + 1 for i in range(between))
        (tmp_path / "x.mp4").write_bytes(data[: mdat.offset] + box(b"free", noise) + data[mdat.offset :])
        report = inspected(tmp_path / "x.mp4")
        assert report.state is FileState.MOOV_DAMAGED
        assert report.verdict.startswith(f"the samples lie {between + 8} bytes behind the places in its index")
        assert "pictures looked at are not where the index says" in messages(report)
        assert "chunks lie outside the media data" in messages(report)

    def test_an_index_of_another_film_is_found_out(self, clips: Clips, tmp_path: Path) -> None:
        pair = clips.pair("h264_b")
        take, other = pair.take.read_bytes(), moov_of(pair.reference)
        mdat = mdat_of(pair.take)
        media = take[: mdat.end] + take[mdat.offset + 8 : mdat.end]
        grafted = media[: mdat.offset] + struct.pack(">I", len(media) - mdat.offset) + media[mdat.offset + 4 :]
        (tmp_path / "x.mp4").write_bytes(grafted + other)
        report = inspected(tmp_path / "x.mp4")
        assert report.state in (FileState.MOOV_DAMAGED, FileState.CUT), report.verdict

    def test_bytes_behind_the_end_are_a_note_only(self, clips: Clips, tmp_path: Path) -> None:
        data = clips.pair("h264_b").take.read_bytes()
        (tmp_path / "x.mp4").write_bytes(data + b"\x8f\x02garbage" * 10)
        report = inspected(tmp_path / "x.mp4")
        assert report.state is FileState.HEALTHY
        assert f"{10 * 9} bytes behind the last box are no box" in messages(report, Severity.NOTE)

    def test_two_moovs_and_two_mdats_are_noted(self, clips: Clips, tmp_path: Path) -> None:
        take = clips.pair("h264_b").take
        (tmp_path / "x.mp4").write_bytes(take.read_bytes() + box(b"mdat", b"more") + moov_of(take))
        report = inspected(tmp_path / "x.mp4")
        assert report.state is FileState.HEALTHY
        assert "2 moov boxes" in messages(report)
        assert "2 mdat boxes" in messages(report)

    def test_an_encrypted_file_is_healthy_and_called_encrypted(self, clips: Clips) -> None:
        options = (("encryption_scheme", "cenc-aes-ctr"), ("encryption_key", "00" * 16), ("encryption_kid", "11" * 16))
        report = inspected(clips.clip("inspect-cenc.mp4", ClipSpec("mp4", _PLAIN.video, (), options)))
        assert report.state is FileState.HEALTHY
        assert report.tracks[0].encryption == "cenc"
        assert "track 1 is encrypted (cenc)" in messages(report, Severity.NOTE)

    def test_only_the_start_of_a_fragmented_file(self, clips: Clips, tmp_path: Path) -> None:
        take = clips.clip("inspect-fragments.mp4", HEALTHY["fragments.mp4"])
        moof = next(top for top in top_level(take) if top.kind == b"moof")
        (tmp_path / "init.mp4").write_bytes(take.read_bytes()[: moof.offset])
        assert "the start of a fragmented file" in inspected(tmp_path / "init.mp4").verdict
        (tmp_path / "rest.mp4").write_bytes(take.read_bytes()[moof.offset :])
        report = inspected(tmp_path / "rest.mp4")
        assert report.state is FileState.MOOV_MISSING
        assert "without the start of the file" in report.verdict


def _table(path: Path, kind: bytes) -> int:
    """Return where the payload of the first track's table of that kind stands in the file."""
    moov, at = moov_of(path), next(top.offset for top in top_level(path) if top.kind == b"moov")
    _, body, end = find(moov, b"moov") or (0, 0, 0)
    trak = next((start, stop) for name, _, start, stop in children(moov, body, end) if name == b"trak")
    found = find(moov, b"mdia", b"minf", b"stbl", kind, within=trak)
    assert found
    return at + found[1]


class TestNoMovie:
    @pytest.mark.parametrize(
        ("head", "name"),
        [
            (b"\x1aE\xdf\xa3\x01", "Matroska or WebM"),
            (b"RIFF\x10\0\0\0AVI LIST", "AVI"),
            (b"\x47" + bytes(187), "MPEG transport stream"),
            (b"\0\0\0\0\x47" + bytes(187), "MPEG transport stream"),
            (b"\xff\xd8\xff\xe1", "JPEG picture"),
            (b"\0\0\0\1\x67\x64", "raw H.264"),
            (b"\0\0\0\x0cjP  \r\n\x87\n", "JPEG 2000"),
            (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "Windows Media"),
        ],
    )
    def test_other_formats_are_named(self, tmp_path: Path, head: bytes, name: str) -> None:
        (tmp_path / "x.mp4").write_bytes(head * (8 if 0x47 in head[:5] else 1) + bytes(64))
        report = inspected(tmp_path / "x.mp4")
        assert (report.state, report.exit_code) == (FileState.OTHER_FORMAT, 3)
        assert name in report.verdict
        assert report.verdict.startswith("no MP4 or MOV file: it looks like")

    def test_a_motion_photo_is_told_with_where_its_movie_begins(self, clips: Clips, tmp_path: Path) -> None:
        picture = b"\xff\xd8\xff\xe0" + b"picture" * 100
        (tmp_path / "x.jpg").write_bytes(picture + clips.pair("h264_b").take.read_bytes())
        report = inspected(tmp_path / "x.jpg")
        assert f"with a movie inside, from byte {len(picture)} on" in report.verdict
        assert report.command == f"mediarescue extract {tmp_path / 'x.jpg'} --out-dir DIR"

    def test_a_heic_picture_misses_no_moov(self, tmp_path: Path) -> None:
        data = box(b"ftyp", b"heic\0\0\0\0mif1heic") + box(b"meta", bytes(40)) + box(b"mdat", b"picture" * 9)
        (tmp_path / "x.heic").write_bytes(data)
        assert "HEIC picture" in inspected(tmp_path / "x.heic").verdict

    @pytest.mark.parametrize("size", [1, 7, 100, 3_000_000])
    def test_zeros_are_zeros(self, tmp_path: Path, size: int) -> None:
        (tmp_path / "x.mp4").write_bytes(bytes(size))
        report = inspected(tmp_path / "x.mp4")
        assert (report.state, report.exit_code) == (FileState.ZEROS, 5)
        assert report.verdict.startswith("100 % zeros: nothing to rescue there")

    def test_part_of_the_media_zeros_is_said_beside_the_missing_moov(self, clips: Clips, tmp_path: Path) -> None:
        broken = drop_moov(clips.pair("h264_b").take, tmp_path / "x.mp4")
        with broken.open("ab") as file:
            file.write(bytes(broken.stat().st_size))
        report = inspected(broken)
        assert report.state is FileState.MOOV_MISSING
        assert "rescue with a reference; about " in report.verdict
        assert report.verdict.endswith(" % of the media are zeros: nothing to rescue there")

    def test_an_empty_file(self, tmp_path: Path) -> None:
        (tmp_path / "x.mp4").write_bytes(b"")
        report = inspected(tmp_path / "x.mp4")
        assert (report.state, report.exit_code) == (FileState.EMPTY, 5)
        assert report.verdict == "empty (0 bytes): there is nothing to rescue in it"

    def test_missing_files_and_folders_are_one_sentence(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        for path in (tmp_path / "none.mp4", tmp_path):
            assert main(["inspect", str(path)]) == 3
            out, err = capsys.readouterr()
            assert out == ""
            assert err.count("\n") == 1
            assert err.startswith("mediarescue: ")


def _sparse(path: Path, parts: list[tuple[int, bytes]], size: int) -> None:
    with path.open("wb") as file:
        try:
            file.truncate(size)
        except OSError:
            pytest.skip("this file system has no files of that size")
        for offset, data in parts:
            file.seek(offset)
            file.write(data)
        if hasattr(os, "fstat") and os.fstat(file.fileno()).st_blocks * 512 > 64 << 20:
            pytest.skip("this file system keeps no holes")


@pytest.mark.parametrize("kind", ["healthy", "no moov", "zeros", "cut to 32 bits"])
def test_of_90_gigabytes_little_is_read(
    clips: Clips, tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    take, path, size = clips.pair("co64").take, tmp_path / "large.mp4", 90_000_000_000
    mdat, data, moov = mdat_of(take), take.read_bytes(), moov_of(take)
    assert mdat.header == 8
    # The free box in front of FFmpeg's mdat is there to become half of a 64-bit header.
    head = data[: mdat.offset - 8]
    end = size - len(moov)
    claimed = end - len(head)
    media = data[mdat.offset + 8 : mdat.end]
    start = struct.pack(">I4sQ", 1, b"mdat", claimed if kind != "cut to 32 bits" else claimed % 2**32)
    _sparse(
        path,
        {
            "healthy": [(0, head + start + media), (end, moov)],
            "cut to 32 bits": [(0, head + start + media), (end, moov)],
            "no moov": [(0, head + start + media)],
            "zeros": [],
        }[kind],
        size,
    )
    counts = list[int]()

    def counted(source: ByteSource, offset: int, wanted: int) -> bytes:
        counts.append(wanted)
        return read(source, offset, wanted)

    read = ByteSource.read
    monkeypatch.setattr(ByteSource, "read", counted)
    report = inspected(path)
    assert sum(counts) < 256 << 20
    if kind == "healthy":
        assert report.state is FileState.HEALTHY, report.verdict
    elif kind == "cut to 32 bits":
        assert report.state is FileState.MOOV_MISSING
        assert "it was written with 32 bits" in messages(report)
        assert "a whole moov stands at byte" in messages(report)
    elif kind == "no moov":
        assert report.state is FileState.MOOV_MISSING
        assert report.verdict.endswith("about 99 % of the media are zeros: nothing to rescue there")
    else:
        assert report.state is FileState.ZEROS, report.verdict


class TestCommand:
    def test_json_is_the_report(self, clips: Clips, capsys: pytest.CaptureFixture[str]) -> None:
        take = clips.pair("h264_b").take
        assert main(["inspect", str(take), "--json"]) == 0
        document = json.loads(capsys.readouterr().out)
        assert (document["schema_version"], document["command"], document["exit_code"]) == (1, "inspect", 0)
        (file,) = document["files"]
        assert (file["path"], file["state"], file["verdict"]) == (str(take), "healthy", "healthy")
        assert [b["kind"] for b in file["boxes"]] == [top.kind.decode() for top in top_level(take)]
        assert [b["offset"] for b in file["boxes"]] == [top.offset for top in top_level(take)]
        moov = file["boxes"][-1]
        assert [b["kind"] for b in moov["children"]][:3] == ["mvhd", "trak", "trak"]

    def test_of_several_files_the_worst_code_counts_and_all_are_shown(
        self, clips: Clips, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        take = clips.pair("h264_b").take
        broken = drop_moov(take, tmp_path / "broken.mp4")
        assert main(["inspect", str(take), str(broken)]) == 10
        out = capsys.readouterr().out
        assert out.count("verdict   ") == 2
        assert main(["inspect", str(broken), str(tmp_path / "none.mp4"), str(take)]) == 3
        out, err = capsys.readouterr()
        assert out.count("verdict   ") == 2
        assert err.count("\n") == 1
        assert main(["inspect", "--json", str(broken), str(tmp_path / "none.mp4")]) == 3
        files = json.loads(capsys.readouterr().out)["files"]
        assert [file["exit_code"] for file in files] == [10, 3]
        assert files[1]["error"]["type"] == "InputError"

    def test_long_rows_are_folded_and_all_shows_them(self, clips: Clips, capsys: pytest.CaptureFixture[str]) -> None:
        take = clips.clip("inspect-fragment-a-frame.mp4", HEALTHY["fragment-a-frame.mp4"])
        count = sum(top.kind == b"moof" for top in top_level(take))
        assert main(["inspect", str(take), "--depth", "1"]) == 0
        out = capsys.readouterr().out
        assert f"\nmoof mdat x {count} " in out
        assert out.count("\nmoof ") == 1
        assert main(["inspect", str(take), "--all"]) == 0
        out = capsys.readouterr().out
        assert out.count("\nmoof ") == count
        assert out.count("\n    trun ") >= count

    def test_depth_says_how_many_levels_are_shown(self, clips: Clips, capsys: pytest.CaptureFixture[str]) -> None:
        take = str(clips.pair("h264_b").take)
        shown = []
        for depth in ("1", "2", "3"):
            assert main(["inspect", take, "--depth", depth]) == 0
            shown.append(capsys.readouterr().out)
        assert "  trak" not in shown[0]
        assert "\n  trak" in shown[1]
        assert "\n    tkhd" not in shown[1]
        assert "\n    tkhd" in shown[2]
        assert all(len(line) <= 80 for text in shown for line in text.splitlines()[1:])

    def test_quiet_prints_nothing(self, clips: Clips, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["inspect", "-q", str(clips.pair("h264_b").take)]) == 0
        assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("channels", [1, 2])
def test_packed_sound_whose_sizes_are_said_to_be_one_is_healthy(tmp_path: Path, channels: int) -> None:
    """QuickTime's ima4 with the moov in front: 64 samples of "1 byte" lie in 34 bytes a channel."""
    entry = struct.pack(">HHIHHHHI", 0, 0, 0, channels, 16, 0, 0, 44100 << 16)
    packet = 34 * channels
    track = SyntheticTrack(
        b"soun", b"ima4", (b"\x55" * packet * 40,) * 5, 44100, 1, entry, constant_size=1, packet=(packet, 64)
    )
    write_movie(tmp_path / "last.mov", (track,))
    report = inspected(tmp_path / "last.mov")
    assert report.state is FileState.HEALTHY, report.verdict
    assert report.tracks[0].bytes == packet * 40 * 5
    # The same with the moov in front, so that the last chunk ends where the file does.
    moov, data = moov_of(tmp_path / "last.mov"), (tmp_path / "last.mov").read_bytes()
    mdat = mdat_of(tmp_path / "last.mov")
    moved = bytearray(moov)
    place = (find(moov, b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stco") or (0, 0, 0))[1] + 8
    for at in range(place, place + 4 * 5, 4):
        struct.pack_into(">I", moved, at, struct.unpack_from(">I", moved, at)[0] + len(moov))
    (tmp_path / "first.mov").write_bytes(data[: mdat.offset] + moved + data[mdat.offset : mdat.end])
    assert inspected(tmp_path / "first.mov").state is FileState.HEALTHY
    assert index_state(tmp_path / "first.mov") is IndexState.SOUND


def test_other_layouts_of_our_own_are_healthy(clips: Clips, tmp_path: Path) -> None:
    take = clips.pair("h264_b").take
    for changed in (
        rechunk(take, tmp_path / "rechunked.mp4"),
        to_co64(take, tmp_path / "co64.mp4"),
    ):
        assert inspected(changed).state is FileState.HEALTHY


@pytest.mark.parametrize("fraction", [0.4, 0.55, 0.8])
def test_a_rescued_fragmented_film_is_healthy(fraction: float, clips: Clips, tmp_path: Path) -> None:
    options = (("movflags", "frag_keyframe+empty_moov+default_base_moof"),)
    take = clips.clip("inspect-fragmented.mp4", ClipSpec(options=options))
    broken = tmp_path / "cut.mp4"
    broken.write_bytes(take.read_bytes()[: int(take.stat().st_size * fraction)])
    report = mediarescue.untrunc(broken, output=tmp_path / "out.mp4")
    assert report.tracks
    assert mediarescue.inspect(tmp_path / "out.mp4").verdict == "healthy"
