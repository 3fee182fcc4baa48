"""What has to be said to single encoders so that equal pictures give equal bytes, quietly."""

from __future__ import annotations

import os
from collections.abc import Mapping

_STEADY_WIDTH = 128


def with_quirks(encoder: str, options: Mapping[str, str], width: int) -> dict[str, str]:
    """Return an encoder's options for pictures of a width with what it needs beside its settings.

    Notes
    -----
    With AVX-512, x264 (core 165, as of 2025) reads beyond the rows of its small look-ahead pictures where these are no
    multiple of 64 samples wide, and decides by what happens to be in memory there: two runs over the same film come out
    differently, and a resumed film is another one. The routines for AVX2 are as fast and do not.
    """
    found = dict(options)
    if encoder == "libsvtav1":
        # It tells its settings on standard error unless told to keep to errors.
        os.environ.setdefault("SVT_LOG", "1")
    if encoder in ("libx264", "libx264rgb") and width % _STEADY_WIDTH and _has_avx512():
        found["x264-params"] = ":".join(filter(None, (found.get("x264-params"), "asm=AVX2")))
    return found


def _has_avx512() -> bool:
    # numpy chooses its own routines by the same question; without an answer nothing is changed.
    try:
        from numpy._core._multiarray_umath import __cpu_features__ as features  # type: ignore[import-not-found]
    except ImportError:
        return False
    return bool(features.get("AVX512F"))
