"""DV, DVCPRO, DVCPRO50 and DVCPRO HD (IEC 61834, SMPTE ST 314 and ST 370): frames of DIF sequences."""

from mediarescue.bitstream.dv.frame import DvSyntax, learn_dv

__all__ = ["DvSyntax", "learn_dv"]
