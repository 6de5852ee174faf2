"""What a framework gives a backend: each step as a function of what the steps before it made.

:mod:`nasea.backends.base` takes the steps; no framework keeps what they come to.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, ClassVar, Generic, Protocol, TypeAlias, TypeVar

from nasea.backends.data.image_cache import ImageCache
from nasea.backends.distributed.ranks import Ranks
from nasea.backends.export.deployment import Deployment
from nasea.backends.export.exporter import Exporter
from nasea.backends.memory import Memory
from nasea.backends.records import DataReport, EndReport, FileOptions, PreNetReport
from nasea.backends.scoring.scorer import Scorer
from nasea.backends.training.pretrained import LoadedPretrained
from nasea.backends.training.trainer import Trainer
from nasea.backends.training.trial import Trial
from nasea.backends.user.code import UserCode
from nasea.config import Scenario
from nasea.errors import Notice
from nasea.space import Genome, Space


class _Data(Protocol):
    workers: int
    train_images: int
    val_images: int

    @property
    def batches_per_epoch(self) -> int: ...

    def doubts(self) -> list[Notice]: ...

    def overflow(self) -> list[Notice]: ...

    def close(self) -> None: ...


Data = TypeVar("Data", bound=_Data)
Batch = TypeVar("Batch", bound=tuple[Any, Any])
Supernet = TypeVar("Supernet")
Teacher = TypeVar("Teacher")
OneTrainer = TypeVar("OneTrainer", bound=Trainer)
OneScorer = TypeVar("OneScorer", bound=Scorer[Any, Any])


class Framework(ABC, Generic[Data, Batch, Supernet, Teacher, OneTrainer, OneScorer]):
    """A framework at work on a scenario, with the user's module imported and its ends made.

    Args:
        scenario: what to search.
        ranks: the processes that train together; ``None`` where there is only this one.

    Attributes:
        weights_suffix: ending of a weights file, e.g. ``.pt``.
        metric_call: the user's metric as it is called, for messages.
        schedule_call: the user's schedule as it is called, for messages.
        user: the user's module.
        notices: what the user should know, so far.
        trains_int8: whether what is trained from now on is rounded to int8 in the forward pass.
    """

    weights_suffix: ClassVar[str]
    metric_call: ClassVar[str]
    schedule_call: ClassVar[str]
    user: UserCode

    def __init__(self, scenario: Scenario, ranks: Ranks | None) -> None:
        self.scenario = scenario
        self.notices: list[Notice] = []
        self.trains_int8 = False
        self.processes = 1 if ranks is None else ranks.size
        self.local_processes = 1 if ranks is None else ranks.local_size

    @property
    @abstractmethod
    def environment(self) -> dict[str, str]:
        """Framework version, device, threads."""

    @property
    @abstractmethod
    def peak_memory(self) -> Memory:
        """The most memory that was in use so far."""

    @property
    @abstractmethod
    def file_options(self) -> FileOptions:
        """What the generated files must do as the backend did; final once a supernet is built."""

    # --- data and ends ---

    @abstractmethod
    def open_data(self, cache: ImageCache) -> tuple[Data, Batch]:
        """The user's data sets, and a training batch of them where this device computes.

        Args:
            cache: where they keep decoded images.
        """

    def describe_data(self, data: Data) -> DataReport:
        """What the data sets hold, for all ranks together."""
        return DataReport(data.train_images, data.val_images, data.batches_per_epoch)

    @abstractmethod
    def run_pre_net(self, batch: Batch) -> PreNetReport:
        """Run PreNet on a batch, which also builds it."""

    @abstractmethod
    def wanted_taps(self, batch: Batch, space: Space) -> tuple[int, ...]:
        """See :meth:`nasea.backends.base.ProbedBackend.wanted_taps`."""

    @abstractmethod
    def attach(
        self, data: Data, batch: Batch, space: Space, seed: int
    ) -> tuple[Supernet, OneScorer, EndReport]:
        """The supernet between the ends, what scores its architectures, and PostNet as found."""

    def load_with(self, data: Data, workers: int) -> None:
        """Load training data with so many processes, where the framework loads in processes."""

    def settle_workers(self, data: Data, step_seconds: float) -> None:
        """See :meth:`nasea.backends.base.AttachedBackend.settle_workers`."""

    # --- weights ---

    @abstractmethod
    def inherit(self, supernet: Supernet, batch: Batch, genome: Genome, weights: Path) -> None:
        """See :meth:`nasea.backends.base.AttachedBackend.inherit`."""

    @abstractmethod
    def teacher(
        self, batch: Batch, space: Space, genome: Genome, weights: Path, share: float
    ) -> Teacher:
        """See :meth:`nasea.backends.base.AttachedBackend.learn_from`."""

    @abstractmethod
    def pretrained_weights(self, supernet: Supernet) -> bytes:
        """See :meth:`nasea.backends.base.AttachedBackend.pretrained_weights`."""

    @abstractmethod
    def load_pretrained(self, supernet: Supernet, weights: bytes) -> LoadedPretrained:
        """See :meth:`nasea.backends.base.AttachedBackend.load_pretrained`."""

    @abstractmethod
    def write_weights(
        self, supernet: Supernet, scorer: OneScorer, batch: Batch, genome: Genome, path: Path
    ) -> int:
        """See :meth:`nasea.backends.base.AttachedBackend.write_weights`."""

    # --- training ---

    @abstractmethod
    def open_trial(
        self, data: Data, supernet: Supernet, teacher: Teacher | None, paths_per_update: int = 1
    ) -> Trial:
        """A training in this process alone, which is undone."""

    @abstractmethod
    def first_images(self, batch: Batch, count: int) -> Batch | None:
        """The first images of a batch, labels included; ``None`` where these cannot be told."""

    @abstractmethod
    def rates(self, data: Data, paths_per_update: int) -> tuple[Sequence[float], int]:
        """See :meth:`nasea.backends.base.AttachedBackend.rates`."""

    @abstractmethod
    def make_trainer(
        self, data: Data, supernet: Supernet, teacher: Teacher | None, paths_per_update: int
    ) -> OneTrainer:
        """The trainer of this process, alone or among several."""

    @abstractmethod
    def batches(self, data: Data, trainer: OneTrainer, epoch: int, done: int) -> Iterable[Any]:
        """What this process trains on from update ``done`` of an epoch on."""

    # --- files for other runtimes ---

    @abstractmethod
    def exporter(
        self, data: Data, batch: Batch, space: Space, genome: Genome, weights: Path
    ) -> Exporter:
        """See :meth:`nasea.backends.base.ProbedBackend.exporter`."""

    @abstractmethod
    def deployment(self, batch: Batch, space: Space) -> Deployment:
        """See :meth:`nasea.backends.base.AttachedBackend.deployment`."""


AnyFramework: TypeAlias = Framework[Any, Any, Any, Any, Any, Any]
"""A framework, whatever its tensors are."""

OpenFramework: TypeAlias = Callable[..., AnyFramework]
"""Called with (scenario, directory of ``user_module.py``, role, ranks or ``None``)."""
