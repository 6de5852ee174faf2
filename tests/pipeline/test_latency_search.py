"""A search under latency and other budgets, from the scenario to the results."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from nasea.cost.profiles import packaged_profile
from nasea.errors import BudgetError

from .project import Project, Recorder

pytest_plugins = ["pipeline.fixtures"]

UNDER_LATENCY = (
    ("constraint_type: size", "constraint_type: latency"),
    ("constraint_value: 12000", "constraint_value: 0.3\n      also: {size: 9000}"),
)


def test_every_member_meets_every_budget_and_the_profile_is_told(fresh: Project) -> None:
    listener = Recorder()
    front = fresh.scenario(*UNDER_LATENCY).search(listener)
    assert len(front) > 0
    for member in front:
        assert member.latency_ms is not None
        assert member.latency_ms <= 0.3
        assert member.parameters <= 9000
        layers = [layer.latency_ms for layer in member.layers]
        assert None not in layers
        assert sum(ms or 0.0 for ms in layers) < member.latency_ms, "PreNet and PostNet too"
    assert packaged_profile("npu_v1").describe() in listener.text
    assert "no processor_version given; using npu_v1" in listener.text
    assert front.info.also == (("size", 9000.0),)
    stored = json.loads((fresh.home / "results" / "front.json").read_text())
    assert stored["info"]["processor"].startswith("npu_v1 (Kirin 990 5G NPU")
    header = (fresh.home / "results" / "pareto.csv").read_text().splitlines()[0]
    assert {"parameters", "flops", "latency_ms"} <= set(header.split(","))
    report = (fresh.home / "results" / "report.html").read_text()
    assert "at most 9.000 k parameters" in report


def test_budgets_that_exclude_each_other(fresh: Project, tmp_path: Path) -> None:
    fresh.scenario(
        ("constraint_type: size", "constraint_type: latency"),
        ("constraint_value: 12000", "constraint_value: 0.3\n      also: {flops: 10}"),
    )
    with pytest.raises(BudgetError) as caught:
        fresh.search()
    assert "FLOPs; budget 10 FLOPs: not satisfiable" in caught.value.message
    assert "raise also.flops above" in str(caught.value.fix)
