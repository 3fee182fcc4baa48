from __future__ import annotations

import os
import subprocess
import sys
import types
from typing import Any

import pytest

from mediarescue.bitstream.jit import kernel


def double(value: int) -> int:
    return 2 * value


def test_a_kernel_is_compiled_for_its_one_signature() -> None:
    compiled: Any = kernel("int64(int64)")(double)
    assert compiled(21) == 42
    assert len(compiled.signatures) == 1


def test_a_kernel_stays_python_on_request(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDIARESCUE_NO_JIT", "1")
    assert kernel("int64(int64)")(double) is double


def test_a_kernel_stays_python_without_numba(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MEDIARESCUE_NO_JIT", raising=False)
    monkeypatch.setitem(sys.modules, "numba", None)
    assert kernel("int64(int64)")(double) is double


@pytest.mark.parametrize("error", [RuntimeError("cannot cache function: no locator available"), OSError(28, "full")])
def test_a_cache_that_cannot_be_written_stops_nothing(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    asked = []

    def njit(signature: str, *, cache: bool, **options: object) -> Any:
        asked.append(cache)
        if cache:
            raise error
        return lambda function: function

    monkeypatch.delenv("MEDIARESCUE_NO_JIT", raising=False)
    monkeypatch.setitem(sys.modules, "numba", types.SimpleNamespace(njit=njit))
    assert kernel("int64(int64)")(double) is double
    assert asked == [True, False]


def test_a_cache_folder_that_cannot_be_made_stops_nothing() -> None:
    code = "import numpy as np; from mediarescue.bitstream import _kernels as k; "
    code += "print(k.read_length(np.ones(2, np.uint8), 0, 2))"
    environment = {**os.environ, "NUMBA_CACHE_DIR": "/proc/none"}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "257"


@pytest.mark.parametrize("codec", ["h264", "hevc"])
def test_importing_a_codec_does_not_import_numba(codec: str) -> None:
    code = f"import sys, mediarescue.bitstream.{codec}; sys.exit('numba' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
