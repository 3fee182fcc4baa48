"""Set up and run the tests: ``python3 scripts/test.py [--setup-only] [pytest's arguments]``."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

if sys.version_info < (3, 11):  # noqa: UP036 - the reason why this file must parse on older ones
    sys.exit("mediarescue needs Python 3.11 or newer; this is " + sys.version.split()[0])

ROOT = Path(__file__).resolve().parents[1]
# First on the path, before scripts/, where this very file would hide the standard library's package "test".
sys.path.insert(0, str(ROOT))

from scripts._venv import SetupError, prepare  # noqa: E402


def main() -> int:
    """Return pytest's exit code."""
    arguments = sys.argv[1:]
    try:
        python = prepare(development=True)
    except SetupError as error:
        print(f"test: {error}", file=sys.stderr)
        return 1
    if arguments == ["--setup-only"]:
        return 0
    return subprocess.run([str(python), "-m", "pytest", *(arguments or ["-n", "2"])], cwd=ROOT).returncode


if __name__ == "__main__":
    sys.exit(main())
