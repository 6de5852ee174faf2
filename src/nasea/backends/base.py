"""The interface between the pipeline and a framework, phase by phase.

A backend owns everything that touches tensors: the user's module, the data, the supernet, scoring
and writing weights. Budgets, populations and files in ``results/`` belong to the pipeline, which
passes frozen values only.

Each step returns the backend of the next phase, with the methods that are available from then on::

    Backend --probe--> ProbedBackend --attach--> AttachedBackend --begin_training--> TrainingBackend

Rank 0 runs these methods. Where the other ranks take part, it sends them the command first; see
:mod:`nasea.backends.distributed.leader`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from nasea.backends.data.image_cache import ImageCache, new_name
from nasea.backends.distributed.leader import Followers, NoFollowers
from nasea.backends.distributed.trainer import ParallelEpochs
from nasea.backends.export.deployment import Deployment
from nasea.backends.export.exporter import Exporter
from nasea.backends.framework import AnyFramework
from nasea.backends.phase import Phase
from nasea.backends.records import (
    EvaluationSubset,
    FileOptions,
    Job,
    Measurement,
    PreNetReport,
    ScoreSeconds,
    UpdateReport,
    UserNetworkReport,
)
from nasea.backends.scoring.prediction_images import PredictionImage
from nasea.backends.training.pretrained import LoadedPretrained
from nasea.backends.trials import Trials
from nasea.backends.user.normalisation import Normalisation
from nasea.errors import DataError
from nasea.space import Genome, Space


class Backend(Phase):
    """A framework with the user's module imported; no data is open yet.

    Args:
        framework: does the work.
        followers: the other ranks; none by default.
        cache: name of the image cache that all ranks of a machine share; a new one by default.
    """

    def __init__(
        self,
        framework: AnyFramework,
        followers: Followers | None = None,
        cache: str | None = None,
    ) -> None:
        super().__init__(framework, followers or NoFollowers())
        self._cache = cache or new_name()

    def probe(self, workers: int | None) -> ProbedBackend:
        """Open the user's data sets, read one batch of each and run PreNet on it.

        Args:
            workers: number of data workers that an earlier start of this run chose.
        """
        with self.followers.together("probe"):
            resource = self.scenario.resource
            cache = ImageCache(self._cache, resource.image_cache_bytes)
            try:
                data, batch = self.framework.open_data(cache)
                self.framework.notices += data.cache_notices()
                wanted = resource.data_workers
                self.framework.load_with(data, wanted if wanted is not None else workers or 0)
                pre_net = self.framework.run_pre_net(batch)
            except BaseException:
                cache.close()
                raise
        return ProbedBackend(self, data, batch, pre_net)


class ProbedBackend(Phase):
    """A backend with open data; PreNet was run once. Returned by :meth:`Backend.probe`.

    Attributes:
        data: the framework's data sets.
        batch: one training batch.
        data_report: sizes of the data sets.
        pre_net: report about PreNet.
    """

    def __init__(self, before: Phase, data: Any, batch: Any, pre_net: PreNetReport) -> None:
        super().__init__(before.framework, before.followers)
        self.data = data
        self.batch = batch
        self.data_report = self.framework.describe_data(data)
        self.pre_net = pre_net

    @property
    def workers(self) -> int:
        """Number of data workers; 0 loads in the main process."""
        return int(self.data.workers)

    def required_taps(self, space: Space) -> tuple[int, ...]:
        """Return layers that PostNet needs besides the last, found by running it.

        Args:
            space: without ``supernet.feature_choose``.
        """
        return self.framework.required_taps(self.batch, space)

    def attach(self, space: Space, seed: int) -> AttachedBackend:
        """Build the supernet of ``space`` between PreNet and PostNet, and run PostNet."""
        with self.followers.together("attach", space, seed):
            self._require_planes(space)
            built = self.framework.attach(self.data, self.batch, space, seed)
        return AttachedBackend(self, *built)

    @property
    def normalisation(self) -> Normalisation | None:
        """How images are scaled, where the user's module or data set names it."""
        return self.user.normalisation(getattr(self.data, "val", None))

    def exporter(self, space: Space, genome: Genome, weights: Path) -> Exporter:
        """Open the network of a weights file for export.

        Raises:
            ResultsError: the file cannot be read, or belongs to another network.
        """
        return self.framework.exporter(self.data, self.batch, space, genome, weights)

    def close(self) -> None:
        """Close the data and release its memory, even if a reference to the backend remains."""
        super().close()
        self.data.close()
        del self.data, self.batch

    def _require_planes(self, space: Space) -> None:
        """Raise DataError if batch normalisation would get a single value per channel."""
        if len(self.batch[0]) == 1 and space.out_shape[1:] == (1, 1):
            raise DataError(
                "strategy.batch_size is 1, and the last layer makes planes of 1×1: batch "
                "normalisation has a single value to go by",
                fix="use a batch_size of at least 2",
            )


