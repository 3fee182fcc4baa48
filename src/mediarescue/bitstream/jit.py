"""The one decorator of the compiled kernels; without numba, or on request, they run as plain Python.

Set ``MEDIARESCUE_NO_JIT=1`` to run the kernels uncompiled: slow, but with tracebacks, and bounds are checked.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])

# Without the wrapper for C callers, which nobody is, a kernel compiles a twentieth faster.
_OPTIONS = {"nogil": True, "boundscheck": False, "error_model": "numpy", "no_cfunc_wrapper": True}


_listeners: list[Callable[[], None]] = []


def announce_compiling(callback: Callable[[], None]) -> None:
    """Call ``callback`` once when a kernel turns out not to be in the cache: the next ones will take seconds."""
    _listeners[:] = [callback]


def jit_wanted() -> bool:
    """Return False when the environment asks for uncompiled kernels (``MEDIARESCUE_NO_JIT=1``)."""
    return os.environ.get("MEDIARESCUE_NO_JIT", "") in ("", "0")


def kernel(signature: str) -> Callable[[F], F]:
    """Compile the decorated function for one explicit signature, and keep the machine code on disk.

    Parameters
    ----------
    signature : str
        numba signature, e.g. ``"int64(uint8[::1], int64, int64)"``. Kernels see ``uint8[::1]`` data and int64
        tables only: every further array type would be compiled again.

    Returns
    -------
    Callable
        A decorator. It gives back the function itself when numba is missing or unwanted, so kernels have to be
        right as plain Python too, where ``uint8`` items overflow unless they are made int first.

    Notes
    -----
    numba raises when neither the package folder nor the user's cache folder can be written, and the OS when the
    disk is full or the folder cannot be made. Neither may stop a rescue, so the kernel is then compiled anew in
    each process. An error of the kernel itself shows up again, and is raised, in that second attempt.
    """

    def decorate(function: F) -> F:
        if not jit_wanted():
            return function
        try:
            import numba
        except ImportError:
            return function
        try:
            compiled = numba.njit(signature, cache=True, **_OPTIONS)(function)
        except (RuntimeError, OSError):
            compiled = numba.njit(signature, cache=False, **_OPTIONS)(function)
        if _listeners and not _from_cache(compiled):
            _listeners.pop()()
        return compiled  # type: ignore[no-any-return]

    return decorate


def _from_cache(compiled: Any) -> bool:
    """Whether a kernel's machine code was read from the disk."""
    stats = getattr(compiled, "stats", None)
    return stats is not None and sum(stats.cache_hits.values()) > 0


def part(function: F) -> F:
    """Make a small function for kernels to call: it is compiled into them, with no code of its own to keep."""
    if not jit_wanted():
        return function
    try:
        import numba
    except ImportError:
        return function
    return numba.njit(**_OPTIONS)(function)  # type: ignore[no-any-return]
