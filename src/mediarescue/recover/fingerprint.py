"""Whether two matchers have learned the same: a digest of all they hold."""

from __future__ import annotations

import hashlib
from dataclasses import fields, is_dataclass
from enum import Enum
from fractions import Fraction
from typing import Any

import numpy as np

from mediarescue.recover.profile import TrackProfile
from mediarescue.recover.window import MediaWindow

_PLAIN = (int, float, str, bytes, bytearray, bool, complex, Fraction, Enum, type(None))


def fingerprint(learned: object) -> bytes:
    """Return a digest of a matcher's state: equal for matchers that answer everything alike.

    Notes
    -----
    Tracks count by their place in the reference, which says all of them where both were learned from one index; windows
    and functions do not count.
    """
    digest = hashlib.sha256()
    _add(digest, learned, set())
    return digest.digest()


def _add(digest: Any, value: Any, above: set[int]) -> None:
    digest.update(type(value).__qualname__.encode())
    if isinstance(value, _PLAIN):
        digest.update(repr(value).encode() + b"\0")
    elif isinstance(value, np.ndarray | np.generic):
        array = np.asarray(value)
        digest.update(f"{array.dtype} {array.shape}".encode() + array.tobytes())
    elif isinstance(value, TrackProfile):
        digest.update(f"{value.index} {value.entry}".encode())
    elif (callable(value) and not hasattr(value, "__dict__")) or isinstance(value, MediaWindow) or id(value) in above:
        return
    else:
        for part in _parts(value):
            _add(digest, part, above | {id(value)})
        digest.update(b"\1")


def _parts(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return sorted(value.items(), key=repr)
    if isinstance(value, set | frozenset):
        return sorted(value, key=repr)
    if isinstance(value, list | tuple):
        return list(value)
    if is_dataclass(value):
        return [(field.name, getattr(value, field.name)) for field in fields(value)]
    slots = [name for kind in type(value).__mro__ for name in _slots(kind)]
    named = {**getattr(value, "__dict__", {}), **{name: getattr(value, name) for name in slots if hasattr(value, name)}}
    return sorted(named.items())


def _slots(kind: type) -> tuple[str, ...]:
    slots = kind.__dict__.get("__slots__", ())
    return (slots,) if isinstance(slots, str) else tuple(slots)
