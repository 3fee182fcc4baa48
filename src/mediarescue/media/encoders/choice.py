"""What an encoder family is asked, and what it answers."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from mediarescue.errors import UsageError
from mediarescue.media.info import VideoInfo
from mediarescue.media.planes import native_format
from mediarescue.media.quantiser import SourceQuality
from mediarescue.options import EncodeOptions

LONGEST_KEY_DISTANCE = 250
"""Frames from one key frame to the next of x264 and x265, unless they are told."""
_LEAST_KEY_SECONDS = 4
"""With a key frame each second x264's films were a sixth larger than with its usual ones, at the same CRF."""
FINEST_MATCHING = 4.0
"""A source without any loss is not matched any further: its copy would be without loss, too, and huge."""


class UnsuitableError(Exception):
    """An encoder cannot take these pictures; ``str(error)`` is the reason as the end of a sentence."""


@dataclass(frozen=True, slots=True)
class QualityScale:
    """An encoder's own scale of constant quality; smaller numbers are finer.

    Attributes
    ----------
    finest, coarsest : float
        Ends of the scale, both allowed.
    """

    finest: float
    coarsest: float

    def checked(self, value: float, encoder: str) -> float:
        """Return ``value`` if it is on the scale; raises `UsageError` otherwise."""
        if not self.finest <= value <= self.coarsest:
            raise UsageError(
                f"--crf {value:g} is outside the scale of {encoder}: give {self.finest:g} (finest) "
                f"to {self.coarsest:g} (coarsest)"
            )
        return value

    def clamped(self, value: float) -> float:
        """Return the point of the scale nearest to ``value``."""
        return min(max(value, self.finest), self.coarsest)


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be encoded, and how.

    Attributes
    ----------
    target : str
        FFmpeg's name of the output's muxer (``"mov"``, ``"matroska"``, ``"avi"``).
    source : SourceQuality or None
        How the source is quantised, None where it is not known.
    """

    info: VideoInfo
    options: EncodeOptions
    target: str
    source: SourceQuality | None = None

    @property
    def pix_fmt(self) -> str:
        """The format in which frames come from the reader."""
        return native_format(self.info.pix_fmt)

    @property
    def interlaced(self) -> bool:
        """Whether the source's frames are two fields."""
        return self.info.field_order in ("tt", "bb", "tb", "bt")

    @property
    def top_field_first(self) -> bool:
        """Whether the field of the first line is shown first; of no meaning where the source is progressive."""
        return self.info.field_order in ("tt", "bt")

    @property
    def bits_per_pixel(self) -> float | None:
        """Bits the source spends on a pixel of a frame, None where nobody says."""
        info = self.info
        if not self.bit_rate or not info.rate:
            return None
        return float(self.bit_rate / info.rate) / (info.width * info.height)

    @property
    def source_qp(self) -> float | None:
        """The source's mean quantiser on the scale of H.264's QP, None where it is not known."""
        return None if self.source is None else self.source.qp

    @property
    def bit_rate(self) -> int | None:
        """Bits a second of the source's pictures, None where nobody says."""
        info = self.info
        if info.bit_rate:
            return info.bit_rate
        if self.source is None or not self.source.frame_bits or not info.rate:
            return None
        return round(self.source.frame_bits * info.rate)

    def key_distance(self, least: int | None = None) -> dict[str, str]:
        """Return the options for about the source's own distance of key frames, so that seeking is as quick.

        Parameters
        ----------
        least : int or None
            Frames below which key frames would cost too much; None for those of four seconds.
        """
        distance = self.info.key_distance
        if distance is None:
            return {}
        frames = max(distance, math.ceil(_LEAST_KEY_SECONDS * (self.info.rate or 0)) if least is None else least)
        return {"g": f"{frames}"} if frames < LONGEST_KEY_DISTANCE else {}

    def matching_crf(self, codec: str, below_crf: float, below_qp: float, by_activity: float, default: float) -> float:
        """Return the CRF of an encoder with adaptive quantisation that suits the source.

        Parameters
        ----------
        codec : str
            Whose encoder may have written its own CRF into the source.
        below_crf : float
            How much finer the copy of such a source is.
        below_qp, by_activity : float
            How far the CRF is under the source's mean quantiser, and by how much more for each step of activity.
        """
        source = self.source
        if source is None or source.qp is None:
            return default
        if source.crf is not None and self.info.codec == codec:
            return max(FINEST_MATCHING, source.crf - below_crf)
        return max(FINEST_MATCHING, source.qp - below_qp - by_activity * source.activity)

    def quality(self, scale: QualityScale, encoder: str, matching: float) -> float:
        """Return the constant quality as wished, else ``matching`` as far as the scale goes.

        Raises
        ------
        UsageError
            The wished one is not on the scale.
        """
        if self.options.crf is not None:
            return scale.checked(self.options.crf, encoder)
        return round(scale.clamped(matching), 1)

    def preset(self, presets: tuple[str, ...], encoder: str, default: str) -> str:
        """Return the wished preset or the default; raises `UsageError` for one the encoder does not have."""
        wished = self.options.preset
        if wished is None:
            return default
        if wished not in presets:
            raise UsageError(f"{encoder} has no preset {wished}; give one of {', '.join(presets)}")
        return wished

    def unused(self, title: str, *, crf: bool = False) -> str:
        """Say that ``--preset`` (and ``--crf``) mean nothing to an encoder; empty where they are not given.

        No error, as they may be meant for other films of a folder.
        """
        given = ["--preset"] if self.options.preset is not None else []
        if crf and self.options.crf is not None:
            given.append("--crf")
        return f"{title} has nothing to choose by {' or '.join(given)}" if given else ""


@dataclass(frozen=True, slots=True)
class Choice:
    """One encoder with its settings; the fields are those of `EncoderPlan`."""

    encoder: str
    pix_fmt: str
    options: dict[str, str] = field(default_factory=dict)
    lossless: bool = False
    notes: tuple[str, ...] = ()

    def noting(self, *notes: str) -> Choice:
        """Return the choice with more to tell, without empty sentences."""
        return replace(self, notes=self.notes + tuple(note for note in notes if note))


@dataclass(frozen=True, slots=True)
class EncoderFamily:
    """How films of one codec are encoded again.

    Attributes
    ----------
    codec : str
        FFmpeg's name of the codec that comes out.
    title : str
        The codec's name for people.
    encoders : tuple of str
        FFmpeg's names of the encoders that `choose` may choose.
    choose : callable
        The settings for a wish. Raises `UnsuitableError` where the encoder cannot take the pictures, `UsageError` for a
        ``crf`` or ``preset`` it does not know.
    selective : bool
        The encoder takes certain sizes, formats or rates only, which is found out by trying.
    """

    codec: str
    title: str
    encoders: tuple[str, ...]
    choose: Callable[[Wish], Choice]
    selective: bool = False
