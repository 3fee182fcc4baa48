"""The checkout's own virtual environment, made with the standard library and pip only.

``prepare`` makes ``.venv``, installs the pinned requirements by hash, then the project itself in place. A stamp in
the environment remembers what was installed, so a second run costs nothing.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
STAMP = VENV / "mediarescue-stamp.json"
RUNTIME, DEVELOPMENT = "requirements.txt", "requirements-dev.txt"


class SetupError(Exception):
    """The environment could not be made; the message says what to do."""


def prepare(*, development: bool) -> Path:
    """Return the Python of a ready ``.venv``; ``development`` adds the tests' and linters' packages.

    Raises
    ------
    SetupError
        The ``venv`` module is missing, ``.venv`` is somebody else's, or a package cannot be fetched or built.
    """
    python = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    done = _read_stamp()
    if not python.exists():
        done.pop("python", None)
    if done.get("python") != _this_python():
        _make_venv(ours=STAMP.exists())
        done = {"python": _this_python()}
        _write_stamp(done)
    # The development set holds the runtime set, so either stamp will do for running.
    wanted = [DEVELOPMENT] if development else [DEVELOPMENT, RUNTIME]
    if not any(done.get(name) == _digest(name) for name in wanted):
        name = DEVELOPMENT if development else RUNTIME
        _say(f"installing {name} into {VENV.name} (a minute or two, once)")
        _pip(python, "install", "--require-hashes", "-r", str(ROOT / name))
        done = {"python": _this_python(), name: _digest(name)}
        _write_stamp(done)
    if done.get("project") != _digest("pyproject.toml"):
        _pip(python, "install", "--no-deps", "-e", str(ROOT))
        _write_stamp({**done, "project": _digest("pyproject.toml")})
    return python


def _make_venv(*, ours: bool) -> None:
    if VENV.exists() and not ours:
        raise SetupError(f"{VENV} is there but was not made by this script; move it away and run this again")
    missing = [name for name in ("venv", "ensurepip") if importlib.util.find_spec(name) is None]
    if missing:
        raise SetupError(
            f"this Python has no {missing[0]} module; install it (Debian, Ubuntu: apt install python3-venv) or use "
            "a Python from python.org"
        )
    _say(f"making {VENV.name} with Python {sys.version.split()[0]}")
    made = subprocess.run([sys.executable, "-m", "venv", "--clear", str(VENV)], capture_output=True, text=True)
    if made.returncode:
        shutil.rmtree(VENV, ignore_errors=True)
        raise SetupError(f"could not make {VENV}:\n{(made.stdout + made.stderr).strip()}")


def _pip(python: Path, *arguments: str) -> None:
    command = [str(python), "-m", "pip", "--disable-pip-version-check", "--no-input", *arguments, "--quiet"]
    if subprocess.run(command, cwd=ROOT).returncode:
        raise SetupError(
            "pip failed, see above. Is there a network (a proxy goes into HTTPS_PROXY)? Is this a 64-bit Python that "
            "numpy, numba, av and opencv have wheels for? Once that is mended, run the same command again."
        )


def _this_python() -> str:
    return f"{sys.implementation.name} {sys.version.split()[0]} {sys.base_prefix} {ROOT}"


def _digest(name: str) -> str:
    # Line ends are a matter of the checkout, not of the contents.
    return hashlib.sha256((ROOT / name).read_bytes().replace(b"\r\n", b"\n")).hexdigest()


def _read_stamp() -> dict[str, str]:
    try:
        return dict(json.loads(STAMP.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return {}


def _write_stamp(done: dict[str, str]) -> None:
    STAMP.write_text(json.dumps(done, indent=1), encoding="utf-8")


def _say(text: str) -> None:
    print(f"setup: {text}", file=sys.stderr, flush=True)
