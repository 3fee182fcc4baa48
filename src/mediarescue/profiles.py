"""Camera profiles: save what rescue needs of a healthy film, and open what ``--ref`` names."""

from __future__ import annotations

from contextlib import ExitStack
from importlib.metadata import version
from pathlib import Path

from mediarescue.bitstream.jit import announce_compiling
from mediarescue.checking.structure import IndexState, index_state
from mediarescue.errors import InputError, ReferenceMismatchError, UsageError
from mediarescue.events import (
    COMPILING,
    Artifact,
    Listener,
    Noted,
    Progressed,
    StageFinished,
    StageStarted,
    Warned,
    ignore,
)
from mediarescue.isobmff import BoxError, ByteSource
from mediarescue.judging import open_film
from mediarescue.output import check_target, write_text_atomic
from mediarescue.recover.camera_profile import make_camera_profile
from mediarescue.recover.profile_file import is_camera_profile, open_camera_profile, read_document
from mediarescue.reference_reports import ProfileReport, ProfileTrackReport

SAVE = "learn the camera"
_LARGE = 4 << 20


def open_reference(stack: ExitStack, path: Path) -> ByteSource:
    """Open a reference: a film, a photo with one in it, or a saved camera profile."""
    source = stack.enter_context(ByteSource.open(path))
    if is_camera_profile(source):
        return open_camera_profile(stack, source)
    if path.suffix.lower() == ".json":
        raise InputError(f"{path} is no camera profile; make one: mediarescue profile save GOOD -o camera.json")
    return open_film(stack, path)


def sound_reference(source: ByteSource) -> ByteSource:
    """Return a film that can serve as a reference; raises ReferenceMismatchError where its index is not sound."""
    state = index_state(source)
    if state in (IndexState.SOUND, IndexState.EMPTY, IndexState.FRAGMENTS_CUT):
        return source
    raise ReferenceMismatchError(
        f"{source.path} cannot serve as a reference: {state.value}; use a file of the same camera that plays"
    )


def save_profile(
    reference: str | Path,
    output: str | Path,
    *,
    pictures: bool = False,
    overwrite: bool = False,
    listener: Listener = ignore,
) -> ProfileReport:
    """Write what rescue needs of a healthy film, without the film, as a camera profile.

    Parameters
    ----------
    reference : path
        A film that plays; it is only read.
    output : path
        The JSON file to write; `docs/profiles.md` says what is in it.
    pictures : bool
        Keep pictures of codecs that cannot be learned from without (MPEG-4 Visual, H.263).
    overwrite : bool
    listener : callable

    Raises
    ------
    ReferenceMismatchError
        The film's index is not sound, its tracks are not understood, or not without pictures.
    InputError, UsageError, OutputError
        The film cannot be read; the output is the film; it exists or cannot be written.

    Examples
    --------
    >>> save_profile("good.mp4", "camera.json").bytes  # doctest: +SKIP
    48211
    """
    path, target = Path(reference), Path(output)
    with ExitStack() as stack:
        source = open_film(stack, path)
        if is_camera_profile(source):
            raise UsageError(f"{path} is a camera profile already; name the film that it is to be made of")
        check_target(target, inputs=[path], overwrite=overwrite)
        announce_compiling(lambda: listener(Noted(COMPILING)))
        listener(StageStarted(SAVE, None, "tracks"))
        try:
            made = make_camera_profile(
                sound_reference(source),
                made_by=f"mediarescue {version('mediarescue')}",
                pictures=pictures,
                progress=lambda done: listener(Progressed(SAVE, done)),
            )
        except BoxError as error:
            raise ReferenceMismatchError(f"{path} is damaged ({error}); use another film") from error
        listener(StageFinished(SAVE))
    text = made.text()
    if len(text) > _LARGE:
        listener(Warned(f"the profile has {len(text) >> 20} MiB: the film is long; a short one of the mode is enough"))
    for track in made.shown:
        listener(Warned(f"pictures of track {track} are in the profile and can be viewed"))
    write_text_atomic(target, text, overwrite=overwrite)
    listener(Artifact(str(target), "output"))
    return _report(target, made.document)


def show_profile(path: str | Path) -> ProfileReport:
    """Say what camera and mode a saved profile is of; raises InputError where it is none, or damaged."""
    with ExitStack() as stack:
        source = stack.enter_context(ByteSource.open(path))
        open_camera_profile(stack, source)
        return _report(Path(path), read_document(source))


def _report(path: Path, document: dict[str, object]) -> ProfileReport:
    camera, tracks = document.get("camera"), document.get("tracks")
    known = set(ProfileTrackReport.__dataclass_fields__)
    rows = [row for row in tracks if isinstance(row, dict)] if isinstance(tracks, list) else []
    return ProfileReport(
        path=str(path),
        bytes=path.stat().st_size,
        film_bytes=int(str(document["film_bytes"])),
        camera={str(k): str(v) for k, v in camera.items()} if isinstance(camera, dict) else None,
        tracks=tuple(ProfileTrackReport(**{k: v for k, v in row.items() if k in known}) for row in rows),
        holds_pictures=bool(document.get("holds_pictures")),
    )
