"""Pictures of HEIC and AVIF items through FFmpeg's coders, in their own samples: without a way through RGB."""

from __future__ import annotations

import io
import os
from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from mediarescue.errors import MissingDependencyError
from mediarescue.media.planes import Plane, plane_views
from mediarescue.media.stills.av_pixels import PixelsError

if TYPE_CHECKING:
    import av

_DECODERS = {b"hvc1": "hevc", b"av01": "libdav1d"}
_ENCODERS = {b"hvc1": "libx265", b"av01": "libsvtav1"}
_OPTIONS = {
    "libx265": {"crf": "14", "preset": "medium", "x265-params": "keyint=1:log-level=none:info=0"},
    "libsvtav1": {"crf": "8", "preset": "5"},
}
"""Fine enough that what did not change differs from the source by 48 dB or more, whatever the source's own quality."""

CONFIGURATIONS = {b"hvc1": b"hvcC", b"av01": b"av1C"}
"""The property that an item's decoder begins with (ISO/IEC 14496-15 8.3.2, AV1 in ISOBMFF 2.3)."""
NAMES = {b"hvc1": "HEIC", b"av01": "AVIF"}


def decode_item(kind: bytes, configuration: bytes, content: bytes) -> av.VideoFrame:
    """Decode one item; raises PixelsError where it gives no picture."""
    import av

    context: Any = av.CodecContext.create(_DECODERS[kind], "r")
    context.extradata = configuration
    # In this thread alone: a decoder with threads of its own may wait for them for ever when an error ends it.
    context.thread_count = 1
    context.options = {"err_detect": "explode"}
    try:
        frames = [*context.decode(av.Packet(content)), *context.decode(None)]
    except (av.FFmpegError, ValueError) as error:
        raise PixelsError(getattr(error, "strerror", None) or str(error)) from error
    if not frames or frames[0].is_corrupt:
        raise PixelsError("no whole picture")
    return frames[0]  # type: ignore[no-any-return]


def repaint(frame: av.VideoFrame, planes: Sequence[Plane | None]) -> None:
    """Write planes over the first rows and columns of a frame's own; None leaves one as it is."""
    frame.make_writable()
    for view, plane in zip(plane_views(frame), planes, strict=False):
        if plane is not None:
            np.copyto(view[: plane.shape[0], : plane.shape[1]], plane)


def encode_items(kind: bytes, frames: Sequence[av.VideoFrame]) -> bytes:
    """Encode pictures of one size, each for itself, to an MP4 file with one sample a picture.

    Raises
    ------
    MissingDependencyError
        The encoder is not there, or does not know the layout.
    PixelsError
        It fails.
    """
    import av

    # SVT-AV1 talks to stderr unless told not to, and listens to nothing but this.
    os.environ.setdefault("SVT_LOG", "1")
    name = _ENCODERS[kind]
    layout = frames[0].format.name
    try:
        known = [form.name for form in av.Codec(name, "w").video_formats or ()]
    except av.codec.codec.UnknownCodecError:
        known = []
    if layout not in known:
        raise MissingDependencyError(
            f"{NAMES[kind]} pictures in the layout {layout} cannot be written: this PyAV has no encoder for them; "
            "convert the photo to PNG or TIFF first"
        )
    made = io.BytesIO()
    first = frames[0]
    packets: list[Any] = []
    try:
        with av.open(made, "w", format="mp4") as container:
            stream: Any = container.add_stream(name, rate=1, options=_OPTIONS[name])
            stream.width, stream.height, stream.pix_fmt = first.width, first.height, layout
            context = stream.codec_context
            context.gop_size = 1
            context.color_range, context.colorspace = int(first.color_range), int(first.colorspace)
            context.color_primaries, context.color_trc = int(first.color_primaries), int(first.color_trc)
            for number, frame in enumerate(frames):
                frame.pts, frame.time_base, frame.pict_type = number, Fraction(1), 1
                packets += stream.encode(frame)
            packets += stream.encode(None)
            for number, packet in enumerate(packets):
                packet.pts = packet.dts = number  # x265 leaves dts to chance in films of one frame
                container.mux(packet)
    except (av.FFmpegError, ValueError) as error:
        raise PixelsError(getattr(error, "strerror", None) or str(error)) from error
    return made.getvalue()
