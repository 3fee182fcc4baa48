"""Vorbis packets one after the other."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mediarescue.bitstream.columns import NEED_MORE
from mediarescue.bitstream.vorbis import _kernels as k
from mediarescue.bitstream.vorbis.setup import VorbisSetup

Int64Array = NDArray[np.int64]


class VorbisWalker:
    """Walk packets to their last bit.

    Parameters
    ----------
    setup : VorbisSetup
    """

    def __init__(self, setup: VorbisSetup) -> None:
        self.setup = setup
        self._facts = np.zeros(3, dtype=np.int64)

    def packets(
        self, buf: NDArray[np.uint8], at: int, stop: int, most: int, *, previous: int = 0
    ) -> tuple[Int64Array, int]:
        """Return up to ``most`` packets, and NEED_MORE where the next is cut off.

        Parameters
        ----------
        buf : uint8 (n,)
        at, stop, most : int
        previous : int
            1 where the block before the first one was long.

        Returns
        -------
        packets : int64 (n, 3)
            Bytes, samples, and whether the block is long.
        status : int

        Notes
        -----
        Nearly any bytes pass for packets, as all codewords mean something: beside a bit and the number of the mode,
        only the blocks that long blocks name as their neighbours have to agree. A packet lasts half of its block and
        half of the one before.
        """
        found: list[tuple[int, int, int]] = []
        before = following = -1
        while len(found) < most:
            size = int(k.packet(buf, at, stop, self.setup.table, self._facts))
            if size <= 0:
                return np.array(found, dtype=np.int64).reshape(-1, 3), NEED_MORE if size == NEED_MORE else 0
            long_block, named, after = self._facts.tolist()
            if (before >= 0 and named not in (-1, before)) or following not in (-1, long_block):
                break
            neighbour = named if named >= 0 else previous
            found.append((size, (self.setup.blocks[neighbour] + self.setup.blocks[long_block]) // 4, long_block))
            before = previous = long_block
            following = after
            at += size
        return np.array(found, dtype=np.int64).reshape(-1, 3), 0
