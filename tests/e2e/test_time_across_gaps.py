"""What comes after damage keeps its true time: break -> rescue -> compare the times of what is left."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from functools import cache
from pathlib import Path

import pytest

from mediarescue.api import untrunc
from mediarescue.cli._table import untrunc_text
from mediarescue.options import CheckMode, GapMode, UntruncOptions
from mediarescue.reports import UntruncReport
from tests.support.boxes import mdat_of, tables_of, top_level
from tests.support.breaking import drop_moov, true_packets
from tests.support.clips import AudioSpec, ClipSpec, VideoSpec, make_clip
from tests.support.layout import rechunk

FRAME = Fraction(1, 25)
SECONDS = 8


def clip(sound: str = "aac", container: str = "mp4", **options: str) -> ClipSpec:
    video = VideoSpec(options=tuple(options.items()), frames=25 * SECONDS)
    audio = AudioSpec(codec=sound, seconds=Fraction(SECONDS), rate=48000 if sound.startswith("pcm") else 44100)
    return ClipSpec(container=container, video=(video,), audio=(audio,) if sound else ())


KINDS = {
    "fixed groups with B-frames": clip(g="12", keyint_min="12", bf="3", sc_threshold="0"),
    "irregular groups": clip(**{"bf": "2", "x264-params": "keyint=40:min-keyint=3:scenecut=80"}),
    "one group": clip(bf="0", g="900"),
    "pictures alone": clip("", bf="2", g="25", sc_threshold="0"),
    "PCM": clip("pcm_s16le", "mov", g="25", bf="0"),
    "PCM of 8 bits": clip("pcm_u8", "mov", g="25", bf="0"),
    "A-law": clip("pcm_alaw", "mov", g="25", bf="0"),
}


def seeded(spec: ClipSpec, seed: int) -> ClipSpec:
    return replace(
        spec,
        video=tuple(replace(video, seed=seed) for video in spec.video),
        audio=tuple(replace(audio, seed=seed) for audio in spec.audio),
    )


class Films:
    """A reference and a take of each kind, made once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.make = cache(self._make)

    def _make(self, kind: str, chunk_seconds: float | None) -> tuple[Path, Path]:
        spec = KINDS[kind]
        out = []
        for seed in (3, 4):
            path = self.folder / f"{kind} {chunk_seconds} {seed}.{spec.container}"
            make_clip(path, seeded(spec, seed))
            if chunk_seconds is not None:
                path = rechunk(path, path.with_stem(path.stem + " chunked"), chunk_seconds=chunk_seconds)
            out.append(path)
        return out[0], out[1]


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Films:
    return Films(tmp_path_factory.mktemp("films"))


def hole(take: Path, broken: Path, start: float, share: float) -> tuple[int, int]:
    """Write the take without its index, with zeros over a part of its media; return where they are."""
    drop_moov(take, broken)
    mdat = mdat_of(take)
    size = mdat.size - mdat.header
    low, high = (mdat.offset + mdat.header + int(size * part) for part in (start, start + share))
    with broken.open("r+b") as file:
        file.seek(low)
        file.write(bytes(high - low))
    return low, high


def rescued(pair: tuple[Path, Path], tmp_path: Path, start: float, share: float, **options: object) -> UntruncReport:
    reference, take = pair
    broken = tmp_path / f"broken{take.suffix}"
    hole(take, broken, start, share)
    return untrunc(
        broken,
        reference=reference,
        options=UntruncOptions(check=CheckMode.NONE, **options),  # type: ignore[arg-type]
    )


def later(take: Path, output: str | None) -> dict[str, list[Fraction]]:
    """Return by how much each packet that is left comes later than in the take, by the stream's kind."""
    assert output is not None
    out: dict[str, list[Fraction]] = {}
    for true, got in zip(true_packets(take), true_packets(Path(output)), strict=True):
        if true.frame_size:
            continue
        when = {p.digest: p.pts for p in true.packets}
        pairs = [(when[p.digest], p.pts) for p in got.packets if p.digest in when]
        out[true.kind] = [b - a for a, b in pairs if a is not None and b is not None]
    return out


@pytest.mark.parametrize(("start", "share"), [(0.3, 0.02), (0.45, 0.15), (0.6, 0.3)])
@pytest.mark.parametrize("chunk_seconds", [None, 0.5])
@pytest.mark.parametrize("kind", list(KINDS))
def test_times_behind_a_hole_are_the_true_ones(
    kind: str, chunk_seconds: float | None, start: float, share: float, films: Films, tmp_path: Path
) -> None:
    pair = films.make(kind, chunk_seconds)
    report = rescued(pair, tmp_path, start, share)
    moved = later(pair[1], report.output)
    assert len(moved["video"]) > 25 * SECONDS * (0.9 - share)
    first = moved["video"][0]
    lost = [gap for gap in report.gaps if not gap.expected]
    assert lost
    # where no counter and no rule tells how many groups are gone, the bytes do, within what the report says
    slack = 3 * max(gap.lost_error_seconds or 0.0 for gap in lost) if kind == "irregular groups" else 0
    slack = min(slack, 1.6)  # the longest group lasts as long
    for kind_of, apart in moved.items():
        assert max(abs(value - first) for value in apart) <= FRAME + Fraction(slack), kind_of
    ends = [apart[-1] for apart in moved.values()]
    assert max(ends) - min(ends) <= Fraction(45, 1000)


