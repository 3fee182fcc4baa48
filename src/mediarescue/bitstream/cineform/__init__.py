"""CineForm (the bitstream SMPTE ST 2073, VC-5, grew out of): tags and values, chunks and bands."""

from mediarescue.bitstream.cineform.sample import CineFormSyntax, picture_size

__all__ = ["CineFormSyntax", "picture_size"]
