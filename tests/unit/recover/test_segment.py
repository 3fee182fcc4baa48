from __future__ import annotations

import random
import struct
from pathlib import Path

import pytest

from tests.support.boxes import box
from tests.unit.recover.toys import Blind, Fixed, Letters, candidate, segment, spelled

A, B = Letters(0, "A"), Letters(1, "B")


def test_all_of_the_media_is_explained(tmp_path: Path) -> None:
    found = segment(tmp_path, b"A2xB3xxB4xxxA1A1", [A, B], [0, 1] * 10)
    assert spelled(found) == "A3 B9 A4"
    assert found.gaps == ()
    assert [samples.size.tolist() for samples in found.samples] == [[3, 2, 2], [4, 5]]
    assert found.samples[0].offset.tolist() == [0, 12, 14]
    assert found.recovered_bytes == 16


def test_the_cheaper_of_two_explanations_wins(tmp_path: Path) -> None:
    media = b"x" * 12
    dear = Fixed(0, {0: candidate(0, 0, 6, cost=5.0), 6: candidate(0, 6, 6, cost=5.0)})
    cheap = Fixed(1, {0: candidate(1, 0, 4, cost=0.5), 4: candidate(1, 4, 8, cost=0.5)})
    assert spelled(segment(tmp_path, media, [dear, cheap])) == "B4 B8"
    assert spelled(segment(tmp_path, media, [cheap_as(0), dear_as(1)])) == "A4 A8"


def cheap_as(family: int) -> Fixed:
    return Fixed(family, {0: candidate(family, 0, 4, cost=0.5), 4: candidate(family, 4, 8, cost=0.5)})


def dear_as(family: int) -> Fixed:
    return Fixed(family, {0: candidate(family, 0, 6, cost=9.0), 6: candidate(family, 6, 6, cost=9.0)})


def test_a_first_match_that_leads_nowhere_is_given_up(tmp_path: Path) -> None:
    """The cheap run at 0 ends where nothing follows; the dear one carries on to the end."""
    trap = Fixed(0, {0: candidate(0, 0, 5, cost=0.0)})
    true = Fixed(1, {0: candidate(1, 0, 7, cost=2.0), 7: candidate(1, 7, 13, cost=2.0)})
    assert spelled(segment(tmp_path, b"x" * 20, [trap, true])) == "B7 B13"


def test_a_run_that_swallowed_the_next_start_steps_back(tmp_path: Path) -> None:
    """The third sample of the run is not one: it is the beginning of B, which ends the media exactly."""
    greedy = Fixed(0, {0: candidate(0, 0, 4, 4, 3, certain=True)})
    following = Fixed(1, {8: candidate(1, 8, 12, certain=True)})
    found = segment(tmp_path, b"x" * 20, [greedy, following], [0, 1] * 8)
    assert spelled(found) == "A8 B12"
    assert found.samples[0].size.tolist() == [4, 4]


@pytest.mark.parametrize("swallowed", [1, 2, 3])
def test_up_to_three_samples_are_given_back(tmp_path: Path, swallowed: int) -> None:
    greedy = Fixed(0, {0: candidate(0, 0, 5, 5, *[2] * swallowed, certain=True)})
    following = Fixed(1, {10: candidate(1, 10, 15, certain=True)})
    assert spelled(segment(tmp_path, b"x" * 25, [greedy, following], [0, 1] * 8)) == "A10 B15"


def test_unknown_bytes_become_one_gap(tmp_path: Path) -> None:
    found = segment(tmp_path, b"A2xx!!!!!!!A1A1A1B2xB2x", [A, B])
    assert spelled(found) == "A3 .8 A6 B6"
    (gap,) = found.gaps
    assert (gap.offset, gap.size, gap.reason, gap.expected) == (3, 8, "not recognised", False)


def test_a_single_match_in_rubbish_does_not_end_a_gap(tmp_path: Path) -> None:
    found = segment(tmp_path, b"A1!!!A1!!!!A1A1A1", [A])
    assert spelled(found) == "A2 .9 A6"


@pytest.mark.parametrize(("cost", "parts"), [(4.0, "A3 .9 A6"), (1.0, "A3 B2 .7 A6")])
def test_a_sample_that_could_be_anything_is_rubbish_where_rubbish_follows(
    tmp_path: Path, cost: float, parts: str
) -> None:
    weak = Letters(1, "B", cost=cost, certain=False)
    assert spelled(segment(tmp_path, b"A2xB1!!!!!!!A1A1A1", [A, weak], [0, 1] * 10)) == parts


def test_rubbish_up_to_the_end_is_a_gap(tmp_path: Path) -> None:
    found = segment(tmp_path, b"A1A1" + b"!" * 50, [A])
    assert spelled(found) == "A4 .50"
    assert found.gaps[0].reason == "nothing recognised up to the end"


def test_rubbish_in_front_is_a_gap(tmp_path: Path) -> None:
    assert spelled(segment(tmp_path, b"!!!!A1A1A1", [A])) == ".4 A6"


def test_a_last_sample_cut_short_is_said(tmp_path: Path) -> None:
    found = segment(tmp_path, b"A1A1B9xx", [A, B])
    assert spelled(found) == "A4 .4"
    assert found.gaps[0].reason == "the last sample is cut short"
    assert found.gaps[0].expected


