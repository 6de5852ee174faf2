"""What the pipeline asks of a framework, phase by phase.

A backend owns everything that touches tensors: the user's module, the data, the supernet, scoring
and writing weights. It knows nothing of budgets, populations or files in ``results/``; the
pipeline drives it through these classes and hands it frozen values only.

Each step returns the backend of the next phase, with all that can be asked from then on::

    Backend --probe--> ProbedBackend --attach--> AttachedBackend --begin_training--> TrainingBackend

What concerns all ranks is told to the others before it is done here; see
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
    EndReport,
    EvaluationSubset,
    FileOptions,
    Job,
    Measurement,
    PreNetReport,
    ScoreSeconds,
    UpdateReport,
)
from nasea.backends.scoring.prediction_images import PredictionImage
from nasea.backends.training.pretrained import LoadedPretrained
from nasea.backends.trials import Trials
from nasea.errors import DataError
from nasea.space import Genome, Space


class Backend(Phase):
    """A framework with the user's module imported, before it has seen any data.

    Args:
        framework: does the work.
        followers: the other ranks, told what concerns them; by default there are none.
        cache: name of what all ranks of a machine share of decoded images; by default one that
            nobody else has.
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
            workers: number of loading processes that an earlier start of this run settled on.
        """
        with self.followers.together("probe"):
            resource = self.scenario.resource
            cache = ImageCache(self._cache, resource.image_cache_bytes)
            try:
                data, batch = self.framework.open_data(cache)
                self.framework.notices += data.overflow()
                wanted = resource.data_workers
                self.framework.load_with(data, wanted if wanted is not None else workers or 0)
                pre_net = self.framework.run_pre_net(batch)
            except BaseException:
                cache.close()
                raise
        return ProbedBackend(self, data, batch, pre_net)


class ProbedBackend(Phase):
    """A backend with the data open and PreNet run once; returned by :meth:`Backend.probe`.

    Attributes:
        data: the framework's data sets.
        batch: one training batch.
        data_report: what the data sets hold.
        pre_net: PreNet as found.
    """

    def __init__(self, before: Phase, data: Any, batch: Any, pre_net: PreNetReport) -> None:
        super().__init__(before.framework, before.followers)
        self.data = data
        self.batch = batch
        self.data_report = self.framework.describe_data(data)
        self.pre_net = pre_net

    @property
    def workers(self) -> int:
        """Processes that load training data; 0 loads in the main process."""
        return int(self.data.workers)

    def wanted_taps(self, space: Space) -> tuple[int, ...]:
        """Layers whose outputs PostNet must get besides the last one, though nobody chose them.

        Args:
            space: without ``supernet.feature_choose``.
        """
        return self.framework.wanted_taps(self.batch, space)

    def attach(self, space: Space, seed: int) -> AttachedBackend:
        """Build the supernet of ``space`` between the ends and run PostNet behind it."""
        with self.followers.together("attach", space, seed):
            self._require_planes(space)
            built = self.framework.attach(self.data, self.batch, space, seed)
        return AttachedBackend(self, *built)

    def exporter(self, space: Space, genome: Genome, weights: Path) -> Exporter:
        """The network of a weights file.

        Raises:
            ResultsError: the file cannot be read, or belongs to another network.
        """
        return self.framework.exporter(self.data, self.batch, space, genome, weights)

    def close(self) -> None:
        """Forget the data: whoever holds on to a closed backend holds on to no memory."""
        super().close()
        self.data.close()
        del self.data, self.batch

    def _require_planes(self, space: Space) -> None:
        """Raise DataError where batch normalisation would have a single value to go by."""
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
        scorer: what scores its architectures.
        post_net: PostNet as found.
        teacher: what is learned from besides the labels; see :meth:`learn_from`.
        tried: what trying every candidate showed; ``None`` before :meth:`try_candidates`.
    """

    def __init__(
        self, before: ProbedBackend, supernet: Any, scorer: Any, post_net: EndReport
    ) -> None:
        super().__init__(before, before.data, before.batch, before.pre_net)
        self.supernet = supernet
        self.scorer = scorer
        self.post_net = post_net

    @property
    def space(self) -> Space:
        """What the supernet holds."""
        space: Space = self.supernet.space
        return space

    @property
    def file_options(self) -> FileOptions:
        """What the generated files must do as the backend did."""
        return self.framework.file_options

    # --- what the supernet begins with ---

    def inherit(self, genome: Genome, weights: Path) -> None:
        """Put the weights of a weights file into the supernet, instead of initial ones.

        Raises:
            ResultsError: the file cannot be read, or belongs to another network.
        """
        self.framework.inherit(self.supernet, self.batch, genome, weights)

    def learn_from(self, space: Space, genome: Genome, weights: Path, share: float) -> None:
        """Have what is trained from now on learn from another network as well as from the labels.

        Args:
            space: where the teacher is from.
            genome: the teacher.
            weights: its weights file.
            share: of the teacher in the loss, from 0 to 1.

        Raises:
            ResultsError: the file cannot be read, or belongs to another network.
            NotAvailableError: the network's output is nothing to learn from.
        """
        with self.followers.together("learn_from", space, genome, weights.read_bytes(), share):
            self.teacher = self.framework.teacher(self.batch, space, genome, weights, share)

    def train_int8(self) -> None:
        """Have what is trained from now on rounded to int8 in the forward pass.

        Activations by their range in the batch, weights by that of each output channel; gradients
        pass where nothing was clipped. The weights stay in float.
        """
        with self.followers.together("train_int8"):
            self.framework.trains_int8 = True

    def pretrained_weights(self) -> bytes:
        """The slots and PreNet, for the supernet of another task."""
        return self.framework.pretrained_weights(self.supernet)

    def load_pretrained(self, weights: bytes) -> LoadedPretrained:
        """Take over what fits of the bytes that :meth:`pretrained_weights` gave, and tell.

        Raises:
            CheckpointError: the bytes are something else.
        """
        return self.framework.load_pretrained(self.supernet, weights)

    # --- training ---

    def begin_training(self, paths_per_update: int, seed: int) -> TrainingBackend:
        """Make the optimiser and the user's schedule."""
        with self.followers.together("begin_training", paths_per_update, seed, self.workers):
            trainer = self.framework.make_trainer(
                self.data, self.supernet, self.teacher, paths_per_update
            )
            if isinstance(trainer, ParallelEpochs):
                trainer.broadcast_weights()
        return TrainingBackend(self, trainer)

    # --- scoring and writing, with the weights as they are ---

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
        """:meth:`measure`, timed.

        Args:
            genome: the architecture.
            data: on which validation images.
            statistics: training images that estimate its statistics, where those are to be fewer
                than the scenario says.
        """
        found: tuple[Measurement, ScoreSeconds] = self.scorer.timed(genome, data, statistics)
        return found

    def measure_each(self, jobs: Sequence[Job], on_measured: Callable[[Measurement], None]) -> None:
        """Score several architectures, spread over the devices of the run.

        Args:
            jobs: what to score; the scores do not depend on where, nor on how many devices.
            on_measured: called for each, in the order asked, as they come; may raise.
        """
        with self.sharing():
            self.followers.measure_each(self.measure, jobs, on_measured)

    def sharing(self) -> AbstractContextManager[None]:
        """While entered, what several architectures have in common may be computed once."""
        allowed: AbstractContextManager[None] = self.scorer.sharing.allowed()
        return allowed

    def pictures(self, genome: Genome, count: int) -> tuple[PredictionImage, ...]:
        """A few validation images, spread over all, with what the network finds in them.

        Empty where nobody can tell how to draw that: for classification, and for a detection
        module without :data:`nasea.backends.scoring.prediction_images.METHOD`.
        """
        found: tuple[PredictionImage, ...] = self.scorer.pictures(genome, count)
        return found

    def write_weights(self, genome: Genome, path: Path) -> int:
        """Write the weights of one architecture as its generated file loads them.

        Returns:
            The framework's own count of its parameters.
        """
        return self.framework.write_weights(self.supernet, self.scorer, self.batch, genome, path)

    def deployment(self) -> Deployment:
        """What writes networks as a device runs them.

        Raises:
            NotAvailableError: what writes the files is not installed.
        """
        return self.framework.deployment(self.batch, self.space)

    def close(self) -> None:
        """Forget data and supernet."""
        super().close()
        del self.supernet, self.scorer
        self.teacher = None


