"""The summary of a command in the list of commands."""

from __future__ import annotations

from collections.abc import Callable


def summary(verb: Callable[..., None]) -> str:
    """Return the first paragraph of a command's help.

    As an explicit summary it is folded; otherwise click truncates it to one line.
    """
    return " ".join((verb.__doc__ or "").split("\n\n")[0].split())
