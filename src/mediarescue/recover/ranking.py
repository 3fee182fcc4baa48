"""Which of many healthy films is the best reference: by headers first, then by what each reads of the broken file."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from mediarescue.isobmff import ByteSource, Movie
from mediarescue.recover.codecs import coded_size
from mediarescue.recover.locate import MediaLocation
from mediarescue.recover.profile import ReferenceProfile, TrackProfile, learn_reference
from mediarescue.recover.rescued_track import RescuedTrack
from mediarescue.recover.run import Preparation, Rescue, identify, learn
from mediarescue.reports import TimingSource

Decode = Callable[[TrackProfile, bytes], float | None]
"""Which part of a key frame decodes with a track's settings; None where nobody can tell."""

ReadsOn = Callable[[ByteSource, RescuedTrack, int], bool]
"""Whether pictures from the one of this number on read with the track's settings."""

_KEYS_TRIED = 4
_WHOLE_PICTURE = 0.97
_ENOUGH = 0.5
"""Part of the trial that a fitting reference reads at least; damage takes the rest."""
_GOOD = 0.9
_LONG_ENOUGH = 2.0
"""Seconds: a shorter film teaches little of the order of the tracks."""
_DRIFT = 0.1
_UNPROVEN = 0.4
"""Stands for the part of key frames that decode where none was found: what decodes is better."""
_MIDDLE = 4 << 20


@dataclass(frozen=True, slots=True)
class Film:
    """A healthy film by its headers.

    Attributes
    ----------
    path : Path
    movie : Movie
    mode : bytes
        Digest of its tracks' settings: films of one mode of one camera have the same.
    modified : float
        When the file was last written, Unix time.
    """

    path: Path
    movie: Movie
    mode: bytes
    modified: float

    @property
    def seconds(self) -> float:
        """Its length by its header."""
        return self.movie.duration / self.movie.timescale if self.movie.timescale else 0.0


@dataclass(frozen=True, slots=True)
class Trial:
    """How a film did as the reference for the first megabytes of the broken file (and some from its middle).

    Attributes
    ----------
    film : Film
    limit : int
        Bytes from the beginning that were given.
    codec : str
    size : (int, int)
        Of its pictures, (0, 0) without.
    recovered, tried : int
        Bytes that read as its tracks, and bytes that could have.
    keys_decoded, keys_tried : int
        Key frames.
    found : int
        Tracks with a sample.
    missing : tuple of str
        Video and audio tracks without.
    lost_video : bool
        Whether the film has pictures, and the broken file none by its settings.
    reads_on : bool
        Whether pictures decode that build on key frames which do not: those are damaged then.
    drift : float
        Seconds between the ends of video and sound, for each second of the trial.
    guessed : int
        Tracks whose times are estimates.
    """

    film: Film
    limit: int
    codec: str
    size: tuple[int, int]
    recovered: int
    tried: int
    keys_decoded: int
    keys_tried: int
    found: int
    missing: tuple[str, ...]
    lost_video: bool
    reads_on: bool
    drift: float
    guessed: int

    @property
    def part(self) -> float:
        """Part of the tried bytes that was recovered."""
        return self.recovered / self.tried if self.tried else 0.0

    @property
    def fits(self) -> bool:
        """Whether a rescue by this film makes sense."""
        return self.part >= _ENOUGH and not self.lost_video and not self.shows_nothing

    @property
    def shows_nothing(self) -> bool:
        """Whether its settings are those of another mode by the key frames, which do not decode."""
        return self.keys_tried > 0 and not self.keys_decoded and not self.reads_on

    @property
    def verdict(self) -> str:
        """What speaks against the film, empty where nothing does."""
        if self.shows_nothing:
            return "no key frame decodes: other frame size or mode"
        if self.lost_video:
            return "no pictures: other codec or mode"
        if self.part < _GOOD:
            return f"reads only {100 * self.recovered // max(self.tried, 1)} %"
        if self.missing:
            return f"no track {', '.join(self.missing)}"
        if self.drift > _DRIFT:
            return f"video and sound part by {self.drift:.0%}: other frame rate"
        if 2 * self.keys_decoded < self.keys_tried and not self.reads_on:
            return f"{self.keys_tried - self.keys_decoded} of {self.keys_tried} key frames do not decode"
        return ""

    def order(self) -> tuple[object, ...]:
        """Return what trials are sorted by, the best first."""
        keys = self.keys_decoded / self.keys_tried if self.keys_tried else _UNPROVEN
        return (
            not self.fits,
            -round(keys, 2),
            -round(self.part, 3),
            len(self.missing),
            self.drift > _DRIFT,
            -self.found,
            self.guessed,
        )


