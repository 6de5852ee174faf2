"""A process that a launcher started besides the one that runs the pipeline."""

from __future__ import annotations

from typing import Any

from nasea.backends import follow
from nasea.config import ScenarioSource, load_scenario


def follow_run(config: ScenarioSource) -> Any:
    """Compute for the process that runs the pipeline, until it is done.

    Args:
        config: the scenario, the same as there.

    Returns:
        The outcome that this process sent, JSON values; ``None`` where it had nothing to say.

    Raises:
        NaseaError: the scenario is wrong, or that process failed.
    """
    return follow(load_scenario(config).scenario)
