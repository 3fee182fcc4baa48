"""The error of the bitstream parsers."""

from __future__ import annotations


class BitstreamError(ValueError):
    """The bits do not follow the syntax, or end inside it.

    Only parsers of configuration data (parameter sets, decoder configuration records) raise it; code that probes
    unknown bytes returns a negative number instead.
    """
