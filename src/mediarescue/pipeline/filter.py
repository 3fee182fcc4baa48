"""What a filter of pictures is: a plain function on planes, or an object that also looks around and ahead."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from mediarescue.events import Listener

if TYPE_CHECKING:
    from mediarescue.media.planes import FramePlanes, Plane
    from mediarescue.media.reader import VideoReader
    from mediarescue.pipeline.window import FrameWindow

PlaneFunction = Callable[["FramePlanes"], "Sequence[Plane] | None"]


@runtime_checkable
class FrameFilter(Protocol):
    """A filter of whole films.

    Attributes
    ----------
    radius : int
        How many neighbours on each side `apply` looks at.
    fingerprint : str
        What tells this filter and its settings from others: pieces that an interrupted run left are used
        again only for the same fingerprint.

    Notes
    -----
    `apply` is called from several threads, not in order; it must not change the filter, nor the arrays it is given.
    """

    radius: int
    fingerprint: str

    def prepare(self, clip: VideoReader, listener: Listener) -> str | None:
        """Look at the film before any frame is filtered; return why there is nothing to do, or None."""

    def apply(self, window: FrameWindow) -> Sequence[Plane] | None:
        """Give the planes of ``window.frame`` anew, or None to leave it alone; planes returned as they are stay so."""


@dataclass(frozen=True, slots=True)
class PlainFilter:
    """A function on the planes of one frame, as a `FrameFilter`."""

    function: PlaneFunction
    radius: int = 0

    @property
    def fingerprint(self) -> str:
        """Name of the function; settings that it closes over are not known."""
        return f"{self.function.__module__}.{getattr(self.function, '__qualname__', repr(self.function))}"

    def prepare(self, clip: VideoReader, listener: Listener) -> str | None:
        """Need no first look."""

    def apply(self, window: FrameWindow) -> Sequence[Plane] | None:
        """Call the function."""
        return self.function(window.frame)


def as_filter(value: FrameFilter | PlaneFunction | None) -> FrameFilter | None:
    """Accept a filter, a plain function on planes, or None for none.

    Raises
    ------
    TypeError
        Neither.
    """
    if value is None or isinstance(value, FrameFilter):
        return value
    if callable(value):
        return PlainFilter(value)  # type: ignore[return-value]
    raise TypeError(f"a filter is a function on planes or has prepare and apply, not {type(value).__name__}")
