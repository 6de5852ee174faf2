"""What the backends of all frameworks do alike: who is asked, in which order, and trials undone."""

from __future__ import annotations

import statistics
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Any, Generic, Protocol, TypeVar

from nasea.backends.distributed.ranks import Ranks
from nasea.backends.distributed.trainer import ParallelEpochs
from nasea.backends.records import EvaluationSubset, Job, Measurement, UpdateReport, one_by_one
from nasea.backends.scoring.prediction_images import PredictionImage
from nasea.backends.scoring.scorer import Scorer
from nasea.backends.training.trainer import Trainer, Update
from nasea.backends.user.code import UserCode
from nasea.config import Scenario
from nasea.errors import DataError, Notice
from nasea.space import Genome, Space


class _Supernet(Protocol):
    @property
    def space(self) -> Space: ...


class _Data(Protocol):
    def doubts(self) -> list[Notice]: ...


Data = TypeVar("Data", bound=_Data)
Batch = TypeVar("Batch", bound=tuple[Any, Any])
Supernet = TypeVar("Supernet", bound=_Supernet)
OneTrainer = TypeVar("OneTrainer", bound=Trainer)
OneScorer = TypeVar("OneScorer", bound=Scorer[Any, Any])


@dataclass(frozen=True)
class Trial:
    """A training that is undone.

    Attributes:
        trainer: trains one path an update.
        first: the first update, without a path.
        undo: puts all back that it has changed.
        rounds: how often each path is trained; the last time counts.
    """

    trainer: Trainer
    first: Update
    undo: Callable[[], None]
    rounds: int = 1


class BackendCore(ABC, Generic[Data, Batch, Supernet, OneTrainer, OneScorer]):
    """The half of a backend that no framework changes; see :class:`nasea.backends.base.Backend`.

    Args:
        scenario: what to search.
        ranks: the processes that train together; ``None`` where there is only this one.
    """

    user: UserCode

    def __init__(self, scenario: Scenario, ranks: Ranks | None) -> None:
        self.scenario = scenario
        self.notices: list[Notice] = []
        self._processes = 1 if ranks is None else ranks.size
        self._local_processes = 1 if ranks is None else ranks.local_size
        self._data: Data | None = None
        self._batch: Batch | None = None
        self._supernet: Supernet | None = None
        self._trainer: OneTrainer | None = None
        self._scorer: OneScorer | None = None

    # --- what a framework gives ---

    @abstractmethod
    def make_trainer(self, paths_per_update: int) -> OneTrainer:
        """The trainer of this process, alone or among several."""

    @abstractmethod
    def open_trial(self) -> Trial:
        """A training in this process alone, of all candidates in turn."""

    @abstractmethod
    def batches(self, epoch: int, done: int) -> Iterable[Any]:
        """What this process trains on from update ``done`` of an epoch on."""

    # --- what is the same in all ---

    @property
    def data(self) -> Data:
        """The data sets; opened by ``load_data``."""
        assert self._data is not None, "load_data comes first"
        return self._data

    @property
    def supernet(self) -> Supernet:
        """The supernet; built by ``attach``."""
        assert self._supernet is not None, "attach comes first"
        return self._supernet

    @property
    def trainer(self) -> OneTrainer:
        """Optimiser and schedule; made by :meth:`begin_training`."""
        assert self._trainer is not None, "begin_training comes first"
        return self._trainer

    def require_planes(self, space: Space) -> None:
        """Raise DataError where batch normalisation would have a single value to go by."""
        if len(self._probe_batch()[0]) == 1 and space.out_shape[1:] == (1, 1):
            raise DataError(
                "strategy.batch_size is 1, and the last layer makes planes of 1×1: batch "
                "normalisation has a single value to go by",
                fix="use a batch_size of at least 2",
            )

    def try_candidates(
        self, on_step: Callable[[int, int], None], also: Sequence[Genome] = ()
    ) -> float:
        """See :meth:`nasea.backends.base.Backend.try_candidates`."""
        batch = self._probe_batch()
        self.notices += self.data.doubts()
        choices = self.supernet.space.choices
        trial = self.open_trial()
        seconds = []
        paths = [tuple(turn % count for count in choices) for turn in range(max(choices))]
        paths += also
        for number, path in enumerate(paths, start=1):
            for _ in range(trial.rounds):
                start = time.perf_counter()
                trial.trainer.learn(replace(trial.first, paths=[path]), [batch])
            seconds.append(time.perf_counter() - start)
            on_step(number, len(paths))
        trial.undo()
        return statistics.median(seconds)

    def begin_training(self, paths_per_update: int, seed: int) -> int:
        """See :meth:`nasea.backends.base.Backend.begin_training`."""
        self._trainer = trainer = self.make_trainer(paths_per_update)
        if isinstance(trainer, ParallelEpochs):
            trainer.share_weights()
        return trainer.steps_per_epoch

    def train_epoch(
        self,
        epoch: int,
        path: Callable[[int], Genome],
        on_update: Callable[[UpdateReport], None],
        done: int = 0,
    ) -> None:
        """See :meth:`nasea.backends.base.Backend.train_epoch`."""
        self.trainer.epoch(epoch, self.batches(epoch, done), path, on_update, done)

    def follow_epoch(self, epoch: int, done: int) -> None:
        """Take part in an epoch that another rank leads; see :meth:`train_epoch`."""
        trainer: Trainer = self.trainer
        assert isinstance(trainer, ParallelEpochs), "alone there is nobody to follow"
        trainer.follow(epoch, self.batches(epoch, done), done)

    def state(self) -> bytes:
        """See :meth:`nasea.backends.base.Backend.state`."""
        return self.trainer.state()

    def restore(self, state: bytes, done: int = 0) -> int:
        """See :meth:`nasea.backends.base.Backend.restore`."""
        return self.trainer.restore(state, done)

    def measure(self, genome: Genome, data: EvaluationSubset) -> Measurement:
        """See :meth:`nasea.backends.base.Backend.measure`."""
        return self._scoring().measure(genome, data)

    def measure_each(self, jobs: Sequence[Job], on_measured: Callable[[Measurement], None]) -> None:
        """See :meth:`nasea.backends.base.Backend.measure_each`."""
        with self.sharing():
            one_by_one(self.measure)(jobs, on_measured)

    def sharing(self) -> AbstractContextManager[None]:
        """See :meth:`nasea.backends.scoring.prefix_cache.Sharing.allowed`."""
        return self._scoring().sharing.allowed()

    def pictures(self, genome: Genome, count: int) -> tuple[PredictionImage, ...]:
        """See :meth:`nasea.backends.base.Backend.pictures`."""
        return self._scoring().pictures(genome, count)

    def close(self) -> None:
        """See :meth:`nasea.backends.base.Backend.close`."""
        self.user.close()

    def _scoring(self) -> OneScorer:
        assert self._scorer is not None, "attach comes first"
        return self._scorer

    def _probe_batch(self) -> Batch:
        assert self._batch is not None, "load_data comes first"
        return self._batch
