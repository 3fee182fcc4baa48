"""What camera a film is of, and in which mode: what a profile says of itself in plain words."""

from __future__ import annotations

import struct
from typing import Any

from mediarescue.isobmff import Box
from mediarescue.isobmff.header import read_header
from mediarescue.recover.codecs import coded_size
from mediarescue.recover.profile import TrackProfile


def camera_name(moov: Box) -> dict[str, str] | None:
    """Return make and model where the moov tells: QuickTime's user data, or Apple's and Android's metadata keys."""
    udta = moov.find(b"udta")
    named = {}
    for child in (udta.children if udta is not None else None) or ():
        word = {b"\xa9mak": "make", b"\xa9mod": "model", b"manu": "make", b"modl": "model"}.get(child.kind)
        text = child.payload[4:] if child.kind[:1] == b"\xa9" else child.payload[6:]
        if word and text:
            named[word] = text.decode("utf-8", "replace").strip("\0 ")
    for meta in (moov.find(b"meta"), udta.find(b"meta") if udta is not None else None):
        named.update(_from_keys(meta) if meta is not None else {})
    return named or None


_KEYS = {
    b"com.apple.quicktime.make": "make",
    b"com.apple.quicktime.model": "model",
    b"com.android.manufacturer": "make",
    b"com.android.model": "model",
}


def _from_keys(meta: Box) -> dict[str, str]:
    """Read make and model from a ``meta`` box of key and value (QTFF, "Metadata")."""
    data = meta.serialize()
    found: dict[str, str] = {}
    keys, at = list[bytes](), data.find(b"keys")
    if at < 0:
        return found
    pos = at + 12
    while (header := read_header(data[pos : pos + 32], 0, limit=len(data) - pos)) and header.kind == b"mdta":
        keys.append(data[pos + 8 : pos + header.size])
        pos += header.size
    for number, key in enumerate(keys, 1):
        entry = data.find(struct.pack(">I", number), pos)
        while key in _KEYS and entry >= 0:
            size = int.from_bytes(data[entry + 4 : entry + 8], "big")
            if data[entry + 8 : entry + 12] == b"data" and 16 < size < 256:
                found[_KEYS[key]] = data[entry + 20 : entry + 4 + size].decode("utf-8", "replace").strip("\0 ")
                break
            entry = data.find(struct.pack(">I", number), entry + 1)
    return found


def track_name(track: TrackProfile) -> str:
    """Return ``"1 (video, avc1)"``."""
    return f"{track.track.track_id} ({track.kind}, {track.codec.decode('latin-1')})"


def track_mode(track: TrackProfile) -> dict[str, Any]:
    """Return a track's mode in plain words."""
    told: dict[str, Any] = {
        "track_id": track.track.track_id,
        "kind": track.kind,
        "codec": track.codec.decode("latin-1"),
        "samples": track.sample_count,
    }
    if track.kind == "video":
        size = coded_size(track) or (round(track.track.width), round(track.track.height))
        told |= {"width": size[0], "height": size[1]}
        if track.samples is not None and len(track.samples) and (ticks := int(track.samples.duration.sum())):
            told["frames_per_second"] = round(len(track.samples) * track.track.timescale / ticks, 3)
    elif track.kind == "audio" and track.track.sample_entries:
        entry = track.track.sample_entries[0].fields
        told |= {
            "sample_rate": round(entry.get("audio_sample_rate", entry.get("sample_rate", 0.0))),
            "channels": entry.get("channel_count", 0),
        }
    return told
