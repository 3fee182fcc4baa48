"""Files larger than memory and than 32-bit offsets, as sparse files: flat memory, 64-bit tables, holes kept."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import Clips
from tests.support.boxes import find, mdat_of, moov_of, tables_of, top_level
from tests.support.breaking import drop_moov

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="holes and peak memory are read the Linux way")

_GB = 1_000_000_000
_LAUNCHER = """
import resource, subprocess, sys
main = "import sys; from mediarescue.cli.app import main; sys.exit(main())"
code = subprocess.run([sys.executable, "-c", main, *sys.argv[1:]], check=False).returncode
print(code, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr)
"""


def sparse(path: Path, head: bytes, size: int, tail: bytes = b"") -> Path:
    """Write ``head``, a hole, and ``tail`` up to ``size`` bytes in all; skip where the file system keeps no holes."""
    with path.open("wb") as file:
        file.write(head)
        try:
            file.truncate(size - len(tail))
        except OSError:
            pytest.skip("this file system has no files of that size")
        file.seek(0, os.SEEK_END)
        file.write(tail)
        if os.fstat(file.fileno()).st_blocks * 512 > len(head) + len(tail) + (1 << 20):
            pytest.skip("this file system keeps no holes")
    return path


def run(*arguments: str, timeout: float = 120) -> tuple[int, float, str]:
    """Run the program in a process of its own; return exit code, peak memory in MB, and what it said."""
    done = subprocess.run(
        [sys.executable, "-c", _LAUNCHER, *arguments], capture_output=True, text=True, check=True, timeout=timeout
    )
    lines = done.stderr.splitlines()
    code, kilobytes = lines[-1].split()
    return int(code), int(kilobytes) / 1024, "\n".join(lines[:-1])


def test_five_gigabytes_are_searched_in_300_mb(clips: Clips, tmp_path: Path) -> None:
    pair = clips.pair("h264_b")
    warm = drop_moov(pair.take, tmp_path / "warm.mp4")
    assert run("untrunc", str(warm), "--ref", str(pair.reference), "--dry-run", "-q")[0] == 0
    broken = sparse(tmp_path / "broken.mp4", warm.read_bytes(), 5 * _GB)
    arguments = ("untrunc", str(broken), "--ref", str(pair.reference), "--dry-run", "--progress", "none")
    code, peak, said = run(*arguments)
    assert code == 10, said
    assert peak <= 300, f"{peak:.0f} MB"


def test_samples_behind_four_gigabytes_get_64_bit_offsets(clips: Clips, tmp_path: Path) -> None:
    """The film's media, a hole, and the same media again: one mdat of over 4 GiB."""
    pair = clips.pair("video_only")
    mdat = mdat_of(pair.take)
    data = pair.take.read_bytes()
    head, media = data[: mdat.offset + mdat.header], data[mdat.offset + mdat.header : mdat.end]
    start = (1 << 32) + 12345
    broken = sparse(tmp_path / "broken.mp4", head + media, start + len(media), media)
    with broken.open("r+b") as file:
        file.seek(mdat.offset)
        file.write(struct.pack(">I", 0))
    code, peak, said = run("untrunc", str(broken), "--ref", str(pair.reference), "--progress", "none")
    rescued = tmp_path / "broken_rescued.mp4"
    if code == 6 and "not enough space" in said:
        pytest.skip("less than 4 GiB are free here")
    assert code == 10, said
    assert peak <= 300, f"{peak:.0f} MB"
    (mdat_out,) = [top for top in top_level(rescued) if top.kind == b"mdat"]
    assert mdat_out.header == 16
    assert rescued.stat().st_blocks * 512 < 50_000_000, "the hole was filled"
    moov = moov_of(rescued)
    assert find(moov, b"moov", b"trak", b"mdia", b"minf", b"stbl", b"co64")
    (table,) = tables_of(rescued)
    (original,) = tables_of(pair.take)
    count = len(original.sizes)
    assert table.sizes == original.sizes * 2
    assert table.offsets[count] > 1 << 32
    with rescued.open("rb") as file:
        for i, (offset, size) in enumerate(zip(table.offsets, table.sizes, strict=True)):
            file.seek(offset)
            at = original.offsets[i % count]
            assert file.read(size) == data[at : at + size]
