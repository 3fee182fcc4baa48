"""Files that begin anywhere inside the media data: all whole samples are found, and marked as they were."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import mediarescue
from mediarescue.options import CheckMode, UntruncOptions
from tests.conftest import Clips
from tests.support.boxes import mdat_of, tables_of

QUICK = UntruncOptions(overwrite=True, check=CheckMode.NONE)


@pytest.mark.parametrize("name", ["h264_b", "hevc_b", "pcm_sowt_mov"])
@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(at=st.floats(0, 0.6), front=st.sampled_from(["nothing", "noise", "zeros", "free box"]), seed=st.integers(0, 99))
def test_all_whole_samples_behind_the_cut_are_found(
    clips: Clips, tmp_path: Path, name: str, at: float, front: str, seed: int
) -> None:
    pair = clips.pair(name)
    mdat, data, noise = mdat_of(pair.take), pair.take.read_bytes(), random.Random(seed)
    start = mdat.offset + mdat.header
    cut = start + int((mdat.end - start) * at)
    lead = {
        "nothing": b"",
        "noise": noise.randbytes(noise.randrange(1, 3000)),
        "zeros": bytes(noise.randrange(1, 3000)),
        "free box": b"\0\0\0\x10free" + bytes(8),
    }[front]
    broken, out = tmp_path / f"f{pair.take.suffix}", tmp_path / f"out{pair.take.suffix}"
    broken.write_bytes(lead + data[cut : mdat.end])
    mediarescue.untrunc(broken, reference=pair.reference, output=out, options=QUICK)
    found, written = tables_of(out), out.read_bytes()
    for track, true in enumerate(tables_of(pair.take)):
        rows = list(zip(true.offsets, true.sizes, true.sync, strict=True))
        wanted = [(data[offset : offset + size], sync) for offset, size, sync in rows if offset >= cut]
        table = found[track]
        got = [
            (written[offset : offset + size], sync)
            for offset, size, sync in zip(table.offsets, table.sizes, table.sync, strict=True)
        ]
        if name.startswith("pcm") and true.handler == b"soun":
            whole, heard = b"".join(data for data, _ in wanted), b"".join(data for data, _ in got)
            assert abs(len(heard) - len(whole)) < 8192
            assert heard[-len(whole) // 2 :] == whole[-len(whole) // 2 :]
        else:
            torn = next((data[offset : offset + size] for offset, size, _ in rows if offset < cut < offset + size), b"")
            if got and wanted and len(got) > len(wanted) and torn.endswith(got[0][0]):
                got = got[1:]  # what is left of the first one is a picture of its own: what was lost only described it
            assert got == wanted, f"track {track}: {len(got)} samples, not {len(wanted)}"
