"""A rescue by a saved camera profile is the rescue by the film it was made of, byte for byte."""

from __future__ import annotations

import base64
import json
import lzma
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mediarescue.api import save_profile, show_profile, untrunc
from mediarescue.cli.app import main
from mediarescue.errors import InputError, NothingToDoError, OutputError, ReferenceMismatchError, UsageError
from tests.conftest import Clips
from tests.support.breaking import drop_moov
from tests.support.codecs import CODEC_CLIPS

PRESETS = ("h264_b", "h264_slices4", "hevc_b", "aac_51")


def rescued_both_ways(take: Path, reference: Path, folder: Path, *, pictures: bool = True) -> tuple[bytes, bytes]:
    broken = drop_moov(take, folder / f"broken{take.suffix}")
    profile = folder / "camera.json"
    save_profile(reference, profile, pictures=pictures)
    out = []
    for number, ref in enumerate((reference, profile)):
        report = untrunc(broken, reference=ref, output=folder / f"out{number}{take.suffix}")
        assert report.output is not None
        out.append(Path(report.output).read_bytes())
    return out[0], out[1]


@pytest.mark.parametrize("name", sorted(CODEC_CLIPS))
def test_a_profile_rescues_each_codec_as_the_film_does(name: str, clips: Clips, tmp_path: Path) -> None:
    pair = clips.codec(CODEC_CLIPS[name])
    by_film, by_profile = rescued_both_ways(pair.take, pair.reference, tmp_path)
    assert by_film == by_profile


@pytest.mark.parametrize("preset", PRESETS)
def test_a_profile_rescues_camera_films_as_the_film_does_and_is_small(
    preset: str, clips: Clips, tmp_path: Path
) -> None:
    pair = clips.pair(preset)
    by_film, by_profile = rescued_both_ways(pair.take, pair.reference, tmp_path, pictures=False)
    assert by_film == by_profile
    assert (tmp_path / "camera.json").stat().st_size < 100_000


@pytest.fixture
def profile(clips: Clips, tmp_path: Path) -> Path:
    """A profile of ``h264_b``'s reference."""
    save_profile(clips.pair("h264_b").reference, tmp_path / "camera.json")
    return tmp_path / "camera.json"


def test_a_profile_says_what_it_is_of(profile: Path, clips: Clips) -> None:
    report = show_profile(profile)
    film = clips.pair("h264_b").reference
    assert (report.film_bytes, report.holds_pictures) == (film.stat().st_size, False)
    assert [(track.kind, track.codec) for track in report.tracks] == [("video", "avc1"), ("audio", "mp4a")]
    assert (report.tracks[0].width, report.tracks[0].frames_per_second) == (160, 25.0)
    assert report.bytes == profile.stat().st_size


def test_no_slice_and_hardly_any_sound_of_the_film_is_in_a_profile(profile: Path, clips: Clips) -> None:
    film = clips.pair("h264_b").reference.read_bytes()
    kept = lzma.decompress(base64.b64decode(json.loads(profile.read_text())["data"]))
    largest = film.find(b"mdat") + 2000  # inside the first key frame
    assert film[largest : largest + 64] not in kept
    assert len(kept) < len(film) / 3


def test_place_title_and_dates_stay_out_of_a_profile(clips: Clips, tmp_path: Path) -> None:
    film = tmp_path / "good.mp4"
    data = clips.pair("h264_b").reference.read_bytes()
    secret = b"\xa9xyz\x00\x12\x15\xc7+47.6062-122.3321/"
    box = (len(secret) + 4).to_bytes(4, "big") + secret
    udta = (len(box) + 8).to_bytes(4, "big") + b"udta" + box
    at = data.rfind(b"moov")
    size = int.from_bytes(data[at - 4 : at], "big")
    assert at - 4 + size == len(data)
    film.write_bytes(data[: at - 4] + (size + len(udta)).to_bytes(4, "big") + data[at:] + udta)
    save_profile(film, tmp_path / "camera.json")
    kept = lzma.decompress(base64.b64decode(json.loads((tmp_path / "camera.json").read_text())["data"]))
    assert b"+47.6062" in film.read_bytes()
    assert b"+47.6062" not in kept


def changed(**items: Any) -> Callable[[dict[str, Any]], str]:
    return lambda document: json.dumps({**document, **items})


