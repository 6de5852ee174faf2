"""The values that pass between a backend and its caller."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from nasea.cost import Costs, Operator
from nasea.space import Genome, Shape

Role = Literal["search", "pre-training"]
"""The purpose of a backend: pre-training has a classification module of its own."""

DataFormat = Literal["channels_first", "channels_last"]
"""(N, C, H, W) or (N, H, W, C)."""


@dataclass(frozen=True)
class DataReport:
    """Sizes of the user's data sets.

    Attributes:
        train_images: number of images of ``train_dir``.
        val_images: number of images of ``val_dir``.
        batches_per_epoch: number of batches in one pass over the training images.
    """

    train_images: int
    val_images: int
    batches_per_epoch: int


@dataclass(frozen=True)
class UserNetworkReport:
    """Report about PreNet or PostNet, made by running it.

    Attributes:
        costs: its costs for one image, without latency.
        operators: its operators for one image, for latency profiles.
    """

    costs: Costs
    operators: tuple[Operator, ...] = ()


@dataclass(frozen=True, kw_only=True)
class PreNetReport(UserNetworkReport):
    """Report about PreNet, made by running it.

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
        learning_rate: the learning rate of the update.
        images: number of images it consumed.
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
        metric: the value of the user's metric; ``None`` if it failed.
        failure: why it failed; ``None`` if it did not.
        raised: whether it failed with an exception of the user's code, rather than with a value
            that is not finite, a call of ``exit`` or a lack of memory.
    """

    metric: float | None
    failure: str | None = None
    raised: bool = False


@dataclass(frozen=True)
class ScoreSeconds:
    """Time of scoring one architecture.

    Attributes:
        statistics: seconds of re-estimating its batch-normalisation statistics.
        metric: seconds of the user's metric, reading of validation images included.
    """

    statistics: float
    metric: float

    @property
    def total(self) -> float:
        """The sum."""
        return self.statistics + self.metric


@dataclass(frozen=True)
class ReadSeconds:
    """Time of reading and decoding the images of an evaluation.

    Attributes:
        once: seconds of reading all of them, which happens once where they are kept.
        each: seconds of reading those that the image cache has no room for, for every architecture.
        aside: whether that is done by other processes or threads, while a network is at work.
    """

    once: float = 0.0
    each: float = 0.0
    aside: bool = True


@dataclass(frozen=True)
class FileOptions:
    """Options that a generated model file must share with the backend.

    Attributes:
        data_format: layout of PreNet's inputs and outputs, and of PostNet's inputs.
        keras_version: 2 or 3 for TensorFlow; ``None`` for PyTorch.
        built_in_call: whether PreNet or PostNet builds layers with weights while it is called.
        reads_batch_size: whether PreNet or PostNet runs for a known number of images only.
        tensorflow_version: the version that the user's files see; ``None`` for the running one.
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
    """The images that an architecture is scored on.

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
"""An architecture to score, and the images to score it on."""

MeasureEach = Callable[[Sequence[Job], Callable[[Measurement], None]], None]
"""See :meth:`nasea.backends.base.AttachedBackend.measure_each`."""


def one_by_one(measure: Callable[[Genome, EvaluationSubset], Measurement]) -> MeasureEach:
    """Turn a function that scores one architecture into one that scores several."""

    def measure_each(jobs: Sequence[Job], on_measured: Callable[[Measurement], None]) -> None:
        for genome, data in jobs:
            on_measured(measure(genome, data))

    return measure_each
