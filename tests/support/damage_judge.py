"""Hold what a rescue found in a damaged film against the tables of the healthy one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mediarescue.isobmff import ByteSource
from mediarescue.recover.profile import TrackProfile, learn_reference
from mediarescue.recover.rescued_track import RescuedTrack
from tests.support.damages import Damage, Span

Sample = tuple[int, int]
"""Absolute offset and bytes."""


@dataclass(frozen=True, slots=True)
class TrackVerdict:
    """How many of a track's untouched samples were found (of constant-size sound: bytes), and what is wrong.

    ``wrong_places`` are found samples that are none; ``missed_places`` untouched ones that were not found, both as the
    damaged file has them.
    """

    index: int
    codec: str
    untouched: int
    right: int
    wrong: int
    key_errors: int
    order_errors: int
    wrong_places: tuple[Sample, ...] = ()
    missed_places: tuple[Sample, ...] = ()


def true_tracks(film: Path) -> tuple[TrackProfile, ...]:
    """Read the tables of a healthy film."""
    with ByteSource.open(film) as source:
        return learn_reference(source).tracks


def judge(truth: Sequence[TrackProfile], damage: Damage, found: Sequence[RescuedTrack]) -> list[TrackVerdict]:
    """Judge each track; a sample that was hit counts neither way where it was kept at its true place and size."""
    of = {track.profile.index: track for track in found}
    return [
        _judge_chunks(track, damage, of.get(track.index))
        if track.chunks is not None
        else _judge_samples(track, damage, of.get(track.index))
        for track in truth
    ]


def _judge_samples(truth: TrackProfile, damage: Damage, found: RescuedTrack | None) -> TrackVerdict:
    table = truth.samples
    assert table is not None
    true = list(zip(table.offset.tolist(), table.size.tolist(), strict=True))
    wanted: dict[Sample, tuple[int, int]] = {}
    neutral: set[Sample] = set(true) if damage.in_place else set()
    for number, span in enumerate(damage.spans):
        inside = (table.offset >= span.old) & (table.offset + table.size <= span.old + span.size) & (table.size > 0)
        for index in np.flatnonzero(inside).tolist():
            offset, size = true[index]
            place = (offset - span.old + span.new, size)
            if span.is_copy:
                neutral.add(place)
            else:
                wanted[place] = (index, number if damage.kind == "swap" else 0)
    if found is None:
        return TrackVerdict(truth.index, truth.codec.decode("latin-1"), len(wanted), 0, 0, 0, 0, (), tuple(wanted))
    places = list(zip(found.offset.tolist(), found.size.tolist(), strict=True))
    right = [k for k, place in enumerate(places) if place in wanted]
    wrong = tuple(place for place in places if place not in wanted and place not in neutral)
    missed = tuple(sorted(wanted.keys() - set(places)))
    key = sum(bool(found.is_sync[k]) != bool(table.is_sync[wanted[places[k]][0]]) for k in right)
    shown = table.dts + table.composition_offset
    seen = np.cumsum(found.duration) - found.duration + found.composition_offset
    order = 0
    for group in {wanted[places[k]][1] for k in right}:
        mine = [k for k in right if wanted[places[k]][1] == group]
        times = shown[[wanted[places[k]][0] for k in mine]]
        order += int((np.argsort(seen[mine], kind="stable") != np.argsort(times, kind="stable")).sum())
    codec = truth.codec.decode("latin-1")
    return TrackVerdict(truth.index, codec, len(wanted), len(right), len(wrong), key, order, wrong, missed)


def _judge_chunks(truth: TrackProfile, damage: Damage, found: RescuedTrack | None) -> TrackVerdict:
    chunks = truth.chunks
    assert chunks is not None
    length, block = len(damage.data), chunks.block
    phase = np.full(length, -1, dtype=np.int32)  # the place in its frame of each byte that is of the track
    state = np.zeros(length, dtype=np.int8)  # 0 hit, 1 untouched, 2 a copy
    for span in damage.spans:
        _mark(phase, state, span, chunks.offset.tolist(), chunks.size.tolist(), block)
    if damage.in_place:
        for offset, size in zip(chunks.offset.tolist(), chunks.size.tolist(), strict=True):
            here = slice(offset, offset + size)
            phase[here] = np.where(state[here] == 0, np.arange(size) % block, phase[here])
    untouched = int(((state == 1) & (phase >= 0)).sum())
    codec, right, wrong = truth.codec.decode("latin-1"), 0, 0
    if found is None:
        return TrackVerdict(truth.index, codec, untouched, 0, 0, 0, 0)
    wrong_places = []
    real = np.ones(len(found.size), dtype=bool) if found.stand_in is None else ~found.stand_in
    for offset, size in zip(found.offset[real].tolist(), found.size[real].tolist(), strict=True):
        here = slice(offset, offset + size)
        fits = phase[here] == np.arange(size) % block
        right += int((fits & (state[here] == 1)).sum())
        bad = int((~fits & (state[here] != 0)).sum())
        if bad:
            wrong += bad
            wrong_places.append((offset, size))
    return TrackVerdict(truth.index, codec, untouched, right, wrong, 0, 0, tuple(wrong_places))


def _mark(
    phase: np.ndarray[tuple[int], np.dtype[np.int32]],
    state: np.ndarray[tuple[int], np.dtype[np.int8]],
    span: Span,
    offsets: list[int],
    sizes: list[int],
    block: int,
) -> None:
    """Write down where the span's bytes lie in the frames of a track's chunks."""
    state[span.new : span.new + span.size] = 2 if span.is_copy else 1
    for offset, size in zip(offsets, sizes, strict=True):
        first, last = max(offset, span.old), min(offset + size, span.old + span.size)
        if first < last:
            place = first - span.old + span.new
            phase[place : place + last - first] = np.arange(first - offset, last - offset) % block
