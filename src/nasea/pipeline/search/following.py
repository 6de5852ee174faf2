"""Processes that a launcher started beside the one that runs the pipeline."""

from __future__ import annotations

from typing import Any

from nasea.backends import follow
from nasea.config import ScenarioSource, load_scenario


def follow_run(config: ScenarioSource) -> Any:
    """Compute for the process that runs the pipeline until it finishes.

    Args:
        config: the scenario, the same as in that process.

    Returns:
        The outcome sent by that process, as JSON values; ``None`` if it sent none.

    Raises:
        NaseaError: the scenario is invalid, or that process failed.
    """
    return follow(load_scenario(config).scenario)
