"""A filter is a plain function or an object, and is told from others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from mediarescue.pipeline.filter import PlainFilter, as_filter


def scaled(factor: int) -> Callable[[Any], Any]:
    return lambda frame: [plane * factor for plane in frame.planes]


def test_functions_of_other_code_or_settings_have_other_fingerprints() -> None:
    first, second = lambda frame: None, lambda frame: frame.planes
    prints = [PlainFilter(function).fingerprint for function in (first, second, scaled(2), scaled(3))]
    assert len(set(prints)) == 4
    assert PlainFilter(scaled(2)).fingerprint == prints[2]


def test_what_is_no_filter_is_refused() -> None:
    assert as_filter(None) is None
    with pytest.raises(TypeError, match="not int"):
        as_filter(3)  # type: ignore[arg-type]
