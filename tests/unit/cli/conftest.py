from __future__ import annotations

import sys
import types
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import mediarescue
from mediarescue.events import Artifact, Listener
from mediarescue.options import UntruncOptions
from mediarescue.output import check_target, default_target
from mediarescue.reports import GapReport, TimingSource, TrackReport, UntruncReport

CLEAN = UntruncReport(
    input="broken.mp4",
    reference="good.mp4",
    output="broken_rescued.mp4",
    output_bytes=1_500_100_000,
    media_bytes=1_500_000_000,
    recovered_bytes=1_500_000_000,
    tracks=(
        TrackReport(1, "video", "hvc1", 1800, 60, 1_480_000_000, 60.06, TimingSource.CONSTANT),
        TrackReport(2, "audio", "mp4a", 2815, 2815, 20_000_000, 60.053, TimingSource.BITSTREAM),
    ),
    gaps=(),
    av_difference_seconds=0.007,
    dropped_boxes=("sdtp", "sbgp"),
    warnings=("the file ends in the middle of a sample",),
)
GAPS = replace(
    CLEAN,
    recovered_bytes=1_499_999_999,
    gaps=tuple(GapReport(1000 * i, 40, "unknown bytes between chunks") for i in range(12)),
)


class FakeApi:
    """Stands in for ``mediarescue.api``: remembers its calls, then raises, or writes a file and reports."""

    def __init__(self) -> None:
        self.report = CLEAN
        self.error: BaseException | None = None
        self.during: Callable[[Listener], None] | None = None
        self.calls: list[dict[str, Any]] = []

    def untrunc(
        self,
        broken: Path,
        *,
        reference: Path,
        output: Path | None,
        options: UntruncOptions,
        listener: Listener,
    ) -> UntruncReport:
        self.calls.append({"broken": broken, "reference": reference, "output": output, "options": options})
        target = output or default_target(broken, "_rescued")
        check_target(target, inputs=[broken, reference], overwrite=options.overwrite)
        if self.during is not None:
            self.during(listener)
        if self.error is not None:
            raise self.error
        if not options.dry_run:
            target.write_bytes(b"rescued")
            listener(Artifact(str(target), "output"))
        return replace(self.report, input=str(broken), output=str(target), dry_run=options.dry_run)


@pytest.fixture(autouse=True)
def plain_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Undo what a terminal or a CI service says about colours and width."""
    monkeypatch.setenv("COLUMNS", "80")
    for name in ("FORCE_COLOR", "PY_COLORS", "GITHUB_ACTIONS", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> FakeApi:
    fake = FakeApi()
    module = types.ModuleType("mediarescue.api")
    module.untrunc = fake.untrunc  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "mediarescue.api", module)
    monkeypatch.setattr(mediarescue, "api", module, raising=False)
    return fake


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A current folder with ``broken.mp4`` and ``good.mp4``."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "broken.mp4").write_bytes(b"broken")
    (tmp_path / "good.mp4").write_bytes(b"good")
    return tmp_path