def test_nothing_known_at_all(tmp_path: Path) -> None:
    assert spelled(segment(tmp_path, bytes(1000), [A, B])) == ".1000"
    assert spelled(segment(tmp_path, b"?", [A, B])) == ".1"


@pytest.mark.parametrize(
    "inside",
    [
        box(b"moof", box(b"mfhd", bytes(8))),
        box(b"free", bytes(30)),
        box(b"wide"),
        box(b"skip", b"abc"),
        box(b"moov", box(b"mvhd", bytes(40))),
        box(b"hoov", box(b"mvhd", bytes(40))),
    ],
)
def test_a_box_inside_the_media_is_stepped_over(tmp_path: Path, inside: bytes) -> None:
    found = segment(tmp_path, b"A1A1" + inside + b"A2xB1", [A, B])
    assert spelled(found) == f"A4 .{len(inside)} A3 B2"
    assert found.gaps[0].expected


def test_a_further_mdat_header_is_stepped_over(tmp_path: Path) -> None:
    found = segment(tmp_path, b"A1A1" + struct.pack(">I4s", 13, b"mdat") + b"A2xB1", [A, B])
    assert spelled(found) == "A4 .8 A3 B2"


def test_a_moov_cut_off_at_the_end_is_expected(tmp_path: Path) -> None:
    found = segment(tmp_path, b"A1A1" + box(b"moov", box(b"mvhd", bytes(100)))[:60], [A])
    assert spelled(found) == "A4 .60"
    assert found.gaps[0].expected


def test_padding_before_the_first_sample_is_learned(tmp_path: Path) -> None:
    found = segment(tmp_path, bytes(16) + b"A1A1B1", [A, B], lead=16)
    assert spelled(found) == ".16 A4 B2"
    assert found.gaps[0].expected


def test_learned_padding_that_is_not_there_is_not_taken(tmp_path: Path) -> None:
    assert spelled(segment(tmp_path, b"A1A1B1A1A1A1A1A1A1", [A, B], lead=16)) == "A4 B2 A12"


def test_padding_in_front_of_samples_without_structure_is_skipped_by_what_follows_them(tmp_path: Path) -> None:
    found = segment(tmp_path, bytes(16) + b"xyzxyzA1A1", [A, Blind(1, 6, most=99)], lead=16)
    assert [(gap.offset, gap.size, gap.expected) for gap in found.gaps] == [(0, 16, True)]


def test_blind_runs_are_judged_by_what_follows(tmp_path: Path) -> None:
    media = b"A2x" + b"?" * 7 + b"A3xx" + b"?" * 5 + b"A1A1A1"
    found = segment(tmp_path, media, [A, Blind(1, 5, 7)], [0, 1] * 10)
    assert spelled(found) == "A3 B7 A4 B5 A6"


def test_a_blind_run_of_an_unseen_length_fills_the_hole(tmp_path: Path) -> None:
    found = segment(tmp_path, b"A2x" + b"?" * 9 + b"A1A1A1", [A, Blind(1, 5, 7, most=20)], [0, 1] * 10)
    assert spelled(found) == "A3 B9 A6"


def test_a_hole_too_long_for_a_blind_run_stays_a_gap(tmp_path: Path) -> None:
    found = segment(tmp_path, b"A2x" + b"?" * 90 + b"A1A1A1", [A, Blind(1, 5, 7, most=20)], [0, 1] * 10)
    assert spelled(found) == "A3 .90 A6"


def test_a_blind_tail_is_kept_up_to_the_end(tmp_path: Path) -> None:
    found = segment(tmp_path, b"A2xA2x" + b"?" * 6, [A, Blind(1, 9, most=20)], [0, 1] * 10)
    assert spelled(found) == "A6 B6"


def test_the_interleave_decides_between_equals(tmp_path: Path) -> None:
    """Both families match everywhere at one price: the order learned from the reference tells them apart."""
    runs = dict.fromkeys(range(0, 40, 5), 5)
    first = Fixed(0, {at: candidate(0, at, size) for at, size in runs.items()})
    second = Fixed(1, {at: candidate(1, at, size) for at, size in runs.items()})
    assert spelled(segment(tmp_path, b"x" * 40, [first, second], [0, 1] * 30)) == " ".join(["A5", "B5"] * 4)


def test_long_media_of_certain_runs_ask_once_each(tmp_path: Path) -> None:
    """Memory and time stay flat: in straight going every position is asked a few times at most."""
    words = random.Random(1).choices([b"A3xx", b"B2x"], k=3000)
    first, second = Letters(0, "A", greedy=False), Letters(1, "B", greedy=False)
    found = segment(tmp_path, b"".join(words), [first, second], [0, 1] * 50)
    assert found.gaps == ()
    assert [len(samples.size) for samples in found.samples] == [words.count(b"A3xx"), words.count(b"B2x")]
    assert len(first.asked) + len(second.asked) < 5 * len(words)


def test_progress_reaches_the_end(tmp_path: Path) -> None:
    from mediarescue.isobmff import ByteSource
    from mediarescue.recover.models import OrderModel
    from mediarescue.recover.segment import Segmenter
    from mediarescue.recover.window import MediaWindow

    (tmp_path / "media").write_bytes(b"A1" * 100)
    told: list[int] = []
    with ByteSource.open(tmp_path / "media") as source:
        Segmenter(MediaWindow(source, 0, 200), [A], OrderModel(1), progress=told.append).run()
    assert told[-1] == 200
    assert told == sorted(told)
