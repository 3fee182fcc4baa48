"""Pin the dependencies of ``pyproject.toml`` with hashes into the two requirement files (needs uv).

python scripts/lock.py              keep the pinned versions that still fit
python scripts/lock.py --upgrade    take the newest
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FILES = {
    "requirements.txt": (["--no-default-groups"], "what mediarescue needs to run"),
    "requirements-dev.txt": (["--all-groups"], "what mediarescue needs to run, its tests and its linters"),
}


def main() -> int:
    """Write both files; return the exit code."""
    uv = shutil.which("uv")
    if uv is None:
        print("uv is not on the PATH: python -m pip install uv", file=sys.stderr)
        return 1
    if "--upgrade" in sys.argv[1:]:
        (ROOT / "uv.lock").unlink(missing_ok=True)
    for name, (groups, what) in FILES.items():
        # Without a registry's address or a path, so that anybody's own pip settings hold.
        flags = ["--quiet", "--no-emit-project", "--no-header", "--format", "requirements-txt", *groups]
        with tempfile.TemporaryDirectory() as folder:
            exported = Path(folder) / name
            subprocess.run([uv, "export", *flags, "-o", str(exported)], cwd=ROOT, check=True)
            pins = exported.read_text(encoding="utf-8")
        head = f"# Pinned with hashes: {what}. Made by scripts/lock.py from pyproject.toml; do not edit.\n"
        (ROOT / name).write_text(head + pins, encoding="utf-8", newline="\n")
        print(f"{name}: {sum('==' in line for line in pins.splitlines())} pins")
    return 0


if __name__ == "__main__":
    sys.exit(main())
