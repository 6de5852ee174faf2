"""The values that pass between a backend and its caller."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from nasea.cost import Costs, Operator
from nasea.space import Genome, Shape

Role = Literal["search", "pre-training"]
"""What a backend is opened for: pre-training has a classification module of its own."""

DataFormat = Literal["channels_first", "channels_last"]
"""(N, C, H, W) or (N, H, W, C)."""


@dataclass(frozen=True)
class DataReport:
    """What the user's data sets hold.

    Attributes:
        train_images: images of ``train_dir``.
        val_images: images of ``val_dir``.
        batches_per_epoch: batches that one pass over the training images makes.
    """

    train_images: int
    val_images: int
    batches_per_epoch: int


@dataclass(frozen=True)
class EndReport:
    """PreNet or PostNet, as found by running it.

    Attributes:
        costs: what it costs for one image, latency aside.
        operators: what it runs on one image, for latency profiles.
    """

    costs: Costs
    operators: tuple[Operator, ...] = ()


@dataclass(frozen=True, kw_only=True)
class PreNetReport(EndReport):
    """PreNet, as found by running it.

    Attributes:
        out_shape: (channels, height, width) of its output.
    """

    out_shape: Shape


@dataclass(frozen=True)
class UpdateReport:
    """One update of the supernet.

    Attributes:
        global_step: updates made so far, this one included.
        step: updates made in this epoch, this one included.
        loss: mean over the paths of the update.
        learning_rate: the rate the update was made with.
        images: images it consumed.
        seconds: time since the previous update of the epoch ended, loading included.
    """

    global_step: int
    step: int
    loss: float
    learning_rate: float
    images: int
    seconds: float


@dataclass(frozen=True)
class Measurement:
    """The user's metric on one architecture.

    Attributes:
        metric: what the user's metric returned; ``None`` when it failed.
        failure: why it failed; ``None`` when it did not.
        raised: whether an exception of the user's code is why, rather than a value that is not
            finite, a call of ``exit`` or a lack of memory.
    """

    metric: float | None
    failure: str | None = None
    raised: bool = False


@dataclass(frozen=True)
class ScoreSeconds:
    """What scoring one architecture took.

    Attributes:
        statistics: seconds of re-estimating its batch-normalisation statistics.
        metric: seconds of the user's metric, reading of validation images included.
    """

    statistics: float
    metric: float

    @property
    def total(self) -> float:
        """Both."""
        return self.statistics + self.metric


@dataclass(frozen=True)
class FileOptions:
    """What a generated model file must do as the backend did.

    Attributes:
        data_format: layout that PreNet gets and gives, and PostNet gets.
        keras_version: 2 or 3 for TensorFlow; ``None`` for PyTorch.
        built_in_call: whether PreNet or PostNet builds layers with weights while it is called.
        reads_batch_size: whether PreNet or PostNet runs for a known number of images only.
        tensorflow_version: that the user's files see; ``None`` for the running one.
        old_keras: modules by whose names the user's files find tf.keras.
    """

    data_format: DataFormat = "channels_first"
    keras_version: int | None = None
    built_in_call: bool = False
    reads_batch_size: bool = False
    tensorflow_version: str | None = None
    old_keras: tuple[str, ...] = ()


@dataclass(frozen=True)
class EvaluationSubset:
    """Which data an architecture is scored on.

    Attributes:
        images: how many validation images, spread evenly; ``None`` for all of them.
        half: 0 or 1 for either half of those (every other image), ``None`` for both.
        statistics: which draw of training images re-estimates batch normalisation, 0 or 1.
        in_float: whether it computes in float even where the scenario scores in int8.
    """

    images: int | None = None
    half: int | None = None
    statistics: int = 0
    in_float: bool = False


Job = tuple[Genome, EvaluationSubset]
"""An architecture to score, and on which data."""

MeasureEach = Callable[[Sequence[Job], Callable[[Measurement], None]], None]
"""See :meth:`nasea.backends.base.AttachedBackend.measure_each`."""


def one_by_one(measure: Callable[[Genome, EvaluationSubset], Measurement]) -> MeasureEach:
    """Score several architectures with what scores one."""

    def measure_each(jobs: Sequence[Job], on_measured: Callable[[Measurement], None]) -> None:
        for genome, data in jobs:
            on_measured(measure(genome, data))

    return measure_each
