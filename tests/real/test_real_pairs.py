"""Real camera files broken as crashes break them, rescued, and compared with their own tables."""

from __future__ import annotations

import hashlib
from collections import Counter
from fractions import Fraction
from pathlib import Path

import pytest

from mediarescue.api import untrunc
from mediarescue.reports import UntruncReport
from tests.support.boxes import Tables, children, find, mdat_of, moov_of, tables_of
from tests.support.breaking import cut, drop_moov, true_packets
from tests.support.hashes import Frozen
from tests.support.prefix import prefix_reference
from tests.support.shared import shared_media
from tests.support.shown import assert_no_picture_hidden

pytestmark = pytest.mark.shared

PAIRS = {
    "android_601_pair/video_1.mp4": "android_601_pair/video_2.mp4",
    "android_601_pair/video_2.mp4": "android_601_pair/video_1.mp4",
    "iphone_11/video_2.MOV": "iphone_11/video.MOV",
    "iphone_11/video.MOV": "iphone_11/video_2.MOV",
    "iphone_se_livephoto/IMG_0485.MOV": "iphone_se_livephoto/IMG_0484.MOV",
    "iphone_se_livephoto/IMG_0484.MOV": "iphone_se_livephoto/IMG_0485.MOV",
}
"""Film -> another film of the same device."""
SHORT = (
    "containers/edit_list_positive_shift.mp4",
    "iphone_misc/meta.mov",
    "android_misc/portrait_4k60.mp4",
    "android_misc/sample_empty_track.mp4",
    "fate/h264_4bf_pyramid_nobsrestriction.mp4",
    "fate/spherical.mp4",
    "gopro/20220214114307_NODATA_GH010739.MP4",
)
"""Films whose first 40 % tell nothing of the times: of one or two chunks, or of pictures that are all alike."""
PREFIX = (
    "gopro/hero7.mp4",
    "gopro/karma.mp4",
    "iphone_misc/dv84.mp4",
    "iphone_misc/sample-in-issue-505.mp4",
    "iphone_misc/sample_edit_list.mp4",
    "android_misc/sample_with_increasing_timestamps_360p.mp4",
    "android_misc/VID_20250213_145719.mp4",
    "android_misc/sample_2_byte_NAL_length.mp4",
    "pixel_motionphoto/mv_with_2_top_shots.mp4",
    "containers/multiple-aac-tracks.mp4",
    "containers/sowt-with-video.mov",
    "containers/video-h265.mp4",
    "containers/bbb_800x640_768kbps_30fps_avc_pyramid_3b.mp4",
    "containers/cursed-vfr.mp4",
    "containers/sar_2x1.mp4",
    "containers/hdr10-video-with-sdr-container.mp4",
    "containers/sample_with_chapters.mp4",
    "containers/sample_without_stss.mp4",
    "containers/sample_fpcm_32le.mp4",
    "misc_devices/mp42-hvc1.mp4",
    "misc_devices/quicktime-hvc1.mov",
    "audio_m4a/Beethoven_-_Bagatelle_op.119_no.11_i.m4a",
)
"""Films without a sister: their own first 40 % is the reference."""
_SELF_EVIDENT = {b"avc1", b"avc3", b"hvc1", b"hev1", b"dvh1", b"dvhe", b"mp4a"}
"""Sample entries whose samples can be told without a single one in the reference."""
_TRIMMED = {"iphone_misc/sample_edit_list.mp4"}
"""Cut with an editor: two fifths of its frames say nothing of the times of the others."""
_CONSTANT = Fraction(1, 1000)
_VARYING = Fraction(45, 1000)


def entry_kinds(path: Path) -> list[bytes]:
    """Return the sample entry's four characters of each track."""
    moov = moov_of(path)
    _, body, end = find(moov, b"moov") or (0, 8, len(moov))
    kinds = []
    for kind, _, at, stop in children(moov, body, end):
        if kind == b"trak":
            stsd = find(moov, b"mdia", b"minf", b"stbl", b"stsd", within=(at, stop))
            assert stsd
            kinds.append(moov[stsd[1] + 12 : stsd[1] + 16])
    return kinds


def contents(data: bytes, table: Tables, limit: int) -> list[str] | bytes:
    """Return digests of a track's samples wholly below ``limit``; the joined bytes where all have one small size."""
    places = [(o, s) for o, s in zip(table.offsets, table.sizes, strict=True) if o + s <= limit]
    if table.handler == b"soun" and len(set(table.sizes)) == 1 and table.sizes[0] <= 16:
        return b"".join(data[o : o + s] for o, s in places)
    return [hashlib.sha1(data[o : o + s]).hexdigest() for o, s in places]


