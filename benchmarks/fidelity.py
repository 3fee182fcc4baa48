"""Hold a film that was decoded and encoded anew against its source: what is not as it was?

    python -m benchmarks.fidelity IN OUT [--lossy [--psnr DB]] [--json]

Prints a line a difference; those of no matter (the encoder's name, the codec's configuration) say so. The exit code is
1 where one matters. The comparison itself is ``tests.support.fidelity``, which knows nothing of mediarescue; where
``ffprobe`` is there, it is asked for the chroma location too, which PyAV does not show.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.support.fidelity import Comparison, Difference, compare_films

PROBED = ("chroma_location", "sample_aspect_ratio", "field_order", "color_range", "level", "has_b_frames", "refs")
"""Fields of ffprobe's streams; the last three describe the coding."""


def compared(source: Path, result: Path, *, lossless: bool = True, least_psnr: float = 0.0) -> Comparison:
    """Return all differences, those that only ffprobe shows included."""
    made = compare_films(source, result, lossless=lossless, least_psnr=least_psnr)
    if shutil.which("ffprobe"):
        films = [_probed(path) for path in (source, result)]
        for name in PROBED:
            if films[0].get(name) != films[1].get(name):
                text = f"ffprobe's {name}: {films[0].get(name)} became {films[1].get(name)}"
                made.differences.append(Difference("stream", text, matters=name in PROBED[:3]))
    return made


def _probed(path: Path) -> dict[str, object]:
    command = ["ffprobe", "-v", "error", "-select_streams", "v:0", "-show_streams", "-of", "json", str(path)]
    done = subprocess.run(command, capture_output=True, check=False)
    streams = json.loads(done.stdout or b"{}").get("streams") or [{}]
    return dict(streams[0])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=Path)
    parser.add_argument("result", type=Path)
    parser.add_argument("--lossy", action="store_true", help="samples need not be equal")
    parser.add_argument("--psnr", type=float, default=0.0, help="with --lossy: dB each plane of each frame must reach")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    made = compared(given.source, given.result, lossless=not given.lossy, least_psnr=given.psnr)
    matter = made.that_matter
    if given.json:
        lines = {"frames": made.frames, "psnr": made.psnr, "differences": [str(line) for line in made.differences]}
        print(json.dumps({**lines, "that_matter": len(matter)}))
    else:
        for difference in made.differences:
            print(difference)
        planes = ", ".join("equal" if value == float("inf") else f"{value:.2f} dB" for value in made.psnr)
        print(f"{made.frames} frames, planes: {planes}; {len(matter)} differences that matter")
    return 1 if matter else 0


if __name__ == "__main__":
    sys.exit(main())
