"""The user's data sets as batches: the part that all tasks share.

Each task has a subclass for its data format and metric calls: ``pairs.py`` (classification),
``masks.py`` (segmentation), ``boxes.py`` (detection).
"""

from __future__ import annotations

import itertools
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Literal

import numpy as np
import tensorflow as tf

from nasea.backends.data.image_cache import ImageCache
from nasea.backends.data.overlap import LOOKED_AT, Sample, overlap_notices
from nasea.backends.data.values import require_finite
from nasea.backends.records import EvaluationSubset, ReadSeconds
from nasea.backends.tensorflow.data.batches import as_tensor, plain
from nasea.backends.tensorflow.data.cached_items import CachedImages
from nasea.backends.tensorflow.data.returned import Words
from nasea.backends.tensorflow.data.sources import Source, sharding
from nasea.backends.tensorflow.data.unreadable import unreadable_files
from nasea.backends.tensorflow.user.code import UserCode
from nasea.backends.tensorflow.user.describe import describe
from nasea.backends.tensorflow.user.messages import in_short
from nasea.backends.training.randomness import generator_state, set_generator_state
from nasea.backends.user.module import user_code
from nasea.config import Scenario
from nasea.errors import DataError, Notice, UserCodeError

_STATISTICS_STREAM = 0xB4
_EPOCH_STREAM = 0xE9
_PROBE_STREAM = 0x9B
_END = object()
_BY_PYTHON = "Traceback (most recent call last):"

Batch = tuple[Any, Any]
Run = Callable[[Any], Any]
"""A function from images to the network's output, in inference mode."""


