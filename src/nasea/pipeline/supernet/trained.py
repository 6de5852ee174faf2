"""Opens the supernet that a search trained."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from nasea.backends import ProcessGroup
from nasea.config import Scenario
from nasea.errors import CheckpointError, Notice
from nasea.pipeline.planning.clock import as_planned
from nasea.pipeline.probe import Prepared, prepare
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
    prepared = prepare(scenario, home, listener, int(stored.meta["workers"]), group)
    try:
        found = supernet_identity(prepared, home)
        require_same(stored.meta["identity"], found)
        if int(stored.meta["epoch"]) < scenario.epochs and not stored.meta.get("ended_early"):
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
