"""``--faststart``: the index in front of the media, with the offsets that belong to it; cards and their limits."""

from __future__ import annotations

import os
import struct
from pathlib import Path

import pytest

import mediarescue
from mediarescue import search_rescue, volumes
from mediarescue.cli.app import main
from mediarescue.errors import OutputError
from mediarescue.events import Event, Warned
from mediarescue.inspection import FileState
from mediarescue.options import UntruncOptions
from mediarescue.recover import faststart
from mediarescue.recover.assemble import Layout
from tests.conftest import Clips
from tests.e2e.test_large_files import run, sparse
from tests.support.boxes import find, mdat_of, moov_of, tables_of, top_level
from tests.support.breaking import assert_rescued_like, cut, drop_moov
from tests.support.clips import AudioSpec, ClipSpec, VideoSpec

FASTSTART = UntruncOptions(faststart=True)


def kinds(path: Path) -> list[bytes]:
    return [top.kind for top in top_level(path)]


def samples(path: Path) -> list[list[bytes]]:
    data = path.read_bytes()
    return [
        [data[offset : offset + size] for offset, size in zip(table.offsets, table.sizes, strict=True)]
        for table in tables_of(path)
    ]


@pytest.mark.parametrize("name", ["h264_b", "pcm_sowt_mov", "two_aac_long_chunks", "moov_first", "co64"])
def test_the_index_stands_in_front_and_all_else_is_the_same(clips: Clips, tmp_path: Path, name: str) -> None:
    pair = clips.pair(name)
    broken = drop_moov(pair.take, tmp_path / f"broken{pair.take.suffix}")
    plain = mediarescue.untrunc(broken, reference=pair.reference, output=tmp_path / "plain.mp4")
    report = mediarescue.untrunc(broken, reference=pair.reference, output=tmp_path / "fast.mp4", options=FASTSTART)
    out = tmp_path / "fast.mp4"
    assert kinds(out) == [b"ftyp", b"moov", b"free", b"mdat"]
    assert report.tracks == plain.tracks
    assert report.output_bytes == out.stat().st_size
    assert samples(out) == samples(tmp_path / "plain.mp4") == samples(pair.take)
    assert mediarescue.inspect(out).state is FileState.HEALTHY
    assert_rescued_like(pair.take, out)


def test_the_media_keep_their_place_within_the_blocks_of_the_disk(clips: Clips, tmp_path: Path) -> None:
    pair = clips.pair("h264_b")
    broken = drop_moov(pair.take, tmp_path / "broken.mp4")
    mediarescue.untrunc(broken, reference=pair.reference, output=tmp_path / "fast.mp4", options=FASTSTART)
    before, after = mdat_of(broken), mdat_of(tmp_path / "fast.mp4")
    assert (after.offset + after.header - before.offset - before.header) % 4096 == 0


@pytest.mark.parametrize("room", [16, 3000, -1, -7, -8, 0])
def test_room_that_is_too_small_is_made_larger_and_room_that_just_fits_is_used(
    clips: Clips, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, room: int
) -> None:
    """Numbers up to 0 are what the true moov's size is missed by."""
    pair = clips.pair("h264_b")
    broken = drop_moov(pair.take, tmp_path / "broken.mp4")
    mediarescue.untrunc(broken, reference=pair.reference, output=tmp_path / "plain.mp4")
    size = len(moov_of(tmp_path / "plain.mp4"))
    rooms = []

    def small(*arguments: object, **options: object) -> int:
        rooms.append(room if room > 0 else size - room)
        return rooms[-1]

    monkeypatch.setattr(search_rescue, "room_for_moov", small)
    mediarescue.untrunc(broken, reference=pair.reference, output=tmp_path / "fast.mp4", options=FASTSTART)
    assert len(rooms) == 1
    assert kinds(tmp_path / "fast.mp4") == [b"ftyp", b"moov", *([] if room == 0 else [b"free"]), b"mdat"]
    assert samples(tmp_path / "fast.mp4") == samples(pair.take)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["broken.mp4", "fast.mp4", "plain.mp4"]


