"""Time the media core without a filter beside PyAV's own loop and the ffmpeg command line, all with x264.

    python -m benchmarks.media_core --work /big/scratch --clip CLIP... [--repeat 5] [--crf 20] [--preset medium]
    python -m benchmarks.media_core --work /big/scratch --memory [--minutes 1 10]

The commands take turns; each run is a process of its own, its input in the page cache. CPU time counts user and system
time of all threads and children, and is what two runs on a busy machine can be compared by. ``--memory`` shows the peak
of resident memory on a 1080p film and on the same film again and again, which must not grow.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import av
from tests.support.clips import make_clip

from benchmarks.recording import camera, repeat

HERE = Path(__file__).resolve().parent
API = "import sys; from mediarescue import process_video; from mediarescue.options import EncodeOptions; "
API += "process_video(sys.argv[1], sys.argv[2], encode=EncodeOptions(crf=float(sys.argv[3]), preset=sys.argv[4]))"


@dataclass(frozen=True, slots=True)
class Settings:
    """What all encoders are told."""

    crf: str
    preset: str


Command = Callable[[Path, Path, Settings], list[str]]


def plain_loop(source: Path, target: Path, given: Settings) -> list[str]:
    """Return PyAV's own loop: pictures only."""
    return [sys.executable, str(HERE / "plain_loop.py"), str(source), str(target), given.crf, given.preset]


def ffmpeg(source: Path, target: Path, given: Settings) -> list[str]:
    """Return the ffmpeg command line, everything but the pictures copied."""
    quiet = ["ffmpeg", "-nostdin", "-v", "error", "-y", "-i", str(source), "-map", "0:v:0", "-map", "0:a?"]
    return [*quiet, "-c:a", "copy", "-c:v", "libx264", "-preset", given.preset, "-crf", given.crf, str(target)]


def command_line(source: Path, target: Path, given: Settings) -> list[str]:
    """Return ``mediarescue reencode`` of the Python that runs this script."""
    command = [sys.executable, "-m", "mediarescue", "reencode", str(source), "-o", str(target), "--overwrite"]
    return [*command, "-q", "--crf", given.crf, "--preset", given.preset, "--encoder", "libx264"]


def api(source: Path, target: Path, given: Settings) -> list[str]:
    """Return `process_video` in a process that does nothing else."""
    return [sys.executable, "-c", API, str(source), str(target), given.crf, given.preset]


COMMANDS: dict[str, Command] = {
    "PyAV loop": plain_loop,
    "ffmpeg": ffmpeg,
    "mediarescue reencode": command_line,
    "process_video": api,
}


@dataclass(slots=True)
class Runs:
    """One command's runs."""

    seconds: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    peak_mb: list[float] = field(default_factory=list)
    size: int = 0
    frames: int = 0

    def median(self, name: str) -> float:
        """Return the median of ``seconds``, ``cpu`` or ``peak_mb``."""
        values: list[float] = getattr(self, name)
        return statistics.median(values)


def measure(command: list[str], target: Path, runs: Runs) -> None:
    """Run a command once and note what it cost; raises `SystemExit` if it fails."""
    target.unlink(missing_ok=True)
    measured = [sys.executable, "-I", "-S", str(HERE / "measure.py"), "-", *command]
    done = subprocess.run(measured, capture_output=True, text=True, check=True)
    cost: dict[str, Any] = json.loads(done.stdout)
    if cost["exit_code"]:
        raise SystemExit(f"{' '.join(command)} ended with {cost['exit_code']}")
    runs.seconds.append(cost["seconds"])
    runs.cpu.append(cost["cpu"])
    runs.peak_mb.append(cost["peak_mb"])
    runs.size = target.stat().st_size
    with av.open(str(target)) as container:
        runs.frames = container.streams.video[0].frames
    target.unlink()


def compare(clip: Path, work: Path, given: Settings, names: list[str], repeats: int) -> dict[str, Runs]:
    """Run the commands in turn on one clip."""
    runs = {name: Runs() for name in names}
    for turn in range(repeats):
        # Each round begins with another command, so that none always follows the same one.
        for name in names[turn % len(names) :] + names[: turn % len(names)]:
            clip.read_bytes()
            target = work / f"out{clip.suffix}"
            measure(COMMANDS[name](clip, target, given), target, runs[name])
            print(
                f"{clip.name} {name}: {runs[name].seconds[-1]:.2f} s, {runs[name].cpu[-1]:.2f} s CPU", file=sys.stderr
            )
    return runs


def show(clip: str, runs: dict[str, Runs]) -> None:
    """Print a table with ratios to the first command."""
    base = next(iter(runs.values()))
    print(f"\n| {clip} | s | of the first | CPU s | of the first | peak MB | frames | bytes |")
    print("|---|---|---|---|---|---|---|---|")
    for name, row in runs.items():
        cells = [
            f"{row.median('seconds'):.2f}",
            f"{row.median('seconds') / base.median('seconds'):.3f}",
            f"{row.median('cpu'):.2f}",
            f"{row.median('cpu') / base.median('cpu'):.3f}",
            f"{max(row.peak_mb):.0f}",
            str(row.frames),
            f"{row.size:,}",
        ]
        print(f"| {name} | {' | '.join(cells)} |")


def memory(work: Path, minutes: list[int], given: Settings, names: list[str]) -> None:
    """Show the peak of memory on a 1080p film of so many minutes."""
    seed = work / "1080p-minute.mp4"
    if not seed.exists():
        make_clip(seed, camera(1, 64))
    for count in minutes:
        clip = seed if count == 1 else work / f"1080p-{count}-minutes.mp4"
        if not clip.exists():
            repeat(seed, clip, (count - 1) * seed.stat().st_size)
        runs = {name: Runs() for name in names}
        for name, row in runs.items():
            target = work / "out.mp4"
            measure(COMMANDS[name](clip, target, given), target, row)
        show(f"{count} min", runs)


def versions() -> str:
    """Return the x264 and FFmpeg that each side has."""
    lines = [f"PyAV {av.__version__}, libavcodec {'.'.join(map(str, av.library_versions['libavcodec']))}"]
    with av.open(os.devnull, "w", format="null") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width = stream.height = 64
        stream.codec_context.time_base = Fraction(1, 25)
        frame = av.VideoFrame(64, 64, "yuv420p")
        frame.pts, frame.time_base = 0, Fraction(1, 25)
        data = b"".join(bytes(packet) for packet in [*stream.encode(frame), *stream.encode(None)])
    start = data.find(b"x264 - core")
    lines.append(data[start : start + 16].decode("latin-1") + " in PyAV")
    if shutil.which("ffmpeg"):
        said = subprocess.run(["ffmpeg", "-version"], capture_output=True, text=True, check=False).stdout
        lines.append(said.splitlines()[0])
    return "; ".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--clip", type=Path, nargs="*", default=[])
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--crf", default="20")
    parser.add_argument("--preset", default="medium")
    parser.add_argument("--only", nargs="*", choices=list(COMMANDS), default=list(COMMANDS))
    parser.add_argument("--memory", action="store_true")
    parser.add_argument("--minutes", type=int, nargs="*", default=[1, 10])
    given = parser.parse_args()
    given.work.mkdir(parents=True, exist_ok=True)
    print(versions())
    names = [name for name in given.only if name != "ffmpeg" or shutil.which("ffmpeg")]
    for clip in given.clip:
        runs = compare(clip, given.work, Settings(given.crf, given.preset), names, given.repeat)
        show(clip.name, runs)
    if given.memory:
        memory(given.work, given.minutes, Settings(given.crf, "ultrafast"), names)


if __name__ == "__main__":
    main()
