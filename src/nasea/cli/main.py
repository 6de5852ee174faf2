"""The command ``nasea``: its verbs and its way in.

Help and version must come at once, so a verb imports what it needs when it runs, and typer is kept
from loading rich for a page of help.
"""

from __future__ import annotations

import io
import os
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
from nasea.cli.weights import weights
from nasea.translation import VARIABLE, chinese, parse_language
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
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by the shell: nasea show >&-
            setattr(sys, name, open(os.devnull, "w"))
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a pipe may not know "→"; "?" will do
            stream.reconfigure(errors="replace")
    words = _with_language(list(sys.argv[1:] if arguments is None else arguments))
    watch_for_crashes()
    if chinese():
        from nasea.cli.terminal.help import run_in_chinese

        run_in_chinese(typer.main.get_command(app), words, "nasea")
    app(words, prog_name="nasea")


def _with_language(words: list[str]) -> list[str]:
    """Set the language that ``--lang`` names, at any place, and return the other words.

    It must be known before any option is read: it is the language of their help.
    """
    options = words[: words.index("--")] if "--" in words else words
    for place, word in enumerate(options):
        name, sign, value = word.partition("=")
        if name != "--lang":
            continue
        taken = 1 if sign else 2
        found = parse_language(value if sign else " ".join(options[place + 1 : place + 2]))
        if found is None:  # left for typer to refuse
            return words
        os.environ[VARIABLE] = found
        return words[:place] + words[place + taken :]
    return words


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"nasea {__version__}")
        raise typer.Exit


def _set_language(value: str | None) -> None:
    if value is None:
        return
    found = parse_language(value)
    if found is None:
        raise typer.BadParameter(f"{value!r} is neither en nor zh.")
    os.environ[VARIABLE] = found


@app.callback()
def _nasea(
    version: Annotated[
        bool,
        typer.Option("--version", is_eager=True, callback=_print_version, help="Show the version."),
    ] = False,
    lang: Annotated[
        str | None,
        typer.Option(
            "--lang",
            metavar="en|zh",
            is_eager=True,
            callback=_set_language,
            help="Language of messages and help; by default that of NASEA_LANG, LC_ALL, "
            "LC_MESSAGES or LANG.",
        ),
    ] = None,
) -> None:
    """Search neural network architectures for your data under your budget.

    Start with `nasea init DIR`; it writes a project that runs at once. For your own data:
    `nasea init --data FOLDER`.
    """


for _verb in (
    init, check, search, show, compare, retrain, export, weights, fidelity, doctor, schema,
):  # fmt: skip
    app.command(_verb.__name__, short_help=summary(_verb))(reports_failures(_verb))
app.add_typer(
    latency,
    name="latency",
    short_help="Make latency profiles: how long operators take on a processor.",
)
