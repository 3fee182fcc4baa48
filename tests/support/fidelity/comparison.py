"""All comparisons of two films in one call."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from tests.support.fidelity.boxes import compare_boxes, edit_count
from tests.support.fidelity.difference import Difference, differing_values
from tests.support.fidelity.packets import compare_containers, described
from tests.support.fidelity.pictures import compare_pictures


@dataclass(slots=True)
class Comparison:
    """What is not the same, and how near the pictures are.

    Attributes
    ----------
    differences : list of Difference
    frames : int
        Frames compared.
    psnr : tuple of float
        Of each plane over all frames, by their mean squared error, in dB; infinite where all samples are equal.
    """

    differences: list[Difference] = field(default_factory=list)
    frames: int = 0
    psnr: tuple[float, ...] = ()

    @property
    def that_matter(self) -> list[str]:
        """The differences a viewer or a program could notice, as lines."""
        return [str(difference) for difference in self.differences if difference.matters]


def compare_films(source: Path, result: Path, *, lossless: bool = True, least_psnr: float = 0.0) -> Comparison:
    """Hold ``result``, made from ``source`` by encoding its first picture track anew, against ``source``.

    Where not ``lossless`` each plane of each frame must reach ``least_psnr`` dB. Edit lists are compared by what they
    show, and (in MP4 and MOV) the media behind them too, at the media's own times.
    """
    with av.open(str(source), metadata_errors="replace") as container:
        is_isobmff = "mov" in container.format.name
        # AVI holds no times: FFmpeg guesses them from what the coding says of reordering.
        guessed_times = container.format.name == "avi"
        index = container.streams.video[0].index
        track_id, codec = container.streams[index].id, container.streams[index].codec_context.name
    several = is_isobmff and edit_count(source, track_id) > 1
    with av.open(str(result), metadata_errors="replace") as container:
        same_family = ("mov" in container.format.name) == is_isobmff
        same_codec = container.streams[index].codec_context.name == codec
    made = Comparison()
    if not same_family:
        made.differences.append(Difference("container", "another family of containers"))
    heads = [_transport_packets(path) for path in (source, result)]
    made.differences += differing_values("container", "transport stream", {"packets": heads[0]}, {"packets": heads[1]})
    for edits in (True, False) if is_isobmff else (True,):
        pictures = compare_pictures(
            source,
            result,
            index,
            edits=edits,
            lossless=lossless,
            same_codec=same_codec,
            times_from_first=guessed_times,
        )
        made.frames = max(made.frames, pictures.frames)
        if pictures.psnr.size:
            made.psnr = tuple(_of_all_frames(column) for column in pictures.psnr.T)
            low = float(pictures.psnr.min())
            if low < least_psnr:
                made.differences.append(Difference("pictures", f"PSNR of a plane is {low:.1f} dB"))
        films = described(source, edits=edits), described(result, edits=edits)
        told = compare_containers(
            *films, index, is_isobmff=is_isobmff and same_family, edits=edits, times_from_first=guessed_times
        )
        for difference in (*pictures.differences, *told):
            # Of several edits FFmpeg drops frames depending on where key frames are; the boxes tell times for sure.
            doubtful = several and edits and ("pts differs" in difference.text or "times of" in difference.text)
            difference = replace(difference, matters=difference.matters and not doubtful)
            if difference not in made.differences:
                made.differences.append(difference)
    if is_isobmff and same_family:
        made.differences += compare_boxes(source, result, track_id)
    return made


def _of_all_frames(psnr: NDArray[np.float64]) -> float:
    """Return the PSNR that belongs to the mean of the frames' squared errors; -1 where planes have no one shape."""
    if psnr.min() < 0:
        return -1.0
    error = float(np.mean(10 ** (-psnr / 10)))
    return float(-10 * np.log10(error)) if error else float("inf")


def _transport_packets(path: Path) -> int:
    """Return the size of a transport stream's packets: 192 with the time codes of Blu-ray and AVCHD, 0 for others."""
    with path.open("rb") as file:
        head = file.read(400)
    for size, first in ((188, 0), (192, 4)):
        if len(head) > first + size and head[first] == head[first + size] == 0x47:
            return size
    return 0