@pytest.mark.parametrize(("kind", "byte"), [("PCM", 0), ("PCM of 8 bits", 0x80), ("A-law", 0xD5)])
def test_lost_pcm_is_silence(kind: str, byte: int, films: Films, tmp_path: Path) -> None:
    reference, take = films.make(kind, 0.5)
    report = rescued((reference, take), tmp_path, 0.4, 0.2)
    assert report.output is not None
    output = Path(report.output)
    boxes = [top.kind for top in top_level(output)]
    assert boxes.count(b"mdat") == 2
    silence = [top for top in top_level(output) if top.kind == b"mdat"][1]
    data = output.read_bytes()
    assert set(data[silence.offset + silence.header : silence.end]) == {byte}
    video, sound = report.tracks
    lost = sum(gap.lost_seconds or 0.0 for gap in report.gaps)
    assert sound.silence_seconds == pytest.approx(lost, abs=0.5)
    assert video.silence_seconds == 0
    assert f"{sound.silence_seconds:.2f} s put into track {sound.track_id}" in untrunc_text(report)
    true, got = (next(s for s in true_packets(path) if s.kind == "audio") for path in (take, output))
    assert abs(len(got.data) - len(true.data)) <= true.frame_size * 48000 * FRAME


def test_lost_pcm_is_silence_with_the_index_in_front(films: Films, tmp_path: Path) -> None:
    reference, take = films.make("PCM", 0.5)
    report = rescued((reference, take), tmp_path, 0.4, 0.2, faststart=True)
    assert report.output is not None
    kinds = [top.kind for top in top_level(Path(report.output))]
    assert kinds.index(b"moov") < kinds.index(b"mdat")
    assert kinds.count(b"mdat") == 2
    moved = later(take, report.output)["video"]
    assert max(abs(value - moved[0]) for value in moved) <= FRAME


@pytest.mark.parametrize("kind", ["fixed groups with B-frames", "PCM"])
def test_closing_a_gap_moves_all_tracks_by_the_same_time(kind: str, films: Films, tmp_path: Path) -> None:
    pair = films.make(kind, 0.5)
    kept = rescued(pair, tmp_path, 0.4, 0.2)
    closed = rescued(pair, tmp_path, 0.4, 0.2, gaps=GapMode.CLOSE, overwrite=True)
    shorter = {
        a.track_id: a.duration_seconds - b.duration_seconds for a, b in zip(kept.tracks, closed.tracks, strict=True)
    }
    values = list(shorter.values())
    assert min(values) > 0.5
    assert max(values) - min(values) < 0.002
    moved = later(pair[1], closed.output)
    for apart in moved.values():
        assert float(apart[-1] - apart[0]) == pytest.approx(-values[0], abs=0.045)
    shown = [p.pts for p in next(s for s in true_packets(Path(str(closed.output))) if s.kind == "video").packets]
    assert len(set(shown)) == len(shown)


def test_a_gap_beside_sound_that_goes_on_stays_open_and_is_told(films: Films, tmp_path: Path) -> None:
    # of 2 s of pictures in one piece the hole takes some, and no sound
    reference, take = films.make("fixed groups with B-frames", 2.0)
    broken = tmp_path / "broken.mp4"
    drop_moov(take, broken)
    pictures = tables_of(take)[0]
    low = int(pictures.offsets[60])
    with broken.open("r+b") as file:
        file.seek(low)
        file.write(bytes(int(pictures.offsets[80]) - low))
    options = UntruncOptions(check=CheckMode.NONE, gaps=GapMode.CLOSE)
    report = untrunc(broken, reference=reference, options=options)
    assert any("could be closed by 0.00 s of" in warning for warning in report.warnings)
    moved = later(take, report.output)
    assert max(abs(value - apart[0]) for apart in moved.values() for value in apart) <= FRAME


def test_two_holes_are_each_counted(films: Films, tmp_path: Path) -> None:
    reference, take = films.make("fixed groups with B-frames", None)
    broken = tmp_path / "broken.mp4"
    hole(take, broken, 0.25, 0.1)
    damaged = bytearray(broken.read_bytes())
    mdat = mdat_of(take)
    low = mdat.offset + mdat.header + int((mdat.size - mdat.header) * 0.6)
    damaged[low : low + 20000] = bytes(20000)
    broken.write_bytes(damaged)
    report = untrunc(broken, reference=reference)
    moved = later(take, report.output)
    first = moved["video"][0]
    assert all(max(abs(value - first) for value in apart) <= FRAME for apart in moved.values())


def test_a_gap_at_either_end_takes_no_time(films: Films, tmp_path: Path) -> None:
    reference, take = films.make("fixed groups with B-frames", None)
    for start, share in ((0.0, 0.1), (0.9, 0.1)):
        report = rescued((reference, take), tmp_path, start, share, overwrite=True)
        moved = later(take, report.output)["video"]
        whole = moved[12:]  # the first group lacks pictures that others of it are shown between
        assert max(abs(value - whole[0]) for value in whole) <= FRAME
        assert all(gap.lost_seconds is None for gap in report.gaps if not gap.expected)


def test_an_undamaged_film_gets_no_pause(films: Films, tmp_path: Path) -> None:
    reference, take = films.make("fixed groups with B-frames", 0.5)
    broken = drop_moov(take, tmp_path / "broken.mp4")
    report = untrunc(broken, reference=reference)
    assert report.output is not None
    assert [t.dts for t in tables_of(Path(report.output))] == [t.dts for t in tables_of(take)]
