from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from nasea.pipeline.session.events import Listener
from nasea.results.front import Front

from .conftest import Pretend, Run


@pytest.mark.parametrize(
    "words, config, restarts, budget, ends",
    [
        ([], "scen.yaml", False, None, False),
        (["-c", "my.yaml", "--restart"], "my.yaml", True, None, False),
        (["--time", "1h30m"], "scen.yaml", False, 5400.0, False),
        (["--finish"], "scen.yaml", False, None, True),
    ],
)
def test_it_searches_and_says_where_the_results_are(
    run: Run,
    pretend: Pretend,
    front: Front,
    words: list[str],
    config: str,
    restarts: bool,
    budget: float | None,
    ends: bool,
) -> None:
    def search(
        path: Path, *, restart: bool, listener: Listener, time_budget: float | None, finish: bool
    ) -> Front:
        assert (path, restart, time_budget, finish) == (Path(config), restarts, budget, ends)
        listener.begin("train", "training")
        listener.line("epoch 1/1")
        return front

    pretend("nasea.pipeline.search.run", "search", search)
    done = run("search", *words)
    assert done.status == 0
    assert done.err == "== training\nepoch 1/1\n"
    assert "0.9500" in done.out
    assert done.out.splitlines()[-4:] == [
        "report: results/report.html",
        "again:  nasea show",
        "train:  nasea retrain --budget 40k",
        "export: python3 results/model_arch_result_1.py",
    ]


def test_the_budget_that_is_named_is_within_the_constraint(
    run: Run, pretend: Pretend, front: Front
) -> None:
    """Rounded to three digits it would be 40.1k."""
    members = (*front.members[:-1], replace(front.members[-1], parameters=40_060))
    tight = replace(front, members=members, info=replace(front.info, constraint_value=40_080.0))
    pretend("nasea.pipeline.search.run", "search", lambda path, **options: tight)
    assert "train:  nasea retrain --budget 40.08k" in run("search").out.splitlines()


@pytest.mark.parametrize(
    "text, fix", [("2", "write 2h, 2m or 2s"), ("1:30", "write 1h30m"), ("soon", "write a number")]
)
def test_a_time_needs_its_unit(run: Run, text: str, fix: str) -> None:
    done = run("search", "--time", text)
    assert done.status == 2
    assert (
        f"--time must be a time with its unit, such as 90m, 2h or 1h30m, found {text}" in done.err
    )
    assert fix in done.err
