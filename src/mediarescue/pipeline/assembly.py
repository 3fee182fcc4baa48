"""Put encoded pictures into a copy of their film, everything else left as it was."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mediarescue.errors import InputError, VerificationError
from mediarescue.events import Listener, ignore
from mediarescue.isobmff import BoxError, ByteSource, Leniency, Movie, Track, expand, read_movie
from mediarescue.isobmff.encoded_samples import read_encoded
from mediarescue.isobmff.new_track import OldPictures, new_track
from mediarescue.isobmff.transplant import transplant
from mediarescue.media.encoded import EncodedVideo
from mediarescue.media.info import VideoInfo
from mediarescue.output import AtomicOutput
from mediarescue.pipeline.film_writer import write_pieces


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
    return _transplanted(source, encoded, output, listener)


def _transplanted(path: Path, encoded: EncodedVideo, output: AtomicOutput, listener: Listener) -> AssemblyReport:
    with ByteSource.open(path) as source:
        try:
            movie = read_movie(source, leniency=Leniency.PERMISSIVE)
            track = _track(movie, encoded, path)
            samples = expand(track.stbl, leniency=Leniency.NORMAL)
        except BoxError as error:
            raise InputError(f"{path}: its index cannot be read: {error}; try 'mediarescue untrunc' first") from error
        ctts = track.stbl.find(b"ctts")
        signed = bool((samples.composition_offset < 0).any()) or (ctts is not None and ctts.payload[:1] == b"\1")
        pieces = [ByteSource.open(segment) for segment in encoded.segments]
        try:
            new_samples = read_encoded(pieces)
            old = OldPictures.of(samples, samples.dts, signed=signed)
            new = new_track(movie, track, old, new_samples, encoded.pts)
            layout = transplant(movie, new, source.size)
            write_pieces(layout, new, source, pieces, output, listener)
        except BoxError as error:
            raise VerificationError(f"the encoded pictures cannot be put into {path.name}: {error}") from error
        finally:
            for piece in pieces:
                piece.close()
    return AssemblyReport((), new.lost)


def _track(movie: Movie, encoded: EncodedVideo, path: Path) -> Track:
    track = movie.track(encoded.stream_id)
    if track is None:
        raise InputError(f"{path}: no track {encoded.stream_id} in its index")
    return track
