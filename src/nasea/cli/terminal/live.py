"""A line at the bottom of a terminal that is rewritten in place, below all other output."""

from __future__ import annotations

import sys
from contextlib import suppress

from rich.console import Console, ConsoleRenderable, RenderHook
from rich.control import Control
from rich.file_proxy import FileProxy
from rich.segment import ControlType, Segment, Segments
from rich.text import Text

_BACK = (ControlType.CARRIAGE_RETURN,)
# Down to the end of the screen: the line may be folded.
ERASE = Segments([Segment("\r\x1b[J", None, [_BACK])])
"""Erases from the beginning of the cursor's row."""

_STREAMS = ("stdout", "stderr")


class LiveLine(RenderHook):
    """A line that stays below what is printed, by the console or by ``print``.

    The cursor waits at the beginning of the line. So a terminal that folds the line when it is
    made narrower keeps the cursor at its first row, and everything from there on can be erased.
    The cursor is not hidden: a process that is killed could not show it again.

    Args:
        console: a terminal.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._text: Text | None = None
        self._replaced: dict[str, object] = {}

    def show(self, text: Text) -> None:
        """Show the text, which must be shorter than the terminal is wide."""
        first = self._text is None
        self._text = text
        if first:
            self._console.push_render_hook(self)
            self._redirect()
        self._console.print(Control())

    def clear(self) -> None:
        """Remove the line."""
        if self._text is None:
            return
        self._text = None
        self._restore()
        self._console.print(Control())
        self._console.pop_render_hook()

    def process_renderables(self, renderables: list[ConsoleRenderable]) -> list[ConsoleRenderable]:
        """Print above the line: erase it, print, write it again."""
        if self._text is None:
            return [ERASE, *renderables]
        return [ERASE, *renderables, self._text, Control(ControlType.CARRIAGE_RETURN)]

    def _redirect(self) -> None:
        """Print what others print to a terminal above the line, too."""
        for name in _STREAMS:
            stream = getattr(sys, name)
            if stream is not None and stream.isatty() and not isinstance(stream, FileProxy):
                self._replaced[name] = stream
                setattr(sys, name, FileProxy(self._console, stream))

    def _restore(self) -> None:
        for name, stream in self._replaced.items():
            with suppress(ValueError):  # closed meanwhile
                getattr(sys, name).flush()  # a last line without an end
            setattr(sys, name, stream)
        self._replaced = {}
