"""Rescue photos and videos people thought were lost or spoilt."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mediarescue.api import untrunc

__version__ = version("mediarescue")
__all__ = ["__version__", "untrunc"]


def __getattr__(name: str) -> Any:
    """Import the API at first use: it brings numpy and construct with it."""
    if name == "untrunc":
        from mediarescue.api import untrunc

        return untrunc
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
