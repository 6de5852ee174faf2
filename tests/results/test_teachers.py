"""Which networks of a results directory count as teachers."""

from __future__ import annotations

from pathlib import Path

import pytest

from nasea.results.retrained import EpochRow, Retrained, TrainingPlan
from nasea.results.teachers import has_retrained_above

from .builders import make_front


@pytest.mark.parametrize(
    ("folder", "counts"),
    [
        ("retrained_1", True),
        ("near_1.5M_flops/retrained_1", True),
        ("near_7.5_ms/retrained_1_scratch", True),
        ("retrained_1.1", False),
        ("near_1.5M_flops.1/retrained_1", False),
        ("near_3M_flops.12/retrained_1", False),
    ],
)
def test_networks_that_were_put_aside_do_not_count(
    tmp_path: Path, folder: str, counts: bool
) -> None:
    front = make_front(0.8, 0.9)
    front.save(tmp_path / "front.json")
    (tmp_path / folder).mkdir(parents=True)
    rows = (EpochRow(0, 0.1), EpochRow(1, 0.1, 0.3))
    made = Retrained(
        front.info, front[1], 0.1, TrainingPlan(False, 1, 0.01), 1, rows, "retrained_1"
    )
    made.save(tmp_path / folder / "retrained.json")
    cost = front.cost_of(front[1])
    assert has_retrained_above(tmp_path, 0.9 * cost) is counts
    assert not has_retrained_above(tmp_path, cost)
