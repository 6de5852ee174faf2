"""Shows the pipeline's events in a terminal."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.text import Text

from nasea.cli.terminal.console import narration_console, print_line
from nasea.cli.terminal.progress import Bar, Meter, Ticker
from nasea.cli.terminal.wording import notice_in_words
from nasea.errors import Notice
from nasea.pipeline.session.events import Progress, Stage
from nasea.translation import translate, translate_label


class RichListener:
    """A listener that prints lines and, on a terminal, a progress bar below them.

    Use it as a context manager: on exit, the bar is removed.

    Args:
        console: the console; stderr by default.
        meter: shows progress; chosen for the console by default.
    """

    def __init__(self, console: Console | None = None, meter: Meter | None = None) -> None:
        self._console = console or narration_console()
        # A dumb terminal cannot move its cursor, so it cannot redraw a bar either.
        self._moves = self._console.is_terminal and not self._console.is_dumb_terminal
        self._meter = meter or (Bar(self._console) if self._moves else Ticker(self._console))
        self._told: set[Notice] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._meter.stop()

    def notice(self, notice: Notice) -> None:
        """Print the notice, unless it was printed before."""
        if notice not in self._told:
            self._told.add(notice)
            label = translate_label("note: ")
            self._print(Text.assemble((label, "bold yellow"), (notice_in_words(notice), "yellow")))

    def begin(self, stage: Stage, title: str) -> None:
        """Print the title as a rule, or marked as a title if there is no bar."""
        self._meter.stop()
        if self._moves:
            self._console.rule(Text(translate(title), "bold"), align="left")
        else:
            self._print(Text(f"== {translate(title)}"))

    def progress(self, progress: Progress) -> None:
        """Show the progress of the stage."""
        self._meter.show(progress)

    def line(self, text: str) -> None:
        """Print the line."""
        self._print(text)

    def _print(self, text: Text | str) -> None:
        print_line(self._console, text)
        self._meter.rest()
