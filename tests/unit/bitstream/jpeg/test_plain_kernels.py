"""The kernels without the JIT, where every index is checked, give the same bytes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.jpegs import jpeg

SCRIPT = """
import sys
from mediarescue.bitstream.jpeg import decode_planes, patch_jpeg, read_coefficients, write_coefficients
data = open(sys.argv[1], "rb").read()
image = read_coefficients(data)
assert write_coefficients(image, image.coefficients, recode=True) == data
planes = {i: plane.copy() for i, plane in enumerate(decode_planes(image))}
planes[0][2:5, 2:5] = 77
open(sys.argv[2], "wb").write(patch_jpeg(image, planes).data)
"""


@pytest.mark.parametrize("options", [{"restart_marker_blocks": 2}, {"progressive": True}], ids=str)
def test_kernels_are_right_as_plain_python(tmp_path: Path, options: dict[str, Any]) -> None:
    source = tmp_path / "source.jpg"
    source.write_bytes(jpeg(24, 20, **options))
    for name, value in (("plain", "1"), ("compiled", "0")):
        command = [sys.executable, "-W", "error", "-c", SCRIPT, str(source), str(tmp_path / name)]
        subprocess.run(command, check=True, env={**os.environ, "MEDIARESCUE_NO_JIT": value})
    assert (tmp_path / "plain").read_bytes() == (tmp_path / "compiled").read_bytes()