class AttachedBackend(Trials, ProbedBackend):
    """A backend with an untrained supernet; returned by :meth:`ProbedBackend.attach`.

    Attributes:
        supernet: the framework's supernet.
        scorer: scores its architectures.
        post_net: report about PostNet.
        teacher: the teacher of a distillation; ``None`` before :meth:`set_teacher`.
        tried: result of :meth:`try_candidates`; ``None`` before.
    """

    def __init__(
        self, before: ProbedBackend, supernet: Any, scorer: Any, post_net: UserNetworkReport
    ) -> None:
        super().__init__(before, before.data, before.batch, before.pre_net)
        self.supernet = supernet
        self.scorer = scorer
        self.post_net = post_net

    @property
    def space(self) -> Space:
        """The search space of the supernet."""
        space: Space = self.supernet.space
        return space

    @property
    def file_options(self) -> FileOptions:
        """Options that generated files must share with the backend."""
        return self.framework.file_options

    # --- initial weights and the teacher ---

    def inherit(self, genome: Genome, weights: Path) -> None:
        """Load a weights file into the supernet.

        Raises:
            ResultsError: the file cannot be read, or belongs to another network.
        """
        self.framework.inherit(self.supernet, self.batch, genome, weights)

    def set_teacher(self, space: Space, genome: Genome, weights: Path, share: float) -> None:
        """Train with the outputs of another network as well as with the labels from now on.

        Args:
            space: search space of the teacher.
            genome: the teacher.
            weights: its weights file.
            share: weight of the teacher in the loss, from 0 to 1.

        Raises:
            ResultsError: the file cannot be read, or belongs to another network.
            NotAvailableError: no output of the network holds class scores.
        """
        with self.followers.together("set_teacher", space, genome, weights.read_bytes(), share):
            self.teacher = self.framework.teacher(self.batch, space, genome, weights, share)

    def train_int8(self, first: int = 0) -> None:
        """Have what is trained from an epoch on rounded to int8 in the forward pass.

        Activations by their range in the batch, weights by that of each output channel; gradients
        pass where nothing was clipped. The weights stay in float.

        Args:
            first: the first epoch that is rounded, from 0. :meth:`try_candidates` always rounds.
        """
        with self.followers.together("train_int8", first):
            self.framework.int8_from = first

    def pretrained_weights(self) -> bytes:
        """Serialise the slots and PreNet, for the supernet of another task."""
        return self.framework.pretrained_weights(self.supernet)

    def load_pretrained(self, weights: bytes) -> LoadedPretrained:
        """Load what fits of :meth:`pretrained_weights`, and report what was loaded.

        Raises:
            CheckpointError: the bytes are something else.
        """
        return self.framework.load_pretrained(self.supernet, weights)

    # --- training ---

    def begin_training(self, paths_per_update: int, seed: int) -> TrainingBackend:
        """Create the optimiser and the user's learning-rate schedule."""
        with self.followers.together("begin_training", paths_per_update, seed, self.workers):
            trainer = self.framework.make_trainer(
                self.data, self.supernet, self.teacher, paths_per_update
            )
            if isinstance(trainer, ParallelEpochs):
                trainer.broadcast_weights()
        return TrainingBackend(self, trainer)

    # --- scoring and writing, with the current weights ---

    def measure(self, genome: Genome, data: EvaluationSubset) -> Measurement:
        """Score one architecture with the weights of the supernet.

        Batch-normalisation statistics are re-estimated on fixed training images first, then the
        user's own metric runs. A failure of the candidate is reported, not raised.
        """
        found: Measurement = self.scorer.measure(genome, data)
        return found

    def time_score(
        self, genome: Genome, data: EvaluationSubset, statistics: int | None = None
    ) -> tuple[Measurement, ScoreSeconds]:
        """Run :meth:`measure` and return its time too.

        Args:
            genome: the architecture.
            data: which validation images.
            statistics: number of training images that re-estimate statistics; ``None`` for the
                scenario's.
        """
        found: tuple[Measurement, ScoreSeconds] = self.scorer.timed(genome, data, statistics)
        return found

    def measure_each(self, jobs: Sequence[Job], on_measured: Callable[[Measurement], None]) -> None:
        """Score several architectures, spread over the devices of the run.

        Args:
            jobs: what to score; scores do not depend on the devices or their number.
            on_measured: called for each score, in the order of the jobs; may raise.
        """
        with self.sharing():
            self.followers.measure_each(self.measure, jobs, on_measured)

    def sharing(self) -> AbstractContextManager[None]:
        """Share what several architectures have in common while entered."""
        allowed: AbstractContextManager[None] = self.scorer.sharing.allowed()
        return allowed

    def prediction_images(self, genome: Genome, count: int) -> tuple[PredictionImage, ...]:
        """Return a few validation images, spread over all, with the network's predictions.

        Empty if predictions cannot be drawn: for classification, and for a detection module
        without :data:`nasea.backends.scoring.prediction_images.METHOD`.
        """
        found: tuple[PredictionImage, ...] = self.scorer.prediction_images(genome, count)
        return found

    def write_weights(self, genome: Genome, path: Path) -> int:
        """Write the weights of one architecture for its generated file.

        Returns:
            Its number of parameters as the framework counts them.
        """
        return self.framework.write_weights(self.supernet, self.scorer, self.batch, genome, path)

    def deployment(self) -> Deployment:
        """Return the writer of networks as a device runs them.

        Raises:
            NotAvailableError: a package that writes the files is not installed.
        """
        return self.framework.deployment(self.batch, self.space)

    def close(self) -> None:
        """Release data and supernet."""
        super().close()
        del self.supernet, self.scorer
        self.teacher = None


