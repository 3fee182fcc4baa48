"""Tables and labelled lines of the commands' results."""

from __future__ import annotations

import io
import shutil
import sys
import textwrap
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from mediarescue.cli._exit import printable

if TYPE_CHECKING:
    from rich.table import Column

_LABEL_WIDTH = 10
_PIPED_WIDTH = 80
WIDEST = 100


def text_width() -> int:
    """Return the columns of the terminal, or 80 where stdout is none."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else _PIPED_WIDTH


def duration(seconds: float) -> str:
    """Return a time as minutes, or hours, with thousandths of a second (``1:02:03.456``)."""
    milliseconds = round(seconds * 1000)
    minutes, rest = divmod(milliseconds, 60_000)
    hours, minutes = divmod(minutes, 60)
    tail = f"{minutes:02d}:{rest // 1000:02d}.{rest % 1000:03d}"
    return f"{hours}:{tail}" if hours else tail


def labelled(label: str, text: str, width: int) -> str:
    """Return ``text`` behind ``label``, wrapped at ``width`` columns."""
    head = f"{printable(label):<{_LABEL_WIDTH}}"
    lines = textwrap.wrap(
        printable(text),
        width=max(width, 2 * _LABEL_WIDTH),
        initial_indent=head,
        subsequent_indent=" " * _LABEL_WIDTH,
        # A path must stay in one piece to be copied.
        break_long_words=False,
        break_on_hyphens=False,
    )
    return "\n".join(lines or [head.rstrip()]) + "\n"


def table_text(columns: Sequence[Column], rows: Iterable[Sequence[str]], width: int) -> str:
    """Return a table without lines, and an empty line behind it."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(*columns, box=None, pad_edge=False, header_style="bold")
    for row in rows:
        table.add_row(*(Text(printable(cell)) for cell in row))
    rendered = io.StringIO()
    # Rendered beside stdout, so that a closed pipe is met in one place only.
    console = Console(file=rendered, width=min(width, WIDEST), force_terminal=sys.stdout.isatty(), legacy_windows=False)
    console.print(table)
    return "\n".join(line.rstrip() for line in rendered.getvalue().splitlines()) + "\n\n"
