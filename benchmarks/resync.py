"""Time the search through damage: MB/s in pure damage by codec family, and damaged films against whole ones.

    python benchmarks/resync.py --work /big/scratch [--ref FILE...] [--codecs] [--megabytes 64] [--films]

The search runs on one core with the damage in the page cache; the figures are of CPU time, the best of three. Behind
the damage stands the beginning of the reference's media: a search that ends elsewhere is told, with how far off.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import time
import zlib
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.support.codecs import CODEC_CLIPS
from tests.support.presets import ClipCache
from tests.support.synthetic import gpmf_track, mebx_track, pcm_track, signed_track, write_movie

from benchmarks.recording import Recording, long_recording, sample_counts
from benchmarks.untrunc_bench import Timing, ours, run
from mediarescue.isobmff import ByteSource
from mediarescue.recover.families import make_families
from mediarescue.recover.padding import learn_padding
from mediarescue.recover.profile import learn_reference
from mediarescue.recover.resync import StartSearch
from mediarescue.recover.window import MediaWindow

SECTOR = 4096
_REPEATS = 3
_FILM = 1 << 18
"""Bytes of the reference that stand behind the damage."""
_SETS = {
    "H.264, AAC": "h264_b",
    "HEVC, AAC": "hevc_b",
    "H.264, PCM": "pcm_sowt_mov",
    "two AAC": "two_aac",
    "AAC alone": "aac_stereo",
    "AAC of six channels": "aac_51",
}


def noise(count: int) -> bytes:
    """Return random bytes."""
    return random.Random(1).randbytes(count)


def compressed(count: int) -> bytes:
    """Return what deflate makes of numbers in words: foreign data that is dense, but has a structure of its own."""
    chance, packer, parts, made = random.Random(2), zlib.compressobj(6), list[bytes](), 0
    while made < count:
        text = " ".join(f"{chance.randrange(10**6)} of {chance.choice('abcdefgh') * 5}" for _ in range(1 << 15))
        parts.append(packer.compress(text.encode()))
        made += len(parts[-1])
    return b"".join(parts)[:count]


def repeated(text: bytes) -> Callable[[int], bytes]:
    """Return what fills sectors with ``text``, as programs that copy failing disks do."""
    return lambda count: (text * (count // len(text) + 1))[:count]


DAMAGE: dict[str, Callable[[int], bytes]] = {
    "noise": noise,
    "compressed": compressed,
    "zeros": bytes,
    "FF": repeated(b"\xff"),
    "sectors of text": repeated(b"-BAD SECTOR-".ljust(512, b"\0")),
    "DE AD BE EF": repeated(b"\xde\xad\xbe\xef"),
}


def references(work: Path, *, codecs: bool, further: Sequence[Path]) -> Iterable[tuple[str, Path]]:
    """Return the sets of tracks to search for, by name."""
    cache = ClipCache(work / "clips")
    for name, preset in _SETS.items():
        yield name, cache.pair(preset).reference
    path = work / "telemetry.mov"
    write_movie(path, (gpmf_track(40), mebx_track(40), pcm_track(40), signed_track(40)))
    yield "gpmd, mebx, a learned track, PCM", path
    for film in further:
        yield film.name, film
    if codecs:
        for name, clip in CODEC_CLIPS.items():
            yield name, cache.codec(clip).reference


def speed(reference: Path, damage: Path, size: int) -> tuple[float, int]:
    """Return MB/s of the search through ``damage`` to the film that goes on behind it, and the place it found."""
    with ByteSource.open(reference) as good:
        profile = learn_reference(good)
        tables = [track.runs()[0] for track in profile.tracks]
        first = min(int(offset.min()) for offset in tables if len(offset))
        matchers = make_families(profile, MediaWindow(good, 0, good.size)).matchers
        film = good.read(first, _FILM)
    with damage.open("r+b") as file:
        file.truncate(size)
        file.seek(size)
        file.write(film)
    with ByteSource.open(damage) as source:
        padding, best, found = learn_padding(profile.tracks), 0.0, -1
        for _ in range(_REPEATS + 1):  # the first time, kernels are loaded
            window = MediaWindow(source, 0, source.size)
            starts, began = StartSearch(window, matchers, padding), time.process_time()
            found = starts.find(1)
            seconds = time.process_time() - began
            best = max(best, (found if found >= 0 else source.size) / max(seconds, 1e-9) / 1e6)
    return best, found


def search_table(work: Path, sets: Iterable[tuple[str, Path]], size: int) -> str:
    """Return a Markdown table of MB/s by set of tracks and kind of damage."""
    files = {}
    for name, make in DAMAGE.items():
        path = files[name] = work / f"damage-{name.replace(' ', '-')}-{size}"
        if not path.exists() or path.stat().st_size < size:
            path.write_bytes(make(size))
    hole = files["a hole of a sparse file"] = work / f"damage-hole-{size}"
    hole.write_bytes(b"")
    lines = [f"| MB/s | {' | '.join(files)} |", f"|---|{'---|' * len(files)}"]
    for name, reference in sets:
        cells = []
        for path in files.values():
            rate, found = speed(reference, path, size)
            cells.append(f"{rate:,.0f}" + ("" if found == size else f" (found {found - size:+d})"))
        lines.append(f"| {name} | {' | '.join(cells)} |")
        print(lines[-1], file=sys.stderr, flush=True)
    return "\n".join(lines)


def film_table(work: Path, repeat: int) -> str:
    """Return a Markdown table of the time for a film of 152 MB and the same film damaged."""
    whole = long_recording(work, 152_000_000)
    data = whole.broken.read_bytes()
    chance, middle = random.Random(3), len(data) // 2
    sectors = bytearray(data)
    for number in range(1000):
        at = chance.randrange(1, len(data) // SECTOR - 1) * SECTOR
        sectors[at : at + SECTOR] = bytes(SECTOR) if number % 2 else chance.randbytes(SECTOR)
    hole, rest = 1 << 20, data[middle + (1 << 20) :]
    kinds: dict[str, Callable[[], bytes | bytearray]] = {
        "1 MiB of zeros": lambda: data[:middle] + bytes(hole) + rest,
        "1 MiB of noise": lambda: data[:middle] + noise(hole) + rest,
        "1 MiB cut out": lambda: data[:middle] + rest,
        "1,000 sectors of 4 KiB": lambda: sectors,
        "200 MB of noise inserted": lambda: data[:middle] + noise(200_000_000) + data[middle:],
    }
    recordings = {"whole": whole}
    for name, make in kinds.items():
        path = work / f"film-{name.replace(' ', '-').replace(',', '')}.mp4"
        path.write_bytes(make())
        recordings[name] = Recording(name, path, whole.reference, whole.seconds, whole.samples)
    timings = {name: Timing(name) for name in recordings}
    for turn in range(repeat + 1):
        for name, recording in recordings.items():
            recording.warm()
            out = work / "out.mp4"
            run(timings[name] if turn else Timing(name), ours("--overwrite")(recording, out), out, flush=False)
    lines = ["| film | median s | of the whole film's | CPU s | peak MB | samples, of " + str(whole.samples) + " |"]
    lines.append("|---|---|---|---|---|---|")
    for timing in timings.values():
        ratio = timing.median / timings["whole"].median
        figures = f"{timing.median:.2f} | {ratio:.2f} | {statistics.median(timing.cpu):.2f} | {max(timing.peak_mb):.0f}"
        lines.append(f"| {timing.name} | {figures} | {timing.samples or sample_counts(whole.broken)} |")
    return "\n".join(lines)


def main() -> None:
    """Run what was asked for and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True, help="folder for the trial files, kept")
    parser.add_argument("--ref", type=Path, nargs="*", default=[], help="further healthy films to learn from")
    parser.add_argument("--codecs", action="store_true", help="every codec of the tests, too")
    parser.add_argument("--megabytes", type=int, default=64, help="of damage of each kind")
    parser.add_argument("--films", action="store_true", help="a film of 152 MB, whole and damaged, instead")
    parser.add_argument("--repeat", type=int, default=3, help="runs of each film")
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    if options.films:
        print(film_table(options.work, options.repeat))
    else:
        sets = references(options.work, codecs=options.codecs, further=options.ref)
        print(search_table(options.work, sets, options.megabytes * 10**6))


if __name__ == "__main__":
    main()
