"""Whether an encoder takes pictures at all: found out by giving it one."""

from __future__ import annotations

import io

from mediarescue.media.encoded import EncoderPlan
from mediarescue.media.encoder_stream import add_stream
from mediarescue.media.encoders.available import encoder_codec, piece_container
from mediarescue.media.encoders.choice import Choice, UnsuitableError, Wish


def try_out(wish: Wish, choice: Choice) -> None:
    """Encode one picture as chosen, and decode it.

    FFmpeg lists encoders of devices that are not there, some encoders take a few sizes and rates only, and some
    formats can be written into a container but not be read from it.

    Raises
    ------
    UnsuitableError
        It cannot be done; the reason is FFmpeg's.
    """
    import av

    info = wish.info
    container = piece_container(wish.target, encoder_codec(choice.encoder))
    plan = EncoderPlan(choice.encoder, choice.pix_fmt, choice.options, container)
    frame = av.VideoFrame(info.width, info.height, choice.pix_fmt)
    frame.pts = 0
    file = io.BytesIO()
    try:
        with av.open(file, "w", format=container) as output:
            stream = add_stream(output, plan, info, frame)
            frame.time_base = stream.codec_context.time_base
            output.mux(stream.encode(frame))
            output.mux(stream.encode(None))
        file.seek(0)
        with av.open(file, "r") as written:
            next(written.decode(video=0))
    except av.error.FFmpegError as error:
        refused = f"{choice.encoder} refuses {info.width} x {info.height} {choice.pix_fmt} ({error.strerror})"
        raise UnsuitableError(refused) from error
    except (ValueError, RuntimeError, NotImplementedError, StopIteration) as error:
        raise UnsuitableError(f"{choice.encoder} refuses the pictures ({error})") from error
