"""Files in which a camera left its MP4 and its LRV side by side, by turns of clusters.

No real one could be had: see `tests.support.interleave` for what is documented of them.
"""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Any

import pytest

from mediarescue.api import untrunc
from mediarescue.events import Event, Noted
from mediarescue.recover.clusters import find
from mediarescue.streams import extract
from tests.conftest import Clips
from tests.support.boxes import mdat_of
from tests.support.breaking import assert_rescued_like, drop_moov, true_packets
from tests.support.hashes import Frozen
from tests.support.interleave import interleave, spec

KIB = 1 << 10
LAYOUTS: dict[str, dict[str, Any]] = {
    "Hero4": {},
    "Hero3": {"with_ftyp": False},
    "counted from the media": {"from_mdat": True},
    "other without header": {"other_header": False, "other_run": (1, 2)},
}
CASES = [(cluster, layout) for cluster, layout in product((16, 32, 64), LAYOUTS)]


class Camera:
    """One camera's recordings: an MP4 and its LRV, and another pair as references."""

    def __init__(self, clips: Clips) -> None:
        self.main = clips.clip("two_recordings_main.mp4", spec(small=False, seed=1))
        self.other = clips.clip("two_recordings_lrv.mp4", spec(small=True, seed=1))
        self.main_reference = clips.clip("two_recordings_main_ref.mp4", spec(small=False, seed=5, seconds=4))
        self.other_reference = clips.clip("two_recordings_lrv_ref.mp4", spec(small=True, seed=6, seconds=4))


@pytest.fixture
def camera(clips: Clips) -> Camera:
    return Camera(clips)


@pytest.mark.parametrize(("cluster", "layout"), CASES)
def test_the_recording_of_the_references_kind_comes_back_alone(
    cluster: int, layout: str, camera: Camera, tmp_path: Path, frozen_input: Frozen
) -> None:
    settings = LAYOUTS[layout]
    broken = tmp_path / "GOPR0001.MP4"
    dealt = interleave(camera.main, camera.other, broken, cluster=cluster * KIB, seed=cluster, **settings)
    frozen_input(broken)
    heard: list[Event] = []
    report = untrunc(broken, reference=camera.main_reference, output=tmp_path / "out.mp4", listener=heard.append)
    front = 0 if settings.get("with_ftyp", True) else mdat_of(camera.main).offset
    assert_rescued_like(camera.main, tmp_path / "out.mp4", cut_at=dealt.main_size + front)
    assert report.clusters is not None
    assert report.clusters.cluster_bytes == cluster * KIB
    assert (report.clusters.own_clusters, report.clusters.other_clusters) == (dealt.main_clusters, dealt.other_clusters)
    assert [gap for gap in report.gaps if not gap.expected] == []
    assert report.reservations == ()
    assert any(isinstance(event, Noted) and f"{dealt.other_clusters} of" in event.message for event in heard)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_an_lrv_as_the_reference_gives_the_lrv(layout: str, camera: Camera, tmp_path: Path) -> None:
    settings = LAYOUTS[layout]
    broken = tmp_path / "GOPR0001.MP4"
    dealt = interleave(camera.main, camera.other, broken, cluster=16 * KIB, seed=3, **settings)
    report = untrunc(broken, reference=camera.other_reference, output=tmp_path / "out.mp4")
    mdat = mdat_of(camera.other)
    if not settings.get("other_header", True):
        front = mdat.offset + mdat.header
    else:
        front = 0 if settings.get("with_ftyp", True) else mdat.offset
    assert_rescued_like(camera.other, tmp_path / "out.mp4", cut_at=dealt.other_size + front)
    assert report.clusters is not None
    assert (report.clusters.own_clusters, report.clusters.other_clusters) == (dealt.other_clusters, dealt.main_clusters)
    assert report.reservations == ()


def test_extract_takes_the_same_recording(camera: Camera, tmp_path: Path) -> None:
    broken = tmp_path / "GOPR0001.MP4"
    dealt = interleave(camera.main, camera.other, broken, cluster=16 * KIB, seed=7)
    (tmp_path / "streams").mkdir()
    report = extract(broken, reference=camera.main_reference, out_dir=tmp_path / "streams")
    whole = [[p for p in stream.packets if p.pos + p.size <= dealt.main_size] for stream in true_packets(camera.main)]
    assert [stream.samples for stream in report.streams] == [len(packets) for packets in whole]


def test_damage_in_one_cluster_costs_what_lies_in_it(camera: Camera, tmp_path: Path) -> None:
    broken = tmp_path / "GOPR0001.MP4"
    interleave(camera.main, camera.other, broken, cluster=16 * KIB, seed=3)
    data = bytearray(broken.read_bytes())
    at = len(data) // 2 // (16 * KIB) * 16 * KIB
    data[at : at + 16 * KIB] = bytes(i * 37 % 251 for i in range(16 * KIB))
    broken.write_bytes(data)
    report = untrunc(broken, reference=camera.main_reference, output=tmp_path / "out.mp4")
    assert report.clusters is not None
    for true, got in zip(true_packets(camera.main), true_packets(tmp_path / "out.mp4"), strict=True):
        known = {packet.digest for packet in true.packets}
        intact = sum(packet.digest in known for packet in got.packets)
        assert intact >= 0.9 * len(true.packets)


def test_a_file_of_one_recording_is_not_searched_for_another(
    camera: Camera, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*args: object, **kwargs: object) -> None:
        raise AssertionError("clusters were dealt")

    monkeypatch.setattr(find, "deal", never)
    for film, reference in ((camera.main, camera.main_reference), (camera.other, camera.other_reference)):
        broken = drop_moov(film, tmp_path / "broken.mp4")
        report = untrunc(broken, reference=reference, output=tmp_path / f"{film.stem}.mp4")
        assert report.clusters is None
        assert_rescued_like(film, tmp_path / f"{film.stem}.mp4")


@pytest.mark.parametrize("kind", ["overwritten", "removed", "repeated", "other film behind"])
def test_damage_is_not_taken_for_a_second_recording(kind: str, camera: Camera, tmp_path: Path) -> None:
    whole = drop_moov(camera.main, tmp_path / "whole.mp4").read_bytes()
    middle, size = len(whole) // 2 // (16 * KIB) * 16 * KIB, 96 * KIB
    if kind == "overwritten":
        data = whole[:middle] + bytes(i * i % 256 for i in range(size)) + whole[middle + size :]
    elif kind == "removed":
        data = whole[:middle] + whole[middle + size :]
    elif kind == "repeated":
        data = whole[:middle] + whole[middle - size : middle] + whole[middle - size :]
    else:
        data = whole[:middle] + camera.other.read_bytes()
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(data)
    report = untrunc(broken, reference=camera.main_reference, output=tmp_path / "out.mp4")
    assert report.clusters is None
