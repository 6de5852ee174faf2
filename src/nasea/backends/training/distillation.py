"""What the teachers of both frameworks share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from nasea.errors import NotAvailableError

T = TypeVar("T")

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


def nothing_in_common(student: str, teacher: str) -> NotAvailableError:
    """The error of outputs of which none is the teacher's.

    Args:
        student: what the output is in training, in words,
        teacher: and what the teacher's is in evaluation.
    """
    return NotAvailableError(
        f"--distill: PostNet's output in training is {student}, and the teacher's is {teacher}: "
        "no scores of the same classes are in both",
        fix="return the main output first, or in a dict under one name in both, or leave "
        "--distill out",
    )


def matched(
    student: Sequence[tuple[str, T]], teacher: Sequence[tuple[str, T]], shape: Callable[[T], object]
) -> list[tuple[int, int]]:
    """Which outputs of a student in training are those of a teacher in evaluation, by position.

    A network with auxiliary heads puts out more in training, perhaps nested in another way: then
    the outputs of the same name are matched or, where no name is the same, the first ones, since
    the main output stands first (GoogLeNet, DeiT and their like).

    Args:
        student: (name, scores) of its outputs in training,
        teacher: and of the teacher's.
        shape: what must be the same of two that are matched.

    Returns:
        (position in the student's, position in the teacher's); none where nothing fits.
    """
    names = [name for name, _ in student]
    if len(student) == len(teacher):
        pairs = [(i, i) for i in range(len(student))]
    else:
        pairs = [(names.index(n), i) for i, (n, _) in enumerate(teacher) if n in names]
        pairs = pairs or ([(0, 0)] if student and teacher else [])
    return [(i, j) for i, j in pairs if shape(student[i][1]) == shape(teacher[j][1])]