class TrainingBackend(AttachedBackend):
    """A backend in training; returned by :meth:`AttachedBackend.begin_training`.

    Attributes:
        trainer: optimiser and schedule.
    """

    def __init__(self, before: AttachedBackend, trainer: Any) -> None:
        super().__init__(before, before.supernet, before.scorer, before.post_net)
        self.teacher = before.teacher
        self.trainer = trainer

    @property
    def steps_per_epoch(self) -> int:
        """Updates of an epoch."""
        return int(self.trainer.steps_per_epoch)

    def train_epoch(
        self,
        epoch: int,
        path: Callable[[int], Genome],
        on_update: Callable[[UpdateReport], None],
        done: int = 0,
    ) -> None:
        """Train one epoch, which uses every training image once.

        Args:
            epoch: from 0.
            path: maps the number of paths trained so far to the next path.
            on_update: called after every update; may call :meth:`state` or raise.
            done: number of updates of this epoch that a restored state already contains.
        """
        self.followers.send_command("train_epoch", epoch, done)
        self.trainer.epoch(epoch, self._batches(epoch, done), path, on_update, done)

    def follow_epoch(self, epoch: int, done: int) -> None:
        """Take part in an epoch that rank 0 leads; see :meth:`train_epoch`."""
        assert isinstance(self.trainer, ParallelEpochs), "a single process has no leader"
        self.trainer.follow(epoch, self._batches(epoch, done), done)

    def state(self) -> bytes:
        """Serialise weights, optimiser, schedule and random generators."""
        state: bytes = self.trainer.state()
        return state

    def restore(self, state: bytes, done: int = 0) -> int:
        """Restore a state; no code in the bytes is executed.

        Args:
            state: bytes of :meth:`state`, of this or another number of devices.
            done: number of updates of the current epoch that they contain.

        Returns:
            That number in updates of this number of devices, for :meth:`train_epoch`.
        """
        with self.followers.together("restore", done):
            self.followers.send_bytes(state)
            return int(self.trainer.restore(state, done))

    def close(self) -> None:
        """Release data, supernet and optimiser."""
        super().close()
        del self.trainer

    def _batches(self, epoch: int, done: int) -> Iterable[Any]:
        return self.framework.batches(self.data, self.trainer, epoch, done)
