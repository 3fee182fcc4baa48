"""Workers for batches that need no media: what they do stands in the file they work on."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mediarescue.errors import InputError, MediaRescueError, NothingToDoError
from mediarescue.events import Artifact, Listener, Progressed, StageFinished, StageStarted, Warned
from mediarescue.output import AtomicOutput
from mediarescue.pipeline.targets import Job
from mediarescue.pipeline.work_folder import work_path


@dataclass(frozen=True, slots=True)
class Copied:
    """The report of these workers."""

    output: str
    process: int
    exit_code: int = 0
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ("copied by a worker of the tests",)
    lost: tuple[str, ...] = ()
    changed: bool = True

    @property
    def summary(self) -> str:
        """What was done."""
        return "25 frames"


class UnportableError(Exception):
    """Cannot be made again from its arguments."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"{path}: {why}")


def work(job: Job, listener: Listener) -> Copied:
    """Copy the file, or do what its first word says."""
    word = job.source.read_text(encoding="utf-8").partition(" ")[0]
    if word in FAULTS:
        raise FAULTS[word](job)
    if word in PIECES:
        work_path(job.target).mkdir(exist_ok=True)
        for name in PIECES[word]:
            (work_path(job.target) / name).touch()
    with AtomicOutput(job.target, overwrite=True) as output:
        listener(StageStarted("encode", 25, "frames"))
        output.file.write(job.source.read_bytes())
        output.file.flush()
        if word == "segfault":
            os.kill(os.getpid(), signal.SIGSEGV)
        if word in ("first_piece", "second_piece"):
            os.kill(os.getpid(), signal.SIGKILL)
        if word == "exit":
            os._exit(7)
        if word == "stubborn":
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
        if word == "hang":
            lock = threading.Lock()
            lock.acquire()
            lock.acquire()
        if word in ("slow", "stubborn"):
            listener(Progressed("encode", 1))
            time.sleep(60)
        for done in range(1, 26):
            listener(Progressed("encode", done))
        listener(StageFinished("encode"))
        if word == "warn":
            listener(Warned("mind this"))
        output.commit()
    if word == "published":
        os.kill(os.getpid(), signal.SIGKILL)
    listener(Artifact(str(job.target), "output"))
    print("libraries print", flush=True)
    is_odd = word == "warn"
    return Copied(str(job.target), os.getpid(), 10 if is_odd else 0, ("mind this",) if is_odd else ())


PIECES: dict[str, tuple[str, ...]] = {
    "first_piece": ("lock", "job.json", "000000.mp4"),
    "second_piece": ("lock", "job.json", "000000.mp4", "000000.pts", "000001.mp4"),
    "published": ("lock", "job.json", "000000.mp4", "000000.pts"),
    "stubborn": ("lock", "job.json", "000000.mp4", "000000.pts", "000001.mp4"),
}
"""What these words have in their work folder when they are killed."""

FAULTS: dict[str, Callable[[Job], BaseException]] = {
    "broken": lambda job: InputError(f"{job.source}: is no film"),
    "nothing": lambda job: NothingToDoError(f"{job.source}: is as it should be"),
    "ours": lambda job: MediaRescueError(f"{job.source}: a bug"),
    "memory": lambda job: MemoryError(),
    "unportable": lambda job: UnportableError(job.source, "an error that cannot be pickled"),
    "recursion": lambda job: RecursionError("deep"),
    "interrupt": lambda job: KeyboardInterrupt(),
    "exits": lambda job: SystemExit(3),
}
