"""A frame as the picture, or the pictures of its planes, that other programs get; the way there and back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mediarescue.media.orientation import stored, upright
from mediarescue.media.picture_changes import differing, like
from mediarescue.media.pictures import PictureCoding, decode_picture, encode_picture
from mediarescue.media.planes import FramePlanes, Plane
from mediarescue.media.rgb import Picture, colours_of, from_picture, plane_kind, to_picture

_NAMES = {"yuv": ("Y", "Cb", "Cr", "A"), "gbr": ("G", "B", "R", "A"), "rgb": ("R", "G", "B", "A"), "grey": ("Y", "A")}


@dataclass(frozen=True, slots=True)
class FramePictures:
    """Between frames and pictures.

    Attributes
    ----------
    coding : PictureCoding
        How the pictures are written.
    bit_depth : int
        Of the pictures: 8 or 16.
    orientation : int
        EXIF's number of how the stored frame is turned to get the picture; 1 leaves it as it is.
    planes : bool
        A grey picture for each plane, with its samples as they are, instead of one in RGB.
    """

    coding: PictureCoding = field(default_factory=PictureCoding)
    bit_depth: int = 8
    orientation: int = 1
    planes: bool = False

    def endings(self, pix_fmt: str, count: int) -> tuple[str, ...]:
        """What follows the number in the names of a frame's pictures: nothing, or the names of its planes."""
        return tuple(f"_{name}" for name in _NAMES[plane_kind(pix_fmt)][:count]) if self.planes else ("",)

    def rendered(self, frame: FramePlanes) -> list[Picture]:
        """Paint the frame: one picture, or with `planes` one a plane."""
        if self.planes:
            raised = 16 - frame.bit_depth if frame.bit_depth > 8 else 0
            return [np.ascontiguousarray(self._turned(plane << raised)) for plane in frame.planes]
        picture = to_picture(frame.planes, colours_of(frame, self.bit_depth))
        return [np.ascontiguousarray(self._turned(picture))]

    def encoded(self, frame: FramePlanes) -> list[bytes]:
        """Paint the frame, as the bytes of files."""
        return [encode_picture(picture, self.coding) for picture in self.rendered(frame)]

    def merged(
        self, frame: FramePlanes, pictures: Sequence[Picture], tolerance: int, notes: set[str]
    ) -> list[Plane] | None:
        """Take over what was changed in the pictures of a frame.

        Parameters
        ----------
        pictures : sequence of NDArray
            Of the shapes that `rendered` gives; grey ones, 8 bits for 16 and the other way round, and alpha are met.
        tolerance : int
            Differences up to so many levels of 255 count as none.
        notes : set of str
            Gets what is to be said of the pictures.

        Returns
        -------
        list of NDArray or None
            New planes, those unchanged being the frame's; None where nothing is changed.
        """
        if self.planes:
            return self._merged_planes(frame, pictures, notes)
        fresh = self.rendered(frame)[0]
        if self.coding.format == "jpeg":
            fresh = decode_picture(encode_picture(fresh, self.coding), Path("picture"))
        picture = like(pictures[0], fresh, notes)
        changed = differing(picture, fresh, tolerance, notes)
        if not changed.any():
            return None
        new = from_picture(
            frame.planes,
            self._back(picture),
            self._back(changed),
            colours_of(frame, 8 if picture.dtype == np.uint8 else 16),
        )
        return [old if np.array_equal(old, plane) else plane for old, plane in zip(frame.planes, new, strict=True)]

    def _merged_planes(self, frame: FramePlanes, pictures: Sequence[Picture], notes: set[str]) -> list[Plane] | None:
        raised = 16 - frame.bit_depth if frame.bit_depth > 8 else 0
        planes: list[Plane] = []
        for old, picture in zip(frame.planes, pictures, strict=True):
            samples: Any = self._back(like(picture, old, notes)).astype(np.int32)
            if picture.dtype == np.uint8 and raised:
                notes.add("pictures of 8 bits were taken for planes of more: their fine steps are lost")
                samples = samples * 257
            elif picture.dtype == np.uint16 and not raised:
                samples = samples >> 8
            if raised:
                samples = np.minimum((samples + (1 << raised >> 1)) >> raised, (1 << frame.bit_depth) - 1)
            plane = samples.astype(old.dtype)
            planes.append(old if np.array_equal(old, plane) else plane)
        return None if all(new is old for new, old in zip(planes, frame.planes, strict=True)) else planes

    def _turned(self, plane: NDArray[Any]) -> NDArray[Any]:
        return upright(plane, self.orientation)

    def _back(self, picture: NDArray[Any]) -> NDArray[Any]:
        return np.ascontiguousarray(stored(picture, self.orientation))
