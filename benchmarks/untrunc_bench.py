"""Time ``mediarescue untrunc`` beside a flushed copy and any peer, on a long recording made for the purpose.

    python benchmarks/untrunc_bench.py --work /big/scratch [--peer 'NAME=CMD {ref} {broken} {out}'] [--repeat 5]

The recording (1080p H.264 and AAC, a minute encoded, then its packets repeated up to ``--gigabytes``) is made once in
``--work`` and kept. Every run is a process of its own, in turn, with the input in the page cache and the output flushed
within the time. A first run that is not counted compiles the kernels.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shlex
import shutil
import statistics
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from itertools import zip_longest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.recording import Recording, audio_recording, long_recording, sample_counts, small_recording


@dataclass(slots=True)
class Timing:
    """One command's runs: wall and CPU seconds, peak resident megabytes of the largest process, output bytes."""

    name: str
    seconds: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    peak_mb: list[float] = field(default_factory=list)
    output_bytes: int = 0
    exit_codes: list[int] = field(default_factory=list)
    samples: list[int] = field(default_factory=list)
    """Samples of each track in the output of the last run."""

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)


COPY = "dd conv=fsync"
Command = Callable[[Recording, Path], list[str]]


def copy(recording: Recording, out: Path) -> list[str]:
    """Return the floor: a copy whose data is on the disk when it ends."""
    return ["dd", f"if={recording.broken}", f"of={out}", "bs=1M", "conv=fsync", "status=none"]


def ours(*options: str) -> Command:
    """Return ``mediarescue untrunc`` of the Python that runs this script."""

    def command(recording: Recording, out: Path) -> list[str]:
        program = str(Path(sys.executable).with_name("mediarescue"))
        files = [str(recording.broken), "--ref", str(recording.reference), "-o", str(out)]
        return [program, "untrunc", *files, "--progress", "none", "-q", *options]

    return command


def peer(template: str) -> Command:
    """Return a peer's command from a template with ``{ref}``, ``{broken}`` and ``{out}``."""

    def command(recording: Recording, out: Path) -> list[str]:
        places = {"ref": recording.reference, "broken": recording.broken, "out": out}
        return [word.format(**places) for word in shlex.split(template)]

    return command


def run(timing: Timing, command: list[str], out: Path, *, flush: bool) -> None:
    """Run ``command`` once, with a flush of ``out`` inside the time, and add the figures to ``timing``."""
    out.unlink(missing_ok=True)
    # What earlier runs left to write would be charged to this one.
    os.sync()
    launcher = [sys.executable, "-I", "-S", str(Path(__file__).with_name("measure.py")), str(out) if flush else "-"]
    figures = json.loads(subprocess.run([*launcher, *command], capture_output=True, text=True, check=True).stdout)
    timing.seconds.append(figures["seconds"])
    timing.cpu.append(figures["cpu"])
    timing.peak_mb.append(figures["peak_mb"])
    timing.exit_codes.append(figures["exit_code"])
    timing.output_bytes = out.stat().st_size if out.exists() else 0
    timing.samples = sample_counts(out) if out.exists() else []
    out.unlink(missing_ok=True)


def side_by_side(recording: Recording, commands: dict[str, Command], work: Path, repeat: int) -> list[Timing]:
    """Run every command ``repeat`` times, alternating, after one run each that is not counted."""
    out = work / f"out{recording.broken.suffix}"
    timings = {name: Timing(name) for name in commands}
    for turn in range(repeat + 1):
        for name, command in commands.items():
            recording.warm()
            timing = timings[name] if turn else Timing(name)
            run(timing, command(recording, out), out, flush=name != COPY)
            if turn:
                print(f"  {name:28} {timing.seconds[-1]:7.2f} s", file=sys.stderr, flush=True)
    return list(timings.values())


def table(recording: Recording, timings: list[Timing]) -> str:
    """Return a Markdown table of one recording's timings; ratios are to the first row."""
    size = recording.broken.stat().st_size
    lines = [
        f"### {recording.name}: {size / 1e6:.1f} MB, {recording.seconds:.0f} s of media",
        "",
        "| command | median s | min s | max s | ratio | CPU s | MB/s | x real time | peak MB | samples right | exit |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for timing in timings:
        figures = [
            f"{timing.median:.2f}",
            f"{min(timing.seconds):.2f}",
            f"{max(timing.seconds):.2f}",
            f"{timing.median / timings[0].median:.2f}",
            f"{statistics.median(timing.cpu):.2f}",
            f"{size / 1e6 / timing.median:.0f}",
            f"{recording.seconds / timing.median:.0f}",
            f"{max(timing.peak_mb):.0f}",
            _verdict(recording, timing),
            " ".join(map(str, sorted(set(timing.exit_codes)))),
        ]
        lines.append(f"| {timing.name} | " + " | ".join(figures) + " |")
    return "\n".join(lines)


def _verdict(recording: Recording, timing: Timing) -> str:
    """Say how many of the true samples the output's tables count, since a fast wrong answer is none."""
    if timing.name == COPY:
        return "still broken"
    if timing.output_bytes == 0:
        return "no output"
    if not timing.samples:
        return "does not open"
    return ", ".join(f"{got} of {true}" for got, true in zip_longest(timing.samples, recording.samples, fillvalue=0))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; print the tables, and write them as JSON where asked."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--work", type=Path, required=True, help="scratch folder with room for three times the size")
    parser.add_argument("--peer", action="append", default=[], metavar="NAME=CMD", help="with {ref} {broken} {out}")
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--gigabytes", type=float, default=1.5)
    parser.add_argument("--json", type=Path, help="write every figure to this file")
    parser.add_argument("--only", choices=["long", "audio", "small"], action="append", help="default: all three")
    options = parser.parse_args(arguments)
    work: Path = options.work
    work.mkdir(parents=True, exist_ok=True)
    peers = {}
    for text in options.peer:
        name, _, template = text.partition("=")
        if "{broken}" not in template or shutil.which(shlex.split(template)[0]) is None:
            parser.error(f"--peer {text!r}: give NAME=CMD with {{ref}} {{broken}} {{out}}, CMD on the PATH")
        peers[name] = peer(template)
    everyone = {COPY: copy, "mediarescue": ours(), **peers}
    kinds: dict[str, tuple[Callable[[], Recording], dict[str, Command]]] = {
        "long": (
            lambda: long_recording(work, int(options.gigabytes * 1e9)),
            {**everyone, "mediarescue --dry-run": ours("--dry-run")},
        ),
        "audio": (lambda: audio_recording(work), {**everyone, "mediarescue --dry-run": ours("--dry-run")}),
        "small": (lambda: small_recording(work), everyone),
    }
    results = []
    for kind in options.only or kinds:
        make, commands = kinds[kind]
        recording = make()
        timings = side_by_side(recording, commands, work, options.repeat)
        print(table(recording, timings) + "\n", flush=True)
        rows = [{**asdict(timing), "median": timing.median} for timing in timings]
        size = recording.broken.stat().st_size
        known = {"recording": recording.name, "media_seconds": recording.seconds, "samples": recording.samples}
        results.append({**known, "bytes": size, "timings": rows})
    if options.json:
        machine = {"system": platform.platform(), "processors": os.cpu_count(), "python": platform.python_version()}
        options.json.write_text(json.dumps({"machine": machine, "results": results}, indent=1), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
