"""A camera profile: what a rescue needs of a healthy film, as a small JSON document, without the film.

It is the film with nothing in it but its boxes and the bytes that its matchers learned from, at their own places.
"""

from __future__ import annotations

import base64
import hashlib
import json
import lzma
import struct
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mediarescue.errors import ReferenceMismatchError
from mediarescue.isobmff import Box, ByteSource, scan_top_level
from mediarescue.isobmff.sparse import SparseSource
from mediarescue.recover.blanking import Keeping, KeptRanges, RecordingWindow, ways_of_keeping
from mediarescue.recover.camera_name import camera_name, track_mode, track_name
from mediarescue.recover.codecs import factory_for
from mediarescue.recover.families import grouped, make_families
from mediarescue.recover.fingerprint import fingerprint
from mediarescue.recover.matcher import Sparing
from mediarescue.recover.profile import ReferenceProfile, learn_reference
from mediarescue.recover.profile_file import KIND, LARGEST_DATA, SCHEMA_VERSION
from mediarescue.recover.window import MediaWindow

_PERSONAL = frozenset((b"udta", b"meta", b"free", b"skip"))
"""Boxes of a moov or a trak that tell where, when and by whom was filmed, or that nobody reads."""
_DATES = {b"mvhd": (4, 8, 16), b"tkhd": (4, 8, 16), b"mdhd": (4, 8, 16)}
"""Box -> offset of its two dates in the payload, and their bytes in version 0 and 1."""


@dataclass(frozen=True, slots=True)
class CameraProfile:
    """A profile ready to be written.

    Attributes
    ----------
    document : dict
        JSON-able.
    shown : tuple of str
        Tracks of whose pictures some are in it, as their codec cannot be learned from less.
    """

    document: dict[str, Any]
    shown: tuple[str, ...]

    def text(self) -> str:
        """Return the document as it is written."""
        return json.dumps(self.document, indent=1, ensure_ascii=False) + "\n"


def make_camera_profile(
    source: ByteSource, *, made_by: str, pictures: bool = False, progress: Callable[[int], None] = lambda done: None
) -> CameraProfile:
    """Reduce a healthy film to what rescue needs of it.

    Parameters
    ----------
    source : ByteSource
    made_by : str
        Program and version.
    pictures : bool
        Keep pictures of codecs that cannot be learned from less; else such a film is refused.
    progress : callable
        Told how many families of tracks are done.

    Raises
    ------
    BoxError, NoMovieError
        The film's index is not sound.
    ReferenceMismatchError
        Its tracks cannot be learned from, or not without pictures.
    """
    profile = learn_reference(source)
    kept, shown, asked = KeptRanges(), list[str](), dict[int, int]()
    groups = grouped(profile.parts)
    for index, tracks in enumerate(groups):
        factory = factory_for(tracks[0])
        telling = partial(factory.telling, tracks) if isinstance(factory, Sparing) else None
        way = _keep_least(source, partial(factory, index, tracks), ways_of_keeping(tracks[0]), kept, asked, telling)
        if way is not None and way.shows:
            shown += [track_name(track) for track in tracks]
            if not pictures:
                raise ReferenceMismatchError(
                    f"{source.path}: track {shown[0]} is of a codec whose pictures teach more than their headers, so "
                    "that the profile would hold some that can be viewed; keep the film itself as reference, or allow "
                    "it (--with-pictures)"
                )
        progress(index + 1)
    _keep_least(source, partial(make_families, profile), ways_of_keeping(None), kept, asked)
    edits = _index_ranges(source, profile, kept)
    starts, sizes = kept.joined()
    if (needed := 16 + 16 * len(starts) + int(sizes.sum())) > LARGEST_DATA:
        raise ReferenceMismatchError(
            f"{source.path} is too long for a profile: {needed >> 20} MiB of tables and heads would be in it, and "
            f"{LARGEST_DATA >> 20} MiB may be; save one of a shorter film of the same mode"
        )
    data = bytearray(_bytes(source, starts, sizes))
    places = np.cumsum(sizes) - sizes
    for offset, replacement in edits:
        range_index = int(np.searchsorted(starts, offset, side="right")) - 1
        at = int(places[range_index]) + offset - int(starts[range_index])
        data[at : at + len(replacement)] = replacement
    packed = struct.pack("<QQ", source.size, len(starts)) + starts.astype("<i8").tobytes()
    packed += sizes.astype("<i8").tobytes() + bytes(data)
    document = {
        "schema_version": SCHEMA_VERSION,
        "kind": KIND,
        "made_by": made_by,
        "camera": camera_name(profile.movie.moov),
        "tracks": [track_mode(track) for track in profile.tracks],
        "film_bytes": source.size,
        "holds_pictures": bool(shown),
        "sha256": hashlib.sha256(packed).hexdigest(),
        "encoding": "lzma+base64",
        "data": base64.b64encode(lzma.compress(packed, preset=6)).decode(),
    }
    return CameraProfile(document, tuple(shown))


