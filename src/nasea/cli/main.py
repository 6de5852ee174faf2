"""The command ``nasea``: its verbs and its way in.

Help and version must come at once, so a verb imports what it needs when it runs, and typer is kept
from loading rich for a page of help.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from nasea.cli.check import check
from nasea.cli.compare import compare
from nasea.cli.doctor import doctor
from nasea.cli.export import export
from nasea.cli.fidelity import fidelity
from nasea.cli.init import init
from nasea.cli.latency import latency
from nasea.cli.retrain import retrain
from nasea.cli.schema import schema
from nasea.cli.search import search
from nasea.cli.show import show
from nasea.cli.terminal.failure import reports_failures
from nasea.cli.terminal.summary import summary
from nasea.cli.terminal.watch import watch_for_crashes
from nasea.version import __version__

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and leave the process with its exit status.

    Args:
        arguments: the words after ``nasea``; those of this process by default.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a pipe may not know "→"; "?" will do
            stream.reconfigure(errors="replace")
    watch_for_crashes()
    app(None if arguments is None else list(arguments), prog_name="nasea")


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"nasea {__version__}")
        raise typer.Exit


@app.callback()
def _nasea(
    version: Annotated[
        bool,
        typer.Option("--version", is_eager=True, callback=_print_version, help="Show the version."),
    ] = False,
) -> None:
    """Search neural network architectures for your data under your budget.

    Start with `nasea init DIR`; it writes a project that runs at once. For your own data:
    `nasea init --data FOLDER`.
    """


for _verb in (init, check, search, show, compare, retrain, export, fidelity, doctor, schema):
    app.command(_verb.__name__, short_help=summary(_verb))(reports_failures(_verb))
app.add_typer(
    latency,
    name="latency",
    short_help="Make latency profiles: how long operators take on a processor.",
)
