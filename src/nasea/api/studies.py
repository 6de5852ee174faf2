"""Whether a search is to be trusted, and whether it was worth it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from nasea.api.arguments import as_path, cost_of, listening_to

if TYPE_CHECKING:
    from nasea.config import ScenarioSource
    from nasea.pipeline.session.events import Event, Listener
    from nasea.results.fidelity import Fidelity
    from nasea.results.standings import Standings


def fidelity(
    config: ScenarioSource = "scen.yaml",
    *,
    architectures: int = 20,
    epochs: int | None = None,
    seeds: int = 2,
    cost: float | str | None = None,
    directory: str | Path | None = None,
    restart: bool = False,
    listener: Listener | None = None,
    on_event: Callable[[Event], object] | None = None,
    quiet: bool = False,
) -> Fidelity:
    """Compare the supernet's ranking with that of stand-alone training; as ``nasea fidelity``.

    Args:
        config: the scenario of the search.
        architectures: how many random ones to compare, 4 to 200.
        epochs: of each training; those of the scenario by default.
        seeds: trainings of each architecture; two or more show the noise.
        cost: compare only architectures of about this cost (within 5 %); by default any within the
            budget.
        directory: of the search; the current directory by default.
        restart: forget earlier measurements.
        listener: receives progress, instead of the terminal or the notebook.
        on_event: called with every event, besides.
        quiet: show no progress.

    Returns:
        Each architecture with its score and its trainings, and how well the two rankings agree.

    Raises:
        nasea.errors.NaseaError: any fault that the user can fix. Its text says how.
    """
    from nasea.pipeline.diagnosis.fidelity import Study
    from nasea.pipeline.diagnosis.fidelity import fidelity as run

    at = None if cost is None else cost_of(cost, "cost")
    study, home = Study(architectures, epochs, seeds, at), as_path(directory)
    with listening_to(listener, on_event, quiet) as heard:
        return run(config, study, directory=home, restart=restart, listener=heard)


def compare(
    config: ScenarioSource = "scen.yaml",
    *,
    budget: float | str | None = None,
    numbers: Sequence[int] = (),
    families: Sequence[str] = (),
    epochs: int | None = None,
    seeds: int = 3,
    directory: str | Path | None = None,
    restart: bool = False,
    listener: Listener | None = None,
    on_event: Callable[[Event], object] | None = None,
    quiet: bool = False,
) -> Standings:
    """Train results beside networks picked by hand, of the same cost; as ``nasea compare``.

    Before a search, the networks picked by hand are trained alone, as a baseline.

    Args:
        config: the scenario of the search.
        budget: in the unit of the constraint; that of the scenario by default.
        numbers: of architectures; by default the most accurate that costs no more than the budget.
        families: hand picks by name or the beginning of it; all by default.
        epochs: of each training; those of the scenario by default.
        seeds: how often each is trained.
        directory: of the search; the current directory by default.
        restart: forget what earlier starts trained.
        listener: receives progress, instead of the terminal or the notebook.
        on_event: called with every event, besides.
        quiet: show no progress.

    Returns:
        The results and the hand picks with costs and accuracies, the most accurate first.

    Raises:
        nasea.errors.NaseaError: any fault that the user can fix. Its text says how.
    """
    from nasea.pipeline.hand_picks.compare import CompareOptions
    from nasea.pipeline.hand_picks.compare import compare as run
    from nasea.pipeline.hand_picks.contenders import ContenderSelection

    limit = None if budget is None else cost_of(budget, "budget")
    options = CompareOptions(
        ContenderSelection(limit, tuple(numbers), tuple(families)), epochs, seeds
    )
    home = as_path(directory)
    with listening_to(listener, on_event, quiet) as heard:
        return run(config, options, directory=home, restart=restart, listener=heard)
