"""The Python face: what ``import nasea`` offers.

Every function runs what the command of the same name runs. A scenario is a file, a dict with the
keys of ``scen.yaml``, or a :class:`nasea.Scenario`. Progress is shown in terminals and notebooks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nasea.arguments import cost_of as _cost
from nasea.arguments import folder as _path
from nasea.arguments import results_folder as _results
from nasea.errors import NaseaError, NotAvailableError

if TYPE_CHECKING:
    from nasea.backends.user.from_classes import Parts as UserClasses
    from nasea.config import Scenario, ScenarioSource
    from nasea.pipeline.diagnosis.check import CheckReport
    from nasea.pipeline.export.exporting import ExportedFile
    from nasea.pipeline.retraining.retrain import Outcome
    from nasea.pipeline.session.events import Event, Listener
    from nasea.results.fidelity import Fidelity
    from nasea.results.front import Front
    from nasea.results.standings import Standings
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
    directory: str | Path | None = None,
    user_module: UserClasses | None = None,
    listener: Listener | None = None,
    on_event: Callable[[Event], object] | None = None,
    quiet: bool = False,
) -> CheckReport:
    """Check a scenario, the user's module and the data, without training; as ``nasea check``.

    Args:
        config: the scenario.
        directory: where ``user_module.py`` is; the current directory by default.
        user_module: the classes that are defined here; see :func:`search`.
        listener: hears of progress, in place of the terminal or the notebook.
        on_event: called with every event, besides.
        quiet: show no progress.

    Returns:
        What the networks cost, whether any meets the budget, how long a search takes; print it.

    Raises:
        nasea.errors.NaseaError: whatever a user can mend. Its text says how.
    """
    from nasea.pipeline.diagnosis.check import check as run

    home = _path(directory, user_module)
    with _listening(listener, on_event, quiet) as heard:
        return run(config, directory=home, listener=heard)


def search(
    config: ScenarioSource = "scen.yaml",
    *,
    directory: str | Path | None = None,
    user_module: UserClasses | None = None,
    restart: bool = False,
    listener: Listener | None = None,
    strategy: Strategy | None = None,
    time_budget: str | None = None,
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
        restart: forget the checkpoints of an earlier start and begin anew.
        listener: hears of progress, in place of the terminal or the notebook.
        strategy: a ``nasea.strategy.Strategy`` in place of ``searcher.mode`` of the scenario.
        time_budget: for the whole job, such as ``"2h"``, in place of ``strategy.time_budget``:
            epochs, scores and retraining of the most accurate network are planned to fit.
        on_event: called with every event, besides.
        quiet: show no progress.

    Returns:
        The Pareto front; iterate over it from cheap to dear.

    Raises:
        nasea.errors.NaseaError: whatever a user can mend. Its text says how.
    """
    from nasea.pipeline.planning.time_plan import parse_time
    from nasea.pipeline.search.run import search as run

    home = _path(directory, user_module)
    with _listening(listener, on_event, quiet) as heard:
        return run(
            config,
            directory=home,
            restart=restart,
            listener=heard,
            strategy=strategy,
            time_budget=None if time_budget is None else parse_time(time_budget, "time_budget"),
        )


def retrain(
    config: ScenarioSource = "scen.yaml",
    number: int | None = None,
    *,
    budget: float | str | None = None,
    candidates: int = 8,
    epochs: int | None = None,
    learning_rate: float | None = None,
    from_scratch: bool = False,
    distill: bool = False,
    teacher_share: float = 0.5,
    formats: Sequence[str] | None = None,
    results: str | Path | None = None,
    directory: str | Path | None = None,
    restart: bool = False,
    listener: Listener | None = None,
    on_event: Callable[[Event], object] | None = None,
    quiet: bool = False,
) -> Outcome:
    """Train one network of a front in full, then export it; as ``nasea retrain``.

    Args:
        config: the scenario of the search.
        number: of the architecture; or give a budget.
        budget: retrain several networks that cost about as much, and finish the best: parameters,
            FLOPs or milliseconds, or a text such as ``"50k"``.
        candidates: for a budget: how many begin.
        epochs: those of the scenario by default.
        learning_rate: that of the scenario by default.
        from_scratch: begin with initial weights instead of those of the search.
        distill: learn from the most accurate result as well.
        teacher_share: the teacher's share of the loss, greater than 0 and 1 at most.
        formats: to export to (see :func:`export`); by default onnx for PyTorch and pb for
            TensorFlow, none for ``[]``.
        results: of the search; the folder ``results`` of ``directory`` by default.
        directory: where ``user_module.py`` is; the current directory by default.
        restart: forget the checkpoints of this retraining and begin anew.
        listener: hears of progress, in place of the terminal or the notebook.
        on_event: called with every event, besides.
        quiet: show no progress.

    Returns:
        The network, its course and its files; ``nasea.load(outcome.directory)`` is the network.

    Raises:
        nasea.errors.NaseaError: whatever a user can mend. Its text says how.
    """
    from nasea.backends.distributed.launch import current_launch
    from nasea.pipeline.retraining.halving import retrain_best
    from nasea.pipeline.retraining.plan import Request
    from nasea.pipeline.retraining.retrain import retrain as run

    if current_launch() is not None:
        raise NotAvailableError(
            "nasea.retrain was started as one of several processes",
            fix="start it once; with several ids in resource.gpu_id it starts the others itself. "
            "The command nasea retrain works with launchers",
        )
    if (number is None) == (budget is None):
        raise NaseaError(
            "which network? number takes one of the front, budget the best of several",
            fix="give one of the two: nasea.retrain(config, 3) or nasea.retrain(config, "
            "budget='50k')",
        )
    request = Request(from_scratch, epochs, learning_rate, distill, teacher_share)
    home, folder = _path(directory), _results(results, directory)
    with _listening(listener, on_event, quiet) as heard:
        if number is not None:
            return run(
                config,
                number,
                request,
                formats=formats,
                results=folder,
                directory=home,
                restart=restart,
                listener=heard,
            )
        return retrain_best(
            config,
            _cost(budget, "budget"),
            candidates,
            request,
            formats=formats,
            results=folder,
            directory=home,
            restart=restart,
            listener=heard,
        ).outcome


