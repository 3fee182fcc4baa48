"""The shared real media, for the tests that use it."""

from __future__ import annotations

from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[3] / "shared" / "media"


def shared_media(relative: str) -> Path:
    """Return a file or folder of the shared media beside this checkout; skip the test where it is absent."""
    path = SHARED / relative
    if not path.exists():
        pytest.skip("shared media is not beside this checkout")
    return path
