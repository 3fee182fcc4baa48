"""One thing that is not the same in two films."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Difference:
    """What differs, where.

    Attributes
    ----------
    area : str
        ``"pictures"``, ``"packets"``, ``"stream"``, ``"container"`` or ``"boxes"``.
    text : str
        Where, what it was, what it is.
    matters : bool
        False for what any new encoding changes: the encoder's name, a codec's own configuration, chunk layout.
    """

    area: str
    text: str
    matters: bool = True

    def __str__(self) -> str:
        return f"{self.area}: {self.text}" + ("" if self.matters else " (of no matter)")


def differing_values(
    area: str, where: str, source: Mapping[str, Any], result: Mapping[str, Any], minor: Sequence[str] = ()
) -> list[Difference]:
    """Return a difference for each key whose value is not the same in both."""
    found = []
    for key in sorted({*source, *result}):
        if source.get(key) != result.get(key):
            text = f"{where} {key}: {shown(source.get(key))} became {shown(result.get(key))}"
            found.append(Difference(area, text, key not in minor))
    return found


def differing_rows(area: str, where: str, source: Sequence[Any], result: Sequence[Any]) -> list[Difference]:
    """Return one difference for all rows that differ, with the first of them."""
    if len(source) != len(result):
        return [Difference(area, f"{where}: {len(source)} became {len(result)}")]
    wrong = [i for i, (old, new) in enumerate(zip(source, result, strict=True)) if old != new]
    if not wrong:
        return []
    first = wrong[0]
    text = f"{where}: {len(wrong)} of {len(source)} differ, first {first}: {shown(source[first])} became "
    return [Difference(area, text + shown(result[first]))]


def shown(value: Any) -> str:
    """Return a value short enough for a line."""
    text = repr(value)
    return text if len(text) <= 120 else text[:117] + "..."
