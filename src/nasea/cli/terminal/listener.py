"""Shows the pipeline's events in a terminal."""

from __future__ import annotations

import math
from types import TracebackType

from rich.console import Console
from rich.text import Text
from typing_extensions import Self

from nasea.cli.terminal.console import narration_console, print_line
from nasea.cli.terminal.progress import Bar, Meter, Ticker
from nasea.cli.terminal.wording import notice_in_words
from nasea.errors import Notice
from nasea.pipeline.session.events import Progress, Round, Stage
from nasea.translation import translate, translate_label

MOST_ROUNDS = 50
"""Where nothing can be rewritten, about so many epochs or generations are printed."""


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
        self._rounds: dict[str, Round] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end_stage()

    def notice(self, notice: Notice) -> None:
        """Print the notice, unless it was printed before."""
        if notice not in self._told:
            self._told.add(notice)
            label = translate_label("note: ")
            self._print(Text.assemble((label, "bold yellow"), (notice_in_words(notice), "yellow")))

    def begin(self, stage: Stage, title: str) -> None:
        """Print the title, marked as one."""
        self._end_stage()
        if self._moves:
            # No rule across the terminal: one made narrower folds it.
            self._print(Text.assemble(("── ", "bright_green"), (translate(title), "bold")))
        else:
            self._print(Text(f"== {translate(title)}"))

    def progress(self, progress: Progress) -> None:
        """Show the progress of the stage."""
        self._meter.show(progress)

    def line(self, text: str) -> None:
        """Print the line; of epochs and generations, where progress is live, only the last."""
        if not isinstance(text, Round):
            self._print(text)
        elif self._meter.live and text.number < text.total:
            self._rounds[text.about] = text
        elif self._meter.live:
            self._rounds.pop(text.about, None)
            self._print(text)
        elif _is_told(text):
            self._print(text)

    def _end_stage(self) -> None:
        self._meter.stop()
        for text in self._rounds.values():
            self._print(text)
        self._rounds = {}

    def _print(self, text: Text | str) -> None:
        print_line(self._console, text)
        self._meter.rest()


def _is_told(line: Round) -> bool:
    """Return whether a log shows the line: of many rounds the first, the last, and every n-th."""
    every = math.ceil(line.total / MOST_ROUNDS)
    return line.number in (1, line.total) or line.number % every == 0
