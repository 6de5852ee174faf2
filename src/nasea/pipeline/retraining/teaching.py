"""The teacher of a retraining with distillation."""

from __future__ import annotations

from pathlib import Path

from nasea.errors import NoTeacherError
from nasea.results.near import results_root
from nasea.results.picked import Result
from nasea.results.teachers import Teacher, find_teacher


def teacher_of(results: Path, student: Result) -> Teacher:
    """Return the network that a result learns from.

    Raises:
        NoTeacherError: no larger network is more accurate.
    """
    found = find_teacher(results, student)
    if found is None:
        raise NoTeacherError(
            f"--distill: no network in {results_root(results)} is more accurate than "
            f"{student.title} and costs more: it has no teacher",
            fix="retrain a larger one first: nasea retrain --budget COST; or leave --distill out",
        )
    return found
