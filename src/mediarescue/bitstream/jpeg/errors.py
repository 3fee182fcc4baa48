"""What is wrong with a JPEG file, and where."""

from __future__ import annotations

from mediarescue.bitstream.errors import BitstreamError


class JpegError(BitstreamError):
    """The file is no JPEG, is damaged, or ends too early.

    Attributes
    ----------
    offset : int
        Where in the file, in bytes.
    share : float or None
        Part of the picture that lies before the damage, 0 to 1; None where that cannot be told.
    """

    def __init__(self, what: str, offset: int, share: float | None = None) -> None:
        super().__init__(f"{what} (at byte {offset})")
        self.offset = offset
        self.share = share


class UnsupportedJpegError(JpegError):
    """The file is coded in a way that is not read here: lossless, arithmetic or hierarchical."""