DAMAGES: dict[str, tuple[Callable[[dict[str, Any]], str], str]] = {
    "no JSON": (lambda document: json.dumps(document)[:-30], "does not read as JSON"),
    "another document": (lambda document: json.dumps({"name": "x"}), "no camera profile"),
    "a list": (lambda document: " {}", "no camera profile"),
    "a later version": (changed(schema_version=2), "version 2"),
    "data cut": (lambda document: changed(data=document["data"][:-40])(document), "damaged"),
    "data no text": (changed(data=5), "damaged"),
    "another checksum": (changed(sha256="0" * 64), "damaged"),
    "another encoding": (changed(encoding="zip"), "damaged"),
}


@pytest.mark.parametrize("name", sorted(DAMAGES))
def test_a_damaged_profile_is_refused_by_name(name: str, profile: Path, clips: Clips, tmp_path: Path) -> None:
    damage, said = DAMAGES[name]
    broken = drop_moov(clips.pair("h264_b").take, tmp_path / "broken.mp4")
    profile.write_text(damage(json.loads(profile.read_text())))
    with pytest.raises(InputError, match=said):
        untrunc(broken, reference=profile)
    assert not (tmp_path / "broken_rescued.mp4").exists()


def test_ranges_that_cannot_be_are_refused(profile: Path, clips: Clips, tmp_path: Path) -> None:
    import hashlib

    broken = drop_moov(clips.pair("h264_b").take, tmp_path / "broken.mp4")
    document = json.loads(profile.read_text())
    packed = bytearray(lzma.decompress(base64.b64decode(document["data"])))
    packed[16:24] = (1 << 60).to_bytes(8, "little")
    document |= {
        "data": base64.b64encode(lzma.compress(bytes(packed))).decode(),
        "sha256": hashlib.sha256(packed).hexdigest(),
    }
    profile.write_text(json.dumps(document))
    with pytest.raises(InputError, match="ranges"):
        untrunc(broken, reference=profile)


def test_a_profile_of_another_mode_is_refused_as_its_film_would_be(clips: Clips, tmp_path: Path) -> None:
    save_profile(clips.pair("hevc_b").reference, tmp_path / "camera.json")
    broken = drop_moov(clips.pair("h264_b").take, tmp_path / "broken.mp4")
    with pytest.raises(ReferenceMismatchError):
        untrunc(broken, reference=tmp_path / "camera.json")


def test_pictures_are_kept_only_where_that_is_allowed(clips: Clips, tmp_path: Path) -> None:
    film = clips.codec(CODEC_CLIPS["mpeg4_b"]).reference
    with pytest.raises(ReferenceMismatchError, match="--with-pictures"):
        save_profile(film, tmp_path / "camera.json")
    assert not (tmp_path / "camera.json").exists()
    assert save_profile(film, tmp_path / "camera.json", pictures=True).holds_pictures


def test_saving_refuses_what_is_no_film_and_never_writes_to_it(profile: Path, clips: Clips, tmp_path: Path) -> None:
    film = clips.pair("h264_b").reference
    with pytest.raises(UsageError, match="camera profile already"):
        save_profile(profile, tmp_path / "other.json")
    with pytest.raises(UsageError, match="input"):
        save_profile(film, film, overwrite=True)
    with pytest.raises(OutputError):
        save_profile(film, profile)
    broken = drop_moov(clips.pair("h264_b").take, tmp_path / "broken.mp4")
    with pytest.raises(ReferenceMismatchError, match="cannot serve as a reference"):
        save_profile(broken, tmp_path / "other.json")
    with pytest.raises(NothingToDoError):
        untrunc(clips.pair("h264_b").take, reference=profile)


def test_the_commands_save_and_show(
    clips: Clips, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    film = str(clips.pair("h264_b").reference)
    assert main(["profile", "save", film, "-o", "camera.json", "--progress", "none"]) == 0
    assert "160x120, 25 frames/s" in capsys.readouterr().out
    assert main(["profile", "show", "camera.json", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["command"], document["exit_code"], document["schema_version"]) == ("profile show", 0, 1)
    assert main(["profile", "save", film, "-o", "camera.json", "--progress", "none"]) == 6
    assert main(["profile", "show", film]) == 3
