"""Kernels without the JIT beside the compiled ones, and a buffer that tells who reads too far."""

from __future__ import annotations

import importlib
import os
import sys
from functools import cache
from types import ModuleType

import numpy as np

_SHARED = "mediarescue.bitstream._peek"
"""What the kernels of several codecs call."""
NAMES = ("mediarescue.bitstream.aac.channel._kernels", "mediarescue.bitstream.aac._kernels")


def plain_aac_kernels() -> ModuleType:
    """Return the AAC kernels as plain Python functions."""
    return plain_kernels(*NAMES)


@cache
def plain_kernels(*names: str) -> ModuleType:
    """Return the last of some modules with kernels as plain Python functions, and as it sees the others.

    The compiled ones stay what everybody else imports.
    """
    names = (_SHARED, *names)
    for name in names:
        importlib.import_module(name)
    kept = {name: sys.modules.pop(name) for name in names}
    before = os.environ.get("MEDIARESCUE_NO_JIT")
    os.environ["MEDIARESCUE_NO_JIT"] = "1"
    try:
        return importlib.import_module(names[-1])
    finally:
        if before is None:
            del os.environ["MEDIARESCUE_NO_JIT"]
        else:
            os.environ["MEDIARESCUE_NO_JIT"] = before
        for name, module in kept.items():
            sys.modules[name] = module
            # The import also bound the new module in its package, where "from package import _kernels" looks.
            package, _, attribute = name.rpartition(".")
            setattr(sys.modules[package], attribute, module)


class GuardedBuffer:
    """Bytes that may be read from ``start`` up to ``end`` only."""

    def __init__(self, data: bytes, start: int, end: int) -> None:
        self._data = np.frombuffer(data, np.uint8)
        self._start, self._end = start, end

    def __getitem__(self, index: int) -> np.uint8:
        assert self._start <= index < self._end, f"byte {index} was read outside {self._start} .. {self._end}"
        return np.uint8(self._data[index])