def test_the_estimate_suffices_for_a_cut_film_and_for_another_length(
    clips: Clips, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(layout: Layout, room: int) -> int:
        raise AssertionError(f"{len(layout.moov)} bytes do not fit {room}")

    monkeypatch.setattr(search_rescue, "larger_room", never)
    for name in ("h264_pyramid", "two_aac", "pcm_in24_mov", "vfr_b", "audio_only_m4a"):
        pair = clips.pair(name)
        broken = tmp_path / f"{name}{pair.take.suffix}"
        cut(pair.take, broken, 0.6)
        report = mediarescue.untrunc(broken, reference=pair.reference, options=FASTSTART)
        assert report.output is not None
        assert kinds(Path(report.output))[1] == b"moov"


def test_a_dry_run_tells_the_size_and_writes_nothing(clips: Clips, tmp_path: Path) -> None:
    pair = clips.pair("h264_b")
    broken = drop_moov(pair.take, tmp_path / "broken.mp4")
    dry = mediarescue.untrunc(broken, reference=pair.reference, options=UntruncOptions(faststart=True, dry_run=True))
    assert [path.name for path in tmp_path.iterdir()] == ["broken.mp4"]
    assert mediarescue.untrunc(broken, reference=pair.reference, options=FASTSTART).output_bytes == dry.output_bytes


def test_a_fragmented_file_is_put_together_with_its_index_in_front(clips: Clips, tmp_path: Path) -> None:
    spec = ClipSpec(
        "mp4", (VideoSpec(frames=40),), (AudioSpec(),), (("movflags", "+frag_keyframe+empty_moov+frag_every_frame"),)
    )
    take = clips.clip("faststart-fragments.mp4", spec)
    moofs = [top for top in top_level(take) if top.kind == b"moof"]
    (tmp_path / "broken.mp4").write_bytes(take.read_bytes()[: moofs[-2].offset + 30])
    assert main(["untrunc", str(tmp_path / "broken.mp4"), "--faststart", "-q"]) in (0, 10)
    out = tmp_path / "broken_rescued.mp4"
    assert kinds(out) == [b"ftyp", b"moov", b"mdat"]
    assert mediarescue.inspect(out).state is FileState.HEALTHY


@pytest.mark.skipif(not hasattr(os, "SEEK_HOLE"), reason="holes are made the Linux way")
def test_offsets_that_pass_four_gigabytes_only_with_the_index_in_front_are_64_bit(clips: Clips, tmp_path: Path) -> None:
    """Media whose last samples lie just below 4 GiB before, and above it behind the moov."""
    pair = clips.pair("video_only")
    mdat = mdat_of(pair.take)
    data = pair.take.read_bytes()
    head, media = data[: mdat.offset + mdat.header], data[mdat.offset + mdat.header : mdat.end]
    start = (1 << 32) - len(media) - 100
    broken = sparse(tmp_path / "broken.mp4", head + media, start + len(media), media)
    with broken.open("r+b") as file:
        file.seek(mdat.offset)
        file.write(struct.pack(">I", 0))
    wide = {}
    for name in ("plain", "fast"):
        extra = ("--faststart",) if name == "fast" else ()
        out = tmp_path / f"{name}.mp4"
        code, peak, said = run(
            "untrunc", str(broken), "--ref", str(pair.reference), "-o", str(out), "--progress", "none", *extra
        )
        if code == 6 and "not enough space" in said:
            pytest.skip("less than 4 GiB are free here")
        assert code == 10, said
        assert peak <= 300, f"{peak:.0f} MB"
        assert out.stat().st_blocks * 512 < 50_000_000, "the hole was filled"
        wide[name] = find(moov_of(out), b"moov", b"trak", b"mdia", b"minf", b"stbl", b"co64") is not None
        (table,) = tables_of(out)
        (original,) = tables_of(pair.take)
        assert table.sizes == original.sizes * 2
        with out.open("rb") as file:
            for i in range(len(table.sizes)):
                file.seek(table.offsets[i])
                at = original.offsets[i % len(original.sizes)]
                assert file.read(table.sizes[i]) == data[at : at + table.sizes[i]]
        if name == "plain":
            out.unlink()
    assert wide == {"plain": False, "fast": True}
    assert kinds(tmp_path / "fast.mp4")[1] == b"moov"


def test_what_does_not_fit_is_told_from_what_does() -> None:
    layout = Layout(b"ftyp" + bytes(20) + b"mdat", b"m" * 12, (), 1.0)
    for room, fits in ((11, False), (12, True), (13, False), (19, False), (20, True), (21, True)):
        placed = faststart.moved_to_front(Layout(b"ftyp" + bytes(room) + b"mdat", layout.moov, (), 1.0), b"ftyp", room)
        assert (placed is not None) is fits, room
        if placed is not None:
            free = struct.pack(">I4s", room - 12, b"free") if room > 12 else b""
            assert placed.patches == ((4, b"m" * 12 + free),)
            assert placed.moov == b""
        else:
            assert faststart.larger_room(layout, room) >= 20


@pytest.mark.skipif(not Path("/proc/self/mountinfo").exists(), reason="the mounts are read the Linux way")
class TestCards:
    @pytest.fixture
    def card(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """A folder that the system calls a FAT card."""
        folder = tmp_path / "card"
        folder.mkdir()
        device = folder.stat().st_dev
        table = tmp_path / "mountinfo"
        table.write_text(f"9 1 {os.major(device)}:{os.minor(device)} / {folder} rw - vfat /dev/sdz1 rw\n")
        monkeypatch.setattr(volumes, "MOUNTS", table)
        return folder

    def test_an_output_on_the_inputs_card_is_warned_of(self, clips: Clips, card: Path) -> None:
        pair = clips.pair("h264_b")
        broken = drop_moov(pair.take, card / "broken.mp4")
        events: list[Event] = []
        mediarescue.untrunc(broken, reference=pair.reference, listener=events.append)
        (warning,) = [event.message for event in events if isinstance(event, Warned)]
        assert "goes to the memory card that broken.mp4 is on" in warning

    def test_a_home_folder_gets_no_warning(self, clips: Clips, tmp_path: Path) -> None:
        pair = clips.pair("h264_b")
        broken = drop_moov(pair.take, tmp_path / "broken.mp4")
        events: list[Event] = []
        mediarescue.untrunc(broken, reference=pair.reference, listener=events.append)
        assert not [event for event in events if isinstance(event, Warned)]

    def test_four_gigabytes_on_fat_are_refused_before_any_work(self, clips: Clips, card: Path) -> None:
        pair = clips.pair("video_only")
        warm = drop_moov(pair.take, card / "warm.mp4").read_bytes()
        broken = sparse(card / "broken.mp4", warm, (1 << 32) + 1000)
        with pytest.raises(OutputError, match=r"holds no file of 4 GiB or more; name an output on another disk"):
            mediarescue.untrunc(broken, reference=pair.reference)
        assert sorted(path.name for path in card.iterdir()) == ["broken.mp4", "warm.mp4"]
