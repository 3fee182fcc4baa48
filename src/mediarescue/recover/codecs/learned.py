"""Tracks of codecs we do not parse: known by the bytes, sizes and lengths the reference's samples share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from mediarescue.recover.codecs.learned_matcher import LearnedMatcher, SampleKind
from mediarescue.recover.codecs.unknown import UnknownMatcher
from mediarescue.recover.matcher import Matcher
from mediarescue.recover.models import LengthField, LengthModel, Signature, read_heads
from mediarescue.recover.profile import TrackProfile
from mediarescue.recover.window import MediaWindow

_LEARNED_SAMPLES = 2000
_MOST_KINDS = 16
_ENOUGH_SAMPLES = 8
_FEW_SIZES = 2


class LearnedFactory:
    """Make a matcher for any track out of its samples alone."""

    def family_key(self, track: TrackProfile) -> object:
        """Every such track is a family of its own."""
        return ("learned", track.index)

    def __call__(self, family: int, tracks: Sequence[TrackProfile], reference: MediaWindow) -> Matcher:
        """Learn signature, sizes and length field from up to 2000 samples spread over the reference.

        Notes
        -----
        Coded pictures and sound of an unknown codec are mostly noise: chance looks like them. They are left alone
        unless each sample tells its size, or all are of a size or two.
        """
        samples = tracks[0].samples
        if samples is None or not len(samples):
            return LearnedMatcher(family, (), LengthModel(()), None)
        step = max(1, len(samples) // _LEARNED_SAMPLES)
        offsets, sizes = samples.offset[::step].tolist(), samples.size[::step].tolist()
        kept = [(offset, size) for offset, size in zip(offsets, sizes, strict=True) if size > 0]
        offsets, sizes = [offset for offset, _ in kept], [size for _, size in kept]
        heads = read_heads(reference, offsets, sizes)
        length_field = LengthField.learn(heads, sizes) if heads else None
        kinds, lengths = _kinds(heads, sizes, length_field), LengthModel(samples.size.tolist())
        if tracks[0].kind in ("video", "audio") and not _is_telling(kinds, length_field):
            return UnknownMatcher(int(tracks[0].runs()[1].max()))
        return LearnedMatcher(family, kinds, lengths, length_field)


def _is_telling(kinds: tuple[SampleKind, ...], length_field: LengthField | None) -> bool:
    """Whether what the samples have in common finds their borders, and not only such as look like them."""
    seen = sum(kind.count for kind in kinds)
    if seen < _ENOUGH_SAMPLES:
        return False
    if length_field is not None:
        return True
    return all(kind.size and (len(kinds) <= _FEW_SIZES or kind.signature.strong) for kind in kinds)


def _kinds(heads: list[bytes], sizes: list[int], length_field: LengthField | None) -> tuple[SampleKind, ...]:
    """Sort the samples by size where few sizes come again and again; one kind for all of them otherwise."""
    counts = Counter(sizes)
    if length_field is not None or len(counts) > _MOST_KINDS:
        general = SampleKind(0, Signature.learn(heads), len(sizes))
        return (general,)
    return tuple(
        SampleKind(size, Signature.learn([head for head, s in zip(heads, sizes, strict=True) if s == size]), count)
        for size, count in counts.most_common()
    )
