"""Notice that a process hangs: codec libraries lock themselves up on some damaged files."""

from __future__ import annotations

import time
from pathlib import Path

STANDSTILL_SECONDS = 300.0
"""A process that does nothing at all for as long is taken for hung."""
_LOOK_SECONDS = 5.0

_STATE, _USER_TICKS, _SYSTEM_TICKS = 0, 11, 12
"""Fields of proc(5) ``stat`` behind the name, which ends with the last parenthesis."""


class Standstill:
    """Watches one process.

    Parameters
    ----------
    pid : int or None
        Without one it never stands still.

    Notes
    -----
    It stands still when none of its threads has used the processor or waited for a disk (state D of proc(5)), and
    `sign_of_life` was not called. Only Linux tells; elsewhere nothing is ever taken for hung. Asked from outside, as a
    library that hangs may hold Python's lock.
    """

    def __init__(self, pid: int | None) -> None:
        self._threads = Path(f"/proc/{pid}/task")
        self._ticks: int | None = None
        self._since = time.monotonic()
        self._next_look = self._since + _LOOK_SECONDS

    def sign_of_life(self) -> None:
        """Note that something was heard of it."""
        self._since = time.monotonic()

    def is_over(self) -> bool:
        """Whether it has done nothing for `STANDSTILL_SECONDS`; looks every few seconds, however often it is asked."""
        now = time.monotonic()
        if now < self._next_look:
            return False
        # Where nobody looked for long, this process was suspended itself, and so perhaps the other.
        was_away = now > self._next_look + 3 * _LOOK_SECONDS
        self._next_look = now + _LOOK_SECONDS
        ticks = self._look()
        if ticks is None or ticks != self._ticks or was_away:
            self._ticks = ticks
            self._since = now
        return now - self._since >= STANDSTILL_SECONDS

    def _look(self) -> int | None:
        """Return the processor time of all threads in ticks, None where it is not known or one waits for a disk."""
        ticks = 0
        try:
            for thread in self._threads.iterdir():
                fields = (thread / "stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
                if fields[_STATE] == "D":
                    return None
                ticks += int(fields[_USER_TICKS]) + int(fields[_SYSTEM_TICKS])
        except (OSError, ValueError, IndexError):
            return None
        return ticks
