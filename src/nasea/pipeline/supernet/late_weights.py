"""Writes weights files that a search left out of its results, from the supernet that it trained."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from nasea.backends import ProcessGroup
from nasea.config import Scenario, ScenarioSource, load_scenario
from nasea.errors import CheckpointError, ResultsError
from nasea.pipeline.opening import genome_of, require_framework
from nasea.pipeline.session.events import Listener, NullListener, Progress
from nasea.pipeline.session.lock import only_run
from nasea.pipeline.supernet.trained import open_trained
from nasea.results.picked import Result, load_finished, pick_result
from nasea.results.storage.staging import install_file, staging_for
from nasea.results.storage.store import check_count


def write_weights(
    config: ScenarioSource,
    numbers: Sequence[int] = (),
    *,
    results: Path = Path("results"),
    directory: Path | None = None,
    listener: Listener | None = None,
) -> list[Path]:
    """Write weights files of a front that do not exist.

    Args:
        config: the scenario of the search.
        numbers: N of ``model_arch_result_N.py``; the whole front by default.
        results: results directory of the search.
        directory: where ``user_module.py`` and ``checkpoint/`` are; the current directory by
            default.
        listener: receives progress.

    Returns:
        The files that were written.

    Raises:
        CheckpointError: the supernet is no longer there.
        ResultsError: the results are of another supernet.
        NaseaError: any other error in the input.
    """
    listener = listener or NullListener()
    numbers = numbers or [member.number for member in load_finished(results)]
    picked = [pick_result(results, number) for number in dict.fromkeys(numbers)]
    missing = [result for result in picked if not result.weights.exists()]
    if not missing:
        return []
    loaded = load_scenario(config)
    for notice in loaded.notices:
        listener.notice(notice)
    home = (directory or Path.cwd()).resolve()
    with _locked(home):
        _write(missing, loaded.scenario, home, listener)
    return [result.weights for result in missing]


def ensure_weights(
    result: Result,
    scenario: Scenario,
    home: Path,
    listener: Listener,
    group: ProcessGroup | None = None,
) -> None:
    """Write the weights file of a result if there is none; see :func:`write_weights`.

    Args:
        result: the result.
        scenario: the scenario of the search.
        home: the directory of the search.
        listener: receives progress.
        group: the processes of the session, which holds the lock of ``home``; ``None`` where there
            is no session.
    """
    if not result.weights.exists():
        with _locked(home) if group is None else nullcontext():
            _write([result], scenario, home, listener, group)


def _locked(home: Path) -> AbstractContextManager[None]:
    """Return the lock of a directory; where no search ran there is none, and none is made."""
    folder = home / "checkpoint"
    return only_run(folder) if folder.is_dir() else nullcontext()


def _write(
    missing: Sequence[Result],
    scenario: Scenario,
    home: Path,
    listener: Listener,
    group: ProcessGroup | None = None,
) -> None:
    for result in missing:
        require_framework(scenario, result)
        if result.remark or not result.info.supernet:
            result.require_weights()
    listener.begin("results", "writing weights files from the supernet of the search")
    try:
        trained = open_trained(scenario, home, listener, group)
    except CheckpointError as error:
        raise CheckpointError(
            f"{missing[0].weights} is not there, and cannot be written: {error.message}",
            fix=error.fix,
        ) from error
    backend = trained.prepared.backend
    try:
        for done, result in enumerate(missing, start=1):
            if result.info.supernet != trained.weights_version:
                raise ResultsError(
                    f"{result.weights} is not there, and the supernet in checkpoint/ is not the "
                    "one that it came from",
                    fix=f"train the network anew: nasea retrain{result.place} --from-scratch "
                    f"--arch {result.member.number}",
                )
            genome = genome_of(trained.prepared.space, result)
            with staging_for(result.weights) as staging:
                file = staging / result.weights.name
                check_count(result.member, backend.write_weights(genome, file))
                install_file(file, result.directory)
            listener.progress(Progress("results", done, len(missing), "architecture"))
    finally:
        backend.close()
