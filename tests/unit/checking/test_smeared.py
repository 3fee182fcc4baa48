"""Pictures behind gaps are counted up to the next key picture."""

from __future__ import annotations

import numpy as np

from mediarescue.checking.frames import CheckedTrack, _overwritten
from mediarescue.checking.smeared import smeared_behind
from mediarescue.cli._check import check_lines
from mediarescue.recover.foreign import looks_like, overwritten_with
from mediarescue.reports import CheckReport, SmearedReport

SIZE = 1000


def behind(gaps: list[tuple[int, int]], missing: range, keys: tuple[int, ...] = (0, 10, 20)) -> list[SmearedReport]:
    """Return the stretches of a film of 30 pictures, one a second, of which some are missing."""
    kept = np.array([at for at in range(30) if at not in missing])
    return list(
        smeared_behind(
            gaps,
            kept * SIZE,
            np.full(len(kept), SIZE, dtype=np.int64),
            np.isin(kept, keys),
            track_id=1,
            seconds=lambda sample: float(kept[sample]),
        )
    )


def test_pictures_up_to_the_next_key_picture_are_counted() -> None:
    assert behind([(3000, 2000)], range(3, 5)) == [SmearedReport(1, 5, 5.0, 10.0)]
    assert behind([(23000, 2000)], range(23, 25)) == [SmearedReport(1, 5, 25.0, 29.0)]


def test_a_gap_that_ends_at_a_key_picture_or_holds_no_picture_smears_nothing() -> None:
    assert behind([(8000, 2000)], range(8, 10)) == []
    assert behind([(3000, SIZE - 1)], range(0)) == []


def test_pictures_behind_two_gaps_count_once() -> None:
    assert sum(s.pictures for s in behind([(3000, 1000), (6000, 1000)], range(3, 7, 3))) == 6 - 1 + 1 - 1


def test_a_film_with_smeared_pictures_is_never_called_free_of_errors() -> None:
    stretches = tuple(SmearedReport(1, 5, at, at + 1.0) for at in range(4))
    lines = list(check_lines(CheckReport("full", 30, 30, 0, smeared=stretches), every=False))
    assert lines[0].startswith("20 pictures behind gaps may be smeared until the next key picture (from 00:00.000 to")
    assert "and 1 more" in lines[0]
    assert lines[1] == "30 of 30 frames decoded, none damaged in itself"
    unseen = CheckReport("none", 0, 30, 0, smeared=stretches[:1])
    assert len(list(check_lines(unseen, every=False))) == 1


def test_erased_flash_in_a_picture_is_damage_and_filler_is_none() -> None:
    empty = np.zeros(0, dtype=np.int64)
    video = CheckedTrack(1, "video", "avc1", empty, empty, empty.astype(bool), float, nal_length=4)
    sound = CheckedTrack(2, "audio", "mp4a", empty, empty, empty.astype(bool), float)

    def sample(unit: bytes) -> bytes:
        return len(unit).to_bytes(4, "big") + unit

    assert _overwritten(sample(b"\x41\x9a" + b"\xff" * 600 + b"\x12"), video)
    assert not _overwritten(sample(b"\x41\x9a" + b"\xff" * 400 + b"\x12"), video)
    assert not _overwritten(sample(b"\x0c" + b"\xff" * 600 + b"\x80"), video)
    assert _overwritten(b"\x21\x10" + b"\xff" * 600, sound)


def test_a_repeated_byte_is_overwritten_and_no_sound() -> None:
    noise = np.random.default_rng(3).bytes(3000)
    for value in (0xFF, 0x55, 0):
        data = noise + bytes([value]) * 9000
        assert overwritten_with(data) == value
        assert looks_like(data, whole=False) == ""
    assert overwritten_with(noise) is None


def test_a_picture_that_goes_on_behind_what_was_read_is_no_proof_of_another_track() -> None:
    noise = np.random.default_rng(4).bytes(60000)
    head = (2).to_bytes(4, "big") + b"\x09\xf0" + (4).to_bytes(4, "big") + b"\x06\x05\x01\x80"
    picture = head + (90000).to_bytes(4, "big") + b"\x41\x9a" + noise
    assert looks_like(picture, whole=False) == ""