def export(
    config: ScenarioSource = "scen.yaml",
    number: int | None = None,
    *,
    formats: Sequence[str] = (),
    batch: int | None = None,
    results: str | Path | None = None,
    directory: str | Path | None = None,
    listener: Listener | None = None,
    on_event: Callable[[Event], object] | None = None,
    quiet: bool = False,
) -> list[ExportedFile]:
    """Write a network for other runtimes, check and time each file there; as ``nasea export``.

    Args:
        config: the scenario of the search: its data check the files.
        number: of the architecture; may be left out for a retrained one.
        formats: PyTorch: onnx, pt2. TensorFlow: pb, savedmodel, tflite, tflite-float16,
            tflite-int8. By default onnx and pb.
        batch: images that a file takes at a time; any number by default.
        results: of the search, or of a retraining; the folder ``results`` of ``directory`` by
            default.
        directory: where ``user_module.py`` is; the current directory by default.
        listener: hears of progress, in place of the terminal or the notebook.
        on_event: called with every event, besides.
        quiet: show no progress.

    Returns:
        Each file with its size, its differences from the network, its accuracy and its latency.

    Raises:
        nasea.errors.NaseaError: whatever a user can mend. Its text says how.
    """
    from nasea.pipeline.export.exporting import export as run

    folder, home = _results(results, directory), _path(directory)
    with _listening(listener, on_event, quiet) as heard:
        return run(
            config, number, formats, results=folder, batch=batch, directory=home, listener=heard
        )


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
        cost: compare only such as cost this within 5 %; any within the budget by default.
        directory: of the search; the current directory by default.
        restart: forget earlier measurements.
        listener: hears of progress, in place of the terminal or the notebook.
        on_event: called with every event, besides.
        quiet: show no progress.

    Raises:
        nasea.errors.NaseaError: whatever a user can mend. Its text says how.
    """
    from nasea.pipeline.diagnosis.fidelity import Study
    from nasea.pipeline.diagnosis.fidelity import fidelity as run

    at = None if cost is None else _cost(cost, "cost")
    study, home = Study(architectures, epochs, seeds, at), _path(directory)
    with _listening(listener, on_event, quiet) as heard:
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

    Args:
        config: the scenario of the search.
        budget: in the unit of the constraint; that of the scenario by default.
        numbers: of architectures; by default the most accurate that costs no more than the budget.
        families: hand picks by name or the beginning of it; all by default.
        epochs: of each training; those of the scenario by default.
        seeds: how often each is trained.
        directory: of the search; the current directory by default.
        restart: forget what earlier starts trained.
        listener: hears of progress, in place of the terminal or the notebook.
        on_event: called with every event, besides.
        quiet: show no progress.

    Raises:
        nasea.errors.NaseaError: whatever a user can mend. Its text says how.
    """
    from nasea.pipeline.hand_picks.compare import Contest
    from nasea.pipeline.hand_picks.compare import compare as run
    from nasea.pipeline.hand_picks.contenders import Wish

    limit = None if budget is None else _cost(budget, "budget")
    contest = Contest(Wish(limit, tuple(numbers), tuple(families)), epochs, seeds)
    home = _path(directory)
    with _listening(listener, on_event, quiet) as heard:
        return run(config, contest, directory=home, restart=restart, listener=heard)


def load(
    results: str | Path = "results",
    number: int | None = None,
    *,
    directory: str | Path | None = None,
) -> Any:
    """Return a result as a network with its weights, PreNet and PostNet included.

    It is what ``load_model()`` of the generated file returns, so it runs that file and
    ``user_module.py``.

    Args:
        results: folder of a search, of a retraining, or of candidates near a budget.
        number: of the architecture; may be left out for a retrained one.
        directory: where ``user_module.py`` is; by default beside the results or above them, else
            the current directory.

    Returns:
        A ``torch.nn.Module`` in evaluation mode, on the CPU, or a ``tf.keras.Model``.

    Raises:
        nasea.errors.NaseaError: whatever a user can mend. Its text says how.
    """
    from nasea.pipeline.loading import load_network

    return load_network(Path(results), number, _path(directory))


def _listening(
    listener: Listener | None, on_event: Callable[[Event], object] | None, quiet: bool
) -> AbstractContextManager[Listener]:
    """Those who hear of a run; imported late, for it takes rich."""
    from nasea.cli.terminal.python import listening

    return listening(listener, on_event, quiet)
