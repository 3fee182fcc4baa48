"""``untrunc PIECE1 PIECE2 ...``: the pieces of one recording, joined in the order given."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

import mediarescue
from mediarescue.cli._table import untrunc_text
from mediarescue.cli.app import main
from mediarescue.errors import NothingRecoverableError, OutputError, UsageError
from mediarescue.events import Event, Warned
from mediarescue.options import UntruncOptions
from tests.conftest import Clips
from tests.support.boxes import mdat_of, tables_of
from tests.support.breaking import assert_rescued_like, drop_moov, true_packets


def torn(path: Path, folder: Path, *cuts: float) -> list[Path]:
    """Write the parts of a file between fractions of its media data (0..1)."""
    data, mdat = path.read_bytes(), mdat_of(path)
    body = mdat.end - mdat.offset - mdat.header
    at = [0, *(mdat.offset + mdat.header + int(body * cut) for cut in cuts), len(data)]
    pieces = []
    for number, (start, end) in enumerate(pairwise(at)):
        pieces.append(folder / f"piece{number}{path.suffix}")
        pieces[-1].write_bytes(data[start:end])
    return pieces


@pytest.mark.parametrize("name", ["h264_b", "hevc_b", "pcm_sowt_mov", "two_aac_long_chunks"])
def test_pieces_that_join_are_the_whole_film(clips: Clips, tmp_path: Path, name: str) -> None:
    pair = clips.pair(name)
    broken = drop_moov(pair.take, tmp_path / f"b{pair.take.suffix}")
    pieces = torn(broken, tmp_path, 0.31, 0.77)
    out = tmp_path / f"out{pair.take.suffix}"
    report = mediarescue.untrunc(pieces, reference=pair.reference, output=out)
    assert report.pieces == tuple(map(str, pieces))
    assert report.media_bytes == mdat_of(pair.take).size - mdat_of(pair.take).header
    assert_rescued_like(pair.take, out)


def test_a_split_film_is_put_together_by_its_own_index(clips: Clips, tmp_path: Path) -> None:
    take = clips.pair("h264_b").take
    mediarescue.untrunc(torn(take, tmp_path, 0.4, 0.5), output=tmp_path / "out.mp4")
    assert_rescued_like(take, tmp_path / "out.mp4")


def test_headers_in_front_of_later_pieces_are_skipped(clips: Clips, tmp_path: Path) -> None:
    pair = clips.pair("h264_b")
    broken = drop_moov(pair.take, tmp_path / "b.mp4")
    pieces = torn(broken, tmp_path, 0.5)
    mdat = mdat_of(broken)
    pieces[1].write_bytes(broken.read_bytes()[: mdat.offset + mdat.header] + pieces[1].read_bytes())
    mediarescue.untrunc(pieces, reference=pair.reference, output=tmp_path / "out.mp4")
    assert_rescued_like(pair.take, tmp_path / "out.mp4")


def test_what_is_missing_between_pieces_is_said(clips: Clips, tmp_path: Path) -> None:
    pair = clips.pair("h264_b")
    broken = drop_moov(pair.take, tmp_path / "b.mp4")
    first, _, last = torn(broken, tmp_path, 0.4, 0.6)
    report = mediarescue.untrunc([first, last], reference=pair.reference, output=tmp_path / "out.mp4")
    reasons = [gap.reason for gap in report.gaps if not gap.expected]
    assert any("piece0.mp4 and piece2.mp4 do not join" in reason for reason in reasons)
    border = next(gap for gap in report.gaps if "do not join" in gap.reason)
    assert border.lost_error_seconds is None
    assert "how much more is unknown" in " ".join(untrunc_text(report).split())
    assert report.exit_code == 10
    originals = [{packet.digest for packet in stream.packets} for stream in true_packets(pair.take)]
    for stream, known in zip(true_packets(tmp_path / "out.mp4"), originals, strict=True):
        assert {packet.digest for packet in stream.packets} <= known
        assert len(stream.packets) >= 0.7 * len(known)


def test_pieces_in_the_wrong_order_are_noticed(clips: Clips, tmp_path: Path) -> None:
    pair = clips.pair("h264_b")
    broken = drop_moov(pair.take, tmp_path / "b.mp4")
    first, second, third = torn(broken, tmp_path, 0.35, 0.68)
    said: list[Event] = []
    report = mediarescue.untrunc(
        [first, third, second], reference=pair.reference, output=tmp_path / "out.mp4", listener=said.append
    )
    warning = "the order of the pieces seems wrong: piece1.mp4 continues piece0.mp4"
    assert warning in report.warnings
    assert warning in [event.message for event in said if isinstance(event, Warned)]


def test_wrong_pieces_are_refused(clips: Clips, tmp_path: Path) -> None:
    pair = clips.pair("h264_b")
    broken = drop_moov(pair.take, tmp_path / "b.mp4")
    pieces, out = torn(broken, tmp_path, 0.5), tmp_path / "out.mp4"
    with pytest.raises(UsageError, match="given twice"):
        mediarescue.untrunc([*pieces, pieces[0]], reference=pair.reference, output=out)
    with pytest.raises(UsageError, match="given twice"):
        mediarescue.untrunc([*pieces, pair.reference], reference=pair.reference, output=out)
    options = UntruncOptions(overwrite=True)
    with pytest.raises((OutputError, UsageError), match="inputs are never written to"):
        mediarescue.untrunc(pieces, reference=pair.reference, output=pieces[1], options=options)
    empty = tmp_path / "empty.mp4"
    empty.touch()
    with pytest.raises(NothingRecoverableError, match="empty"):
        mediarescue.untrunc([pieces[0], empty], reference=pair.reference, output=out)
    with pytest.raises(UsageError, match="no file"):
        mediarescue.untrunc([], reference=pair.reference, output=out)


def test_the_command_takes_pieces(clips: Clips, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pair = clips.pair("h264_b")
    pieces = torn(drop_moov(pair.take, tmp_path / "b.mp4"), tmp_path, 0.5)
    assert main(["untrunc", *map(str, pieces), "--ref", str(pair.reference), "--progress", "none"]) == 0
    assert "pieces    2" in capsys.readouterr().out
    assert len(tables_of(tmp_path / "piece0_rescued.mp4")) == len(tables_of(pair.take))
