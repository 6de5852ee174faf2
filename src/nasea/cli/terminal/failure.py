"""Reports failures: a message on stderr and an exit status; a traceback only for a bug."""

from __future__ import annotations

import functools
import platform
import sys
import traceback
from collections.abc import Callable
from typing import ParamSpec

import typer

from nasea.errors import EXIT_INTERRUPTED, Interrupted, NaseaError
from nasea.translation import translate, translate_label
from nasea.version import __version__

EXIT_DEFECT = 1
EXIT_NOBODY_READS = 1

_P = ParamSpec("_P")


def reports_failures(verb: Callable[_P, None]) -> Callable[_P, None]:
    """Wrap a verb: report its failures to the user and turn them into exit statuses."""

    @functools.wraps(verb)
    def guarded(*args: _P.args, **kwargs: _P.kwargs) -> None:
        try:
            verb(*args, **kwargs)
            sys.stdout.flush()  # detects a closed pipe while it can be handled
        except NaseaError as error:
            _print_error(error)
            raise typer.Exit(error.exit_code) from error
        except BrokenPipeError as error:
            _silence_stdout()
            raise typer.Exit(EXIT_NOBODY_READS) from error
        except MemoryError as error:
            short = NaseaError(
                " ".join(["out of memory.", *str(error).splitlines()[:1]]),
                fix="close other programs or lower strategy.batch_size, then run the same command "
                "again: a search or a retraining resumes from its last checkpoint",
            )
            _print_error(short)
            raise typer.Exit(short.exit_code) from error
        except KeyboardInterrupt as error:
            _begin_row()
            print(translate_label("stopped"), file=sys.stderr)
            raise typer.Exit(EXIT_INTERRUPTED) from error
        except Exception as error:
            _print_defect()
            raise typer.Exit(EXIT_DEFECT) from error

    return guarded


def _print_error(error: NaseaError) -> None:
    from rich.text import Text

    from nasea.cli.terminal.console import narration_console, print_line
    from nasea.cli.terminal.wording import error_in_words

    message, fix = error_in_words(error)
    if isinstance(error, Interrupted):  # requested, so there is nothing to fix
        _begin_row()
        text, label = Text(message), "next"
    else:
        text, label = Text.assemble((translate_label("error: "), "bold red"), message), "fix"
    if fix is not None:
        text.append(f"\n  {translate_label(f'{label}: ')}", "bold green").append(fix)
    print_line(narration_console(), text)


def _begin_row() -> None:
    """Erase the ``^C`` by which a terminal answers to Ctrl-C."""
    from nasea.cli.terminal.console import narration_console
    from nasea.cli.terminal.live import ERASE

    console = narration_console()
    if console.is_dumb_terminal:
        console.print()
    elif console.is_terminal:
        console.print(ERASE, end="")


def _silence_stdout() -> None:
    from nasea.cli.terminal.console import silence

    silence(sys.stdout)


def _print_defect() -> None:
    traceback.print_exc()
    said = (
        "error: this is a defect of nasea, not of your files\n"
        "  fix: please report it with the traceback above and: "
        f"nasea {__version__}, Python {platform.python_version()}, {platform.platform()}"
    )
    print(translate(said), file=sys.stderr)
