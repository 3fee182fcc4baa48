"""Films of varying rate whose camera stamps each picture, or exposes it long, or hides an index among its media."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable
from dataclasses import replace
from itertools import accumulate
from pathlib import Path

import numpy as np
import pytest

import mediarescue
from mediarescue import untrunc
from mediarescue.errors import UsageError
from mediarescue.reports import TimingSource, UntruncReport
from tests.support.boxes import box, mdat_of, moov_of, tables_of
from tests.support.breaking import cut, drop_moov
from tests.support.clips import AudioSpec, ClipSpec, VideoSpec, make_clip
from tests.support.remux import tracks_of
from tests.support.synthetic import SyntheticTrack, write_movie

_TIMESCALE = 600
_PER_CHUNK = 8
_STEADY = (("x264-params", "bframes=0:keyint=15"),)


def film(folder: Path, seed: int, frames: int) -> tuple[SyntheticTrack, SyntheticTrack]:
    """Return the H.264 and the AAC track of a clip."""
    video = VideoSpec(options=_STEADY, frames=frames, seed=seed)
    clip = make_clip(folder / f"clip-{seed}.mp4", ClipSpec(video=(video,), audio=(AudioSpec(seed=seed),)))
    pictures, sound = tracks_of(clip, per_chunk=_PER_CHUNK)
    return pictures, sound


def nanoseconds(seed: int, frames: int) -> list[int]:
    """Return when each picture is taken: 30 a second, 24 in the dark, with jitter and a dropped one now and then."""
    draw = random.Random(seed)
    steps = [draw.choice((33_366_000, 33_366_000, 41_708_000)) + draw.randrange(-90_000, 90_000) for _ in range(frames)]
    steps[frames // 3] *= 2
    start = draw.randrange(10**14, 10**15)
    return [start, *(start + step for step in accumulate(steps))][:frames]


def ticks(stamps: list[int]) -> list[int]:
    """Return the times that the camera's index gives, in 1/600 s from the first picture."""
    return [int((stamp - stamps[0]) * _TIMESCALE / 1e9 + 0.5) for stamp in stamps]


def durations(stamps: list[int]) -> tuple[int, ...]:
    times = ticks(stamps)
    return (*np.diff(times).tolist(), 20)


def live_photo(stamps: list[int], draw: random.Random) -> SyntheticTrack:
    """Apple's ``live-photo-info`` of 144 bytes: nanoseconds at bytes 112 and 120, the second later by the exposure."""
    rows = []
    for stamp in stamps:
        value = bytearray(struct.pack(">IBBBB", 3, 1, 0, 0, 0) + draw.randbytes(128))
        struct.pack_into("<QQ", value, 104, stamp, stamp + 8_000_000 + draw.randrange(2_000_000))
        rows.append(struct.pack(">II", 144, 1) + value)
    keys = box(b"keys", struct.pack(">II", 47, 1) + b"mdtacom.apple.quicktime.live-photo-info")
    return SyntheticTrack(b"meta", b"mebx", tuple(rows), entry=keys)


