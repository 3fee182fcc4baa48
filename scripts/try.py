"""Set up and rescue the broken file that the repository ships: ``python3 scripts/try.py``."""

# ruff: noqa: N999 - "try" is what the reader of the README types
from __future__ import annotations

import subprocess
import sys
from pathlib import Path

if sys.version_info < (3, 11):  # noqa: UP036 - the reason why this file must parse on older ones
    sys.exit("mediarescue needs Python 3.11 or newer; this is " + sys.version.split()[0])

ROOT = Path(__file__).resolve().parents[1]
# First on the path, before scripts/, whose test.py would hide the standard library's package of that name.
sys.path.insert(0, str(ROOT))

from scripts._venv import SetupError, prepare  # noqa: E402


def main() -> int:
    """Return the exit code of the rescue."""
    try:
        python = prepare(development=False)
    except SetupError as error:
        print(f"try: {error}", file=sys.stderr)
        return 1
    broken, reference, rescued = (
        Path("tests/fixtures/moov-never-written.mp4"),
        Path("tests/fixtures/healthy-same-camera.mp4"),
        Path("rescued/moov-never-written.mp4"),
    )
    (ROOT / rescued.parent).mkdir(exist_ok=True)
    arguments = ["untrunc", str(broken), "--ref", str(reference), "-o", str(rescued), "--overwrite"]
    print("$ mediarescue " + " ".join(arguments), flush=True)
    code = subprocess.run([str(python.with_name("mediarescue")), *arguments], cwd=ROOT).returncode
    if code:
        print(f"\nThe rescue ended with exit code {code}; README.md says what it means.", file=sys.stderr)
        return code
    print(
        f"\nOpen {rescued} in any player: 4 seconds of a turning clock hand with sound."
        f"\nThen try {broken}: no player opens it, its index was never written."
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
