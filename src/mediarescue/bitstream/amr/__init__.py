"""Speech codecs of mobile phones: each frame begins with a byte that tells its type, and so its size."""

from mediarescue.bitstream.amr.frame import AMR, AMR_WB, EVRC, QCELP, SpeechCodec, SpeechSyntax

__all__ = ["AMR", "AMR_WB", "EVRC", "QCELP", "SpeechCodec", "SpeechSyntax"]