def assert_same_samples(original: Path, rescued: Path, reference: Path, limit: int | None) -> list[bytes]:
    """Compare all tracks by their tables; return the handlers of the tracks compared."""
    before, after = original.read_bytes(), rescued.read_bytes()
    known = [(kind, bool(t.sizes)) for t, kind in zip(tables_of(reference), entry_kinds(reference), strict=True)]
    learnt = {kind for kind, has_samples in known if has_samples} | (_SELF_EVIDENT & {kind for kind, _ in known})
    # Two tracks of one kind of which the reference has no sample cannot be told apart.
    learnt -= {kind for kind, has_samples in known if not has_samples} - _SELF_EVIDENT
    found = list(zip(tables_of(rescued), entry_kinds(rescued), strict=True))
    handlers = []
    for i, (table, kind) in enumerate(zip(tables_of(original), entry_kinds(original), strict=True)):
        wanted = contents(before, table, limit if limit is not None else len(before))
        at = next((k for k, (t, name) in enumerate(found) if (t.handler, name) == (table.handler, kind)), None)
        asked = kind in learnt
        if at is None:
            assert not (wanted and asked), f"track {i} ({kind!r}) is missing"
            continue
        got_table, _ = found.pop(at)
        if not wanted or not asked:
            continue
        got = contents(after, got_table, len(after))
        assert len(got) == len(wanted), f"track {i} ({kind!r}): {len(got)} samples, not {len(wanted)}"
        assert got == wanted, f"track {i} ({kind!r}): other samples"
        if table.handler == b"vide":
            kept = [
                s
                for o, z, s in zip(table.offsets, table.sizes, table.sync, strict=True)
                if limit is None or o + z <= limit
            ]
            assert got_table.sync == kept, f"track {i}: other key frames"
        handlers.append(table.handler)
    return handlers


def is_constant(table: Tables) -> bool:
    steps = {b - a for a, b in zip(table.dts, table.dts[1:], strict=False)}
    return len(steps) < 2 or max(steps) - min(steps) <= 1


def assert_in_time(original: Path, rescued: Path, *, exact: bool) -> None:
    """Compare times of sound and pictures as FFmpeg shows them, and how far the streams are apart.

    Packets are paired by their contents: an edit list may hide some of the original's, and none of the rescued file's.
    """
    steady = {(t.handler, len(t.sizes)): is_constant(t) for t in tables_of(original)}
    constant = all(flag for (handler, _), flag in steady.items() if handler == b"vide")
    offsets = []
    after = [s for s in true_packets(rescued) if s.kind in ("video", "audio") and s.packets]
    before = [s for s in true_packets(original) if s.kind in ("video", "audio") and s.packets]
    for true, got in zip(before, after, strict=False):
        if true.frame_size:
            offsets.append((got.packets[0].pts or Fraction(0)) - (true.packets[0].pts or Fraction(0)))
            continue
        often = Counter(packet.digest for packet in true.packets)
        times = {packet.digest: packet.pts for packet in true.packets if often[packet.digest] == 1}
        pairs = [(times.get(packet.digest), packet.pts) for packet in got.packets]
        apart = [b - a for a, b in pairs if a is not None and b is not None]
        offsets.append(sorted(apart)[len(apart) // 2])
        handler = b"vide" if true.kind == "video" else b"soun"
        if exact and constant and all(flag for (kind, _), flag in steady.items() if kind == handler):
            worst = max(abs(value - offsets[-1]) for value in apart)
            assert worst <= max(_CONSTANT, true.time_base), f"{true.kind}: {float(worst) * 1000:.1f} ms off"
    tolerance = max(_CONSTANT, *(s.time_base for s in before), Fraction(0)) if constant else _VARYING
    if offsets:
        apart_by = max(offsets) - min(offsets)
        assert apart_by <= tolerance, f"streams {float(apart_by) * 1000:.2f} ms further apart than in the original"


def rescue(
    relative: str, tmp_path: Path, frozen: Frozen, fraction: float | None
) -> tuple[Path, Path, Path, int | None]:
    original = frozen(shared_media("video") / relative)
    if relative in PAIRS:
        reference = frozen(shared_media("video") / PAIRS[relative])
    else:
        reference = frozen(prefix_reference(original, tmp_path / f"reference{original.suffix}", 0.4))
    broken, limit = tmp_path / f"broken{original.suffix}", None
    if fraction is None:
        drop_moov(original, broken)
    else:
        limit = cut(original, broken, fraction, mdat_size="true")
    report = untrunc(frozen(broken), reference=reference)
    assert isinstance(report, UntruncReport)
    assert report.output is not None
    return original, Path(report.output), reference, limit


@pytest.mark.parametrize("relative", [*PAIRS, *PREFIX])
def test_a_camera_file_without_moov_comes_back_whole(relative: str, tmp_path: Path, frozen_input: Frozen) -> None:
    original, rescued, reference, _ = rescue(relative, tmp_path, frozen_input, None)
    handlers = assert_same_samples(original, rescued, reference, mdat_of(original).end)
    assert {b"vide", b"soun"} & set(handlers)
    if relative not in _TRIMMED:
        assert_in_time(original, rescued, exact=True)
    assert_no_picture_hidden(rescued)


@pytest.mark.parametrize("relative", [*PAIRS, *PREFIX])
def test_a_camera_file_cut_at_60_percent_keeps_all_whole_samples(
    relative: str, tmp_path: Path, frozen_input: Frozen
) -> None:
    original, rescued, reference, limit = rescue(relative, tmp_path, frozen_input, 0.6)
    assert_same_samples(original, rescued, reference, limit)
    if relative not in _TRIMMED:
        assert_in_time(original, rescued, exact=False)


@pytest.mark.parametrize("relative", SHORT)
def test_a_film_of_a_few_chunks_comes_back_with_all_samples(
    relative: str, tmp_path: Path, frozen_input: Frozen
) -> None:
    original, rescued, reference, _ = rescue(relative, tmp_path, frozen_input, None)
    assert assert_same_samples(original, rescued, reference, mdat_of(original).end)
