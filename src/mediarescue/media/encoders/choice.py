"""What an encoder family is asked, and what it answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from mediarescue.errors import UsageError
from mediarescue.media.info import VideoInfo
from mediarescue.media.quantiser import SourceQuality
from mediarescue.options import EncodeOptions


@dataclass(frozen=True, slots=True)
class QualityScale:
    """An encoder's own scale of constant quality; smaller numbers are finer.

    Attributes
    ----------
    option : str
        What the encoder calls it, for sentences (``"crf"``).
    finest, coarsest : float
        Ends of the scale, both allowed.
    """

    option: str
    finest: float
    coarsest: float

    def checked(self, value: float, encoder: str) -> float:
        """Return ``value`` if it is on the scale; raises `UsageError` otherwise."""
        if not self.finest <= value <= self.coarsest:
            raise UsageError(
                f"--crf {value:g} is outside the scale of {encoder}: give {self.finest:g} (finest) "
                f"to {self.coarsest:g} (coarsest)."
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
    def interlaced(self) -> bool:
        """Whether the source's frames are two fields."""
        return self.info.field_order in ("tt", "bb", "tb", "bt")

    @property
    def top_field_first(self) -> bool:
        """Whether the field of the first line is shown first; of no meaning where the source is progressive."""
        return self.info.field_order in ("tt", "tb")


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
    encoder : str
        FFmpeg's name of the encoder.
    choose : callable
        The settings for a wish; raises `UsageError` for a ``crf`` or ``preset`` the encoder does not know.
    """

    encoder: str
    choose: Callable[[Wish], Choice]
