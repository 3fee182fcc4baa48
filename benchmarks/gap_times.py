"""Tear holes into healthy films and say how far what stands behind them is from its true time.

``python -m benchmarks.gap_times --work DIR --cases 30 FILE...``; see README.md. Every case has a number, so that it can
be made again: ``--only NUMBER``.
"""

from __future__ import annotations

import argparse
import random
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tests.support.damage_judge import true_tracks
from tests.support.damages import Span, without_index
from tests.support.prefix import prefix_reference

from mediarescue.errors import MediaRescueError
from mediarescue.fit import decoded
from mediarescue.isobmff import ByteSource
from mediarescue.recover.profile import TrackProfile
from mediarescue.recover.rescued_track import RescuedTrack
from mediarescue.recover.run import Rescue, identify, learn, prepare

Int64Array = NDArray[np.int64]
Seconds = NDArray[np.float64]
_SMALLEST, _LARGEST = 32 << 10, 5 << 20
_SHARE = 0.25
"""Of the media that all holes of a case take at most."""
_APART_SECONDS = 0.045
_FRAME = 1.05
"""A frame, and what the tables' ticks round."""


@dataclass(frozen=True, slots=True)
class Case:
    """A film with holes: its bytes, and what of the original is left where."""

    name: str
    data: bytes
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """How far what is left is from its true time, in seconds; ``frames`` of the pictures (else 40 ms each)."""

    worst: float
    frame: float
    apart: float
    said: str
    kind: str = ""

    @property
    def frames(self) -> float:
        """The largest error in frames."""
        return self.worst / self.frame


def make_case(data: bytes, first: int, seed: object) -> Case:
    """Tear one to three holes of zeros, noise or nothing at all into the media that begin at ``first``."""
    chance = random.Random(str(seed))
    kind, count = chance.choice(("zeros", "noise", "cut")), chance.randrange(1, 4)
    media = len(data) - first
    most = max(min(_LARGEST, int(media * _SHARE / count)), 1)
    sizes = [round(2 ** chance.uniform(np.log2(min(_SMALLEST, most)), np.log2(most))) for _ in range(count)]
    room = media - sum(sizes)
    places = sorted(chance.randrange(int(room * 0.03), int(room * 0.97)) for _ in range(count))
    parts: list[bytes] = []
    spans: list[Span] = []
    old, new, before = 0, 0, 0
    for place, size in zip(places, sizes, strict=True):
        at = first + place + before
        filling = bytes(size) if kind == "zeros" else chance.randbytes(size) if kind == "noise" else b""
        spans.append(Span(new, old, at - old))
        parts += [data[old:at], filling]
        new, old, before = new + at - old + len(filling), at + size, before + size
    spans.append(Span(new, old, len(data) - old))
    named = ", ".join(f"{size} at {span.new + span.size}" for size, span in zip(sizes, spans, strict=False))
    return Case(f"{kind} {named}", b"".join([*parts, data[old:]]), tuple(spans))


def judge_times(
    truth: Sequence[TrackProfile], case: Case, rescue: Rescue, undamaged: dict[int, tuple[Int64Array, Seconds]]
) -> Verdict:
    """Hold the times of what is left against the true ones; where the film begins, each track is right.

    ``undamaged`` is how much later each place comes where nothing is missing: what the clock strays by all the same.
    """
    of = {track.profile.index: track for track in rescue.tracks}
    moved: dict[str, Seconds] = {}
    worst, frame, said = 0.0, 0.04, []
    for track in truth:
        if track.kind not in ("video", "audio") or track.index not in of or track.sample_count < 2:
            continue
        place, later = _later(track, case, of[track.index])
        if not len(later):
            continue
        if track.index in undamaged and len(undamaged[track.index][0]):
            later = later - np.interp(place, *undamaged[track.index])
        away = later - later[0]
        worst = max(worst, float(np.abs(away).max()))
        if track.kind == "video" and track.samples is not None:
            frame = float(track.samples.duration.mean()) / track.track.timescale
        moved.setdefault(track.kind, away)
        said.append(f"{track.codec.decode('latin-1')} {away.min() * 1e3:.0f}..{away.max() * 1e3:.0f} ms")
    apart = 0.0
    if len(moved) == 2:
        places = np.linspace(0, 1, 50)
        video, audio = (away[np.round(places * (len(away) - 1)).astype(int)] for away in moved.values())
        apart = float(np.abs(video - audio)[-10:].max())
    pauses = [
        f"{gap.offset}+{gap.size}: {pause.lost:.2f}({pause.error or 0:.2f})"
        for gap, pause in zip(rescue.segmentation.gaps, rescue.pauses, strict=True)
        if not gap.expected and pause.lost is not None
    ]
    return Verdict(worst, frame, apart, "; ".join([*said, *pauses[:6]]), case.name.split()[0])


