"""The ``mediarescue`` program: one typer app, one module per command."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from mediarescue.cli import extract_cmd, frames_cmd, inspect_cmd, profile_cmd, reencode_cmd, untrunc_cmd
from mediarescue.cli._exit import (
    EXIT_BUG,
    PROGRAM,
    Invocation,
    fail,
    prepare_streams,
    stopping_on_signals,
    write_stdout,
)

app = typer.Typer(
    name=PROGRAM,
    help="Rescue photos and videos people thought were lost or spoilt. Inputs are never changed.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        write_stdout(f"{PROGRAM} {version(PROGRAM)}\n")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    pass


app.command(
    untrunc_cmd.COMMAND,
    help=untrunc_cmd.HELP,
    epilog=untrunc_cmd.EPILOG,
    options_metavar="[--ref GOOD] [OPTIONS]",
)(untrunc_cmd.untrunc_command)
app.command(
    extract_cmd.COMMAND,
    help=extract_cmd.HELP,
    epilog=extract_cmd.EPILOG,
    options_metavar="--out-dir DIR [OPTIONS]",
)(extract_cmd.extract_command)
app.command(inspect_cmd.COMMAND, help=inspect_cmd.HELP, epilog=inspect_cmd.EPILOG)(inspect_cmd.inspect_command)
app.command(reencode_cmd.COMMAND, help=reencode_cmd.HELP, epilog=reencode_cmd.EPILOG)(reencode_cmd.reencode_command)
app.add_typer(frames_cmd.app, name=frames_cmd.COMMAND, help=frames_cmd.HELP)
app.add_typer(profile_cmd.app, name=profile_cmd.COMMAND, help=profile_cmd.HELP)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program and return its exit code.

    Parameters
    ----------
    arguments : sequence of str, optional
        What stands behind the program's name; ``sys.argv[1:]`` by default.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    prepare_streams()
    try:
        with stopping_on_signals():
            command = typer.main.get_command(app)
            code = command.main(args=words, prog_name=PROGRAM, standalone_mode=False)
            # Help and version are still buffered; a reader that has gone must be met here and not at exit.
            write_stdout("")
    except SystemExit:
        # typer's answer to a reader that has gone, as in `mediarescue --help | head -1`.
        code = 0 if {"-h", "--help"}.intersection(words) else EXIT_BUG
    except BaseException as error:
        return fail(error, Invocation.of(words))
    return code if isinstance(code, int) else 0
