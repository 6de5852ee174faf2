"""What a command does, in the list of commands."""

from __future__ import annotations

from collections.abc import Callable


def summary(verb: Callable[..., None]) -> str:
    """The beginning of a verb's help, whole.

    Given to typer, it is folded; of a help text alone, click cuts what does not fit on a line.
    """
    return " ".join((verb.__doc__ or "").split("\n\n")[0].split())
