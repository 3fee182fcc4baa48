"""Put encoded pictures into a copy of their film, everything else left as it was."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from mediarescue.errors import VerificationError
from mediarescue.events import Listener, Progressed, StageFinished, StageStarted, ignore
from mediarescue.isobmff import BoxError, ByteSource
from mediarescue.isobmff.encoded_samples import read_encoded
from mediarescue.isobmff.item_locations import misplaced
from mediarescue.isobmff.new_track import new_track
from mediarescue.isobmff.transplant import transplant
from mediarescue.media.carried_streams import uncarried_streams
from mediarescue.media.containers import ISOBMFF
from mediarescue.media.encoded import EncodedVideo
from mediarescue.media.info import VideoInfo
from mediarescue.media.remux import remux
from mediarescue.output import AtomicOutput
from mediarescue.pipeline.film_source import has_compressed_index, read_film
from mediarescue.pipeline.film_writer import STAGE, write_pieces


@dataclass(frozen=True, slots=True)
class AssemblyReport:
    """What became of a film around its pictures, in sentences: ``notes`` on what was done, and what was ``lost``."""

    notes: tuple[str, ...]
    lost: tuple[str, ...]


def check_source(path: Path, info: VideoInfo) -> None:
    """Find out before any work whether a film can be put together again.

    Raises
    ------
    InputError
        Its index cannot be read, samples that it lists are missing, or its pictures lie in another file.
    """
    if info.is_isobmff:
        with ByteSource.open(path) as source:
            if not has_compressed_index(source):
                read_film(source, info.stream_id)


def foreseen_losses(path: Path, info: VideoInfo, container: str) -> tuple[str, ...]:
    """Return which tracks the output's container cannot hold, in sentences, before any work."""
    if info.is_isobmff and container in ISOBMFF:
        return ()
    return tuple(uncarried_streams(path, info, container))


def assemble_film(
    source: Path,
    info: VideoInfo,
    encoded: EncodedVideo,
    output: AtomicOutput,
    *,
    container: str,
    listener: Listener = ignore,
) -> AssemblyReport:
    """Write a copy of a film with other pictures.

    Parameters
    ----------
    source : Path
    info : VideoInfo
        Of the track that is replaced.
    encoded : EncodedVideo
    output : AtomicOutput
        Entered and empty; to commit it is the caller's.
    container : str
        FFmpeg's name of the muxer (`mediarescue.media.containers.target_container`).
    listener : callable

    Raises
    ------
    InputError
        The film cannot be read, or samples of it are missing.
    OutputError
        The system refuses to write.
    VerificationError
        The encoded pieces are not what they should be.
    """
    if info.is_isobmff and container in ISOBMFF and not _is_compressed(source):
        return _transplanted(source, info, encoded, output, listener)
    listener(StageStarted(STAGE, source.stat().st_size, "bytes"))
    done = remux(
        source, info, encoded, output.path,
        container=container, name=output.target, progress=lambda done: listener(Progressed(STAGE, done)),
    )  # fmt: skip
    listener(StageFinished(STAGE))
    return AssemblyReport(tuple(done.notes), tuple(done.lost))


def _is_compressed(path: Path) -> bool:
    with ByteSource.open(path) as source:
        return has_compressed_index(source)


def _transplanted(
    path: Path, info: VideoInfo, encoded: EncodedVideo, output: AtomicOutput, listener: Listener
) -> AssemblyReport:
    with ByteSource.open(path) as source, ExitStack() as stack:
        film = read_film(source, encoded.stream_id)
        pieces = [stack.enter_context(ByteSource.open(segment)) for segment in encoded.segments]
        try:
            color = (info.color.range, info.color.primaries, info.color.transfer, info.color.matrix)
            new = new_track(film.movie, film.track, film.pictures, read_encoded(pieces), encoded.pts, color=color)
            layout = transplant(film.movie, new, source.size, metas=film.metas, without=film.without)
        except BoxError as error:
            raise VerificationError(f"the encoded pictures cannot be put into {path.name}: {error}") from error
        write_pieces(layout, new, source, pieces, output, listener)
        relocation, _ = layout.placed()
        boxes = (film.movie.moov, *film.metas.values())
        lost = [sentence for box in boxes for sentence in misplaced(box, relocation, source.size)]
    return AssemblyReport(film.notes, (*new.lost, *lost))
