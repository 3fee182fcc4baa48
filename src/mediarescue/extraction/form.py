"""What an elementary stream looks like on disk: a head, and what becomes of each sample."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StreamForm:
    """How one track is written as a file of its own.

    Attributes
    ----------
    suffix : str
        Of the file, with the dot.
    head : bytes
        What stands in front of the samples.
    convert : callable or None
        ``(bytes of the sample, its index) -> bytes`` to write; for PCM whole frames instead of a sample. None where
        the bytes are written as they are.
    tail : bytes
        What stands behind the samples.
    framed : bool
        The file tells where each sample begins; else a table of them goes with it.
    """

    suffix: str
    head: bytes = b""
    convert: Callable[[bytes, int], bytes] | None = None
    tail: bytes = b""
    framed: bool = True


class NoStreamFormError(Exception):
    """The track has no form as a stream of its own; ``str()`` says why."""