class TrainingBackend(AttachedBackend):
    """A backend whose training began; returned by :meth:`AttachedBackend.begin_training`.

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
        """Train one epoch: every training image once.

        Args:
            epoch: from 0.
            path: the path to train as a function of how many were trained before it.
            on_update: called after every update; may call :meth:`state` or raise.
            done: updates of this epoch that a restored state already holds.
        """
        self.followers.send_command("train_epoch", epoch, done)
        self.trainer.epoch(epoch, self._batches(epoch, done), path, on_update, done)

    def follow_epoch(self, epoch: int, done: int) -> None:
        """Take part in an epoch that another rank leads; see :meth:`train_epoch`."""
        assert isinstance(self.trainer, ParallelEpochs), "alone there is nobody to follow"
        self.trainer.follow(epoch, self._batches(epoch, done), done)

    def state(self) -> bytes:
        """Weights, optimiser, schedule and random generators."""
        state: bytes = self.trainer.state()
        return state

    def restore(self, state: bytes, done: int = 0) -> int:
        """Take over what :meth:`state` gave. Runs no code that the bytes might carry.

        Args:
            state: the bytes, of this or another number of devices.
            done: updates of the present epoch that they hold.

        Returns:
            The same in updates of this number of devices, for :meth:`train_epoch`.
        """
        with self.followers.together("restore", done):
            self.followers.send_bytes(state)
            return int(self.trainer.restore(state, done))

    def close(self) -> None:
        """Forget data, supernet and optimiser."""
        super().close()
        del self.trainer

    def _batches(self, epoch: int, done: int) -> Iterable[Any]:
        return self.framework.batches(self.data, self.trainer, epoch, done)
