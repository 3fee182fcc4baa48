"""Films that begin in their middle: what is shown first sets their start."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mediarescue.isobmff import ByteSource
from mediarescue.recover.profile import learn_reference
from mediarescue.recover.rescued_track import RescuedTrack
from mediarescue.recover.timing import beginning
from mediarescue.recover.timing.interleave import Agreement
from mediarescue.reports import TimingSource
from tests.support.synthetic import gpmf_track, pcm_track, write_movie


@pytest.mark.parametrize(("shift", "lead"), [(-1.5, 0.0), (0.5, 0.5)])
def test_telemetry_begins_no_earlier_than_the_sound(
    shift: float, lead: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_movie(tmp_path / "good.mov", (gpmf_track(20, seed=1), pcm_track(20)))
    with ByteSource.open(tmp_path / "good.mov") as source:
        profiles = learn_reference(source).tracks
    found = Agreement(shift, np.zeros(1))
    monkeypatch.setattr(beginning, "_beside", lambda _track, _sound: found)
    tracks = []
    for profile in profiles:
        offset, size, _ = profile.runs()
        ticks = np.zeros(0, dtype=np.int64) if profile.samples is None else profile.samples.duration
        sync = np.ones(len(offset), dtype=bool)
        tracks.append(RescuedTrack(profile, offset, size, ticks, None, 0, sync, TimingSource.CONSTANT))
    told, sound = beginning.late_beginnings(tracks)
    assert sound.lead == 0
    assert told.lead == round(lead * told.profile.track.timescale)
