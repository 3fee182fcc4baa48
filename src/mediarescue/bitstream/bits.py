"""A bit reader for parameter sets: small data, read once, so in plain Python."""

from __future__ import annotations

from mediarescue.bitstream.errors import BitstreamError


class BitReader:
    """Read big-endian bits from an RBSP (ISO/IEC 14496-10 7.2, ISO/IEC 23008-2 7.2).

    Parameters
    ----------
    rbsp : bytes
        Payload without emulation prevention bytes; see :func:`mediarescue.bitstream.nal.unescape_rbsp`.

    Notes
    -----
    Every method raises BitstreamError where the data ends inside the value.
    """

    def __init__(self, rbsp: bytes) -> None:
        self._value = int.from_bytes(rbsp, "big")
        self._size = 8 * len(rbsp)
        self._pos = 0
        stop_bit = (self._value & -self._value).bit_length() - 1
        self._data_end = self._size - stop_bit - 1 if self._value else 0

    @property
    def pos(self) -> int:
        """Bits read so far."""
        return self._pos

    def u(self, count: int) -> int:
        """Return the next ``count`` bits as an unsigned number, u(n)."""
        end = self._pos + count
        if end > self._size:
            raise BitstreamError(f"the data ends after {self._size} bits, {end} are needed")
        self._pos = end
        return (self._value >> (self._size - end)) & ((1 << count) - 1)

    def flag(self) -> bool:
        """Return the next bit, u(1)."""
        return self.u(1) == 1

    def ue(self) -> int:
        """Return an unsigned Exp-Golomb value, ue(v) (clause 9.1); at most 2**32 - 2."""
        zeros = 0
        while not self.u(1):
            zeros += 1
            if zeros > 32:
                raise BitstreamError(f"an Exp-Golomb code with more than 32 leading zeros at bit {self._pos}")
        return (1 << zeros) - 1 + self.u(zeros)

    def se(self) -> int:
        """Return a signed Exp-Golomb value, se(v) (clause 9.1.1)."""
        code = self.ue()
        return (code + 1) // 2 if code % 2 else -(code // 2)

    def bounded_ue(self, name: str, maximum: int) -> int:
        """Return ue(v), and raise BitstreamError naming the field where it is above ``maximum``."""
        value = self.ue()
        if value > maximum:
            raise BitstreamError(f"{name} is {value}, at most {maximum} is allowed")
        return value

    def skip(self, count: int) -> None:
        """Step over ``count`` bits."""
        self.u(count)

    def more_rbsp_data(self) -> bool:
        """Return whether bits are left before the trailing stop bit."""
        return self._pos < self._data_end
