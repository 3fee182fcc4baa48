"""MPEG-1 and MPEG-2 video (ISO/IEC 11172-2, ISO/IEC 13818-2): pictures found to their last bit."""

from mediarescue.bitstream.mpeg2.headers import Headers, Picture, Sequence, read_headers
from mediarescue.bitstream.mpeg2.picture import Mpeg2Syntax, first_sequence

__all__ = ["Headers", "Mpeg2Syntax", "Picture", "Sequence", "first_sequence", "read_headers"]
