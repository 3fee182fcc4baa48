"""Write a rescued file while its samples are still looked for: the media bytes are the same whatever is found."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Protocol

from mediarescue.copying import RangeCopier
from mediarescue.events import Artifact, Listener, Progressed, StageFinished, StageStarted
from mediarescue.isobmff import ByteSource
from mediarescue.options import UntruncOptions
from mediarescue.output import AtomicOutput, check_file_size

COPY = "copy media data"
_MOOV_ALLOWANCE = 0.02


class Finish(Protocol):
    """Ends the output that `copied_media` began."""

    def __call__(
        self, tail: bytes, verify: Callable[[Path], None], *, patches: Sequence[tuple[int, bytes]] = ()
    ) -> None:
        """Write ``tail`` behind the media, and each of ``patches`` at its offset in the output; verify, and name it."""


@contextmanager
def copied_media(
    source: ByteSource,
    target: Path,
    *,
    head: bytes,
    start: int,
    size: int,
    options: UntruncOptions,
    listener: Listener,
) -> Iterator[Finish]:
    """Begin an output with ``head`` and copy ``size`` bytes from ``start`` of the source behind it, in a thread.

    Yields what finishes the output; left without it, nothing is written. In a dry run nothing is written at all.

    Raises
    ------
    OutputError
        The output cannot be written.
    InputError
        The source cannot be read.
    """

    def nothing(tail: bytes, verify: Callable[[Path], None], *, patches: Sequence[tuple[int, bytes]] = ()) -> None:
        """Leave a dry run as it began."""

    if options.dry_run:
        yield nothing
        return
    with ExitStack() as stack:
        needed = len(head) + int(size * (1 + _MOOV_ALLOWANCE))
        out = stack.enter_context(
            AtomicOutput(target, overwrite=options.overwrite, needed_bytes=needed, least_bytes=len(head) + size)
        )
        out.file.write(head)
        out.file.flush()
        (descriptor, path, ranges), *further = source.extents(start, size) or [(source.fileno(), source.path, [])]
        copy = stack.enter_context(
            RangeCopier(
                descriptor,
                ranges,
                out.file.fileno(),
                len(head),
                source=path,
                target=target,
                further=further,
            )
        )

        def finish(tail: bytes, verify: Callable[[Path], None], *, patches: Sequence[tuple[int, bytes]] = ()) -> None:
            check_file_size(target, len(head) + size + len(tail))
            listener(StageStarted(COPY, copy.size))
            copy.join(lambda done: listener(Progressed(COPY, done)))
            listener(StageFinished(COPY))
            for offset, data in patches:
                out.file.seek(offset)
                out.file.write(data)
            out.file.seek(len(head) + copy.size)
            out.file.write(tail)
            out.commit(verify)
            listener(Artifact(str(target), "output"))

        yield finish
