"""The tests' own tools: what they build is what they say, and they notice what is wrong."""

from __future__ import annotations

import shutil
import struct
from fractions import Fraction
from pathlib import Path

import pytest

from tests.conftest import Clips
from tests.support.boxes import find, mdat_of, moov_of, tables_of, top_level
from tests.support.breaking import MdatSize, assert_rescued_like, cut, drop_moov, true_packets
from tests.support.clips import AudioSpec, ClipSpec, VideoSpec
from tests.support.hashes import Frozen
from tests.support.presets import PRESETS


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_every_preset_gives_two_takes_whose_tables_agree_with_ffmpeg(clips: Clips, name: str) -> None:
    pair = clips.pair(name)
    assert pair.reference.read_bytes() != pair.take.read_bytes()
    for path in (pair.reference, pair.take):
        assert_rescued_like(path, path)
        for stream, table in zip(true_packets(path), tables_of(path), strict=True):
            if stream.frame_size:
                assert sum(table.sizes) == len(stream.data)
                continue
            assert [p.pos for p in stream.packets] == table.offsets
            assert [p.size for p in stream.packets] == table.sizes
            assert [p.is_key for p in stream.packets] == table.sync


@pytest.mark.parametrize(
    "name", ["h264_b", "h264_pyramid", "h264_slices4", "h264_open_gop", "hevc_b", "hevc_open_gop", "vfr_b"]
)
def test_presets_with_b_frames_have_reordered_pictures(clips: Clips, name: str) -> None:
    video = true_packets(clips.pair(name).take)[0]
    times = [p.pts for p in video.packets]
    assert times != sorted(times, key=lambda t: t or Fraction(0))


def test_equal_specs_give_equal_files(clips: Clips) -> None:
    spec = PRESETS["h264_b"].spec
    assert clips.clip("one.mp4", spec).read_bytes() == clips.clip("other.mp4", spec).read_bytes()


def test_co64_keeps_every_packet(clips: Clips) -> None:
    take = clips.pair("co64").take
    moov = moov_of(take)
    assert b"co64" in moov
    assert b"stco" not in moov
    assert_rescued_like(clips.pair("h264_b").take, take)


def test_long_chunks_keep_every_packet_in_fewer_chunks(clips: Clips) -> None:
    take = clips.pair("long_chunks").take
    assert_rescued_like(clips.pair("h264_b").take, take)
    moov = moov_of(take)
    found = find(moov, b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stco")
    assert found
    assert struct.unpack_from(">I", moov, found[1] + 4)[0] == 4


def test_short_nal_lengths_decode_to_the_same_number_of_pictures(clips: Clips) -> None:
    import av

    with av.open(str(clips.pair("nal_length_2").take)) as container:
        assert container.streams.video[0].codec_context.extradata[4] & 3 == 1  # type: ignore[index]
        assert sum(1 for _ in container.decode(video=0)) == 50


@pytest.mark.parametrize(
    ("mdat_size", "field"), [("zero", b"\0\0\0\0"), ("question_marks", b"????"), ("true", None), ("too_small", None)]
)
def test_a_file_without_moov_ends_with_its_media_data(
    clips: Clips, tmp_path: Path, mdat_size: MdatSize, field: bytes | None
) -> None:
    take = clips.pair("h264_no_b").take
    mdat = mdat_of(take)
    broken = drop_moov(take, tmp_path / "broken.mp4", mdat_size=mdat_size).read_bytes()
    assert len(broken) == mdat.end
    assert b"moov" not in broken[: mdat.offset]
    if field is not None:
        assert broken[mdat.offset : mdat.offset + 4] == field


def test_a_moov_in_front_becomes_reserved_space(clips: Clips, tmp_path: Path) -> None:
    take = clips.pair("moov_first").take
    broken = drop_moov(take, tmp_path / "broken.mp4", mdat_size="true")
    assert [(b.kind, b.size) for b in top_level(broken)] == [
        (b"free" if b.kind == b"moov" else b.kind, b.size) for b in top_level(take)
    ]


def test_a_rescue_of_another_clip_is_not_the_original(clips: Clips) -> None:
    pair = clips.pair("h264_b")
    with pytest.raises(AssertionError, match="samples, not"):
        assert_rescued_like(pair.take, pair.reference)


def test_a_rescue_without_composition_offsets_is_noticed(clips: Clips, tmp_path: Path) -> None:
    take = clips.pair("h264_b").take
    wrong = tmp_path / "wrong.mp4"
    wrong.write_bytes(take.read_bytes().replace(b"ctts", b"free"))
    with pytest.raises(AssertionError, match="off in time"):
        assert_rescued_like(take, wrong)


def test_a_rescue_with_wrong_key_flags_is_noticed(clips: Clips, tmp_path: Path) -> None:
    take = clips.pair("h264_no_b").take
    wrong = tmp_path / "wrong.mp4"
    wrong.write_bytes(take.read_bytes().replace(b"stss", b"free"))
    with pytest.raises(AssertionError, match="wrong key flag"):
        assert_rescued_like(take, wrong)


def test_streams_out_of_sync_are_noticed(clips: Clips, tmp_path: Path) -> None:
    spec = ClipSpec(video=(VideoSpec(options=(("x264-params", "bframes=2"),)),), audio=(AudioSpec(),))
    take, wrong = clips.clip("sync.mp4", spec), tmp_path / "wrong.mp4"
    data = bytearray(take.read_bytes())
    data[data.index(b"elst") : data.index(b"elst") + 4] = b"free"
    wrong.write_bytes(data)
    with pytest.raises(AssertionError, match="ms apart"):
        assert_rescued_like(take, wrong)


def test_a_cut_file_asks_only_for_whole_samples(clips: Clips, tmp_path: Path) -> None:
    take = clips.pair("pcm_sowt_mov").take
    size = cut(take, tmp_path / "cut.mov", 0.6)
    assert (tmp_path / "cut.mov").stat().st_size == size
    with pytest.raises(AssertionError):
        assert_rescued_like(take, take, cut_at=size)
    assert_rescued_like(take, take, cut_at=take.stat().st_size)


def test_a_changed_input_is_noticed(tmp_path: Path, clips: Clips) -> None:
    copy = Path(shutil.copy(clips.pair("h264_no_b").take, tmp_path / "copy.mp4"))
    frozen = Frozen()
    frozen(copy)
    frozen.check()
    copy.write_bytes(b"")
    with pytest.raises(AssertionError, match="changed or removed"):
        frozen.check()
