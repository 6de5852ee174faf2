"""Scenarios and searches from Python."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from nasea.api.arguments import home_of, listening_to

if TYPE_CHECKING:
    from nasea.backends.user.from_classes import Parts as UserClasses
    from nasea.config import Scenario, ScenarioSource
    from nasea.pipeline.diagnosis.check import CheckReport
    from nasea.pipeline.session.events import Event, Listener
    from nasea.results.front import Front
    from nasea.strategy import Strategy


def read_scenario(config: ScenarioSource) -> Scenario:
    """Read and check a scenario, without data and user module.

    Args:
        config: the scenario file, or a dict with its keys.

    Returns:
        The scenario with all defaults filled in; immutable.

    Raises:
        nasea.errors.ConfigError: it is wrong; carries every problem found.
    """
    from nasea.config import load_scenario

    return load_scenario(config).scenario


def check(
    config: ScenarioSource = "scen.yaml",
    *,
    targets: Sequence[str] = (),
    directory: str | Path | None = None,
    user_module: UserClasses | None = None,
    listener: Listener | None = None,
    on_event: Callable[[Event], object] | None = None,
    quiet: bool = False,
) -> CheckReport:
    """Check a scenario, the user's module and the data, without training; as ``nasea check``.

    Args:
        config: the scenario.
        targets: names as ``nasea check --target`` takes them; ``coverage`` of what is returned says
            which blocks they cannot run.
        directory: where ``user_module.py`` is; the current directory by default.
        user_module: the classes that are defined here; see :func:`search`.
        listener: receives progress, instead of the terminal or the notebook.
        on_event: called with every event, besides.
        quiet: show no progress.

    Returns:
        What the networks cost, whether any meets the budget, how long a search takes; print it.

    Raises:
        nasea.errors.NaseaError: any fault that the user can fix. Its text says how.
    """
    from nasea.pipeline.diagnosis.check import check as run

    home = home_of(directory, user_module)
    with listening_to(listener, on_event, quiet) as heard:
        return run(config, targets=targets, directory=home, listener=heard)


def search(
    config: ScenarioSource = "scen.yaml",
    *,
    directory: str | Path | None = None,
    user_module: UserClasses | None = None,
    restart: bool = False,
    listener: Listener | None = None,
    strategy: Strategy | None = None,
    time_budget: str | None = None,
    finish: bool = False,
    on_event: Callable[[Event], object] | None = None,
    quiet: bool = False,
) -> Front:
    """Search the networks of a scenario; the same run as ``nasea search -c``.

    Args:
        config: the scenario.
        directory: where ``user_module.py`` is and ``checkpoint/``, ``results/`` and the log go;
            the current directory by default.
        user_module: UserModule, PreNet and PostNet that are defined in this notebook or script, as
            list or dict: ``user_module.py`` is written from their source and what they use.
        restart: forget the checkpoints of an earlier start and start over.
        listener: receives progress, instead of the terminal or the notebook.
        strategy: proposes the architectures, in place of ``searcher.mode`` of the scenario; see
            ``nasea.strategy.Strategy``.
        time_budget: time for the whole job, such as ``"2h"``, in place of ``strategy.time_budget``
            of the scenario: epochs, scores and the retraining of networks near the constraint
            are planned to fit.
        finish: end a stopped search after its last complete generation, and write its results.
        on_event: called with every event, besides.
        quiet: show no progress.

    Returns:
        The Pareto front; iterate over it by rising cost.

    Raises:
        nasea.errors.NaseaError: any fault that the user can fix. Its text says how.
    """
    from nasea.pipeline.planning.time_plan import parse_time
    from nasea.pipeline.search.run import search as run

    home = home_of(directory, user_module)
    with listening_to(listener, on_event, quiet) as heard:
        return run(
            config,
            directory=home,
            restart=restart,
            listener=heard,
            strategy=strategy,
            time_budget=None if time_budget is None else parse_time(time_budget, "time_budget"),
            finish=finish,
        )
