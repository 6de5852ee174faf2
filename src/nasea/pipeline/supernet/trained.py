"""Opens the supernet that a search trained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nasea.backends import ProcessGroup
from nasea.backends.training.trial import TrialReport
from nasea.config import Scenario
from nasea.errors import CheckpointError, Notice
from nasea.pipeline.planning.clock import as_planned
from nasea.pipeline.planning.time_plan import Begun
from nasea.pipeline.probe import EarlierTrial, Prepared, prepare
from nasea.pipeline.session.checkpoint import CheckpointStore
from nasea.pipeline.session.events import Listener
from nasea.pipeline.session.identity import require_same
from nasea.pipeline.supernet.pre_training import supernet_identity


@dataclass(frozen=True)
class Trained:
    """A run whose supernet is trained.

    Attributes:
        prepared: the run, with the trained weights.
        identity: digests of everything that affects the weights.
        weights_version: digest of the checkpoint that contains them.
    """

    prepared: Prepared
    identity: dict[str, str]
    weights_version: str


def is_trained(meta: Mapping[str, Any], epochs: int) -> bool:
    """Return whether a checkpoint holds a supernet whose training ended.

    Args:
        meta: the meta data of the checkpoint.
        epochs: epochs of the scenario.
    """
    return int(meta["epoch"]) >= epochs or bool(meta.get("ended_early"))


def begun_training(meta: Mapping[str, Any], epochs: int) -> Begun:
    """Return how far a checkpoint's training got.

    Args:
        meta: the meta data of the checkpoint.
        epochs: epochs of the scenario.
    """
    return Begun(epochs, epochs if is_trained(meta, epochs) else int(meta["epoch"]))


def trial_of(meta: Mapping[str, Any], epochs: int) -> EarlierTrial | None:
    """Return what trying every candidate gave, if it need not be repeated: training is over.

    Where it is not, every start tries them again: the machine, or its memory, may be another.

    Args:
        meta: the meta data of the checkpoint; that of earlier versions has no trial.
        epochs: epochs of the scenario.
    """
    found = meta.get("tried")
    if found is None or not is_trained(meta, epochs):
        return None
    return EarlierTrial(TrialReport(**found), meta["identity"]["user_module"])


def open_trained(
    scenario: Scenario, home: Path, listener: Listener, group: ProcessGroup | None = None
) -> Trained:
    """Prepare a run and load the weights of its supernet.

    Args:
        scenario: the scenario of the search.
        home: the directory of the search.
        listener: receives progress.
        group: the processes that compute; by default only this one.

    Raises:
        CheckpointError: there is no supernet, its training is unfinished, or it belongs to another
            scenario, user module or data set.
        NaseaError: any other error in the input.
    """
    store = CheckpointStore(home / "checkpoint", "train")
    notices: list[Notice] = []
    stored = store.load(notices)
    for notice in notices:
        listener.notice(notice)
    if stored is None:
        raise CheckpointError(
            f"{store.directory} holds no supernet", fix="run nasea search there to its end first"
        )
    scenario = as_planned(scenario, home)
    tried = trial_of(stored.meta, scenario.epochs)
    prepared = prepare(scenario, home, listener, int(stored.meta["workers"]), group, tried)
    try:
        found = supernet_identity(prepared, home)
        require_same(stored.meta["identity"], found)
        if not is_trained(stored.meta, scenario.epochs):
            raise CheckpointError(
                f"{store.directory} holds a supernet that is not trained to the end",
                fix="run nasea search there to its end first",
            )
        training = prepared.backend.begin_training(prepared.paths_per_update, scenario.seed)
        training.restore(stored.payload)
    except BaseException:
        prepared.backend.close()
        raise
    return Trained(prepared, found, stored.digest)
