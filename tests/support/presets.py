"""The named pairs of clips that tests are parametrised with, and a cache that makes each once a session."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

from tests.support.clips import AudioSpec, ClipSpec, VideoSpec, make_clip
from tests.support.codecs._clip import CodecClip
from tests.support.layout import rechunk, shorten_nal_lengths, to_co64


@dataclass(frozen=True, slots=True)
class Pair:
    """Two takes of one camera: same settings, other picture, sound and length."""

    reference: Path
    take: Path


@dataclass(frozen=True, slots=True)
class Preset:
    """A clip to make; ``after`` lays the encoded file out anew; ``timing_known`` is False where decode times vary."""

    spec: ClipSpec
    suffix: str = ".mp4"
    after: Callable[[Path, Path], Path] | None = None
    timing_known: bool = True

    @property
    def reference(self) -> ClipSpec:
        """The other take: two fifths longer, another seed."""
        video = tuple(
            replace(
                v, seed=v.seed + 100, frames=v.frames * 7 // 5, pts=_vfr_times(v.frames * 7 // 5, 9) if v.pts else ()
            )
            for v in self.spec.video
        )
        audio = tuple(
            replace(a, seed=a.seed + 100, seconds=a.seconds * 7 / 5, frequency=a.frequency * 1.5)
            for a in self.spec.audio
        )
        return replace(self.spec, video=video, audio=audio)


def _vfr_times(frames: int, seed: int) -> tuple[int, ...]:
    """Return rising times in 1/90000 s around 30 frames a second, with the odd long frame, as phones do."""
    times, now, state = [], 0, seed
    for _ in range(frames):
        times.append(now)
        state = (state * 1103515245 + 12345) % 2**31
        now += 3000 + (state >> 8) % 61 - 30 + (3000 if (state >> 16) % 11 == 0 else 0)
    return tuple(times)


def _h264(
    params: str = "", *, audio: tuple[AudioSpec, ...] = (AudioSpec(),), container: str = "mp4", **video: object
) -> ClipSpec:
    options = (("x264-params", params),) if params else ()
    spec = VideoSpec(options=options)
    for name, value in video.items():
        spec = replace(spec, **{name: value})  # type: ignore[arg-type]
    return ClipSpec(container=container, video=(spec,), audio=audio)


def _hevc(params: str) -> ClipSpec:
    return ClipSpec(video=(VideoSpec(codec="libx265", options=(("x265-params", params),)),))


_NO_B = "bframes=0:keyint=15"
_TWO_AAC = (AudioSpec(frequency=330.0, seed=1), AudioSpec(frequency=1250.0, content="clicks", seed=2))

PRESETS: dict[str, Preset] = {
    "h264_no_b": Preset(_h264(_NO_B)),
    "h264_b": Preset(_h264("keyint=25")),
    "h264_pyramid": Preset(_h264("bframes=6:b-adapt=0:b-pyramid=normal:keyint=30")),
    "h264_slices4": Preset(_h264("slices=4:bframes=2:keyint=20")),
    "h264_open_gop": Preset(_h264("open-gop=1:keyint=12:min-keyint=12:bframes=3:b-adapt=0:scenecut=0")),
    "h264_baseline_cavlc": Preset(_h264(options=(("profile", "baseline"), ("x264-params", "keyint=20")))),
    "h264_intra_refresh": Preset(_h264("intra-refresh=1:bframes=0:keyint=16")),
    "h264_two_idr_per_second": Preset(_h264("keyint=12:scenecut=0:bframes=3", rate=Fraction(30000, 1001))),
    "hevc_b": Preset(_hevc("bframes=4:b-adapt=0:keyint=20:open-gop=0")),
    "hevc_no_b": Preset(_hevc("bframes=0:keyint=15")),
    "hevc_open_gop": Preset(_hevc("open-gop=1:keyint=12:min-keyint=12:bframes=3:b-adapt=0:scenecut=0")),
    "aac_mono": Preset(_h264(_NO_B, audio=(AudioSpec(layout="mono", rate=48000, bit_rate=64000),))),
    "aac_stereo": Preset(_h264(_NO_B, audio=(AudioSpec(rate=48000, content="clicks"),))),
    "aac_51": Preset(_h264(_NO_B, audio=(AudioSpec(layout="5.1", rate=48000, bit_rate=256000),))),
    "aac_noise": Preset(_h264(_NO_B, audio=(AudioSpec(content="noise", bit_rate=160000),))),
    "aac_silence": Preset(_h264(_NO_B, audio=(AudioSpec(content="silence"),))),
    "two_aac": Preset(_h264(_NO_B, audio=_TWO_AAC)),
    "pcm_sowt_mov": Preset(_h264("bframes=2", audio=(AudioSpec("pcm_s16le", 48000),), container="mov"), ".mov"),
    "pcm_in24_mov": Preset(_h264(_NO_B, audio=(AudioSpec("pcm_s24be", 48000),), container="mov"), ".mov"),
    "pcm_sowt_long_chunks_mov": Preset(
        _h264(_NO_B, audio=(AudioSpec("pcm_s16le", 44100, content="noise"),), container="mov"),
        ".mov",
        lambda src, dst: rechunk(src, dst, chunk_seconds=0.5),
    ),
    "vfr": Preset(
        _h264("bframes=0:keyint=20", frames=60, rate=Fraction(30), pts=_vfr_times(60, 1)), timing_known=False
    ),
    "vfr_b": Preset(
        _h264("bframes=2:keyint=20", frames=60, rate=Fraction(30), pts=_vfr_times(60, 5)), timing_known=False
    ),
    "moov_first": Preset(replace(_h264("keyint=25"), options=(("movflags", "+faststart"),))),
    "long_chunks": Preset(_h264("keyint=25"), after=lambda src, dst: rechunk(src, dst, chunk_seconds=0.5)),
    "two_aac_long_chunks": Preset(
        _h264(_NO_B, audio=_TWO_AAC), after=lambda src, dst: rechunk(src, dst, chunk_seconds=0.5)
    ),
    "co64": Preset(_h264("keyint=25"), after=to_co64),
    "nal_length_2": Preset(_h264("keyint=25"), after=lambda src, dst: shorten_nal_lengths(src, dst, size=2)),
    "two_videos": Preset(
        ClipSpec(
            video=(
                VideoSpec(options=(("x264-params", "keyint=25"),)),
                VideoSpec(size=(128, 96), seed=4, options=(("x264-params", _NO_B),)),
            )
        ),
    ),
    "video_only": Preset(_h264("keyint=25", audio=())),
    "audio_only_m4a": Preset(ClipSpec(container="ipod", video=(), audio=(AudioSpec(),)), ".m4a"),
}
"""Name -> preset; parametrise with ``sorted(PRESETS)`` and get the files from the ``clips`` fixture."""


class ClipCache:
    """Makes each preset's files once in ``folder``; several test processes may share the folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def pair(self, name: str) -> Pair:
        """Return the two takes of ``PRESETS[name]``; they must not be written to."""
        preset = PRESETS[name]
        reference = self._make(f"{name}-reference{preset.suffix}", preset.reference, preset)
        return Pair(reference, self._make(f"{name}{preset.suffix}", preset.spec, preset))

    def codec(self, clip: CodecClip) -> Pair:
        """Return the two takes of a codec's clip; they must not be written to."""
        if clip.spec is not None:
            preset = Preset(clip.spec, clip.suffix)
            reference = self._make(f"{clip.name}-reference{clip.suffix}", preset.reference, preset)
            return Pair(reference, self._make(f"{clip.name}{clip.suffix}", clip.spec, preset))
        assert clip.build is not None
        paths = []
        for part, seed, scale in (("-reference", 2, 1.4), ("", 1, 1.0)):
            path = self.folder / f"{clip.name}{part}{clip.suffix}"
            if not path.exists():
                fresh = self.folder / f"building-{os.getpid()}-{path.name}"
                clip.build(fresh, seed, scale)
                fresh.replace(path)
            paths.append(path)
        return Pair(*paths)

    def clip(self, name: str, spec: ClipSpec) -> Path:
        """Return a clip of a test's own, made once under ``name`` (with its suffix)."""
        return self._make(name, spec, None)

    def _make(self, name: str, spec: ClipSpec, preset: Preset | None) -> Path:
        path = self.folder / name
        if not path.exists():
            fresh = make_clip(self.folder / f"making-{os.getpid()}-{name}", spec)
            if preset and preset.after:
                laid_out = preset.after(fresh, self.folder / f"laying-{os.getpid()}-{name}")
                fresh.unlink()
                fresh = laid_out
            # Renaming at the end lets parallel test processes share the folder without a lock.
            fresh.replace(path)
        return path
