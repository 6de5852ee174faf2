"""Which outputs of a network in training are those of its teacher in evaluation."""

from __future__ import annotations

import pytest

from nasea.backends.training.distillation import match_outputs

Scores = list[tuple[str, int]]


@pytest.mark.parametrize(
    "student, teacher, pairs",
    [
        ([("output", 10)], [("output", 10)], [(0, 0)]),
        ([("output.0", 10), ("output.1", 10)], [("output", 10)], [(0, 0)]),
        ([("output.aux", 10), ("output.out", 10)], [("output.out", 10)], [(1, 0)]),
        ([("output.logits", 10)], [("output", 10)], [(0, 0)]),
        (
            [("output.0", 10), ("output.1", 7)],
            [("output.0", 10), ("output.1", 7)],
            [(0, 0), (1, 1)],
        ),
        ([("output.0", 7), ("output.1", 10)], [("output", 10)], []),
        ([], [("output", 10)], []),
    ],
    ids=["same", "auxiliary", "named", "renamed", "several", "other classes", "none"],
)
def test_outputs_are_matched_by_name_and_else_the_first(
    student: Scores, teacher: Scores, pairs: list[tuple[int, int]]
) -> None:
    assert match_outputs(student, teacher, lambda classes: classes) == pairs
