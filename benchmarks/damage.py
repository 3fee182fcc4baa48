"""Damage healthy films at random and say what a rescue finds of the samples that the damage did not touch.

``python benchmarks/damage.py --work DIR --cases 100 FILE...``; see README.md. Every damage has a number, so that it can
be made again: ``--only NUMBER``.
"""

from __future__ import annotations

import argparse
import time
import traceback
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.damage_judge import TrackVerdict, judge, true_tracks
from tests.support.damages import Damage, random_damage, without_index
from tests.support.prefix import prefix_reference

from mediarescue.errors import MediaRescueError
from mediarescue.fit import decoded
from mediarescue.isobmff import ByteSource
from mediarescue.recover.run import identify, learn, prepare

_SHOWN = 6


@dataclass(slots=True)
class Sums:
    """Figures of one track, or of all, over many damages."""

    untouched: int = 0
    right: int = 0
    wrong: int = 0
    key: int = 0
    order: int = 0

    def add(self, verdict: TrackVerdict) -> None:
        """Count one more damage."""
        self.untouched += verdict.untouched
        self.right += verdict.right
        self.wrong += verdict.wrong
        self.key += verdict.key_errors
        self.order += verdict.order_errors

    def __str__(self) -> str:
        recall = self.right / max(self.untouched, 1)
        precision = self.right / max(self.right + self.wrong, 1)
        return f"recall {recall:.4f}  precision {precision:.4f}  key {self.key:3d}  order {self.order:3d}"


@dataclass(slots=True)
class FileResult:
    """What was measured on one film."""

    cases: int = 0
    errors: int = 0
    slowest: float = 0.0
    seconds: float = 0.0
    tracks: dict[tuple[int, str], Sums] = field(default_factory=lambda: defaultdict(Sums))
    worst: list[tuple[float, str]] = field(default_factory=list)


def measure(film: Path, reference: Path, numbers: list[int], work: Path, *, places: bool) -> FileResult:
    """Damage one film as often as ``numbers`` says and rescue it each time with ``reference``."""
    result, truth = FileResult(), true_tracks(film)
    data, first = without_index(film)
    trial = work / "trial"
    trial.write_bytes(data)
    with ByteSource.open(reference) as healthy, ByteSource.open(trial) as whole:
        families = learn(healthy, prepare(whole, healthy))
        for number in numbers:
            damage = random_damage(data, first, f"{film.name}:{number}")
            trial.write_bytes(damage.data)
            began = time.perf_counter()
            try:
                with ByteSource.open(trial) as broken:
                    found = identify(broken, families, prepare(broken, healthy), probe=decoded)
                verdicts = judge(truth, damage, found.tracks)
            except Exception as error:
                if isinstance(error, MediaRescueError):
                    print(f"  {film.name}:{number} {damage}: refused: {error}")
                else:
                    traceback.print_exc()
                    print(f"  {film.name}:{number} {damage}: {error!r}")
                result.errors += 1
                continue
            seconds = time.perf_counter() - began
            _count(result, number, damage, verdicts, seconds, places=places)
    return result


def _count(
    result: FileResult, number: int, damage: Damage, verdicts: list[TrackVerdict], seconds: float, *, places: bool
) -> None:
    result.cases += 1
    result.seconds += seconds
    result.slowest = max(result.slowest, seconds)
    bad, said = 0.0, []
    for verdict in verdicts:
        result.tracks[verdict.index, verdict.codec].add(verdict)
        missed = verdict.untouched - verdict.right
        if missed or verdict.wrong or verdict.key_errors or verdict.order_errors:
            bad += (missed + 3 * verdict.wrong + verdict.key_errors + verdict.order_errors) / max(verdict.untouched, 1)
            said.append(
                f"{verdict.codec}#{verdict.index} missed {missed} wrong {verdict.wrong} key {verdict.key_errors}"
                f" order {verdict.order_errors} of {verdict.untouched}"
            )
            if places:
                said.append(f"\n      wrong {verdict.wrong_places[:12]} missed {verdict.missed_places[:12]}\n     ")
    if bad:
        result.worst.append((bad, f"{number}: {damage} ({seconds:.2f} s): {'; '.join(said)}"))


def main() -> None:
    """Read the arguments, measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("films", nargs="+", type=Path)
    parser.add_argument("--work", type=Path, required=True, help="folder for the trial files")
    parser.add_argument("--cases", type=int, default=100, help="damages of each film")
    parser.add_argument("--only", type=int, nargs="*", help="the numbers of the damages to make")
    parser.add_argument("--ref", default="prefix", help="prefix (the first 40 %% of the film), self, or a file")
    parser.add_argument("--shown", type=int, default=_SHOWN, help="bad cases to list for each film")
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    numbers = options.only if options.only is not None else list(range(options.cases))
    every, cases, errors = Sums(), 0, 0
    for film in options.films:
        reference = film if options.ref == "self" else Path(options.ref)
        if options.ref == "prefix":
            reference = prefix_reference(film, options.work / f"reference{film.suffix}", 0.4)
        result = measure(film, reference, numbers, options.work, places=options.only is not None)
        cases, errors = cases + result.cases, errors + result.errors
        mean = result.seconds / max(result.cases, 1)
        print(f"{film.name}: {result.cases} damages, {result.errors} errors, {mean:.2f} s each, at most", end=" ")
        print(f"{result.slowest:.2f} s, {len(result.worst)} not perfect")
        for (index, codec), sums in result.tracks.items():
            print(f"  {codec:5s} #{index}  {sums}")
            every.untouched, every.right = every.untouched + sums.untouched, every.right + sums.right
            every.wrong, every.key, every.order = (
                every.wrong + sums.wrong,
                every.key + sums.key,
                every.order + sums.order,
            )
        for _, line in sorted(result.worst, reverse=True)[: options.shown]:
            print(f"    {line}")
        print(end="", flush=True)
    print(f"{cases} damages, {errors} errors, all tracks: {every}")


if __name__ == "__main__":
    main()
