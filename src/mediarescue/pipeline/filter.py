"""What a filter of pictures is: a plain function on planes, or an object that also looks around and ahead."""

from __future__ import annotations

import hashlib
import marshal
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
        """Name of the function, and a hash of its code and of the values it closes over.

        What has no code of its own, or closes over values without a lasting form, has another one in each run.
        """
        name = f"{self.function.__module__}.{getattr(self.function, '__qualname__', repr(self.function))}"
        code = getattr(self.function, "__code__", None)
        if code is None:
            return f"{name} {self.function!r}"
        cells = [repr(cell.cell_contents) for cell in self.function.__closure__ or ()]
        defaults = repr((self.function.__defaults__, self.function.__kwdefaults__))
        digest = hashlib.sha256(marshal.dumps(code))
        digest.update("\0".join([defaults, *cells]).encode(errors="replace"))
        return f"{name} {digest.hexdigest()}"

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
