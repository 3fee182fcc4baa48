"""Find out whether a file holds two recordings in turns of clusters, and how large these are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mediarescue.isobmff import ByteSource
from mediarescue.recover.clusters.chain import Chain
from mediarescue.recover.clusters.deal import Dealing, deal
from mediarescue.recover.clusters.units import Bytes, UnitReader, readable
from mediarescue.recover.families import Families
from mediarescue.recover.locate import MediaLocation

_SMALLEST, _LARGEST = 16 << 10, 1 << 20
_LOOKED_AT = 48 << 20
"""Bytes within which a chain that never breaks proves a file to be one recording."""
_TRIAL = 32 << 20
_BUFFER = 256 << 10
_JUMP_BUFFER = 4 << 10
_LARGEST_JUMP = 8 << 20
_JUMP_NATS = 30.0
_BREAKS = 40
_ENOUGH_JUMPS = 3
_FEWEST_BREAKS = 8
_SELDOM = 4
"""Breaks within a frame of sound, or a length, lead nowhere; one in four must."""
_FEWEST_RETURNS = 1
_FEWEST_UNITS = 8
_AS_GOOD = 20.0
"""Smaller clusters than the true ones explain as much, and a little more by chance."""
_SAME = 6.0
"""Clusters are counted from the start of a file on any card: others must explain more."""


@dataclass(frozen=True, slots=True)
class Interleaving:
    """How two recordings share a file.

    Attributes
    ----------
    origin : int
        Where the first cluster begins; what stands before it belongs to the first recording.
    cluster : int
        Bytes.
    dealing : Dealing
    """

    origin: int
    cluster: int
    dealing: Dealing

    def ranges(self, owner: int, size: int) -> list[tuple[int, int]]:
        """Return the byte ranges ``(offset, size)`` of one recording in a file of ``size`` bytes, in order."""
        mine = np.flatnonzero(self.dealing.owner == owner)
        firsts = mine[np.flatnonzero(np.diff(mine, prepend=-2) > 1)]
        lasts = mine[np.flatnonzero(np.diff(mine, append=mine[-1:] + 2) > 1)] if len(mine) else mine
        found = []
        for first, last in zip(firsts.tolist(), lasts.tolist(), strict=True):
            start, end = self.origin + first * self.cluster, min(self.origin + (last + 1) * self.cluster, size)
            found.append((start, end - start))
        if owner == 0 and self.origin:
            if found and found[0][0] == self.origin:
                found[0] = (0, self.origin + found[0][1])
            else:
                found.insert(0, (0, self.origin))
        return found


def find_interleaving(
    source: ByteSource,
    location: MediaLocation,
    families: Families,
    *,
    progress: Callable[[int], None] = lambda pos: None,
) -> Interleaving | None:
    """Return how two recordings share the file, None where it holds one.

    Notes
    -----
    A file of one recording is read unit by unit until it is clear that its chain does not break, and not looked at
    further: some tens of milliseconds. Where the chain breaks, it must go on a multiple of 16 KiB later.
    """
    if not readable(families) or source.size - location.start < 4 * _SMALLEST:
        return None
    chain = Chain(UnitReader(families))
    if not _breaks(chain, source, location.start):
        return None
    best = _best_trial(chain, source, location)
    if best is None:
        return None
    origin, cluster = best
    whole = _dealt(chain, source, location.start, origin, cluster, source.size, progress=progress)
    return whole if whole is not None and _is_sound(whole.dealing) else None


def _breaks(chain: Chain, source: ByteSource, pos: int) -> bool:
    """Whether the chain from ``pos`` breaks, and goes on a whole number of 16 KiB later, not too seldom.

    Notes
    -----
    Sound lies so dense in some films that a multiple of 16 KiB behind any break a frame begins now and then.
    """
    end, jumps = min(source.size, pos + _LOOKED_AT), 0
    for breaks in range(1, _BREAKS):
        pos = _followed(chain, source, pos, end)
        if pos >= end:
            break
        landed = _landing(chain, source, pos)
        jumps += landed is not None
        seldom = _SELDOM * jumps < breaks
        if (breaks >= _FEWEST_BREAKS) if seldom else (jumps >= _ENOUGH_JUMPS):
            break
        found = landed if landed is not None else _next_start(chain, source, pos + 1, end)
        if found is None:
            break
        pos = found
    return jumps > 0 and _SELDOM * jumps >= breaks


def _followed(chain: Chain, source: ByteSource, pos: int, end: int) -> int:
    """Return where the chain at ``pos`` breaks, or ``end``."""
    while pos < end:
        buf = _bytes(source, pos, _BUFFER)
        reached, _ = chain.follow(buf, 0, len(buf))
        if reached == 0:
            return pos
        pos += reached
    return end


def _landing(chain: Chain, source: ByteSource, pos: int) -> int | None:
    """Return where units go on, a multiple of 16 KiB behind ``pos``, None where they do not."""
    last = min(pos + _LARGEST_JUMP, source.size - _SMALLEST)
    return next((at for at in range(pos + _SMALLEST, last, _SMALLEST) if _proven(chain, source, at)), None)


def _proven(chain: Chain, source: ByteSource, at: int) -> bool:
    """Whether a chain that is no chance starts at ``at``, with something that is known when it is seen."""
    buf, nats = _bytes(source, at, _JUMP_BUFFER), 0.0
    if not chain.begins(buf):
        return False
    while nats < _JUMP_NATS:
        reached, more = chain.follow(buf, 0, len(buf))
        if not reached:
            return False
        nats += more
        at += reached
        buf = _bytes(source, at, _JUMP_BUFFER)
    return True


def _next_start(chain: Chain, source: ByteSource, pos: int, end: int) -> int | None:
    """Return where units go on behind a break that no whole number of clusters explains."""
    while pos < end:
        buf = _bytes(source, pos, _BUFFER)
        at = chain.first(buf)
        if at is not None:
            return pos + at
        pos += max(len(buf) - 16, 16)
    return None


def _best_trial(chain: Chain, source: ByteSource, location: MediaLocation) -> tuple[int, int] | None:
    """Return origin and size of the clusters that explain the first megabytes best, None where none do.

    Notes
    -----
    Half the true size explains as much as that: the search ends where halving no longer brings more.
    """
    origins, end = {0, location.mdat_offset or 0, location.start}, min(source.size, location.start + _TRIAL)
    best: tuple[float, int, int] | None = None
    cluster = _LARGEST
    while cluster >= _SMALLEST:
        trials = {
            origin: _dealt(chain, source, location.start, origin, cluster, end, trial=True)
            for origin in sorted({origin % cluster for origin in origins})
        }
        sound = {origin: t.dealing.nats for origin, t in trials.items() if t is not None and _is_sound(t.dealing)}
        most = max(sound.values(), default=-1.0)
        if best is not None and most <= best[0] + _AS_GOOD:
            break
        if sound:
            best = most, min(origin for origin, nats in sound.items() if nats >= most - _SAME), cluster
        cluster >>= 1
    return None if best is None else best[1:]


def _dealt(
    chain: Chain,
    source: ByteSource,
    start: int,
    origin: int,
    cluster: int,
    end: int,
    *,
    trial: bool = False,
    progress: Callable[[int], None] = lambda pos: None,
) -> Interleaving | None:
    count = max(0, -(-(end - origin) // cluster))
    dealing = deal(
        chain,
        count,
        lambda index: _bytes(source, origin + index * cluster, cluster),
        skip=max(0, start - origin),
        trial=trial,
        progress=lambda index: progress(origin + index * cluster),
    )
    return None if dealing is None else Interleaving(origin, cluster, dealing)


def _is_sound(dealing: Dealing) -> bool:
    """Whether a dealing is proved: both recordings go on where they must, again and again, and seldom do not."""
    return (
        min(dealing.units) >= _FEWEST_UNITS
        and dealing.returns >= _FEWEST_RETURNS
        and dealing.returns > 2 * dealing.lost
    )


def _bytes(source: ByteSource, offset: int, size: int) -> Bytes:
    return np.frombuffer(bytearray(source.read(offset, size)), dtype=np.uint8)
