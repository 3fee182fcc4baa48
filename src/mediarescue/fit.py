"""Whether a reference fits: what a search found, held against what a fitting one would find."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mediarescue.checking.decode import decoded_fraction, readable_fraction
from mediarescue.errors import InputError, NothingRecoverableError, ReferenceMismatchError
from mediarescue.isobmff import ByteSource
from mediarescue.recover.candidate import CUT_SHORT, Segmentation
from mediarescue.recover.codecs import coded_size, is_supported
from mediarescue.recover.codecs.nal_matcher import own_configuration
from mediarescue.recover.profile import TrackProfile
from mediarescue.recover.rescued_track import RescuedTrack
from mediarescue.recover.run import Rescue
from mediarescue.recover.survey import zero_fraction

_PROBED = 4
_NEARLY_ALL = 0.97
_ENOUGH_TO_JUDGE = 2
_MOSTLY_THERE = 0.9
_HARDLY_ANY = 0.05
_READ = 12
_SOME = 0.25
_PICTURE_BEGUN = 64
"""Bytes at the end of the media that may be the first picture, begun; fewer may be what is left of a frame of PCM."""


def decoded(track: TrackProfile, sample: bytes) -> float | None:
    """Return which part of a sync sample decodes with a track's parameter sets."""
    size = coded_size(track)
    return None if size is None else decoded_fraction(track.codec, own_configuration(track), sample, size)


def check_fit(source: ByteSource, rescue: Rescue) -> None:
    """Refuse a result that a fitting reference would not give."""
    preparation = rescue.preparation
    reference_video = [t for t in preparation.profile.tracks if t.kind == "video"]
    videos = [track for track in rescue.tracks if track.profile.kind == "video"]
    gaps = rescue.segmentation.gaps
    damaged = not all(gap.expected for gap in gaps)
    cut = max((gap.size for gap in gaps if gap.reason == CUT_SHORT), default=0)
    cut_at_once = cut > 0 and not damaged
    begun = cut_at_once and cut >= _PICTURE_BEGUN
    if not rescue.tracks or (reference_video and not videos and not begun):
        codecs = ", ".join(t.codec.decode("latin-1") for t in preparation.profile.tracks)
        if preparation.location.mdat_offset is None and not rescue.tracks:
            raise InputError(
                f"{source.path} is no MP4 or MOV file: there is no media data box (mdat) in it, "
                f"and no sample of the reference's tracks ({codecs})"
            )
        if (cut_at_once and not rescue.tracks) or zero_fraction(source) > 0.95 or source.size < 4096:
            raise NothingRecoverableError(
                f"{source.path} holds no whole sample of the reference's tracks ({codecs}); nothing was written"
            )
        heard = [] if reference_video else [t for t in preparation.profile.tracks if t.kind == "audio"]
        unknown = [t.codec.decode("latin-1") for t in reference_video or heard if not is_supported(t)]
        if unknown:
            raise ReferenceMismatchError(
                f"{'video' if reference_video else 'sound'} of the codec {', '.join(unknown)} is not supported: "
                f"no {'picture' if reference_video else 'sample'} was found in {source.path}, "
                "and another reference will not help"
            )
        raise ReferenceMismatchError(
            f"the reference does not fit: nothing in {source.path} reads as its "
            f"{'video' if rescue.tracks else 'tracks'} ({codecs}); use a file of the same camera in the same mode"
        )
    if not videos:
        _check_not_by_chance(source, rescue.segmentation)
    whole = rescue.segmentation.recovered_bytes > _MOSTLY_THERE * (rescue.segmentation.end - rescue.segmentation.start)
    for track in videos:
        alone = track.is_independent
        if alone is None:
            continue
        if not alone.any() and not whole and not reads_on(source, track, 0):
            raise ReferenceMismatchError(
                f"the reference does not fit: {source.path} has no key frame that its settings read; "
                "use a file of the same camera in the same mode"
            )
        alone = alone & (track.description_index == track.profile.entry)
        if alone.any() and not (whole and damaged and int(alone.sum()) < _ENOUGH_TO_JUDGE):
            _check_pictures(source, track, np.flatnonzero(alone), damaged=damaged)


def check_trial(source: ByteSource, trial: Rescue) -> None:
    """Refuse a reference that reads little of the first megabytes, before all the rest is searched."""
    segmentation = trial.segmentation
    size = segmentation.end - segmentation.start
    if segmentation.recovered_bytes + _zeros(source, segmentation) < size // 2:
        check_fit(source, trial)


def _zeros(source: ByteSource, segmentation: Segmentation) -> int:
    """Return the bytes of the gaps that begin with zeros."""
    return sum(gap.size for gap in segmentation.gaps if not any(source.read(gap.offset, min(gap.size, 1 << 16))))


def _check_not_by_chance(source: ByteSource, segmentation: Segmentation) -> None:
    """Refuse a few bytes that read as something, where no picture tells the right reference from a wrong one."""
    media = segmentation.end - segmentation.start - _zeros(source, segmentation)
    media -= sum(gap.size for gap in segmentation.gaps if gap.expected)
    if segmentation.recovered_bytes < _HARDLY_ANY * media:
        raise ReferenceMismatchError(
            f"the reference does not fit: only {segmentation.recovered_bytes} of {media} bytes in {source.path} "
            "read as its tracks; use a file of the same camera in the same mode"
        )


def _check_pictures(source: ByteSource, track: RescuedTrack, keys: NDArray[np.int64], *, damaged: bool) -> None:
    """Decode a few key frames: parameter sets of another mode give no picture, though the samples parse."""
    profile, verdicts = track.profile, dict[int, float]()
    for index in keys[:: max(1, len(keys) // _PROBED)][:_PROBED].tolist():
        places = zip(track.offset[index : index + 2].tolist(), track.size[index : index + 2].tolist(), strict=True)
        sample, *following = [source.read(offset, size) for offset, size in places]
        verdict = decoded(profile, sample)
        if verdict == 0 and following:  # where each field is its own sample, a picture takes two
            verdict = decoded(profile, sample + following[0])
        if verdict is not None:
            verdicts[index] = verdict
            if verdict >= _NEARLY_ALL:
                return
    if not verdicts or ((damaged or len(verdicts) == 1) and any(reads_on(source, track, index) for index in verdicts)):
        return  # where the key pictures are damaged, those that build on them tell
    codec, (width, height) = profile.codec.decode("latin-1"), coded_size(profile) or (0, 0)
    raise ReferenceMismatchError(
        f"the reference does not fit: key frames of {source.path} give no whole picture with its settings "
        f"({codec} {width}x{height}); use a file of the same camera with the same frame size and mode"
    )


def reads_on(source: ByteSource, track: RescuedTrack, first: int) -> bool:
    """Whether pictures from ``first`` on, or behind it, read with the track's settings."""
    places = zip(track.offset[first : first + _READ].tolist(), track.size[first : first + _READ].tolist(), strict=True)
    samples = [source.read(offset, size) for offset, size in places]
    part = readable_fraction(track.profile.codec, own_configuration(track.profile), samples)
    return part is not None and part >= _SOME