def motion_photo(stamps: list[int], draw: random.Random) -> SyntheticTrack:
    """Pixel's ``microvideo-meta-stream``: a message a frame, microseconds in field 5."""
    rows = []
    for stamp in stamps:
        matrix = struct.pack("<9f", 1, 0, 0, 0, 1, 0, 0, 0, 1)
        motion = struct.pack("<9f", *(draw.random() for _ in range(9)))
        size = b"\x18" + varint(1440) + b"\x20" + varint(1080)
        taken = b"\x28" + varint(stamp // 1000) + b"\x30\x01"
        rows.append(b"\x0a\x24" + matrix + size + taken + b"\x3a\x24" + motion + b"\x48\x01")
    return SyntheticTrack(b"meta", b"mett", tuple(rows), entry=b"\0application/microvideo-meta-stream\0")


def undescribed(stamps: list[int], draw: random.Random) -> SyntheticTrack:
    """A camera nobody knows: microseconds in 32 bits that go round, big-endian, at an odd place."""
    rows = [
        b"CAMCLOCK\1"
        + draw.randbytes(2)
        + struct.pack(">I", (stamp // 1000 + 4_294_000_000) % (1 << 32))
        + draw.randbytes(31)
        for stamp in stamps
    ]
    return SyntheticTrack(b"meta", b"camX", tuple(rows))


def varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes((*out, value))


FORMS: dict[str, Callable[[list[int], random.Random], SyntheticTrack]] = {
    "live photo": live_photo,
    "motion photo": motion_photo,
    "undescribed": undescribed,
}


def stamped(path: Path, folder: Path, form: str, seed: int, frames: int) -> list[int]:
    """Write a film with stamps beside its pictures; return its true decode times."""
    pictures, sound = film(folder, seed, frames)
    stamps = nanoseconds(seed, frames)
    timed = replace(pictures, timescale=_TIMESCALE, durations=durations(stamps))
    meta = FORMS[form](stamps, random.Random(seed))
    meta = replace(meta, timescale=_TIMESCALE, durations=timed.durations, per_chunk=_PER_CHUNK)
    write_movie(path, (timed, replace(sound, per_chunk=12), meta))
    return ticks(stamps)


def times_of(report: UntruncReport, handler: bytes = b"vide") -> list[int]:
    assert report.output is not None
    return next(list(table.dts) for table in tables_of(Path(report.output)) if table.handler == handler)


@pytest.mark.parametrize("form", FORMS)
def test_stamps_beside_the_pictures_give_their_true_times(form: str, tmp_path: Path) -> None:
    stamped(tmp_path / "good.mov", tmp_path, form, 1, 60)
    true = stamped(tmp_path / "take.mov", tmp_path, form, 2, 72)
    broken = drop_moov(tmp_path / "take.mov", tmp_path / "broken.mov")
    report = untrunc(broken, reference=tmp_path / "good.mov", output=tmp_path / "out.mov")
    assert report.tracks[0].timing_source is TimingSource.TELEMETRY
    error = report.tracks[0].timing_error_seconds
    assert error is not None
    assert error <= 1 / _TIMESCALE
    found = times_of(report)[: len(true)]
    assert max(abs(a - b) for a, b in zip(found, true, strict=True)) <= round(error * _TIMESCALE)
    assert times_of(report, b"meta")[: len(true)] == found


def test_a_documented_layout_serves_where_the_reference_lacks_its_samples(tmp_path: Path) -> None:
    """As in the first seconds of a Pixel's film: the metadata come in runs, the first one behind them."""
    pictures, sound = film(tmp_path, 1, 60)
    bare = replace(motion_photo([0], random.Random(1)), samples=(), timescale=_TIMESCALE)
    good = replace(pictures, timescale=_TIMESCALE, durations=durations(nanoseconds(1, 60)))
    write_movie(tmp_path / "good.mov", (good, sound, bare))
    true = stamped(tmp_path / "take.mov", tmp_path, "motion photo", 2, 72)
    broken = drop_moov(tmp_path / "take.mov", tmp_path / "broken.mov")
    report = untrunc(broken, reference=tmp_path / "good.mov", output=tmp_path / "out.mov")
    assert report.tracks[0].timing_source is TimingSource.TELEMETRY
    assert max(abs(a - b) for a, b in zip(times_of(report)[: len(true)], true, strict=True)) <= 1
    assert report.tracks[-1].samples == len(true)
    assert times_of(report, b"meta") == times_of(report)


def test_a_cut_film_keeps_the_times_that_are_stamped(tmp_path: Path) -> None:
    stamped(tmp_path / "good.mov", tmp_path, "live photo", 1, 60)
    true = stamped(tmp_path / "take.mov", tmp_path, "live photo", 2, 72)
    cut(tmp_path / "take.mov", tmp_path / "broken.mov", 0.6)
    report = untrunc(tmp_path / "broken.mov", reference=tmp_path / "good.mov", output=tmp_path / "out.mov")
    known = report.tracks[-1].samples
    assert known > 20
    assert times_of(report)[:known] == true[:known]


def test_a_number_that_only_looks_like_a_clock_is_not_believed(tmp_path: Path) -> None:
    """It rises with every picture, by anything but the time between them."""
    for name, seed, frames in (("good.mov", 1, 60), ("take.mov", 2, 72)):
        pictures, sound = film(tmp_path, seed, frames)
        draw = random.Random(seed)
        fake = list(accumulate(draw.randrange(20_000_000, 60_000_000) for _ in range(frames)))
        meta = replace(live_photo(fake, draw), timescale=25, duration=1, per_chunk=_PER_CHUNK)
        write_movie(tmp_path / name, (replace(pictures, timescale=25, duration=1), sound, meta))
    broken = drop_moov(tmp_path / "take.mov", tmp_path / "broken.mov")
    report = untrunc(broken, reference=tmp_path / "good.mov", output=tmp_path / "out.mov")
    assert report.tracks[0].timing_source is TimingSource.CONSTANT
    assert times_of(report) == list(range(72))


def exposed(path: Path, folder: Path, seed: int, frames: int) -> list[int]:
    """Write a film whose 56-byte metadata tell exposures: frames of 1/30 s that last longer in the dark."""
    pictures, sound = film(folder, seed, frames)
    draw = random.Random(seed)
    exposures = [draw.choice((1 / 60, 1 / 30, 1 / 30, 1 / 24, 1 / 20)) for _ in range(frames + 1)]
    lengths = tuple(round(max(following, 1 / 30) * _TIMESCALE) for following in exposures[1:])
    keys = box(b"keys", struct.pack(">II", 47, 1) + b"mdtacom.apple.quicktime.live-photo-info")
    head = struct.pack(">III", 56, 1, 0x01000000)
    rows = tuple(head + struct.pack("<f", exposure) + draw.randbytes(40) for exposure in exposures[:frames])
    meta = SyntheticTrack(b"meta", b"mebx", rows, _TIMESCALE, entry=keys, per_chunk=_PER_CHUNK, durations=lengths)
    write_movie(path, (replace(pictures, timescale=_TIMESCALE, durations=lengths), sound, meta))
    return [0, *accumulate(lengths)][:frames]


def test_exposures_tell_how_long_pictures_last(tmp_path: Path) -> None:
    exposed(tmp_path / "good.mov", tmp_path, 1, 60)
    true = exposed(tmp_path / "take.mov", tmp_path, 2, 72)
    cut(tmp_path / "take.mov", tmp_path / "broken.mov", 0.8)
    report = untrunc(tmp_path / "broken.mov", reference=tmp_path / "good.mov", output=tmp_path / "out.mov")
    assert report.tracks[0].timing_source is TimingSource.EXPOSURE
    assert report.exit_code == 10
    known = min(report.tracks[-1].samples, report.tracks[0].samples)
    assert known > 30
    assert times_of(report)[:known] == true[:known]


def by_the_second(path: Path, folder: Path, seed: int, steps: list[int]) -> list[int]:
    """Write a film as Android does: a chunk of each track is closed with the sample that makes it last a second."""
    pictures, sound = film(folder, seed, len(steps))
    sound = replace(sound, samples=sound.samples * (1 + sum(steps) // 44100))  # more than the pictures last
    counts, filled, since = list[int](), 0, 0
    for step in steps:
        filled, since = filled + 1, since + step
        if since >= 90_000:
            counts.append(filled)
            filled = since = 0
    counts += [filled] if filled else []
    frames = round(sum(steps) / 90_000 * sound.timescale / sound.duration)
    sound = replace(sound, samples=sound.samples[:frames])
    ends = [min(-(-k * sound.timescale // sound.duration), frames) for k in range(sum(steps) // 90_000 + 2)]
    seconds = tuple(int(count) for count in np.diff(ends) if count)
    write_movie(
        path,
        (
            replace(pictures, timescale=90_000, durations=tuple(steps), chunk_counts=tuple(counts)),
            replace(sound, chunk_counts=seconds),
        ),
    )
    return [0, *accumulate(steps)][: len(steps)]


def test_chunks_of_a_second_tell_that_the_rate_fell(tmp_path: Path) -> None:
    """The reference runs at 30 a second; the film falls to 15 in the dark and comes back."""
    by_the_second(tmp_path / "good.mp4", tmp_path, 1, [3000] * 150)
    steps = [3000] * 60 + [6000] * 45 + [3000] * 60
    true = by_the_second(tmp_path / "take.mp4", tmp_path, 2, steps)
    broken = drop_moov(tmp_path / "take.mp4", tmp_path / "broken.mp4")
    report = untrunc(broken, reference=tmp_path / "good.mp4", output=tmp_path / "out.mp4")
    assert report.tracks[0].timing_source is TimingSource.AUDIO_CLOCK
    assert report.tracks[0].timing_error_seconds is not None
    astray = np.abs(np.array(times_of(report)) - true) / 90_000
    assert astray.mean() < 1 / 60
    assert astray.max() < 0.045
    assert report.exit_code == 10


def test_a_reference_of_another_mode_does_not_set_the_rate(tmp_path: Path) -> None:
    """It ran at 10 a second in the dark for a while, so that its mean is nobody's rate."""
    by_the_second(tmp_path / "good.mp4", tmp_path, 1, [9000] * 12 + [3000] * 100 + [4500] * 12 + [9000] * 12)
    true = by_the_second(tmp_path / "take.mp4", tmp_path, 2, [3024] * 150)
    broken = drop_moov(tmp_path / "take.mp4", tmp_path / "broken.mp4")
    report = untrunc(broken, reference=tmp_path / "good.mp4", output=tmp_path / "out.mp4")
    assert report.tracks[0].timing_source is TimingSource.AUDIO_CLOCK
    astray = np.abs(np.array(times_of(report)) - true) / 90_000
    assert astray.mean() < 0.0336
    assert astray.max() < 0.06


def test_a_steady_film_of_the_same_writer_stays_steady(tmp_path: Path) -> None:
    by_the_second(tmp_path / "good.mp4", tmp_path, 1, [3000] * 150)
    true = by_the_second(tmp_path / "take.mp4", tmp_path, 2, [3000] * 190)
    cut(tmp_path / "take.mp4", tmp_path / "broken.mp4", 0.9)
    report = untrunc(tmp_path / "broken.mp4", reference=tmp_path / "good.mp4", output=tmp_path / "out.mp4")
    assert report.tracks[0].timing_source is TimingSource.CONSTANT
    found = times_of(report)
    assert found == true[: len(found)]


def hiding(path: Path, folder: Path, *, listed: int) -> tuple[list[int], list[bytes]]:
    """Write a film without ``moov``, with a ``hoov`` in its media data that lists the first ``listed`` samples a track.

    Return its true decode times and pictures.
    """
    pictures, sound = film(folder, 3, 60)
    stamps = nanoseconds(3, 60)
    pictures = replace(pictures, timescale=_TIMESCALE, durations=durations(stamps))
    whole = folder / "whole.mov"
    first = (
        replace(pictures, samples=pictures.samples[:listed], durations=pictures.durations[:listed]),
        replace(sound, samples=sound.samples[:listed]),
    )
    if pictures.sync is not None:
        first = (replace(first[0], sync=tuple(i for i in pictures.sync if i < listed)), first[1])
    write_movie(whole, first)
    data, mdat = whole.read_bytes(), mdat_of(whole)
    moov = moov_of(whole)
    hoov = moov[:4] + b"hoov" + moov[8:]
    rest = b""
    for at in range(listed, max(len(pictures.samples), len(sound.samples)), _PER_CHUNK):
        for track in (pictures, sound):
            rest += b"".join(track.samples[at : at + _PER_CHUNK])
    head = data[: mdat.offset] + struct.pack(">I4s", 0, b"mdat")
    path.write_bytes(head + data[mdat.offset + mdat.header : mdat.end] + hoov + rest)
    return ticks(stamps), list(pictures.samples)


def test_a_film_that_hides_its_index_needs_no_reference(tmp_path: Path) -> None:
    true, pictures = hiding(tmp_path / "broken.mov", tmp_path, listed=40)
    report = untrunc(tmp_path / "broken.mov", output=tmp_path / "out.mov")
    assert report.reference is None
    assert report.own_index is not None
    assert report.own_index.used
    data = (tmp_path / "out.mov").read_bytes()
    table = next(table for table in tables_of(tmp_path / "out.mov") if table.handler == b"vide")
    found = [data[at : at + size] for at, size in zip(table.offsets, table.sizes, strict=True)]
    assert found == pictures
    assert list(table.dts)[:40] == true[:40]


def test_samples_that_a_hidden_index_lists_keep_their_times_across_damage(tmp_path: Path) -> None:
    true, pictures = hiding(tmp_path / "whole.mov", tmp_path, listed=60)
    stamped(tmp_path / "good.mov", tmp_path, "live photo", 1, 60)
    data = bytearray((tmp_path / "whole.mov").read_bytes())
    at = data.find(pictures[24])
    data[at : at + 3000] = bytes(3000)
    (tmp_path / "broken.mov").write_bytes(data)
    report = untrunc(tmp_path / "broken.mov", reference=tmp_path / "good.mov", output=tmp_path / "out.mov")
    assert report.tracks[0].timing_source is TimingSource.INDEX
    rescued = (tmp_path / "out.mov").read_bytes()
    table = next(table for table in tables_of(tmp_path / "out.mov") if table.handler == b"vide")
    found = {rescued[o : o + s]: t for o, s, t in zip(table.offsets, table.sizes, table.dts, strict=True)}
    common = [(found[picture], time) for picture, time in zip(pictures, true, strict=True) if picture in found]
    assert 40 < len(common) < 60
    assert all(got == time for got, time in common)


def test_inspect_and_extract_find_the_hidden_index(tmp_path: Path) -> None:
    hiding(tmp_path / "broken.mov", tmp_path, listed=40)
    report = mediarescue.inspect(tmp_path / "broken.mov")
    assert report.verdict.endswith("no reference is needed")
    assert "--ref" not in report.command
    streams = mediarescue.extract(tmp_path / "broken.mov", out_dir=tmp_path).streams
    assert streams[0].samples >= 40


def test_a_film_without_any_index_still_needs_a_reference(tmp_path: Path) -> None:
    true, _ = hiding(tmp_path / "broken.mov", tmp_path, listed=40)
    assert true
    data = (tmp_path / "broken.mov").read_bytes()
    (tmp_path / "none.mov").write_bytes(data.replace(b"hoov", b"none"))
    with pytest.raises(UsageError, match="no index of its own"):
        untrunc(tmp_path / "none.mov", output=tmp_path / "out.mov")
