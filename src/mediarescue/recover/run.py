"""The rescue from end to end, short of writing: learn, locate, segment, time, lay out."""

from __future__ import annotations

from dataclasses import dataclass

from mediarescue.events import Listener, Progressed, StageFinished, StageStarted, ignore
from mediarescue.isobmff import ByteSource, Movie
from mediarescue.recover.candidate import Segmentation
from mediarescue.recover.families import Families, make_families
from mediarescue.recover.locate import MediaLocation, locate_media
from mediarescue.recover.profile import learn_lead, learn_reference
from mediarescue.recover.segment import Segmenter
from mediarescue.recover.sharing import DecodeProbe
from mediarescue.recover.tracks import RescuedTrack, build_tracks
from mediarescue.recover.window import MediaWindow

IDENTIFY = "identify samples"


@dataclass(frozen=True, slots=True)
class Preparation:
    """A reference understood and the broken file's media found."""

    movie: Movie
    families: Families
    location: MediaLocation
    lead: int


@dataclass(frozen=True, slots=True)
class Rescue:
    """What the media data holds."""

    preparation: Preparation
    segmentation: Segmentation
    tracks: tuple[RescuedTrack, ...]


def prepare(broken: ByteSource, reference: ByteSource) -> Preparation:
    """Learn the reference and locate the broken file's media data.

    Raises
    ------
    BoxError, NoMovieError
        When the reference is not sound.
    ReferenceMismatchError
        When its tracks cannot be understood.
    """
    profile = learn_reference(reference)
    families = make_families(profile, MediaWindow(reference, 0, reference.size))
    return Preparation(profile.movie, families, locate_media(broken), learn_lead(profile))


def identify(
    broken: ByteSource, preparation: Preparation, *, probe: DecodeProbe | None = None, listener: Listener = ignore
) -> Rescue:
    """Find and time all samples of the broken file's media data."""
    location = preparation.location
    window = MediaWindow(broken, location.start, location.end)
    listener(StageStarted(IDENTIFY, location.end - location.start))
    segmentation = Segmenter(
        window,
        preparation.families.matchers,
        preparation.families.order,
        lead=preparation.lead,
        progress=lambda pos: listener(Progressed(IDENTIFY, pos - location.start)),
    ).run()
    tracks = build_tracks(preparation.families, segmentation, read=broken.read, probe=probe)
    listener(StageFinished(IDENTIFY))
    return Rescue(preparation, segmentation, tuple(tracks))
