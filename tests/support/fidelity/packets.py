"""What a container says of itself and its streams, and every packet that is not a picture of the processed stream."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import av

from tests.support.fidelity.difference import Difference, differing_rows, differing_values

_WRITERS_OWN = ("encoder", "ENCODER", "software", "DURATION", "major_brand", "minor_version", "compatible_brands")
"""Tags that muxers other than for MP4 and MOV set themselves."""


_ALIKE = (("0", "1"), ("0", "2"), ("0", "3"), ("5", "2"), ("4", "3"))
"""Field orders of FFmpeg: the second says no less than the first (0 unknown, 1 progressive, 2 and 5 show the top field
first, 3 and 4 the bottom field)."""


@dataclass(frozen=True, slots=True)
class Packet:
    """One packet: times in ticks of the stream, flags as FFmpeg tells them, a hash of the bytes."""

    pts: int | None
    dts: int | None
    duration: int | None
    size: int
    is_key: bool
    is_discarded: bool
    side_data: tuple[tuple[str, bytes], ...]
    digest: str


@dataclass(slots=True)
class Described:
    """A film as FFmpeg presents it, with the packets of each stream."""

    tags: dict[str, str]
    chapters: list[Any]
    streams: list[dict[str, Any]]
    packets: list[list[Packet]] = field(default_factory=list)


def described(path: Path, *, edits: bool) -> Described:
    """Read a film's header and all its packets."""
    with av.open(str(path), options={} if edits else {"ignore_editlist": "1"}, metadata_errors="replace") as container:
        made = Described(dict(container.metadata), list(container.chapters()), list(map(_stream, container.streams)))
        made.packets = [[] for _ in made.streams]
        for packet in container.demux():
            if packet.size or packet.pts is not None:
                made.packets[packet.stream_index].append(_packet(packet))
    return made


def _packet(packet: Any) -> Packet:
    side = tuple(sorted((part.data_type, bytes(part)) for part in packet.iter_sidedata()))
    digest = hashlib.blake2b(bytes(packet), digest_size=12).hexdigest()
    times = packet.pts, packet.dts, packet.duration
    return Packet(*times, packet.size, packet.is_keyframe, packet.is_discard, side, digest)


def _stream(stream: Any) -> dict[str, Any]:
    context, tags = stream.codec_context, dict(stream.metadata)
    values = {
        "kind": stream.type,
        "id": stream.id,
        "time base": stream.time_base,
        "start": stream.start_time,
        "duration": stream.duration,
        "samples": stream.frames,
        "disposition": int(stream.disposition),
        "codec": context.name if context else None,
        "codec tag": context.codec_tag if context else None,
        **{f"tag {key}": value for key, value in tags.items()},
    }
    if stream.type == "video":
        values["pixel aspect"] = stream.sample_aspect_ratio or context.sample_aspect_ratio
        values["field order"] = str(context.field_order)
        values["size"] = (context.width, context.height)
        for name in ("color_range", "color_primaries", "color_trc", "colorspace"):
            values[name] = int(getattr(context, name))
        if context.pix_fmt and context.pix_fmt.startswith("yuvj"):
            values["color_range"] = 2
        values["mean rate"] = stream.average_rate
    elif stream.type == "audio":
        values["sound"] = (context.sample_rate, context.layout.name, context.format and context.format.name)
    if context and stream.type != "video":
        values["extradata"] = bytes(context.extradata or b"")
    return values


def _minor_of_pictures(was: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """Return what any new coding changes of what is said of the processed stream."""
    minor = ["codec", "codec tag", "tag encoder", "tag vendor_id"]
    same_codec = was["codec"] == now["codec"]
    if (was["field order"], now["field order"]) in _ALIKE or (now["field order"] == "0" and not same_codec):
        # The frames themselves are compared one by one.
        minor.append("field order")
    if said_alike(was["color_range"], now["color_range"], same_codec=same_codec):
        minor.append("color_range")
    if (was["pixel aspect"] or 1) == (now["pixel aspect"] or 1):
        minor.append("pixel aspect")
    return minor


def said_alike(was: int, now: int, *, same_codec: bool) -> bool:
    """Whether two colour ranges are told alike: some codecs mean limited range (1) by saying nothing (0).

    H.264 and HEVC infer video_full_range_flag to be 0 (ITU-T H.264 E.2.1), which FFmpeg shows as unspecified.
    """
    return was == now or (not same_codec and (was, now) == (1, 0))


def compare_containers(
    old: Described, new: Described, processed: int, *, is_isobmff: bool, edits: bool, times_from_first: bool = False
) -> list[Difference]:
    """Compare tags, chapters, streams and packets; ``processed`` is the stream whose pictures were encoded anew.

    Of the processed stream the times of the pictures are compared, in the order in which they are shown; where edit
    lists were not applied, from the first on: a coding that reorders more may shift the media behind its edit list.
    """
    found = differing_values("container", "tag", old.tags, new.tags, () if is_isobmff else _WRITERS_OWN)
    found += differing_rows("container", "chapters", old.chapters, new.chapters)
    if len(old.streams) != len(new.streams):
        kinds = [[stream["kind"] for stream in film.streams] for film in (old, new)]
        return [*found, Difference("stream", f"streams {kinds[0]} became {kinds[1]}")]
    for index, (was, now) in enumerate(zip(old.streams, new.streams, strict=True)):
        minor = list(_WRITERS_OWN if not is_isobmff else ())
        minor = [f"tag {name}" for name in minor]
        if index == processed:
            minor += _minor_of_pictures(was, now)
            minor += [] if edits else ["start"]
        if was["samples"] < len(old.packets[index]):
            # Of films in fragments FFmpeg does not count the samples.
            minor.append("samples")
        if not is_isobmff:
            minor += ["samples", "start", "duration", "mean rate"]
        if edits or index == processed:
            found += differing_values("stream", f"{index}", was, now, minor)
        if index != processed:
            # Without edit lists FFmpeg makes up what a track does not say from the others' times; boxes tell for sure.
            if edits:
                found += differing_rows("packets", f"stream {index}", old.packets[index], new.packets[index])
            continue
        # Packets in front of what an edit shows are decoded for its sake, and begin at a key frame wherever that is.
        seen = [[p for p in film.packets[index] if not p.is_discarded] for film in (old, new)]
        times = [sorted(p.pts or 0 for p in packets) for packets in seen]
        if times_from_first or not edits:
            times = [[pts - rows[0] for pts in rows] for rows in times]
        found += differing_rows("packets", f"times of stream {index}", *times)
    return found
