"""The search alone, with a reference learned once and used for many trials."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType

from mediarescue.isobmff import ByteSource
from mediarescue.recover.candidate import Segmentation
from mediarescue.recover.families import make_families
from mediarescue.recover.locate import locate_media
from mediarescue.recover.profile import learn_lead, learn_reference
from mediarescue.recover.segment import Segmenter
from mediarescue.recover.window import MediaWindow


class Search:
    """Segments files by what ``reference`` taught; a context manager that keeps the reference open."""

    def __init__(self, reference: Path) -> None:
        self._source = ByteSource.open(reference)
        profile = learn_reference(self._source)
        self.families = make_families(profile, MediaWindow(self._source, 0, self._source.size))
        self._lead = learn_lead(profile)

    def __enter__(self) -> Search:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._source.close()

    def segment(self, path: Path, *, whole: bool = False) -> Segmentation:
        """Segment a file's media data; with ``whole`` all of its bytes are taken for media."""
        with ByteSource.open(path) as source:
            location = locate_media(source)
            start, end = (0, source.size) if whole else (location.start, location.end)
            window = MediaWindow(source, start, end)
            lead = 0 if whole else self._lead
            return Segmenter(window, self.families.matchers, self.families.order, lead=lead).run()

    def samples(self, path: Path) -> dict[bytes, list[tuple[int, int]]]:
        """Return (offset, size) of the samples by handler type, for a reference with one track a family."""
        found = self.segment(path).samples
        handlers = [family.tracks[0].track.handler for family in self.families.families]
        return {
            handler: list(zip(samples.offset.tolist(), samples.size.tolist(), strict=True))
            for handler, samples in zip(handlers, found, strict=True)
            if len(samples.size)
        }