def _bytes(source: ByteSource, starts: NDArray[np.int64], sizes: NDArray[np.int64]) -> bytes:
    return b"".join(source.read(at, size) for at, size in zip(starts.tolist(), sizes.tolist(), strict=True))


def _keep_least(
    source: ByteSource,
    learn: Callable[[MediaWindow], object],
    ways: Sequence[Keeping],
    kept: KeptRanges,
    asked: dict[int, int],
    telling: Callable[[MediaWindow], Iterable[tuple[int, int]]] | None = None,
) -> Keeping | None:
    """Keep the least that teaches the same as the film; return the way, None where nothing is needed.

    Parameters
    ----------
    kept : KeptRanges
        What is kept already; what is needed besides is added.
    asked : dict
        The reads that this holds for, by offset; those of ``learn`` are added.
    telling : callable or None
        Gives the samples that teach all there is, tried first.
    """
    window = RecordingWindow(source)
    wanted = fingerprint(learn(window))
    if telling is not None and (few := dict(telling(MediaWindow(source, 0, source.size)))):
        some = KeptRanges([*kept.found, *((at, at + size) for at, size in few.items())])
        if _learned(source, learn, some) == wanted:
            kept.found = some.found
            asked.update(window.asked)
            return None
    further = {offset: size for offset, size in window.asked.items() if size > asked.get(offset, 0)}
    asked.update(further)
    if not further:
        return None
    for way in ways:
        some = KeptRanges([*kept.found, *way.ranges(source, further)])
        if _learned(source, learn, some) == wanted:
            break
    kept.found = some.found
    return way


def _learned(source: ByteSource, learn: Callable[[MediaWindow], object], some: KeptRanges) -> bytes | None:
    """Return the fingerprint of what is learned from these bytes alone."""
    starts, sizes = some.joined()
    film = SparseSource(source.file, source.path, source.size, starts, sizes, _bytes(source, starts, sizes))
    try:
        return fingerprint(learn(MediaWindow(film, 0, film.size)))
    except (ReferenceMismatchError, ValueError):
        return None


def _index_ranges(source: ByteSource, profile: ReferenceProfile, kept: KeptRanges) -> list[tuple[int, bytes]]:
    """Keep the film's boxes other than its media; return what replaces personal data in them, by offset."""
    for header in scan_top_level(source):
        whole = header.kind in (b"ftyp", b"moov", b"moof", b"styp")
        kept.add([(header.offset, header.end if whole else min(header.offset + 32, header.payload_offset))])
    edits: list[tuple[int, bytes]] = []
    moov = profile.movie.moov
    for parent in (moov, *moov.find_all(b"trak")):
        for child in parent.children or ():
            if child.kind in _PERSONAL or (child.kind == b"uuid" and parent is moov):
                edits.append((child.offset + child.header_size, _nothing(child)))
    for parent in (moov, *moov.find_all(b"trak"), *(t.get(b"mdia") for t in moov.find_all(b"trak"))):
        for child in parent.children or ():
            if child.kind in _DATES and len(child.payload) >= 20:
                at, short, long = _DATES[child.kind]
                edits.append((child.offset + child.header_size + at, bytes(long if child.payload[0] == 1 else short)))
    return edits


def _nothing(box: Box) -> bytes:
    """Return a body of the same size with nothing in it: zeros where nobody reads it, else an empty box."""
    size = box.body_size
    if box.kind in (b"free", b"skip") or size < 8:
        return bytes(size)
    return struct.pack(">I4s", size, b"free") + bytes(size - 8)
