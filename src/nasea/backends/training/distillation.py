"""What both frameworks' teachers have in common."""

from __future__ import annotations

from nasea.errors import NotAvailableError

TEMPERATURE = 2.0
"""Scores are divided by it, so that the unlikely classes count too (docs/decisions/0032)."""


def nothing_to_learn(found: str) -> NotAvailableError:
    """The error of a network that has no scores of classes.

    Args:
        found: what its output is, in words.
    """
    return NotAvailableError(
        f"--distill needs scores of classes, (images, classes), and PostNet's output is {found}",
        fix="leave --distill out",
    )
