"""What an export makes of a film: depth, orientation, tags, and what is to be said of them."""

from __future__ import annotations

from mediarescue.errors import UsageError
from mediarescue.media.display_matrix import frame_orientation
from mediarescue.media.info import VideoInfo
from mediarescue.media.orientation import upright_size
from mediarescue.media.pictures import PictureCoding
from mediarescue.media.planes import FramePlanes
from mediarescue.media.rgb import colours_of
from mediarescue.options import FramesExportOptions
from mediarescue.pipeline.frame_pictures import FramePictures

_UNSPECIFIED = 2
_PQ, _HLG = 16, 18
_USUAL_PRIMARIES = (1, 2, 5, 6)
"""Those whose pictures programs that know no colour tags show as they should be, or nearly so."""


def check_options(options: FramesExportOptions) -> None:
    """Raise UsageError where options contradict each other."""
    if options.planes and options.format == "jpeg":
        raise UsageError("planes keep every sample, which JPEG cannot; use --format png or tiff")
    if options.planes and options.depth is not None:
        raise UsageError("planes come in the depth of the film; leave --depth out")
    if options.depth == 16 and options.format == "jpeg":
        raise UsageError("JPEG has 8 bits a channel; use --format png or tiff for 16")
    if options.depth not in (None, 8, 16):
        raise UsageError(f"pictures have 8 or 16 bits a channel, not {options.depth}")
    for low, high in ((options.start, options.end), (options.first, options.last)):
        if low is not None and high is not None and low > high:
            raise UsageError(f"the part that is asked for ends before it begins ({low} to {high})")


def pictures_of(frame: FramePlanes, info: VideoInfo, options: FramesExportOptions) -> FramePictures:
    """Decide by a film's first frame how its pictures are made."""
    deep = info.bit_depth > 8 and options.format != "jpeg"
    orientation = 1 if options.as_stored else frame_orientation(frame) or 1
    aspect = info.sample_aspect_ratio if info.sample_aspect_ratio not in (None, 1) else None
    if aspect is not None and upright_size(1, 2, orientation) != (1, 2):
        aspect = 1 / aspect
    color = frame.color
    unusual = color.primaries not in _USUAL_PRIMARIES or color.transfer in (_PQ, _HLG)
    known = _UNSPECIFIED not in (color.primaries, color.transfer)
    depth = (16 if deep else 8) if options.depth is None else options.depth
    return FramePictures(
        coding=PictureCoding(
            format=options.format.value,
            quality=options.quality,
            compression=options.compression,
            aspect=aspect,
            cicp=(color.primaries, color.transfer) if unusual and known and not options.planes else None,
        ),
        bit_depth=depth,
        orientation=orientation,
        planes=options.planes,
    )


def notes_of(
    frame: FramePlanes, info: VideoInfo, pictures: FramePictures, options: FramesExportOptions
) -> tuple[str, ...]:
    """Say what whoever works on the pictures should know."""
    notes = []
    color = frame.color
    turned = frame_orientation(frame)
    if turned is None:
        notes.append("the film asks to be shown slanted: the pictures are as they are stored")
    elif turned != 1:
        notes.append(
            "the pictures are as they are stored, not upright"
            if options.as_stored
            else "the pictures are upright; the import turns them back as the film stores them"
        )
    if pictures.coding.aspect is not None:
        notes.append(f"pixels are not square ({pictures.coding.aspect}): the pictures hold them as they are")
    if options.planes:
        return tuple(notes)
    colours = colours_of(frame, 8)
    if colours.kind == "yuv" and color.matrix == _UNSPECIFIED:
        name = {1: "BT.709", 9: "BT.2020"}.get(colours.matrix, "BT.601")
        notes.append(f"the film does not say how its colours are coded: {name} was taken, as players do")
    if color.transfer in (_PQ, _HLG):
        name = "PQ" if color.transfer == _PQ else "HLG"
        tagged = "the pictures say so (cICP)" if options.format == "png" else "tell your program, the files cannot"
        notes.append(f"the pictures are HDR ({name}, BT.2020 numbers as they are): {tagged}; keep the colour space")
    elif color.primaries not in _USUAL_PRIMARIES and options.format != "png":
        notes.append("the film has a wide gamut, which JPEG and TIFF do not say here; PNG does")
    if info.bit_depth > 8 and (options.format == "jpeg" or options.depth == 8):
        notes.append(f"the film has {info.bit_depth} bits, the pictures 8: changed places lose their fine steps")
    if len(frame.planes) > colours.channels:
        notes.append("transparency is not in the pictures; it stays in the film")
    return tuple(notes)
