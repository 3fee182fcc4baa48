"""A quick look over a file before work begins."""

from __future__ import annotations

from mediarescue.isobmff import ByteSource

_PLACES = 512
_BLOCK = 4096
_READ = 1 << 20


def zero_fraction(source: ByteSource, start: int = 0) -> float:
    """Return the part of a file that is zeros from ``start`` on, estimated at 512 places.

    Exactly 1.0 only where all bytes of the file are zero.
    """
    size = source.size - start
    if size <= _PLACES * _BLOCK:
        blocks = [source.read(at, _BLOCK) for at in range(start, source.size, _BLOCK)]
        return sum(not any(block) for block in blocks) / max(len(blocks), 1)
    step = (size - _BLOCK) // (_PLACES - 1)
    zeros = sum(not any(source.read(start + place * step, _BLOCK)) for place in range(_PLACES))
    if zeros == _PLACES and not _all_zero(source):
        return (_PLACES - 1) / _PLACES
    return zeros / _PLACES


def _all_zero(source: ByteSource) -> bool:
    nothing, at = bytes(_READ), 0
    while (at := source.next_data(at)) < source.size:
        block = source.read(at, len(nothing))
        if not block:
            break
        if block != nothing[: len(block)]:
            return False
        at += len(block)
    return True


def written_end(source: ByteSource) -> int:
    """Return where the zeros at the end of the file begin; its size where there are few of them.

    Space that was reserved, or whose bytes were lost with the power, reads as zeros: what an index places there was
    never written.
    """
    end, step = source.size, _READ
    while end > 0:
        at = max(end - step, 0)
        if source.next_data(at) >= end:  # a hole of a sparse file: nothing of it has to be read
            end, step = at, 2 * step
        elif step > _READ:
            step //= 2
        else:
            block = source.read(at, end - at).rstrip(b"\0")
            end = at + len(block)
            if block:
                break
    return end if source.size - end >= _BLOCK else source.size
