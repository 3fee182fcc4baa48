"""Parse and build the payload of every declared box; `LAYOUTS` maps a box type to its declaration."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import construct as c

from mediarescue.isobmff.boxes import extensions, media, movie, protection, sample_entry, sample_table, track
from mediarescue.isobmff.errors import BoxError

LAYOUTS: dict[bytes, Any] = {
    b"ftyp": movie.FileType,
    b"styp": movie.FileType,
    b"mvhd": movie.MovieHeader,
    b"mehd": movie.MovieExtendsHeader,
    b"trex": movie.TrackExtends,
    b"tkhd": track.TrackHeader,
    b"elst": track.EditList,
    b"mdhd": media.MediaHeader,
    b"hdlr": media.Handler,
    b"vmhd": media.VideoMediaHeader,
    b"smhd": media.SoundMediaHeader,
    b"nmhd": media.NullMediaHeader,
    b"gmin": media.BaseMediaInformation,
    b"url ": media.DataEntry,
    b"urn ": media.DataEntry,
    b"alis": media.DataEntry,
    b"stsd": sample_entry.SampleDescription,
    b"dref": sample_entry.SampleDescription,
    b"stts": sample_table.TimeToSample,
    b"ctts": sample_table.CompositionOffset,
    b"cslg": sample_table.CompositionToDecode,
    b"stss": sample_table.SyncSample,
    b"stps": sample_table.PartialSyncSample,
    b"stsc": sample_table.SampleToChunk,
    b"stsz": sample_table.SampleSize,
    b"stz2": sample_table.CompactSampleSize,
    b"stco": sample_table.ChunkOffset,
    b"co64": sample_table.ChunkLargeOffset,
    b"sbgp": sample_table.SampleToGroup,
    b"sgpd": sample_table.SampleGroupDescription,
    b"frma": protection.OriginalFormat,
    b"schm": protection.SchemeType,
    b"pasp": extensions.PixelAspectRatio,
    b"btrt": extensions.BitRate,
    b"colr": extensions.Colour,
    **dict.fromkeys(track.TRACK_REFERENCES, track.TrackReference),
    **dict.fromkeys(sample_entry.VISUAL_ENTRIES, sample_entry.VisualSampleEntry),
    **dict.fromkeys(sample_entry.AUDIO_ENTRIES, sample_entry.AudioSampleEntry),
}
"""Box type -> construct declaration of its payload. Sample entries of other codings: `entry_layout`."""


def entry_layout(kind: bytes, handler: bytes) -> Any:
    """Return the declaration of a sample entry of any coding; the handler type decides, then the coding."""
    return {
        "video": sample_entry.VisualSampleEntry,
        "audio": sample_entry.AudioSampleEntry,
        "other": sample_entry.GenericSampleEntry,
    }[sample_entry.entry_media(kind, handler)]


def parse_payload(kind: bytes, payload: bytes, *, layout: Any = None, offset: int = -1) -> Any:
    """Parse a box's payload (what follows the header) by its declaration.

    Parameters
    ----------
    kind : bytes
    payload : bytes
    layout : Construct, optional
        Another declaration than that of ``kind`` (see `entry_layout`).
    offset : int
        Absolute offset of the box, for the message.

    Returns
    -------
    Container
        The fields by name, as attributes and items; table rows as read-only numpy arrays in big-endian dtypes.

    Raises
    ------
    BoxError
        The payload is too short for its fields or its entry count.
    KeyError
        The box type is not declared.
    """
    layout = LAYOUTS[kind] if layout is None else layout
    try:
        return layout.parse(payload)
    except (c.ConstructError, ValueError, OverflowError) as error:
        reason = str(error).splitlines()[-1]
        raise BoxError(f"the {kind.decode('latin-1')} box cannot be read: {reason}", offset=offset) from None


def build_payload(kind: bytes, values: Mapping[str, Any], *, layout: Any = None) -> bytes:
    """Build the payload of a box from its fields: the inverse of `parse_payload`.

    Raises BoxError where a value does not fit its field, KeyError where the box type is not declared.
    """
    layout = LAYOUTS[kind] if layout is None else layout
    try:
        built: bytes = layout.build(values)
    except (c.ConstructError, ValueError, OverflowError, KeyError) as error:
        reason = str(error).splitlines()[-1]
        raise BoxError(f"the {kind.decode('latin-1')} box cannot be built: {reason}") from None
    return built
