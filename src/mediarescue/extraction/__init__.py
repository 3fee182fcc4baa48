"""Tracks as files of their own: the elementary streams that players and other tools read without a container."""

from __future__ import annotations

from collections.abc import Callable

from mediarescue.bitstream.errors import BitstreamError
from mediarescue.extraction.adts import adts_stream
from mediarescue.extraction.form import NoStreamFormError, StreamForm
from mediarescue.extraction.media_track import MediaTrack
from mediarescue.extraction.nal_streams import h264_stream, hevc_stream
from mediarescue.extraction.plain_streams import amr_stream, flac_stream, ivf_stream, obu_stream, visual_stream
from mediarescue.extraction.wave import wave_stream
from mediarescue.registry import Registry

StreamMaker = Callable[[MediaTrack], StreamForm]


def _as_it_is(suffix: str) -> StreamMaker:
    """Make streams whose samples carry their own headers."""
    return lambda track: StreamForm(suffix)


STREAMS: Registry[StreamMaker] = Registry("elementary stream")
STREAMS.add("avc1", "avc3", "dva1", "dvav", entry=h264_stream)
STREAMS.add("hvc1", "hev1", "dvh1", "dvhe", entry=hevc_stream)
STREAMS.add("mp4a.40", "mp4a.66", "mp4a.67", "mp4a.68", entry=adts_stream)
STREAMS.add("mp4a.69", "mp4a.6b", ".mp3", "ms\0U", entry=_as_it_is(".mp3"))
STREAMS.add("ac-3", "sac3", "mp4a.a5", entry=_as_it_is(".ac3"))
STREAMS.add("ec-3", "mp4a.a6", entry=_as_it_is(".eac3"))
STREAMS.add("dtsc", "dtsh", "dtsl", "dtse", "mp4a.a9", entry=_as_it_is(".dts"))
STREAMS.add("samr", "sawb", entry=amr_stream)
STREAMS.add("fLaC", entry=flac_stream)
STREAMS.add(
    "sowt", "twos", "raw ", "NONE", "in24", "in32", "fl32", "fl64", "lpcm", "ipcm", "fpcm", "ulaw", "alaw",
    entry=wave_stream,
)  # fmt: skip
STREAMS.add("mp4v", "mp4v.20", entry=visual_stream)
STREAMS.add(*(f"mp4v.{kind}" for kind in ("60", "61", "62", "63", "64", "65", "6a")), entry=visual_stream)
STREAMS.add("m2v1", "mp2v", *(f"xdv{kind}" for kind in "123456789abcdef"), entry=_as_it_is(".m2v"))
STREAMS.add("s263", "h263", entry=_as_it_is(".h263"))
STREAMS.add("jpeg", "mjpa", "mp4v.6c", entry=_as_it_is(".mjpeg"))
STREAMS.add("dvc ", "dvcp", "dvpp", "dv5n", "dv5p", "dvh5", "dvh6", entry=_as_it_is(".dv"))
STREAMS.add("av01", entry=obu_stream)
STREAMS.add("vp08", "vp09", entry=ivf_stream)
STREAMS.add("gpmd", entry=_as_it_is(".gpmf"))


def stream_form(track: MediaTrack) -> tuple[StreamForm, str]:
    """Return how a track is written as a file of its own, and why it is raw where it has no better form.

    The raw form is the samples one behind the other, with a table of where each begins.
    """
    make = STREAMS.get(track.codec)
    why = ""
    if make is not None:
        try:
            return make(track), ""
        except (NoStreamFormError, BitstreamError) as error:
            why = str(error)
    return StreamForm(".bin", framed=False), why


__all__ = ["STREAMS", "MediaTrack", "NoStreamFormError", "StreamForm", "stream_form"]
