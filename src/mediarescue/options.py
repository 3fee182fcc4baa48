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
    keep_fragments : bool
        Leave a fragmented file fragmented: its whole fragments as they are.
    faststart : bool
        Put the index (moov) in front of the media, for players that read while they load. A fragmented file that stays
        one has it there anyway.
    """

    overwrite: bool = False
    dry_run: bool = False
    keep_fragments: bool = False
    faststart: bool = False
