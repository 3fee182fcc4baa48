"""The floor for the media core: PyAV's own loop from decoder to x264: ``plain_loop.py IN OUT CRF PRESET``.

Only the pictures are written; sound, times, tags and all the rest are left out, which is what the core adds.
"""

import sys

import av


def main(source: str, target: str, crf: str, preset: str) -> None:
    with av.open(source) as given, av.open(target, "w") as made:
        video = given.streams.video[0]
        video.thread_type = "AUTO"
        out = made.add_stream("libx264", rate=video.average_rate, options={"crf": crf, "preset": preset})
        out.width, out.height, out.pix_fmt = video.width, video.height, video.pix_fmt
        out.thread_type = "AUTO"  # else x264 cuts each picture into slices, which no film is encoded with
        if video.time_base:
            out.codec_context.time_base = video.time_base
        for frame in given.decode(video):
            frame.pict_type = 0
            for packet in out.encode(frame):
                made.mux(packet)
        for packet in out.encode(None):
            made.mux(packet)


if __name__ == "__main__":
    main(*sys.argv[1:])