class Data(ABC):
    """Training and validation data of a scenario.

    The seeds of a shuffled ``tf.data`` pipeline are fixed when it is built, so augmentation draws
    the same numbers in every pass over it. A Python generator cannot be rewound. So the training
    data set is built again for every epoch, with seeds that depend on the epoch: epochs differ, and
    an epoch is the same in a resumed run.

    Args:
        scenario: batch size, directories, input shape.
        user: the user's code.
        notices: collects notices for the user.
        cache: holds decoded evaluation images; closed with the data.
    """

    words: Words
    looked_at = 1
    """Number of batches that the probe reads; the largest one is taken to be a full batch."""
    workers = 0
    """Number of data workers; 0, as ``tf.data`` loads in its own threads."""
    image_bytes = 0
    """Size of a cached validation image."""
    _kept: CachedImages

    def __init__(
        self, scenario: Scenario, user: UserCode, notices: list[Notice], cache: ImageCache
    ) -> None:
        self.scenario = scenario
        self.cache = cache
        self.user = user
        self._notices = notices
        self._looked_into: set[str] = set()
        self._train: Source | None = self._open(_PROBE_STREAM)
        self.train_images = self._train.images
        self.val_images = self._open_validation()
        self._require_images(self.train_images, "train_dir")
        self._require_images(self.val_images, "val_dir")
        self._statistics: dict[int, list[Any]] = {}
        self._seen = Sample()
        self.batch_size = scenario.batch_size
        self._short_batch = True

    @abstractmethod
    def _open(self, *seed: int, shuffle: bool = True) -> Source:
        """Return the training data with draws that depend on the run's seed and ``seed``."""

    @abstractmethod
    def _open_validation(self) -> int:
        """Open the validation data; return the number of its images."""

    @abstractmethod
    def _probe_validation(self) -> None:
        """Read and check the validation images needed for the comparison with training data."""

    @abstractmethod
    def first_images(self, count: int) -> Iterator[Batch]:
        """Return some cached validation images, as (images, their labels and other values)."""

    @abstractmethod
    def prepare(self, images: int | None, half: int | None) -> None:
        """Read the images that an evaluation needs until the cache is full.

        Args:
            images: see :meth:`evaluation`.
            half: see :meth:`evaluation`.
        """

    @abstractmethod
    def evaluation(self, images: int | None, half: int | None) -> Iterator[Batch]:
        """Yield (images for the network, their labels and other values) of a slice, in order.

        Args:
            images: number of validation images in the subset; ``None`` for all.
            half: 0 or 1 for one half of those, ``None`` for both.
        """

    @property
    def metric_is_settled(self) -> bool:
        """Whether it is decided how the user's metric is called."""
        return True

    @abstractmethod
    def settle_metric(self, run: Run, data: EvaluationSubset) -> None:
        """Decide how to call the user's metric, if that is not decided yet.

        Args:
            run: the network.
            data: the slice of validation images.
        """

    @abstractmethod
    def metric(self, run: Run, data: EvaluationSubset) -> float:
        """Return the user's metric of a network.

        Args:
            run: the network.
            data: the slice of validation images.

        Raises:
            CandidateFailed: it raised, called ``exit`` or returned a non-finite number.
            MetricError: it returned something that is not a number.
        """

    def pair(self, element: Any) -> Any:
        """Return an element of the data as (images, labels), if it has another form."""
        return element

    def cache_notices(self) -> list[Notice]:
        """Return a notice if the cache has no room for all evaluation images."""
        images = min(self.scenario.searcher.eval_images or self.val_images, self.val_images)
        return self.cache.cache_notices(
            images, self.image_bytes, "all are read for every candidate"
        )

    def read_seconds(self, images: int) -> ReadSeconds:
        """See :meth:`nasea.backends.trials.Trials.read_seconds`; a pass cannot skip images."""
        once = self.val_images * self._kept.seconds
        return ReadSeconds(once, once * (self.cache.without_room(images, self.image_bytes) > 0))

    def close(self) -> None:
        """Release statistics images and the cache."""
        self._statistics.clear()
        self.cache.close()

    @property
    def batches_per_epoch(self) -> int:
        """Batches in one pass over the training images, without a last batch of one image."""
        whole, rest = divmod(self.train_images, self.batch_size)
        return whole + (rest > 1 and self._short_batch)

    def probe(self) -> Batch:
        """Read and check one training batch, and some validation images; return the training batch.

        Raises:
            DataError: an element is not (images, labels), or there are too few elements.
        """
        source = self._train
        assert source is not None, "read once"
        with self.reading("training"), source.reader() as batches:
            elements = list(itertools.islice(batches, self.looked_at))
        if not elements:
            raise self._too_few("training", 0)
        found = [self.checked(element, "training") for element in elements]
        train = max(found, key=lambda batch: int(batch[0].shape[0]))
        self._short_batch = not source.fixed_size
        self._settle_batch_size(int(train[0].shape[0]))
        self._require_cardinality(source)
        self._train = None  # each epoch builds its own
        self._probe_validation()
        return train

    def epoch(self, epoch: int, done: int = 0, among: tuple[int, int] = (1, 0)) -> Iterator[Batch]:
        """Yield the training batches of one epoch; order and draws depend on seed and epoch only.

        Args:
            epoch: from 0.
            done: number of batches to skip at the beginning.
            among: number of ranks, which take batches in turn, and this rank; images of the
                batches of other ranks may be blank.
        """
        with sharding(*among):
            source = self._open(_EPOCH_STREAM, epoch)
        yield from itertools.islice(self._limited(source, self.batches_per_epoch, True), done, None)

    def statistics(self, draw: int) -> list[Any]:
        """Return fixed training batches that re-estimate the statistics of batch normalisation.

        Args:
            draw: 0 or 1, for two different samples, if the data set is shuffled or large enough.
        """
        if draw not in self._statistics:
            wanted = min(max(2, self.scenario.searcher.bn_images), self.train_images)
            count = -(-wanted // self.batch_size)
            read = self.cache.once(
                f"statistics{draw}", count, lambda: self._read_statistics(draw, count)
            )
            kept: list[Any] = []
            for images, labels in read:
                if draw == 0:
                    self._seen.add(images, labels)
                rest = images[:wanted]
                wanted -= len(rest)
                if not kept or len(rest) > 1:  # one image has no variance
                    kept.append(as_tensor(rest))
            self._statistics[draw] = kept
        return self._statistics[draw]

    def _read_statistics(self, draw: int, count: int) -> list[tuple[np.ndarray, Any]]:
        return [(images.numpy(), plain(labels)) for images, labels in self._fixed(draw, count)]

    def training_images(self, count: int) -> list[Any]:
        """Return ``count`` training images, or all if there are fewer, as batches."""
        count = min(count, self.train_images)
        kept: list[Any] = []
        for images, _ in self._fixed(0, -(-count // self.batch_size)):
            kept.append(images[: count - sum(int(each.shape[0]) for each in kept)])
        return kept

    def data_notices(self) -> list[Notice]:
        """Compare a part of the training data with a part of the validation data."""
        self.statistics(0)
        val = Sample()
        for images, labels in self.first_images(LOOKED_AT):
            val.add(images.numpy(), plain(labels))
        return overlap_notices(self._seen, val, self.train_images)

    def checked(self, element: object, what: Literal["training", "validation"]) -> Batch:
        """Return the element as (images, labels); raise DataError if it is something else."""
        name = getattr(self.words, what)
        batch = self.pair(element)
        if not isinstance(batch, list | tuple) or len(batch) != 2:
            rule, fix = self.words.pairs
            raise DataError(f"{name} must give {rule}, found {describe(batch)}", fix=fix)
        images, labels = batch
        self.check_images(images, what)
        if not self.belong(labels, int(images.shape[0])):
            raise DataError(
                f"{name} gives {images.shape[0]} images with labels {describe(labels)}",
                fix="give as many labels as images: zip them before they are batched",
            )
        return images, labels

    def check_images(self, images: Any, what: Literal["training", "validation"]) -> None:
        """Raise DataError if they are not a batch of images for this network."""
        name = getattr(self.words, what)
        expected = self.scenario.supernet.input_shape
        if not isinstance(images, tf.Tensor) or not images.dtype.is_floating:
            raise DataError(
                f"{name} must give images as floating-point tensors, found {describe(images)}",
                fix="convert the images in the data set, e.g. tf.cast(image, tf.float32) / 255",
            )
        if images.shape.rank and not images.shape[0]:
            raise DataError(
                f"{name} gives batches without an image, {describe(images)}",
                fix="look at what it leaves out of a batch",
            )
        if tuple(images.shape) == expected:
            raise DataError(
                f"{name} gives one image at a time, {describe(images)}: it is not batched",
                fix=self.words.unbatched,
            )
        if tuple(images.shape[1:]) != expected:
            raise DataError(
                f"{name} gives images of shape {tuple(images.shape[1:])}, but "
                f"supernet.input_shape says {expected}",
                fix="resize the images in the data set or change input_shape",
            )
        if what not in self._looked_into:  # only the first batch of each kind
            self._looked_into.add(what)
            require_finite(bool(tf.reduce_all(tf.math.is_finite(images))), name)

    def belong(self, labels: Any, images: int) -> bool:
        """Return whether labels belong to this many images."""
        counts = {t.shape[0] for t in tf.nest.flatten(labels) if tf.is_tensor(t) and t.shape.rank}
        return not counts - {images}

    @contextmanager
    def reading(self, what: Literal["training", "validation"]) -> Iterator[None]:
        """Report a failure in the context as the user's, or as the data's if no user code fails.

        TensorFlow passes on exceptions of Python code as text.
        """
        name = getattr(self.words, what)
        try:
            with user_code(f"reading {name}", self.user.directory):
                yield
        except UserCodeError as error:
            cause = error.__cause__
            if not isinstance(cause, tf.errors.OpError):
                raise
            message = in_short(cause.message, self.user.directory)
            if _BY_PYTHON in message:
                trace = message[message.index(_BY_PYTHON) :]
                raise UserCodeError(error.doing, trace) from error
            dataset = self.scenario.dataset
            directory = dataset.train_dir if what == "training" else dataset.val_dir
            files = unreadable_files(directory, message)
            raise DataError(
                f"{name} cannot be read: {message.splitlines()[0]}{files}",
                fix="look at what build_dataset_search does to every image, and at the files",
            ) from error

    def _open_statistics(self, draw: int, count: int) -> tuple[Source, int]:
        """Return the training data for the statistics, and the number of batches to skip.

        Args:
            draw: 0 or 1.
            count: number of batches that will be read.
        """
        return self._open(_STATISTICS_STREAM, draw), 0

    def _open_unshuffled(self, draw: int, count: int) -> tuple[Source, int]:
        """Do the same for unshuffled data: the second sample starts where the first ends."""
        first = min(count, max(self.batches_per_epoch - count, 0)) if draw else 0
        return self._open(_STATISTICS_STREAM, draw, shuffle=False), first

    def _fixed(self, draw: int, count: int) -> Iterator[Batch]:
        """Yield ``count`` batches of training images, which depend on ``draw`` only."""
        before = generator_state()
        source, first = self._open_statistics(draw, count)
        yield from itertools.islice(self._limited(source, first + count), first, None)
        set_generator_state(before)

    def _limited(self, source: Source, count: int, ahead: bool = False) -> Iterator[Batch]:
        """Yield batches of the training data until there are enough or the data ends."""
        seen = 0
        with source.reader(ahead) as batches:
            for _ in range(count):
                with self.reading("training"):
                    batch = next(batches, _END)
                if batch is _END:
                    raise self._too_few("training", seen)
                images, labels = self.checked(batch, "training")
                seen += int(images.shape[0])
                yield images, labels

    def _settle_batch_size(self, found: int) -> None:
        wanted = self.scenario.batch_size
        if found != wanted:
            self._notices.append(
                Notice(
                    "strategy.batch_size",
                    f"it is {wanted}, but build_dataset_search gives batches of {found}; those "
                    "are used",
                )
            )
        self.batch_size = found

    def _require_images(self, count: int, key: str) -> None:
        if count <= 0:
            path = getattr(self.scenario.dataset, key)
            training = key == "train_dir"
            name = self.words.train_count if training else self.words.val_count
            raise DataError(
                f"dataset.{key}: build_dataset_search({path!r}, is_training="
                f"{training}) says that there are {count} images ({name})",
                fix="check the path and what build_dataset_search reads from it",
            )

    def _require_cardinality(self, source: Source) -> None:
        batches = source.most
        if batches is None:
            return
        if batches * self.batch_size < self.train_images - (self.batch_size - 1):
            raise self._too_few("training", f"at most {batches * self.batch_size}")

    def _too_few(self, what: Literal["training", "validation"], seen: int | str) -> DataError:
        training = what == "training"
        count = self.train_images if training else self.val_images
        name = self.words.train_count if training else self.words.val_count
        return DataError(
            f"{getattr(self.words, what)} ends after {seen} images, but build_dataset_search says "
            f"there are {count} ({name} of {'train_dir' if training else 'val_dir'})",
            fix=self.words.short,
        )