def read_film(path: Path, movie: Movie, modified: float) -> Film:
    """Return a film with its mode."""
    digest = hashlib.sha256()
    for track in movie.tracks:
        digest.update(track.handler + track.timescale.to_bytes(8, "big"))
        digest.update(track.stbl.get(b"stsd").serialize())
    return Film(path, movie, digest.digest(), modified)


def by_mode(films: Sequence[Film], *, broken: Path, modified: float, file_type: bytes) -> list[list[Film]]:
    """Return the films of each mode, the likeliest first; of a mode, the nearest to the broken file first.

    Parameters
    ----------
    films : sequence of Film
    broken : Path
        Cameras number their files, or name them by the time: near names are near in the recording of a day.
    modified : float
    file_type : bytes
        The broken file's own ``ftyp`` box, empty without.
    """

    def nearness(film: Film) -> tuple[object, ...]:
        short = film.seconds < _LONG_ENOUGH and not film.movie.is_fragmented
        return (short, _name_distance(film.path, broken), abs(film.modified - modified), str(film.path))

    modes: dict[bytes, list[Film]] = {}
    for film in films:
        modes.setdefault(film.mode, []).append(film)
    groups = [sorted(group, key=nearness) for group in modes.values()]

    def likeness(group: list[Film]) -> tuple[object, ...]:
        own = group[0].movie.file_type
        theirs = b"" if own is None else own.serialize()
        alike = (theirs == file_type) + (theirs[8:12] == file_type[8:12])
        return (-alike, group[0].path.suffix.lower() != broken.suffix.lower(), nearness(group[0]))

    return sorted(groups, key=likeness)


def _name_distance(path: Path, broken: Path) -> float:
    """Return how far the numbers in two names are apart; infinite where the words around them differ."""
    theirs, ours = (re.split(r"\d+", name.stem.lower()) for name in (path, broken))
    numbers = [re.findall(r"\d+", name.stem) for name in (path, broken)]
    if not ours or theirs[0] != ours[0] or not numbers[0] or not numbers[1]:
        return float("inf")
    return float(abs(int("".join(numbers[0])[-18:]) - int("".join(numbers[1])[-18:])))


