"""The rescue from end to end, short of writing: read, locate, learn, segment, time."""

from __future__ import annotations

from dataclasses import dataclass, replace

from mediarescue.events import Listener, Progressed, StageFinished, StageStarted, ignore
from mediarescue.isobmff import ByteSource
from mediarescue.recover.candidate import Segmentation
from mediarescue.recover.evidence import DecodeProbe
from mediarescue.recover.families import Families, make_families
from mediarescue.recover.foreign import name_gaps
from mediarescue.recover.interrupted import without_interrupted
from mediarescue.recover.locate import MediaLocation, locate_media
from mediarescue.recover.padding import learn_padding
from mediarescue.recover.profile import ReferenceProfile, learn_lead, learn_reference
from mediarescue.recover.rescued_track import RescuedTrack
from mediarescue.recover.segment import Segmenter
from mediarescue.recover.timing.stand_ins import Pause
from mediarescue.recover.tracks import timed_tracks
from mediarescue.recover.window import MediaWindow

IDENTIFY = "identify samples"


@dataclass(frozen=True, slots=True)
class Preparation:
    """The reference read, and the broken file's media found."""

    profile: ReferenceProfile
    location: MediaLocation


@dataclass(frozen=True, slots=True)
class Rescue:
    """What the media data holds."""

    preparation: Preparation
    segmentation: Segmentation
    tracks: tuple[RescuedTrack, ...]
    pauses: tuple[Pause, ...] = ()


def prepare(broken: ByteSource, reference: ByteSource) -> Preparation:
    """Read the reference's tables and locate the broken file's media data; quick at any size.

    Raises
    ------
    BoxError, NoMovieError
        When the reference is not sound.
    """
    return Preparation(learn_reference(reference), locate_media(broken))


def learn(reference: ByteSource, preparation: Preparation) -> Families:
    """Learn the reference's samples.

    Raises
    ------
    ReferenceMismatchError
        When its tracks cannot be understood.
    """
    return make_families(preparation.profile, MediaWindow(reference, 0, reference.size))


def identify(
    broken: ByteSource,
    families: Families,
    preparation: Preparation,
    *,
    limit: int | None = None,
    probe: DecodeProbe | None = None,
    listener: Listener = ignore,
    close_gaps: bool = False,
) -> Rescue:
    """Find and time all samples of the broken file's media data, or of its first ``limit`` bytes.

    With ``close_gaps`` the film goes on behind a gap without a pause.
    """
    location = preparation.location
    end = location.end if limit is None else min(location.end, location.start + limit)
    listener(StageStarted(IDENTIFY, end - location.start))
    segmentation = Segmenter(
        MediaWindow(broken, location.start, end),
        families.matchers,
        families.order,
        lead=learn_lead(preparation.profile),
        padding=learn_padding(preparation.profile.tracks),
        progress=lambda pos: listener(Progressed(IDENTIFY, pos - location.start)),
    ).run()
    segmentation = without_interrupted(segmentation, families, broken.read)
    tracks, pauses = timed_tracks(families, segmentation, read=broken.read, probe=probe, close_gaps=close_gaps)
    segmentation = replace(segmentation, gaps=name_gaps(segmentation.gaps, end, broken.read))
    listener(StageFinished(IDENTIFY))
    return Rescue(preparation, segmentation, tuple(tracks), tuple(pauses))
