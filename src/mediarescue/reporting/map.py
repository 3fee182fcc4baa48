"""The map as text: a line for each range of the broken file, after the manner of ddrescue's mapfile (docs/map.md)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from mediarescue.output import AtomicOutput
from mediarescue.reporting.cover import Cover, Kind

FORMAT = 1
_BLOCK = 1 << 14
"""Lines made at a time: a long film has millions."""
_BYTES_A_LINE = 64


def write_map(path: Path, cover: Cover, *, name: str, overwrite: bool) -> None:
    """Write the map, whole or not at all.

    Parameters
    ----------
    path : Path
    cover : Cover
    name : str
        Of the broken file, for the header.
    overwrite : bool

    Raises
    ------
    OutputError
    """
    with AtomicOutput(path, overwrite=overwrite, needed_bytes=_BYTES_A_LINE * len(cover)) as output:
        output.file.seek(0)
        for block in map_blocks(cover, name=name):
            output.file.write(block.encode("utf-8", "surrogateescape"))
        output.file.truncate()
        output.commit()


def map_blocks(cover: Cover, *, name: str) -> Iterator[str]:
    """Return the map's text in parts: the header, then some thousand lines at a time."""
    yield _header(cover, name)
    kinds = [kind.name.lower() for kind in Kind]
    ids = [track.track_id for track in cover.tracks]
    for start in range(0, len(cover), _BLOCK):
        part = slice(start, start + _BLOCK)
        rows = zip(
            cover.offset[part].tolist(),
            cover.size[part].tolist(),
            cover.kind[part].tolist(),
            cover.track[part].tolist(),
            cover.count[part].tolist(),
            cover.first[part].tolist(),
            cover.seconds[part].tolist(),
            cover.note[part].tolist(),
            strict=True,
        )
        yield "".join(
            f"0x{offset:010X}  0x{size:08X}  {kinds[kind]:<7}"
            + (f"  {ids[track]}  {count}  {first}  {seconds:.6f}" if track >= 0 else "  -  -  -  -")
            + (f"  # {cover.notes[note]}\n" if note >= 0 else "\n")
            for offset, size, kind, track, count, first, seconds, note in rows
        )


def _header(cover: Cover, name: str) -> str:
    one_line = name.replace("\n", " ").replace("\r", " ")
    tracks = "".join(
        f"# track {t.track_id}: {t.kind}, {t.codec}, {t.samples} samples, {t.seconds:.6f} s\n" for t in cover.tracks
    )
    return (
        f"# mediarescue map, format {FORMAT}\n# file: {one_line}\n# size: {cover.file_size}\n{tracks}"
        "# offset  size  kind  track  samples  first sample  seconds  # note\n"
    )
