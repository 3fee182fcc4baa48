"""Content hashes: proof that no input was written to."""

from __future__ import annotations

import hashlib
from pathlib import Path


def sha256(path: Path) -> str:
    """Return the hex sha256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class Frozen:
    """Files that must end as they began: ``frozen(path)`` notes a hash, ``check()`` compares."""

    def __init__(self) -> None:
        self.known: dict[Path, str] = {}

    def __call__(self, path: Path) -> Path:
        """Note the hash of ``path`` and return ``path``."""
        self.known.setdefault(path, sha256(path))
        return path

    def check(self) -> None:
        """Fail if a noted file is gone or has changed."""
        changed = [str(path) for path, digest in self.known.items() if not path.is_file() or sha256(path) != digest]
        assert not changed, "inputs were changed or removed: " + ", ".join(changed)