def try_film(
    film: Film,
    reference: ByteSource,
    broken: ByteSource,
    location: MediaLocation,
    *,
    limit: int,
    decode: Decode,
    reads_on: ReadsOn,
) -> Trial:
    """Try a film as the reference for the first ``limit`` bytes of the broken file's media, and some from the middle.

    Raises
    ------
    BoxError, ReferenceMismatchError
        The film cannot be learned from.
    """
    profile = learn_reference(reference)
    preparation = Preparation(profile, location)
    families = learn(reference, preparation)
    parts = [identify(broken, families, preparation, limit=limit)]
    if location.end - location.start > 2 * limit and limit > _MIDDLE:
        middle = replace(location, start=(location.start + location.end) // 2)
        parts.append(identify(broken, families, Preparation(profile, middle), limit=_MIDDLE))
    decoded = [verdict for rescue in parts for verdict in _key_frames(broken, rescue, decode)]
    found = {track.profile.track.track_id for rescue in parts for track in rescue.tracks}
    missing = [
        track
        for track in profile.tracks
        if track.sample_count and track.track.track_id not in found and track.kind in ("video", "audio")
    ]
    shown = _shown(profile)
    return Trial(
        film=film,
        limit=limit,
        codec=shown.codec.decode("latin-1") if shown is not None else "",
        size=_picture_size(shown),
        recovered=sum(rescue.segmentation.recovered_bytes for rescue in parts),
        tried=sum(_could_be_read(broken, rescue) for rescue in parts),
        keys_decoded=sum(decoded),
        keys_tried=len(decoded),
        found=len(found),
        missing=tuple(f"{t.track.track_id} ({t.kind}, {t.codec.decode('latin-1')})" for t in missing),
        lost_video=any(track.kind == "video" for track in profile.tracks)
        and not any(track.profile.kind == "video" for rescue in parts for track in rescue.tracks),
        reads_on=_damaged_only(broken, parts, decoded, reads_on),
        drift=_drift(parts[0].tracks),
        guessed=sum(track.source is TimingSource.GUESSED for track in parts[0].tracks),
    )


def _shown(profile: ReferenceProfile) -> TrackProfile | None:
    return next((t for t in profile.tracks if t.kind == "video"), profile.tracks[0] if profile.tracks else None)


def _picture_size(track: TrackProfile | None) -> tuple[int, int]:
    if track is None or track.kind != "video":
        return 0, 0
    return coded_size(track) or (round(track.track.width), round(track.track.height))


def _could_be_read(broken: ByteSource, rescue: Rescue) -> int:
    """Return the bytes of the trial that are neither padding nor zeros."""
    segmentation = rescue.segmentation
    nothing = (
        gap.size
        for gap in segmentation.gaps
        if gap.expected or not any(broken.read(gap.offset, min(gap.size, 1 << 16)))
    )
    return max(segmentation.end - segmentation.start - sum(nothing), segmentation.recovered_bytes)


def _some_keys(rescue: Rescue) -> Iterator[tuple[RescuedTrack, int]]:
    """Give a few of the pictures that decode alone."""
    for track in rescue.tracks:
        if track.profile.kind == "video" and track.is_independent is not None:
            keys = np.flatnonzero(track.is_independent & (track.size > 0))
            yield from ((track, index) for index in keys[:: max(1, len(keys) // _KEYS_TRIED)][:_KEYS_TRIED].tolist())


def _key_frames(broken: ByteSource, rescue: Rescue, decode: Decode) -> list[bool]:
    """Return whether each of a few key frames decodes."""
    out = []
    for track, index in _some_keys(rescue):
        places = zip(track.offset[index : index + 2].tolist(), track.size[index : index + 2].tolist(), strict=True)
        sample, *following = [broken.read(offset, size) for offset, size in places]
        verdict = decode(track.profile, sample)
        if verdict == 0 and following:  # where each field is its own sample, a picture takes two
            verdict = decode(track.profile, sample + following[0])
        if verdict is not None:
            out.append(verdict >= _WHOLE_PICTURE)
    return out


def _damaged_only(broken: ByteSource, parts: Sequence[Rescue], decoded: Sequence[bool], reads_on: ReadsOn) -> bool:
    """Whether none of the key frames decodes for damage in them, not for the settings."""
    damaged = any(not gap.expected for rescue in parts for gap in rescue.segmentation.gaps)
    if not decoded or any(decoded) or (len(decoded) > 1 and not damaged):
        return False
    return any(reads_on(broken, track, index) for rescue in parts for track, index in _some_keys(rescue))


def _drift(tracks: Sequence[RescuedTrack]) -> float:
    """Return how far video and sound part for each second: what is no key to the times of both would differ."""
    ends = {
        kind: max((t.seconds for t in tracks if t.profile.kind == kind), default=0.0) for kind in ("video", "audio")
    }
    longest = max(ends.values())
    if min(ends.values()) < 1.0:
        return 0.0
    return max(abs(ends["video"] - ends["audio"]) - 1.0, 0.0) / longest
