"""Two films held against each other: what of the first is not in the second.

Knows nothing of the package under test: FFmpeg through PyAV for pictures and packets, a box walker of the tests' own
for what FFmpeg does not show.
"""

from __future__ import annotations

from tests.support.fidelity.comparison import Comparison, compare_films
from tests.support.fidelity.difference import Difference

__all__ = ["Comparison", "Difference", "compare_films"]