def _later(truth: TrackProfile, case: Case, found: RescuedTrack) -> tuple[Int64Array, Seconds]:
    """Return the true places of samples that are left, and by how much they come later than in the healthy film."""
    timescale = truth.track.timescale
    begin = found.lead / timescale
    starts, places = [], []
    for span in case.spans:
        inside = (found.offset >= span.new) & (found.offset + found.size <= span.new + span.size)
        if found.stand_in is not None:
            inside &= ~found.stand_in
        index = np.flatnonzero(inside)
        starts.append(index)
        places.append(found.offset[index] - span.new + span.old)
    index, place = np.concatenate(starts), np.concatenate(places)
    if truth.chunks is not None:
        chunks = truth.chunks
        ticks = chunks.samples_in(found.size) * chunks.delta
        seen = begin + (np.cumsum(ticks) - ticks)[index] / timescale
        true_ticks = chunks.sample_count * chunks.delta
        at = np.clip(np.searchsorted(chunks.offset, place, side="right") - 1, 0, None)
        inside = place < chunks.offset[at] + chunks.size[at]
        into = chunks.samples_in(place - chunks.offset[at]) * chunks.delta
        true = ((np.cumsum(true_ticks) - true_ticks)[at] + into) / timescale
        return place[inside], (seen - true)[inside]
    assert truth.samples is not None
    shown = np.cumsum(found.duration) - found.duration + found.composition_offset
    seen = begin + shown[index] / timescale
    order = np.argsort(truth.samples.offset, kind="stable")
    at = order[np.minimum(np.searchsorted(truth.samples.offset[order], place), len(order) - 1)]
    same = (truth.samples.offset[at] == place) & (truth.samples.size[at] == found.size[index])
    true = (truth.samples.dts + truth.samples.composition_offset)[at] / timescale
    return place[same], np.asarray((seen - true)[same], dtype=np.float64)


def measure(film: Path, reference: Path, numbers: Sequence[int], work: Path, *, shown: float) -> list[Verdict]:
    """Tear holes into one film as often as ``numbers`` says and rescue it each time with ``reference``."""
    truth = true_tracks(film)
    data, first = without_index(film)
    trial, out = work / "trial", []
    trial.write_bytes(data)
    with ByteSource.open(reference) as healthy, ByteSource.open(trial) as whole:
        preparation = prepare(whole, healthy)
        families = learn(healthy, preparation)
        unharmed = Case("none", b"", (Span(0, 0, len(data)),))
        found = {track.profile.index: track for track in identify(whole, families, preparation, probe=decoded).tracks}
        usual = {track.index: _later(track, unharmed, found[track.index]) for track in truth if track.index in found}
        for number in numbers:
            case = make_case(data, first, f"{film.name}:{number}")
            trial.write_bytes(case.data)
            try:
                with ByteSource.open(trial) as broken:
                    rescue = identify(broken, families, prepare(broken, healthy), probe=decoded)
                verdict = judge_times(truth, case, rescue, usual)
            except MediaRescueError as error:
                print(f"  {number}: {case.name}: refused: {error}")
                continue
            except Exception:
                traceback.print_exc()
                print(f"  {number}: {case.name}: failed")
                continue
            out.append(verdict)
            if verdict.frames > shown:
                print(
                    f"  {number}: {case.name}: {verdict.frames:.1f} frames, apart {verdict.apart * 1e3:.0f} ms", end=""
                )
                print(f": {verdict.said}")
    return out


def _summary(name: str, verdicts: Sequence[Verdict]) -> str:
    """Return two counts for all cases, and for those in which bytes were overwritten, not cut out."""
    said = []
    for of in (verdicts, [verdict for verdict in verdicts if verdict.kind != "cut"]):
        close = sum(verdict.frames <= _FRAME for verdict in of)
        together = sum(verdict.apart <= _APART_SECONDS for verdict in of)
        said.append(f"{close} of {len(of)} within a frame, {together} with A/V in 45 ms")
    worst = max((verdict.worst for verdict in verdicts), default=0.0)
    return f"{name}: {said[0]}; overwritten: {said[1]}; worst {worst:.2f} s"


def main() -> None:
    """Read the arguments, measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("films", nargs="+", type=Path)
    parser.add_argument("--work", type=Path, required=True, help="folder for the trial files")
    parser.add_argument("--cases", type=int, default=30, help="cases of each film")
    parser.add_argument("--only", type=int, nargs="*", help="the numbers of the cases to make")
    parser.add_argument("--ref", default="prefix", help="prefix (the first 40 %% of the film), self, or a file")
    parser.add_argument("--shown", type=float, default=_FRAME, help="list cases that are off by more frames than this")
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    numbers = options.only if options.only is not None else list(range(options.cases))
    every: list[Verdict] = []
    for film in options.films:
        reference = film if options.ref == "self" else Path(options.ref)
        if options.ref == "prefix":
            reference = prefix_reference(film, options.work / f"reference{film.suffix}", 0.4)
        verdicts = measure(film, reference, numbers, options.work, shown=options.shown)
        every += verdicts
        print(_summary(film.name, verdicts), flush=True)
    print(_summary("all", every))


if __name__ == "__main__":
    main()
