"""What a film says of its pictures before any is decoded."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path


@dataclass(frozen=True, slots=True)
class ColorTags:
    """How numbers become colours; the code points of ITU-T H.273 (2 means unspecified), ``range`` as FFmpeg counts it.

    Attributes
    ----------
    range : int
        0 unspecified, 1 limited (MPEG), 2 full (JPEG).
    primaries, transfer, matrix : int
        ITU-T H.273 8.1, 8.2 and 8.3.
    """

    range: int = 0
    primaries: int = 2
    transfer: int = 2
    matrix: int = 2


@dataclass(frozen=True, slots=True)
class VideoInfo:
    """A film's picture track as its container and codec describe it.

    Attributes
    ----------
    container : str
        FFmpeg's name of the format that reads it (``"mov,mp4,m4a,3gp,3g2,mj2"``, ``"matroska,webm"``).
    stream_index, stream_id : int
        FFmpeg's number of the stream, and the id in the file (in MP4 and MOV the track_ID).
    codec, codec_tag : str
        FFmpeg's name of the codec (``"h264"``) and the four characters of the sample entry or the like.
    profile : str or None
        FFmpeg's name of the codec's profile.
    width, height : int
        Of the decoded picture, in luma samples, before rotation.
    bit_depth : int
        Of a luma sample.
    time_base : Fraction
        Seconds of a tick.
    rate : Fraction or None
        Mean frames a second.
    frame_count : int
        As the container says, 0 where it does not.
    bit_rate : int or None
        Of the picture track, bits a second.
    sample_aspect_ratio : Fraction or None
        Width by height of a pixel, None where nothing is said.
    field_order : str
        ``"progressive"``, ``"tt"``, ``"bb"``, ``"tb"``, ``"bt"`` as FFmpeg names them, or ``"unknown"``.
    is_isobmff : bool
        An MP4, MOV or 3GP file, whose boxes mediarescue writes itself.
    frame_side_data : tuple of str
        What the first frame says beside its picture, by PyAV's names.
    key_distance : int or None
        Frames from one key frame to the next on average, as the index says; None where it does not, or where there is
        one key frame only.
    """

    path: Path
    container: str
    stream_index: int
    stream_id: int
    codec: str
    codec_tag: str
    profile: str | None
    width: int
    height: int
    pix_fmt: str
    bit_depth: int
    time_base: Fraction
    rate: Fraction | None
    frame_count: int
    duration_seconds: float | None
    bit_rate: int | None
    has_b_frames: bool
    sample_aspect_ratio: Fraction | None
    color: ColorTags
    field_order: str
    is_isobmff: bool
    frame_side_data: tuple[str, ...] = ()
    key_distance: int | None = None


def library_versions() -> dict[str, str]:
    """Return the versions of PyAV and of the parts of FFmpeg: what decides how a film is decoded and encoded."""
    import av

    parts = {name: ".".join(map(str, numbers)) for name, numbers in av.library_versions.items()}
    return {"av": av.__version__} | parts
