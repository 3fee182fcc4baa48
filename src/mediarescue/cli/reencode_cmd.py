"""The ``reencode`` command: films and photos through the media core with nothing done to them."""

from __future__ import annotations

from mediarescue.cli import _options
from mediarescue.cli._options import ProgressMode
from mediarescue.options import BatchOptions, EncodeOptions, ReencodeOptions

COMMAND = "reencode"
HELP = """Encode the pictures of films again, and leave all else as it is.

INPUT is a film, a photo, or a folder of them (with all folders in it). Sound, times, rotation, colours, chapters, \
places and dates stay as they are. The result is NAME_reencoded.EXT beside each film, or a file of the same name in \
--out-dir. Photos have nothing to encode again: they are copied byte for byte.

\b
mediarescue reencode clip.mp4
mediarescue reencode clip.mov -o smaller.mov --crf 23 --preset slow
mediarescue reencode holiday/ --out-dir smaller/"""
EPILOG = (
    "Exit codes: 0 ok, 10 ok with reservations, 2 usage, 3 input, 6 output, 7 check failed, 8 no such encoder, 1 bug, "
    "130/143 interrupted; of several files the worst."
)

_DEFAULTS = ReencodeOptions()
_BATCH = BatchOptions()
_ENCODE = EncodeOptions()


def reencode_command(
    inputs: _options.Inputs,
    output: _options.Output = None,
    out_dir: _options.OutDirs = None,
    overwrite: _options.Overwrite = _DEFAULTS.overwrite,
    skip_existing: _options.SkipExisting = _BATCH.skip_existing,
    dry_run: _options.DryRunOfFiles = _DEFAULTS.dry_run,
    jobs: _options.Jobs = _BATCH.jobs,
    resume: _options.Resume = _DEFAULTS.resume,
    crf: _options.Crf = _ENCODE.crf,
    preset: _options.Preset = _ENCODE.preset,
    encoder: _options.Encoder = _ENCODE.encoder,
    lossless: _options.Lossless = _ENCODE.lossless,
    json: _options.Json = False,
    quiet: _options.Quiet = False,
    verbose: _options.BatchVerbose = False,
    progress: _options.Progress = ProgressMode.AUTO,
) -> int:
    """Encode all inputs and show what became of them; returns the worst exit code."""
    from mediarescue.cli._batch import BatchArguments, run_files
    from mediarescue.reencoding import SUFFIX, Reencoder

    encode = EncodeOptions(crf=crf, preset=preset, encoder=encoder, lossless=lossless)
    return run_files(
        COMMAND,
        Reencoder(ReencodeOptions(encode=encode, overwrite=overwrite, dry_run=dry_run, resume=resume)),
        suffix=SUFFIX,
        arguments=BatchArguments(
            inputs=inputs,
            output=output,
            out_dir=out_dir,
            overwrite=overwrite,
            skip_existing=skip_existing,
            jobs=jobs,
            resume=resume,
            dry_run=dry_run,
            json=json,
            quiet=quiet,
            verbose=verbose,
            progress=progress,
        ),
    )
