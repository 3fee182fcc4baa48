"""What decoding frames of the result showed, in lines for people."""

from __future__ import annotations

from collections.abc import Iterator

from mediarescue.cli._text import duration
from mediarescue.reports import CheckReport

_SHOWN = 5
_SHOWN_STRETCHES = 3


def check_lines(check: CheckReport, *, every: bool) -> Iterator[str]:
    """Yield one line of what was looked at, then the frames with errors: the first five, or ``every``."""
    some = "all" if check.decoded >= check.total else f"{check.decoded} of {check.total}"
    if check.smeared:
        yield _smeared_sentence(check, every=every)
        some = f"{check.decoded} of {check.total}"
    if check.decoded:
        none = "none damaged in itself" if check.smeared else "none with errors"
        yield f"{some} frames decoded, " + (f"{check.with_errors} with errors" if check.with_errors else none)
    shown = check.errors if every else check.errors[:_SHOWN]
    for error in shown:
        where = f"at {duration(error.seconds)}: {error.kind}, track {error.track_id}, sample {error.sample}"
        yield f"{where} ({error.message})"
    if len(shown) < check.with_errors:
        how = "--json" if every else "-v, --json"
        yield f"and {check.with_errors - len(shown)} more ({how})"
    if check.without_references:
        count = check.without_references
        yield f"{count} picture{'s' if count != 1 else ''} can only be shown in part: what they build on is lost"
    if check.no_decoder:
        yield f"no decoder here that knows track {', '.join(check.no_decoder)}: not checked"


def _smeared_sentence(check: CheckReport, *, every: bool) -> str:
    """Say which pictures build on lost ones."""
    count = sum(stretch.pictures for stretch in check.smeared)
    shown = check.smeared if every else check.smeared[:_SHOWN_STRETCHES]
    places = [f"from {duration(s.since_seconds)} to {duration(s.until_seconds)}" for s in shown]
    if len(shown) < len(check.smeared):
        places.append(f"and {len(check.smeared) - len(shown)} more (-v, --json)")
    which = "pictures behind gaps" if count != 1 else "picture behind a gap"
    return f"{count} {which} may be smeared until the next key picture ({', '.join(places)})"
