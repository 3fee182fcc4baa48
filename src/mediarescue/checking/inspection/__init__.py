"""Look at a file of any size and say what it is worth; only headers and the ``moov`` are read, media are sampled."""

from __future__ import annotations

from mediarescue.checking.inspection.file import inspect_file

__all__ = ["inspect_file"]
