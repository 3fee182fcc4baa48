"""Cameras' own films with newly encoded pictures: every other byte, and every time, as it was."""

from __future__ import annotations

import hashlib
from itertools import pairwise
from pathlib import Path

import av
import pytest

from mediarescue.api import inspect
from mediarescue.errors import InputError
from mediarescue.isobmff import Box, BoxError, ByteSource, Leniency, expand, read_movie, read_track
from mediarescue.media.containers import target_container
from mediarescue.media.reader import VideoReader
from mediarescue.output import AtomicOutput
from mediarescue.pipeline.assembly import assemble_film, check_source
from tests.support.breaking import true_packets
from tests.support.encoded_pieces import decoded_pictures, encode_pieces, shown_pictures
from tests.support.hashes import Frozen
from tests.support.shared import shared_media

pytestmark = pytest.mark.shared

FILMS = (
    "video/gopro/20220214114307_NODATA_GH010739.MP4",
    "video/iphone_misc/meta.mov",
    "video/pixel_motionphoto/mv_with_2_top_shots.mp4",
    "video/android_misc/sample_empty_track.mp4",
    "video/containers/sample_with_chapters.mp4",
    "video/3gp/fixture.3gp",
    "video/fate/mixed-nal-coding.mp4",
)
FRAGMENTED = ("video/containers/frag-buck-bunny.mp4", "video/containers/sample_partially_fragmented.mp4")
_OFFSETS = (b"stco", b"co64", b"saio")


def _assembled(source: Path, folder: Path) -> tuple[Path, tuple[bytes, ...], int]:
    """Return the copy, the pictures in it, and the track they are in."""
    with VideoReader(source) as reader:
        info = reader.info
    check_source(source, info)
    with av.open(str(source), metadata_errors="replace") as film:
        number = [s.index for s in film.streams.video].index(info.stream_index)
    pieces, target = encode_pieces(source, folder / "pieces", length=25, track=number), folder / f"out{source.suffix}"
    with AtomicOutput(target) as output:
        assemble_film(source, info, pieces.video, output, container=target_container(target, info))
        output.commit()
    assert decoded_pictures(target, track=number, edits=False) == list(pieces.pictures)
    times = [[pts for pts, _ in shown_pictures(path, track=number)] for path in (source, target)]
    assert times[1] == times[0]
    return target, pieces.pictures, info.stream_id


def _leaves(box: Box) -> list[tuple[bytes, bytes]]:
    if box.children is None:
        return [(box.kind, b"" if box.kind in _OFFSETS else box.payload)]
    return [(box.kind, box.prefix), *(leaf for child in box.children for leaf in _leaves(child))]


def _media(source: ByteSource, trak: Box) -> str:
    """Return a hash of the media that a track lists."""
    digest = hashlib.sha1()
    try:
        samples = expand(read_track(trak).stbl, leniency=Leniency.PERMISSIVE)
    except BoxError:
        return ""
    for offset, size in zip(samples.offset.tolist(), samples.size.tolist(), strict=True):
        digest.update(source.read(offset, size))
    return digest.hexdigest()


@pytest.mark.parametrize("name", FILMS)
def test_all_but_the_pictures_is_the_same_to_the_byte(name: str, tmp_path: Path, frozen_input: Frozen) -> None:
    source = shared_media(name)
    frozen_input(source)
    target, _, track_id = _assembled(source, tmp_path)
    with ByteSource.open(source) as one, ByteSource.open(target) as other:
        before, after = read_movie(one, leniency=Leniency.PERMISSIVE), read_movie(other, leniency=Leniency.STRICT)
        assert [h.kind for h in after.headers] == [h.kind for h in before.headers]
        for old, new in zip(before.headers, after.headers, strict=True):
            if old.kind not in (b"mdat", b"moov"):
                assert one.read(old.offset, old.size) == other.read(new.offset, new.size)
        assert one.read(before.headers[-1].end, 1 << 20) == other.read(after.headers[-1].end, 1 << 20)
        for box, copy in zip(before.moov.children or (), after.moov.children or (), strict=True):
            if box.kind == b"trak" and read_track(box).track_id == track_id:
                assert copy.get(b"tkhd") == box.get(b"tkhd")
                assert copy.get(b"mdia", b"mdhd") == box.get(b"mdia", b"mdhd")
            else:
                assert _leaves(copy) == _leaves(box)
                if box.kind == b"trak":
                    assert _media(other, copy) == _media(one, box)
    assert inspect(target).verdict == inspect(source).verdict


@pytest.mark.parametrize("name", FRAGMENTED)
def test_fragmented_films_become_one_with_the_same_packets(name: str, tmp_path: Path, frozen_input: Frozen) -> None:
    source = shared_media(name)
    frozen_input(source)
    target, _, _ = _assembled(source, tmp_path)
    sounds = [
        [(p.digest, p.pts) for s in true_packets(path) if s.kind == "audio" for p in s.packets]
        for path in (source, target)
    ]
    assert all(before == after for before, after in pairwise(sounds))
    assert read_movie(target, leniency=Leniency.STRICT).is_fragmented is False
    assert "healthy" in inspect(target).verdict


@pytest.mark.parametrize("name", ["video/fate/displaymatrix.mp4", "video/fate/two_first_slice.mp4"])
def test_films_that_are_cut_are_refused(name: str, frozen_input: Frozen) -> None:
    source = frozen_input(shared_media(name))
    with VideoReader(source) as reader, pytest.raises(InputError, match="mediarescue untrunc"):
        check_source(source, reader.info)
