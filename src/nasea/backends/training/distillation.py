"""The part of distillation that the frameworks share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from nasea.errors import NotAvailableError

T = TypeVar("T")

TEMPERATURE = 2.0
"""Class scores are divided by it, so that unlikely classes count too (docs/decisions/0032)."""


def no_class_scores_error(found: str) -> NotAvailableError:
    """Return the error of a network without class scores.

    Args:
        found: description of its output.
    """
    return NotAvailableError(
        "--distill needs scores of classes, (images, classes) or a map of them for segmentation, "
        f"and PostNet's output is {found}",
        fix="leave --distill out",
    )


def no_matching_outputs_error(student: str, teacher: str) -> NotAvailableError:
    """Return the error of a student none of whose outputs match the teacher's.

    Args:
        student: description of the student's output in training mode.
        teacher: description of the teacher's output in evaluation mode.
    """
    return NotAvailableError(
        f"--distill: PostNet's output in training is {student}, and the teacher's is {teacher}: "
        "no scores of the same classes are in both",
        fix="return the main output first, or in a dict under one name in both, or leave "
        "--distill out",
    )


def match_outputs(
    student: Sequence[tuple[str, T]], teacher: Sequence[tuple[str, T]], shape: Callable[[T], object]
) -> list[tuple[int, int]]:
    """Match the outputs of a student in training mode with those of a teacher in evaluation mode.

    A network with auxiliary heads has more outputs in training mode, perhaps nested differently.
    Then outputs of the same name are matched; if no name is the same, the first ones are, since the
    main output comes first (GoogLeNet, DeiT and others).

    Args:
        student: (name, class scores) of the student's outputs.
        teacher: (name, class scores) of the teacher's outputs.
        shape: returns what must be equal for two outputs to match.

    Returns:
        (position in ``student``, position in ``teacher``) pairs; empty if nothing matches.
    """
    names = [name for name, _ in student]
    if len(student) == len(teacher):
        pairs = [(i, i) for i in range(len(student))]
    else:
        pairs = [(names.index(n), i) for i, (n, _) in enumerate(teacher) if n in names]
        pairs = pairs or ([(0, 0)] if student and teacher else [])
    return [(i, j) for i, j in pairs if shape(student[i][1]) == shape(teacher[j][1])]
