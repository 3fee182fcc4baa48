"""AAC packets from PyAV, the oracle of the walk: encoded on the spot, or demuxed from a file by its own tables."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from av.error import FFmpegError
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class AacTrack:
    """A track's AudioSpecificConfig and its samples."""

    name: str
    config: bytes
    packets: tuple[bytes, ...]

    @property
    def stream(self) -> NDArray[np.uint8]:
        """All samples one behind the other."""
        return np.frombuffer(b"".join(self.packets), np.uint8).copy()


def encode_aac(
    sound: NDArray[np.float32], *, rate: int, layout: str, bit_rate: int, options: dict[str, str] | None = None
) -> AacTrack:
    """Encode float samples of shape (channels, samples) in [-1, 1]."""
    codec = av.CodecContext.create("aac", "w")
    assert isinstance(codec, av.AudioCodecContext)
    codec.sample_rate = rate
    codec.layout = layout
    codec.format = "fltp"
    codec.bit_rate = bit_rate
    codec.options = options or {}
    codec.open()
    packets: list[bytes] = []
    for start in range(0, sound.shape[1] - 1023, 1024):
        block = np.ascontiguousarray(sound[:, start : start + 1024], dtype=np.float32)
        frame = av.AudioFrame.from_ndarray(block, format="fltp", layout=layout)
        frame.sample_rate = rate
        frame.pts = start
        packets += [bytes(packet) for packet in codec.encode(frame)]
    packets += [bytes(packet) for packet in codec.encode(None)]
    assert codec.extradata is not None
    return AacTrack(f"{layout} {rate} {bit_rate}", bytes(codec.extradata), tuple(p for p in packets if p))


def aac_tracks(path: Path) -> list[AacTrack]:
    """Return the AAC tracks of a file; a broken end ends the reading."""
    tracks = []
    with av.open(str(path), metadata_errors="ignore") as container:
        for stream in container.streams.audio:
            if stream.codec_context.name != "aac" or not stream.codec_context.extradata:
                continue
            packets = []
            container.seek(0)
            try:
                for packet in container.demux(stream):
                    if packet.size:
                        packets.append(bytes(packet))
            except FFmpegError:
                pass
            tracks.append(
                AacTrack(f"{path.name} {stream.index}", bytes(stream.codec_context.extradata), tuple(packets))
            )
    return tracks


def decodes(config: bytes, data: bytes) -> bool:
    """Return whether FFmpeg's decoder takes ``data`` for a whole frame."""
    codec = av.CodecContext.create("aac", "r")
    assert isinstance(codec, av.AudioCodecContext)
    codec.extradata = config
    try:
        codec.decode(av.Packet(data))
    except FFmpegError:
        return False
    return True
