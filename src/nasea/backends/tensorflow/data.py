"""The user's data sets as batches: checked, begun anew every epoch, validation kept in memory."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import Any

import tensorflow as tf

from nasea.backends.proxy import spread
from nasea.backends.randomness import generator_state, set_generator_state
from nasea.backends.tensorflow.describe import describe
from nasea.backends.tensorflow.devices import seed_everything
from nasea.backends.tensorflow.messages import in_short
from nasea.backends.tensorflow.user import UserCode
from nasea.backends.usermodule import user_code
from nasea.config import Scenario
from nasea.errors import DataError, Notice, UserCodeError

CACHE_BYTES = 2 * 1024**3
"""Evaluation batches are kept in memory up to this size and read anew beyond it."""

_AHEAD = 2
"""Batches that are read while the one before is at work."""

_STATISTICS_STREAM = 0xB4
_EPOCH_STREAM = 0xE9
_PROBE_STREAM = 0x9B
_BY_PYTHON = "Traceback (most recent call last):"
_TRAINING, _VALIDATION = "the training data set", "the validation data set"

Batch = tuple[Any, Any]


class Data:
    """Training and validation data of a scenario.

    A shuffled ``tf.data`` pipeline draws from seeds that are fixed when it is built, and one that
    augments draws the same in every pass over it. So the training data set is built anew for every
    epoch, under seeds of the epoch: epochs differ, and an epoch is the same in a resumed run.

    Args:
        scenario: batch size, directories, input shape.
        user: the user's code.
        notices: where what the user should know goes.
    """

    def __init__(self, scenario: Scenario, user: UserCode, notices: list[Notice]) -> None:
        self.scenario = scenario
        self.user = user
        self._train, self.train_images = self._open(_PROBE_STREAM)
        val, self.val_images = self.user.dataset(scenario.dataset.val_dir, False)
        self._val = _without_injection(val)
        self._require_images(self.train_images, "train_dir")
        self._require_images(self.val_images, "val_dir")
        self._statistics: dict[int, list[Any]] = {}
        self._kept: list[Batch] | None = None
        self._fits = True
        self._notices = notices
        self.batch_size = scenario.batch_size
        self._short_batch = True

    @property
    def batches_per_epoch(self) -> int:
        """Batches of one pass over the training images; a last batch of one image is left out."""
        whole, rest = divmod(self.train_images, self.batch_size)
        return whole + (rest > 1 and self._short_batch)

    def probe(self) -> Batch:
        """One training batch, checked, as one of the validation images was.

        Raises:
            DataError: an element is not (images, labels), or there are too few.
        """
        with self.reading(_TRAINING), _reader(self._train) as batches:
            batch = next(batches, None)
        if batch is None:
            raise self._too_few(_TRAINING, 0, self.train_images, "train_dir")
        train = self.checked(batch, _TRAINING)
        size = int(train[0].shape[0])
        static = tf.nest.flatten(self._train.element_spec)[0].shape
        self._short_batch = not (static.rank and static[0])
        self._settle_batch_size(size)
        self._require_cardinality(self._train, _TRAINING, self.train_images, "train_dir")
        self._train = None  # each epoch builds its own
        for _ in self.evaluation(None, None):
            if not self._fits:
                break
        return train

    def epoch(self, epoch: int, done: int = 0) -> Iterator[Batch]:
        """The training batches of one epoch; order and draws depend on seed and epoch only.

        Args:
            epoch: from 0.
            done: how many batches to leave out at the beginning.
        """
        dataset, _ = self._open(_EPOCH_STREAM, epoch)
        batches = self._limited(dataset.prefetch(_AHEAD), self.batches_per_epoch)
        yield from itertools.islice(batches, done, None)

    def statistics(self, draw: int) -> list[Any]:
        """Fixed training images that re-estimate batch normalisation, as batches.

        Args:
            draw: 0 or 1, two different samples, as far as the data set shuffles.
        """
        if draw not in self._statistics:
            before = generator_state()
            wanted = min(max(2, self.scenario.searcher.bn_images), self.train_images)
            dataset, _ = self._open(_STATISTICS_STREAM, draw)
            kept: list[Any] = []
            found = 0
            for images, _ in self._limited(dataset, -(-wanted // self.batch_size)):
                images = images[: wanted - found]
                found += int(images.shape[0])
                if not kept or images.shape[0] > 1:  # one image has no variance
                    kept.append(images)
            set_generator_state(before)
            self._statistics[draw] = kept
        return self._statistics[draw]

    def evaluation(self, images: int | None, half: int | None) -> Iterator[Batch]:
        """The batches that the user's metric is asked about.

        Args:
            images: how many validation images, spread evenly; ``None`` for all.
            half: 0 or 1 for either half of those, ``None`` for both.
        """
        chosen = spread(self.val_images, images, half)
        first = 0
        for batch in self._validation():
            size = int(batch[0].shape[0])
            here = chosen[(chosen >= first) & (chosen < first + size)] - first
            first += size
            if len(here) == size:
                yield batch
            elif len(here):
                yield tf.nest.map_structure(lambda x, i=here: tf.gather(x, i), batch)

    def checked(self, batch: object, what: str) -> Batch:
        """The batch as (images, labels); raises DataError where it is something else."""
        if not isinstance(batch, list | tuple) or len(batch) != 2:
            raise DataError(
                f"{what} must give pairs (images, labels), found {describe(batch)}",
                fix="zip images and labels: tf.data.Dataset.from_tensor_slices((images, labels))",
            )
        images, labels = batch
        expected = self.scenario.supernet.input_shape
        if not isinstance(images, tf.Tensor) or not images.dtype.is_floating:
            raise DataError(
                f"{what} must give images as floating-point tensors, found {describe(images)}",
                fix="convert the images in the data set, e.g. tf.cast(image, tf.float32) / 255",
            )
        if tuple(images.shape) == expected:
            raise DataError(
                f"{what} gives one image at a time, {describe(images)}: it is not batched",
                fix="end build_dataset_search with dataset.batch(self.batch_size)",
            )
        if tuple(images.shape[1:]) != expected:
            raise DataError(
                f"{what} gives images of shape {tuple(images.shape[1:])}, but "
                f"supernet.input_shape says {expected}",
                fix="resize the images in the data set or change input_shape",
            )
        counts = {t.shape[0] for t in tf.nest.flatten(labels) if tf.is_tensor(t) and t.shape.rank}
        if counts - {images.shape[0]}:
            raise DataError(
                f"{what} gives {images.shape[0]} images with labels {describe(labels)}",
                fix="give as many labels as images: zip them before they are batched",
            )
        return images, labels

    @contextmanager
    def reading(self, what: str) -> Iterator[None]:
        """Report a failure inside as the user's, or as the data's where no code of the user fails.

        TensorFlow hands on what Python code raised as text.
        """
        try:
            with user_code(f"reading {what}", self.user.directory):
                yield
        except UserCodeError as error:
            cause = error.__cause__
            if not isinstance(cause, tf.errors.OpError):
                raise
            message = in_short(cause.message, self.user.directory)
            if _BY_PYTHON in message:
                trace = message[message.index(_BY_PYTHON) :]
                raise UserCodeError(error.doing, trace) from error
            raise DataError(
                f"{what} cannot be read: {message.splitlines()[0]}",
                fix="look at what build_dataset_search does to every image, and at the files",
            ) from error

    def _open(self, *seed: int) -> tuple[Any, int]:
        """The training data set with draws that depend on the run's seed and ``seed``."""
        seed_everything(self.scenario.seed, *seed)
        dataset, images = self.user.dataset(self.scenario.dataset.train_dir, True)
        return _without_injection(dataset), images

    def _limited(self, dataset: Any, count: int) -> Iterator[Batch]:
        """So many batches of the training data set, however it ends."""
        seen = 0
        with _reader(dataset) as batches:
            for _ in range(count):
                with self.reading(_TRAINING):
                    batch = next(batches, None)
                if batch is None:
                    raise self._too_few(_TRAINING, seen, self.train_images, "train_dir")
                images, labels = self.checked(batch, _TRAINING)
                seen += int(images.shape[0])
                yield images, labels

    def _validation(self) -> Iterator[Batch]:
        """The first ``data_num`` validation images, from memory where they fit."""
        if self._kept is not None:
            yield from self._kept
            return
        kept: list[Batch] = []
        size = seen = 0
        with _reader(self._val.prefetch(_AHEAD)) as batches:
            while seen < self.val_images:
                with self.reading(_VALIDATION):
                    batch = next(batches, None)
                if batch is None:
                    raise self._too_few(_VALIDATION, seen, self.val_images, "val_dir")
                batch = self.checked(batch, _VALIDATION)
                rest = self.val_images - seen
                if int(batch[0].shape[0]) > rest:
                    batch = tf.nest.map_structure(lambda x, n=rest: x[:n], batch)
                seen += int(batch[0].shape[0])
                size += sum(t.shape.num_elements() * t.dtype.size for t in tf.nest.flatten(batch))
                self._fits = self._fits and size <= CACHE_BYTES
                kept = [*kept, batch] if self._fits else []
                yield batch
        if self._fits:
            self._kept = kept

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
            raise DataError(
                f"dataset.{key}: build_dataset_search({path!r}, is_training="
                f"{key == 'train_dir'}) says that there are {count} images (data_num)",
                fix="check the path and what build_dataset_search reads from it",
            )

    def _require_cardinality(self, dataset: Any, what: str, count: int, key: str) -> None:
        batches = int(dataset.cardinality())
        if batches >= 0 and batches * self.batch_size < count - (self.batch_size - 1):
            raise self._too_few(what, f"at most {batches * self.batch_size}", count, key)

    def _too_few(self, what: str, seen: int | str, count: int, key: str) -> DataError:
        return DataError(
            f"{what} ends after {seen} images, but build_dataset_search says there are {count} "
            f"(data_num of {key})",
            fix="return the number of images that one pass gives, or let the data set repeat()",
        )


@contextmanager
def _reader(dataset: Any) -> Iterator[Iterator[Any]]:
    """An iterator over a data set that is dropped behind the back of the caller.

    What tunes a data set while it is read wakes up ever more seldom, and may be waited for: seconds
    at the end of every epoch.
    """
    held = [iter(dataset)]

    def batches() -> Generator[Any, None, None]:
        while (batch := next(held[0], None)) is not None:
            yield batch

    reading = batches()
    try:
        yield reading
    finally:
        reading.close()
        threading.Thread(target=held.clear, daemon=True).start()


def _without_injection(dataset: Any) -> Any:
    """The data set without the reading ahead that TensorFlow adds by itself.

    It goes on, and draws random numbers, behind the only batch that is asked for.
    """
    options = tf.data.Options()
    options.experimental_optimization.inject_prefetch = False
    return dataset.with_options(options)
