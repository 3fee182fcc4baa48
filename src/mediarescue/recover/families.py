"""Group the reference's tracks into families that share one syntax, and make a matcher for each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mediarescue.errors import ReferenceMismatchError
from mediarescue.recover.codecs import factory_for
from mediarescue.recover.matcher import Matcher
from mediarescue.recover.models import OrderModel
from mediarescue.recover.profile import ReferenceProfile, TrackProfile, learn_order
from mediarescue.recover.timing.telemetry.clock import TelemetryClock, learn_telemetry
from mediarescue.recover.timing.telemetry.exposure import ExposureClock, learn_exposure
from mediarescue.recover.window import MediaWindow


@dataclass(frozen=True, slots=True)
class Family:
    """Tracks whose samples look alike, and what recognises them."""

    index: int
    tracks: tuple[TrackProfile, ...]
    matcher: Matcher


@dataclass(frozen=True, slots=True)
class Families:
    """All families of a reference, how they follow each other, and the clocks in its metadata."""

    families: tuple[Family, ...]
    order: OrderModel
    telemetry: tuple[TelemetryClock, ...] = ()
    exposure: ExposureClock | None = None

    @property
    def matchers(self) -> list[Matcher]:
        """The matchers by family index."""
        return [family.matcher for family in self.families]


def grouped(parts: Sequence[TrackProfile]) -> list[list[TrackProfile]]:
    """Return the tracks of each family; raises ReferenceMismatchError when one is encrypted."""
    groups: dict[object, list[TrackProfile]] = {}
    for track in parts:
        if track.track.is_encrypted:
            raise ReferenceMismatchError(
                f"track {track.track.track_id} of the reference is encrypted; encrypted films cannot be rescued"
            )
        groups.setdefault(factory_for(track).family_key(track), []).append(track)
    return list(groups.values())


def make_families(profile: ReferenceProfile, reference: MediaWindow) -> Families:
    """Learn a matcher for each family of the reference.

    Raises
    ------
    ReferenceMismatchError
        When a track is encrypted, or no track can be understood.
    """
    parts = profile.parts
    families = []
    family_of = [0] * len(parts)
    for index, tracks in enumerate(grouped(parts)):
        for track in tracks:
            family_of[track.index] = index
        families.append(Family(index, tuple(tracks), factory_for(tracks[0])(index, tracks, reference)))
    if not families:
        raise ReferenceMismatchError("the reference has no tracks; use a file that plays")
    order = learn_order(parts, family_of, len(families))
    telemetry, exposure = learn_telemetry(profile.tracks, reference), learn_exposure(profile.tracks, reference)
    return Families(tuple(families), order, telemetry, exposure)
