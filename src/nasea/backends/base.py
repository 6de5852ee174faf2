"""What the pipeline asks of a framework.

A backend owns everything that touches tensors: the user's module, the data, the supernet, scoring
and writing weights. It knows nothing of budgets, populations or files in ``results/``; the
pipeline drives it through this protocol and hands it frozen values only.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal, Protocol

from nasea.backends.export.exporter import Exporter
from nasea.backends.memory import Memory
from nasea.backends.records import (
    DataReport,
    EndReport,
    EvaluationSubset,
    FileOptions,
    Job,
    Measurement,
    UpdateReport,
)
from nasea.backends.scoring.prediction_images import PredictionImage
from nasea.backends.training.pretrained import LoadedPretrained
from nasea.errors import Notice
from nasea.space import Genome, Program, Shape, Space


class Deployment(Protocol):
    """Networks as the files that a device runs, with weights that need not be trained.

    All take one image, float32.
    """

    suffix: str
    """Ending of the files: ``.onnx`` or ``.tflite``."""

    def nothing(self) -> bytes:
        """A network that does next to nothing: what a run costs at least."""

    def end(self, name: Literal["PreNet", "PostNet"]) -> bytes:
        """An end by itself."""

    def block(self, program: Program, in_shape: Shape) -> bytes:
        """A block by itself; ``in_shape`` is (channels, height, width)."""

    def network(self, genome: Genome) -> bytes:
        """A whole network."""


class Backend(Protocol):
    """One framework at work on one scenario.

    The methods are called in this order: ``load_data``, ``probe_pre_net``, ``wanted_taps`` where
    the scenario chooses no layers, ``attach``, ``inherit`` and ``learn_from`` where wanted,
    ``try_candidates``, ``load_pretrained`` where wanted; then ``begin_training`` and either
    ``train_epoch`` or ``restore``; ``measure``, ``write_weights``, ``pictures`` and
    ``pretrained_weights`` at any time after ``begin_training``; ``exporter`` at any time after
    ``load_data``.
    """

    @property
    def environment(self) -> dict[str, str]:
        """Framework version, device, threads: what a log should say."""

    @property
    def weights_suffix(self) -> str:
        """Ending of a weights file, e.g. ``.pt``."""

    @property
    def file_options(self) -> FileOptions:
        """What the generated files must do as the backend did; final after ``attach``."""

    @property
    def metric_call(self) -> str:
        """The user's metric as it is called, for messages."""

    @property
    def notices(self) -> Sequence[Notice]:
        """What the user should know, so far."""

    @property
    def peak_memory(self) -> Memory:
        """The most memory that was in use so far."""

    @property
    def workers(self) -> int:
        """Processes that load training data; 0 loads in the main process."""

    def load_data(self, workers: int | None) -> DataReport:
        """Open the user's data sets and read one batch of each.

        Args:
            workers: number of loading processes that an earlier start of this run settled on.
        """

    def probe_pre_net(self) -> EndReport:
        """Run PreNet on one training batch."""

    def wanted_taps(self, space: Space) -> tuple[int, ...]:
        """Layers whose outputs PostNet must get besides the last one, though nobody chose them.

        Args:
            space: without ``supernet.feature_choose``.
        """

    def attach(self, space: Space, seed: int) -> EndReport:
        """Build the supernet of ``space`` between the ends and run PostNet behind it."""

    def inherit(self, genome: Genome, weights: Path) -> None:
        """Put the weights of a weights file into the supernet, instead of initial ones.

        Raises:
            ResultsError: the file cannot be read, or belongs to another network.
        """

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

    def pretrained_weights(self) -> bytes:
        """The slots and PreNet, for the supernet of another task."""

    def load_pretrained(self, weights: bytes) -> LoadedPretrained:
        """Take over what fits of the bytes that :meth:`pretrained_weights` gave, and tell.

        Raises:
            CheckpointError: the bytes are something else.
        """

    def try_candidates(
        self, on_step: Callable[[int, int], None], also: Sequence[Genome] = ()
    ) -> float:
        """Train one batch through every candidate of every layer, then undo it.

        Args:
            on_step: called with (batches done, batches in all).
            also: paths to try besides, such as the one that takes the most memory.

        Returns:
            Median seconds of training one batch.
        """

    @property
    def schedule_call(self) -> str:
        """The user's schedule as it is called, for messages."""

    def rates(self, paths_per_update: int) -> tuple[Sequence[float], int]:
        """Play the user's schedule through, from the first update to the last; changes nothing.

        Args:
            paths_per_update: paths that make one update.

        Returns:
            Learning rates of updates that are spread evenly over the training, the first and the
            last among them; and how many updates it has.

        Raises:
            TrainingError: it ends before the training does.
        """

    def settle_workers(self, step_seconds: float) -> None:
        """Decide how many processes load data, given what a training step takes."""

    def begin_training(self, paths_per_update: int, seed: int) -> int:
        """Make the optimiser and the user's schedule.

        Returns:
            Updates an epoch.
        """

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

    def state(self) -> bytes:
        """Weights, optimiser, schedule and random generators."""

    def restore(self, state: bytes, done: int = 0) -> int:
        """Take over what :meth:`state` gave. Runs no code that the bytes might carry.

        Args:
            state: the bytes, of this or another number of devices.
            done: updates of the present epoch that they hold.

        Returns:
            The same in updates of this number of devices, for :meth:`train_epoch`.
        """

    def measure(self, genome: Genome, data: EvaluationSubset) -> Measurement:
        """Score one architecture with the weights of the supernet.

        Batch-normalisation statistics are re-estimated on fixed training images first, then the
        user's own metric runs. A failure of the candidate is reported, not raised.
        """

    def measure_each(self, jobs: Sequence[Job], on_measured: Callable[[Measurement], None]) -> None:
        """Score several architectures, spread over the devices of the run.

        Args:
            jobs: what to score; the scores do not depend on where, nor on how many devices.
            on_measured: called for each, in the order asked, as they come; may raise.
        """

    def pictures(self, genome: Genome, count: int) -> tuple[PredictionImage, ...]:
        """A few validation images, spread over all, with what the network finds in them.

        Empty where nobody can tell how to draw that: for classification, and for a detection
        module without :data:`nasea.backends.scoring.prediction_images.METHOD`.
        """

    def write_weights(self, genome: Genome, path: Path) -> int:
        """Write the weights of one architecture as its generated file loads them.

        Returns:
            The framework's own count of its parameters.
        """

    def exporter(self, space: Space, genome: Genome, weights: Path) -> Exporter:
        """The network of a weights file; needs no more than ``load_data``.

        Raises:
            ResultsError: the file cannot be read, or belongs to another network.
        """

    def deployment(self) -> Deployment:
        """What writes networks as a device runs them; at any time after ``attach``.

        Raises:
            NotAvailableError: what writes the files is not installed.
        """

    def close(self) -> None:
        """Give back worker processes, memory and directories."""
