from __future__ import annotations

from dataclasses import replace

from mediarescue.reports import as_json
from tests.unit.cli.conftest import CLEAN


def test_a_video_or_audio_track_without_a_sample_is_a_reservation() -> None:
    report = replace(CLEAN, missing_tracks=("2 (audio, mp4a)",))
    assert report.reservations == ("no sample of track 2 (audio, mp4a)",)
    assert report.exit_code == 10
    assert as_json(report, command="untrunc")["missing_tracks"] == ("2 (audio, mp4a)",)


def test_a_clean_report_has_no_reservation() -> None:
    assert CLEAN.reservations == ()
    assert CLEAN.exit_code == 0
