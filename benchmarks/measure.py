"""Run one command and print what it cost as JSON: ``python -I -S measure.py FLUSH_OR_DASH COMMAND...``.

A process of its own, because Linux counts the parent's memory at the fork into a child's peak: a benchmark that has
numpy and FFmpeg loaded would report itself. Imports stay few for the same reason.
"""

import json
import os
import subprocess
import sys
import time


def main(flush: str, command: list[str]) -> None:
    """Run ``command``; flush the file ``flush`` (unless ``-``) to the disk within the time."""
    began = time.perf_counter()
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if flush != "-" and os.path.exists(flush):  # noqa: PTH110 - pathlib costs memory
        descriptor = os.open(flush, os.O_RDWR)
        os.fsync(descriptor)
        os.close(descriptor)
    seconds = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    # ru_maxrss is in kilobytes, on macOS in bytes.
    peak = usage.ru_maxrss / (1024 * 1024 if sys.platform == "darwin" else 1024)
    cpu = usage.ru_utime + usage.ru_stime
    print(json.dumps({"seconds": seconds, "cpu": cpu, "peak_mb": peak, "exit_code": process.returncode}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
