"""What a framework implements: each step as a function of the results of earlier steps.

:mod:`nasea.backends.base` calls the steps and holds their results; a framework keeps none.
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
from nasea.backends.records import (
    DataReport,
    FileOptions,
    PreNetReport,
    ReadSeconds,
    UserNetworkReport,
)
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

    def data_notices(self) -> list[Notice]: ...

    def cache_notices(self) -> list[Notice]: ...

    def read_seconds(self, images: int) -> ReadSeconds: ...

    def close(self) -> None: ...


Data = TypeVar("Data", bound=_Data)
Batch = TypeVar("Batch", bound=tuple[Any, Any])
Supernet = TypeVar("Supernet")
Teacher = TypeVar("Teacher")
OneTrainer = TypeVar("OneTrainer", bound=Trainer)
OneScorer = TypeVar("OneScorer", bound=Scorer[Any, Any])


class Framework(ABC, Generic[Data, Batch, Supernet, Teacher, OneTrainer, OneScorer]):
    """A framework for one scenario, with the user's module imported, PreNet and PostNet built.

    Args:
        scenario: the scenario.
        ranks: the processes that train together; ``None`` for a single process.

    Attributes:
        weights_suffix: ending of a weights file, e.g. ``.pt``.
        metric_call: the user's metric as it is called, for messages.
        schedule_call: the user's schedule as it is called, for messages.
        user: the user's module.
        notices: notices for the user, so far.
        int8_from: the first epoch that a trainer rounds to int8 in the forward pass, from 0;
            ``None`` to round none.
    """

    weights_suffix: ClassVar[str]
    metric_call: ClassVar[str]
    schedule_call: ClassVar[str]
    user: UserCode

    def __init__(self, scenario: Scenario, ranks: Ranks | None) -> None:
        self.scenario = scenario
        self.notices: list[Notice] = []
        self.int8_from: int | None = None
        self.processes = 1 if ranks is None else ranks.size
        self.local_processes = 1 if ranks is None else ranks.local_size

    @property
    @abstractmethod
    def environment(self) -> dict[str, str]:
        """Framework version, device, threads."""

    @property
    @abstractmethod
    def peak_memory(self) -> Memory:
        """Peak memory so far."""

    @property
    @abstractmethod
    def file_options(self) -> FileOptions:
        """Options that generated files must share with the backend; final with the supernet."""

    # --- data, PreNet and PostNet ---

    @abstractmethod
    def open_data(self, cache: ImageCache) -> tuple[Data, Batch]:
        """Open the user's data sets; return them and a training batch on this device.

        Args:
            cache: holds decoded images.
        """

    def describe_data(self, data: Data) -> DataReport:
        """Describe the data sets, for all ranks together."""
        return DataReport(data.train_images, data.val_images, data.batches_per_epoch)

    @abstractmethod
    def run_pre_net(self, batch: Batch) -> PreNetReport:
        """Run PreNet on a batch, which builds it, and return a report."""

    @abstractmethod
    def required_taps(self, batch: Batch, space: Space) -> tuple[int, ...]:
        """See :meth:`nasea.backends.base.ProbedBackend.required_taps`."""

    @abstractmethod
    def attach(
        self, data: Data, batch: Batch, space: Space, seed: int
    ) -> tuple[Supernet, OneScorer, UserNetworkReport]:
        """Build the supernet between PreNet and PostNet; return it, its scorer and a report."""

    def load_with(self, data: Data, workers: int) -> None:
        """Set the number of data workers, if the framework has any."""

    def choose_workers(self, data: Data, step_seconds: float) -> None:
        """See :meth:`nasea.backends.base.AttachedBackend.choose_workers`."""

    # --- weights ---

    @abstractmethod
    def inherit(self, supernet: Supernet, batch: Batch, genome: Genome, weights: Path) -> None:
        """See :meth:`nasea.backends.base.AttachedBackend.inherit`."""

    @abstractmethod
    def teacher(
        self, batch: Batch, space: Space, genome: Genome, weights: Path, share: float
    ) -> Teacher:
        """See :meth:`nasea.backends.base.AttachedBackend.set_teacher`."""

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
        """Open a trial training in this process, which is undone afterwards."""

    @abstractmethod
    def first_images(self, batch: Batch, count: int) -> Batch | None:
        """Return the first images of a batch with labels; ``None`` if labels cannot be split."""

    @abstractmethod
    def rates(self, data: Data, paths_per_update: int) -> tuple[Sequence[float], int]:
        """See :meth:`nasea.backends.base.AttachedBackend.rates`."""

    @abstractmethod
    def make_trainer(
        self, data: Data, supernet: Supernet, teacher: Teacher | None, paths_per_update: int
    ) -> OneTrainer:
        """Return the trainer of this process, be it the only one or one of several."""

    @abstractmethod
    def batches(self, data: Data, trainer: OneTrainer, epoch: int, done: int) -> Iterable[Any]:
        """Return this process's training batches from update ``done`` of an epoch on."""

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
"""A framework with any types of tensors."""

OpenFramework: TypeAlias = Callable[..., AnyFramework]
"""Called with (scenario, directory of ``user_module.py``, role, ranks or ``None``)."""
