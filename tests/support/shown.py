"""What a player would show of a file: nothing may be hidden by an edit list that ends too early."""

from __future__ import annotations

from pathlib import Path

from tests.support.breaking import true_packets


def assert_no_picture_hidden(path: Path) -> None:
    """Fail when FFmpeg, reading the file by its edit lists, marks a video packet as not to be shown."""
    for stream in true_packets(path):
        if stream.kind == "video":
            hidden = [i for i, packet in enumerate(stream.packets) if packet.is_discarded]
            assert not hidden, f"stream {stream.index}: the edit list hides pictures {hidden[:10]} of {path.name}"
