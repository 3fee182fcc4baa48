"""Options of each command; every default is written here once."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class UntruncOptions:
    """Options of ``untrunc``.

    Attributes
    ----------
    overwrite : bool
        Replace an existing output file.
    dry_run : bool
        Identify and time everything, write nothing.
    """

    overwrite: bool = False
    dry_run: bool = False
