"""The pictures of a film encoded anew in pieces, the way the media core does, without the media core."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

from mediarescue.media.encoded import EncodedVideo

_B_FRAMES = {"preset": "ultrafast", "crf": "30", "bf": "3", "b_strategy": "0", "x264-params": "b-pyramid=normal"}


@dataclass(frozen=True, slots=True)
class Pieces:
    """Encoded pieces, and a hash of each picture as they decode, in the order shown."""

    video: EncodedVideo
    pictures: tuple[bytes, ...]


def encode_pieces(
    source: Path, folder: Path, *, length: int = 10, skip: tuple[int, ...] = (), track: int = 0
) -> Pieces:
    """Encode the pictures of track number ``track`` as H.264 with B pictures, ``length`` a piece.

    The frames of ``skip`` are left out, as if they did not decode.
    """
    folder.mkdir(parents=True, exist_ok=True)
    pts: list[int] = []
    paths: list[Path] = []
    with av.open(str(source), options={"ignore_editlist": "1"}, metadata_errors="replace") as film:
        stream = film.streams.video[track]
        frames = [f for i, f in enumerate(film.decode(stream)) if i not in skip]
        for start in range(0, len(frames), length):
            paths.append(folder / f"{start:06d}.mp4")
            pts += [frame.pts for frame in frames[start : start + length] if frame.pts is not None]
            _encode(paths[-1], frames[start : start + length])
        base = stream.time_base
        assert base is not None
        video = EncodedVideo(stream.index, stream.id, tuple(paths), np.array(pts, np.int64), base)
    return Pieces(video, tuple(data for path in paths for data in decoded_pictures(path)))


def _encode(path: Path, frames: list[Any]) -> None:
    with av.open(str(path), "w", format="mp4") as container:
        stream: Any = container.add_stream("libx264", rate=25, options=_B_FRAMES)
        stream.width, stream.height, stream.pix_fmt = frames[0].width, frames[0].height, frames[0].format.name
        for index, frame in enumerate(frames):
            frame.pts, frame.time_base, frame.pict_type = index, Fraction(1, 25), 0
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def decoded_pictures(path: Path, *, track: int = 0, edits: bool = True) -> list[bytes]:
    """Return a hash of the samples of each picture, in the order shown; by the edit list, or all of the media."""
    return [data for _, data in shown_pictures(path, track=track, edits=edits)]


def shown_pictures(path: Path, *, track: int = 0, edits: bool = True) -> list[tuple[int | None, bytes]]:
    """Return the pts in ticks of each picture, and a hash of its samples, in the order shown."""
    options = {} if edits else {"ignore_editlist": "1"}
    with av.open(str(path), options=options, metadata_errors="replace") as film:
        return [
            (f.pts, hashlib.sha1(f.to_ndarray().tobytes()).digest()) for f in film.decode(film.streams.video[track])
        ]
