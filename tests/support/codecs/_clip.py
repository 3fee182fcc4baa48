"""What a test needs to know of a codec's clip."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.support.clips import ClipSpec


@dataclass(frozen=True, slots=True)
class CodecClip:
    """Two takes with a track of one codec.

    Attributes
    ----------
    name : str
        Unique; names the test.
    registered : str
        A name it stands for in the registry of matchers (``apcn``, ``mp4a.6b``).
    kind : bytes
        Sample entry of the track that is tried.
    spec : ClipSpec or None
        The take; the reference is two fifths longer, with other content.
    build : callable or None
        ``(path, seed, scale) -> None`` writes a file instead, where no encoder makes one; ``scale`` 1 or 1.4 times the
        usual count of samples.
    suffix : str
    exact : bool
        Samples are found to the byte by their structure; False where the codec leaves that open.
    timing_known : bool
        The times of the take follow from the reference.
    playable : bool
        FFmpeg reads the track: the rescue is compared packet by packet. Else by the moov's own tables.
    """

    name: str
    registered: str
    kind: bytes
    spec: ClipSpec | None = None
    build: Callable[[Path, int, float], None] | None = None
    suffix: str = ".mp4"
    exact: bool = True
    timing_known: bool = True
    playable: bool = True
