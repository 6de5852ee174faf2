"""What results say of the run that made them."""

from __future__ import annotations

import time

from nasea.config import Scenario
from nasea.pipeline.search.direction import Mode
from nasea.results.front import RunInfo
from nasea.terms import TASKS
from nasea.version import __version__


def run_info(scenario: Scenario, mode: Mode, evaluations: int = 0) -> RunInfo:
    """Return what the scenario says of a run; a search adds what it found.

    Args:
        scenario: the scenario.
        mode: whether a larger or a smaller metric is better.
        evaluations: number of scored architectures.
    """
    return RunInfo(
        task=TASKS[scenario.task].application_type,
        framework=scenario.framework,
        constraint_type=scenario.constraint.type,
        constraint_value=float(scenario.constraint.value),
        also=tuple(scenario.constraint.also.items()),
        objectives=scenario.searcher.objectives,
        metric_mode=mode,
        seed=scenario.seed,
        config_digest=scenario.digest(),
        nasea_version=__version__,
        created=time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        evaluations=evaluations,
        score_as=scenario.searcher.score_as,
    )
