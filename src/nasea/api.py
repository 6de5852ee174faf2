"""The Python face: ``nasea.search("scen.yaml")``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nasea.pipeline.session.events import Listener
    from nasea.results.front import Front
    from nasea.strategy import Strategy


def search(
    config: str | Path,
    *,
    directory: str | Path | None = None,
    restart: bool = False,
    listener: Listener | None = None,
    strategy: Strategy | None = None,
    time_budget: str | None = None,
) -> Front:
    """Search the networks of a scenario; the same run as ``nasea search -c``.

    Args:
        config: the scenario file.
        directory: where ``user_module.py`` is and ``checkpoint/``, ``results/`` and the log go;
            the current directory by default.
        restart: forget the checkpoints of an earlier start and begin anew.
        listener: hears of progress (``nasea.pipeline.session.events.Listener``); silent by default.
        strategy: proposes the architectures, in place of ``searcher.mode`` of the scenario; see
            ``nasea.strategy.Strategy``.
        time_budget: time for the whole job, such as ``"2h"``, in place of ``strategy.time_budget``
            of the scenario: epochs, scores and the retraining of the most accurate network are
            planned to fit.

    Returns:
        The Pareto front; iterate over it from cheap to dear.

    Raises:
        nasea.errors.NaseaError: whatever a user can mend. Its text says how.
    """
    from nasea.pipeline.planning.time_plan import parse_time
    from nasea.pipeline.search.run import search as run

    home = None if directory is None else Path(directory)
    return run(
        Path(config),
        directory=home,
        restart=restart,
        listener=listener,
        strategy=strategy,
        time_budget=None if time_budget is None else parse_time(time_budget, "time_budget"),
    )
