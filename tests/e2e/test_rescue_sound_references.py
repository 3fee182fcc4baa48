"""A reference that has a sound track with no sample in it, and one whose samples hold several frames."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pytest

from mediarescue.api import untrunc
from tests.support.boxes import tables_of
from tests.support.codecs.dts import core
from tests.support.codecs.speech import AMR_122, AMR_SILENCE, damr, sound_entry, talk
from tests.support.hashes import Frozen
from tests.support.packets import encoded_sound
from tests.support.synthetic import SyntheticTrack, gpmf_track, write_movie


def sound(kind: bytes, samples: list[bytes], duration: int, per_chunk: int = 4) -> SyntheticTrack:
    entry = sound_entry(48000, channels=2)
    return SyntheticTrack(b"soun", kind, tuple(samples), 48000, duration, entry, per_chunk)


def cores() -> list[bytes]:
    source = random.Random(1)
    return [core(1006, source) for _ in range(60)]


SOUNDS = {
    "mp3": sound(b".mp3", encoded_sound("libmp3lame", 48000, 128000)[:40], 1152),
    "ac3": sound(b"ac-3", encoded_sound("ac3", 48000, 192000)[:30], 1536),
    "dts": sound(b"dtsc", cores(), 512),
}


def rescued(track: SyntheticTrack, known: SyntheticTrack, tmp_path: Path, frozen_input: Frozen) -> None:
    """Fail unless the track comes back with its sizes and times."""
    take, broken, reference = tmp_path / "take.mp4", tmp_path / "broken.mp4", tmp_path / "reference.mp4"
    write_movie(take, (gpmf_track(10), track))
    write_movie(broken, (gpmf_track(10), track), with_moov=False)
    write_movie(reference, (gpmf_track(14, seed=8), known))
    report = untrunc(frozen_input(broken), reference=frozen_input(reference))
    assert report.output is not None
    assert report.exit_code == 0
    true, got = tables_of(take)[1], tables_of(Path(report.output))[1]
    assert got.sizes == true.sizes
    assert got.dts == true.dts


@pytest.mark.parametrize("name", SOUNDS)
def test_sound_is_known_by_its_headers_where_the_reference_has_none(
    name: str, tmp_path: Path, frozen_input: Frozen
) -> None:
    rescued(SOUNDS[name], replace(SOUNDS[name], samples=()), tmp_path, frozen_input)


def test_speech_of_ten_frames_a_sample_comes_back_in_tens(tmp_path: Path, frozen_input: Frozen) -> None:
    def ten(seed: int) -> SyntheticTrack:
        return talk(b"samr", seed, 0.3, (AMR_122,), AMR_SILENCE, entry=sound_entry(8000, damr(10)), frames=10)

    rescued(ten(1), ten(2), tmp_path, frozen_input)


def test_mp3_of_two_frames_a_sample_comes_back_in_pairs(tmp_path: Path, frozen_input: Frozen) -> None:
    def pairs(seed: int) -> SyntheticTrack:
        frames = encoded_sound("libmp3lame", 48000, 128000, seed=seed)[:40]
        return sound(b".mp3", [frames[at] + frames[at + 1] for at in range(0, 40, 2)], 2304, per_chunk=2)

    rescued(pairs(1), pairs(2), tmp_path, frozen_input)
