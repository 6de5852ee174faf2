"""Detection: endless Python generators, and a metric called once for all images."""

from __future__ import annotations

from collections.abc import Generator, Hashable, Iterator, Mapping
from contextlib import closing
from itertools import chain
from typing import Any

import numpy as np
import tensorflow as tf

from nasea.backends.data.evaluation_subset import spread, stratified
from nasea.backends.data.overlap import LOOKED_AT
from nasea.backends.records import EvaluationSubset
from nasea.backends.tensorflow.data.batches import (
    GeneratorBatchSplitter,
    as_batch,
    count_of,
    find_ids,
    ids_of,
    take,
)
from nasea.backends.tensorflow.data.cached_items import CachedImages
from nasea.backends.tensorflow.data.datasets import Batch, Data, Run
from nasea.backends.tensorflow.data.private_draws import PrivateDraws
from nasea.backends.tensorflow.data.returned import (
    Evaluation,
    Words,
    evaluation,
    training_generator,
)
from nasea.backends.tensorflow.data.sources import GeneratorSource, Source
from nasea.backends.tensorflow.scoring.metric_model import MetricModel
from nasea.errors import DataError, Notice

GeneratorBatch = tuple[Any, ...]
"""A batch as the generator yields it, images first."""

_VALIDATION_STREAM = 0xEB
_LOOKED_FOR_IDS = 256
"""Number of images examined to find the part of a batch that holds image ids."""

_TRAINING = {"is_training": True, "is_shuffle": True}
_STATISTICS = {"is_training": True, "is_shuffle": False}
_EVALUATION = {"is_training": False, "is_shuffle": False}


class BoxData(Data):
    """See :class:`nasea.backends.tensorflow.data.datasets.Data`.

    For every candidate, the metric gets a generator that starts again with the same batches. Images
    are read once and cached; if the cache is too small, all are read again from a new generator
    with the same seeds.
    """

    words = Words(
        training="the training generator",
        validation="the validation generator",
        train_count="train_dataset_size",
        val_count="val_dataset_size",
        pairs=("pairs (images, labels)", "yield images, labels: two arrays, the images first"),
        unbatched="yield batches: arrays of self.batch_size images",
        short="let it never end, e.g. with `while True:` around the loop over the images",
    )
    looked_at = 4  # some yield fewer images if cropping removes all objects

    def evaluation(self, images: int | None, half: int | None) -> Iterator[Batch]:
        """See :meth:`nasea.backends.tensorflow.data.datasets.Data.evaluation`.

        The images come with everything else that the generator yields: one value, or a tuple.
        """
        return map(_pair, self._batches(images, half))

    def settle_metric(self, run: Run, data: EvaluationSubset) -> None:
        """See :meth:`Data.settle_metric`: it always runs eagerly."""

    def metric(self, run: Run, data: EvaluationSubset) -> float:
        """See :meth:`nasea.backends.tensorflow.data.datasets.Data.metric`."""
        chosen = self._chosen(data.images, data.half)
        ids = self._ids if chosen is None else [self._ids[i] for i in chosen]
        with closing(self._endless(data)) as generator:
            return self.user.metric_of_all(
                [self.scenario.dataset.val_dir, MetricModel(run)], [generator, ids, len(ids)]
            )

    def pair(self, element: Any) -> Any:
        """See :meth:`nasea.backends.tensorflow.data.datasets.Data.pair`: numbers become tensors."""
        if not isinstance(element, list | tuple) or len(element) != 2:
            return element
        return _images(element[0]), _labels(element[1])

    def belong(self, labels: Any, images: int) -> bool:
        """See :meth:`Data.belong`: labels may be a list with one item per image."""
        one_each = isinstance(labels, list | tuple) and len(labels) == images
        return one_each or super().belong(labels, images)

    def _open(self, *seed: int, shuffle: bool = True) -> GeneratorSource:
        draws = PrivateDraws(self.scenario.seed, *seed)
        arguments = _TRAINING if shuffle else _STATISTICS
        with draws.entered():
            returned = self.user.build_dataset(self.scenario.dataset.train_dir, arguments)
        return GeneratorSource(*training_generator(returned, self.user.file), draws)

    def _open_statistics(self, draw: int, count: int) -> tuple[Source, int]:
        return self._open_unshuffled(draw, count)

    def _open_validation(self) -> int:
        opened, draws = self._build_validation()
        self._ids = _ids(opened)
        self._places = {one: place for place, one in enumerate(self._ids)}
        self._classes = _classes(opened)
        self._strata: dict[int, np.ndarray] = {}
        self._id_part = 0
        self._val_batch = 1
        self._begun: Iterator[GeneratorBatch] | None = None
        self._first: GeneratorSource | None = GeneratorSource(
            opened.generator, opened.images, draws
        )
        self._kept = CachedImages(
            self.cache.open_table("validation", max(0, opened.images)),
            GeneratorBatchSplitter(),
            self._pass,
            self._tags,
        )
        return opened.images

    def _build_validation(self) -> tuple[Evaluation, PrivateDraws]:
        draws = PrivateDraws(self.scenario.seed, _VALIDATION_STREAM)
        with draws.entered():
            returned = self.user.build_dataset(self.scenario.dataset.val_dir, _EVALUATION)
        return evaluation(returned, self.user.file), draws

    def _probe_validation(self) -> None:
        batches: list[GeneratorBatch] = []
        rest = self._pass()
        while sum(map(count_of, batches)) < min(_LOOKED_FOR_IDS, self.val_images):
            batches.append(next(rest))
        self._val_batch = max(map(count_of, batches))
        self.image_bytes = self._kept.example_bytes(batches[0])
        self._id_part, _ = find_ids(batches, self._places)
        self._begun = chain(batches, rest)
        found: set[int] = set()
        for batch in self._looked_at(LOOKED_AT):
            found.update(self._tags(batch, len(found)))
        missing = self.val_images - len(found - {-1})
        if self._id_part and self.val_images <= LOOKED_AT and missing:
            self._notices.append(
                Notice(
                    "dataset.val_dir",
                    f"one pass of the validation generator gives {len(found - {-1})} of the "
                    f"{self.val_images} images in val_dataset.image_ids; {missing} are never seen",
                )
            )

    def first_images(self, count: int) -> Iterator[Batch]:
        """See :meth:`nasea.backends.tensorflow.data.datasets.Data.first_images`."""
        return map(_pair, self._looked_at(count))

    def prepare(self, images: int | None, half: int | None) -> None:
        """See :meth:`nasea.backends.tensorflow.data.datasets.Data.prepare`."""
        self._kept.fill(self._chosen(images, half))

    def _looked_at(self, count: int) -> Iterator[GeneratorBatch]:
        wanted = np.arange(count) if count < self.val_images else None
        self._kept.fill(wanted)
        return self._kept.batches(wanted, self._val_batch)

    def _chosen(self, images: int | None, half: int | None) -> np.ndarray | None:
        """Return the indices in ``val_dataset.image_ids`` of a slice; ``None`` for all images."""
        if images is None or images >= self.val_images or self._classes is None:
            chosen = spread(self.val_images, images, half)
        else:
            if images not in self._strata:
                self._strata[images] = stratified(self._classes, images, self.scenario.seed)
            chosen = self._strata[images][slice(None) if half is None else slice(half, None, 2)]
        return None if len(chosen) == self.val_images else chosen

    def _tags(self, batch: GeneratorBatch, first: int) -> list[int]:
        """Return the indices of a batch in ``val_dataset.image_ids``; -1 for unknown images."""
        images = count_of(batch)
        ids = ids_of(batch[self._id_part], images) if self._id_part else None
        if ids is None:
            return list(range(first, first + images))
        return [self._places.get(one, -1) for one in ids]

    def _endless(self, data: EvaluationSubset) -> Generator[GeneratorBatch, None, None]:
        """Yield the batches of a subset for the metric, over and over."""
        while True:
            images = 0
            for batch in self._batches(data.images, data.half):
                images += count_of(batch)
                yield batch
            if not images:
                raise DataError(
                    "the validation generator gives none of the images that were asked for by "
                    "val_dataset.image_ids",
                    fix="let it give all images of val_dataset in one pass",
                )

    def _batches(self, images: int | None, half: int | None) -> Iterator[GeneratorBatch]:
        """Return the batches of a slice once; for all images, as the generator yields them."""
        return self._kept.batches(self._chosen(images, half), self._val_batch)

    def _pass(self) -> Generator[GeneratorBatch, None, None]:
        """Yield the validation images once, from the start of a generator."""
        begun, self._begun = self._begun, None
        if begun is not None:
            yield from begun
            return
        source, self._first = self._first, None
        if source is None:
            opened, draws = self._build_validation()
            source = GeneratorSource(opened.generator, opened.images, draws)
        seen = 0
        with source.reader() as elements:
            while seen < self.val_images:
                with self.reading("validation"):
                    element = next(elements, None)
                if element is None:
                    raise self._too_few("validation", seen)
                batch = as_batch(element) or (None,)
                self.check_images(_images(batch[0]), "validation")
                images = count_of(batch)
                if images > self.val_images - seen:
                    batch = take(batch, range(self.val_images - seen), images)
                seen += images
                yield batch


def _pair(batch: GeneratorBatch) -> Batch:
    """Return the images in the network's layout, and everything else that the generator yields."""
    rest = batch[1] if len(batch) == 2 else batch[1:]
    return tf.cast(tf.convert_to_tensor(batch[0]), tf.float32), rest


def _ids(opened: Evaluation) -> list[Any]:
    """Return the ids of the validation images, in order.

    Raises:
        DataError: there are none, or not one per image.
    """
    ids = getattr(opened.dataset, "image_ids", None)
    if ids is None:
        raise DataError(
            f"val_dataset, a {type(opened.dataset).__name__}, has no image_ids",
            fix="give what build_dataset_search(dataset_dir, False, False) returns as val_dataset "
            "an attribute image_ids: a list with an id for each image, in order",
        )
    listed = ids.tolist() if isinstance(ids, np.ndarray) else list(ids)
    if len(listed) != opened.images:
        raise DataError(
            f"val_dataset.image_ids has {len(listed)} ids, but build_dataset_search says there are "
            f"{opened.images} images (val_dataset_size of val_dir)",
            fix="give an id for each image",
        )
    if not all(isinstance(one, Hashable) for one in listed) or len(set(listed)) != len(listed):
        raise DataError(
            "val_dataset.image_ids must be different numbers or names",
            fix="give each image an id of its own",
        )
    return listed


def _classes(opened: Evaluation) -> list[set[int]] | None:
    """Return the classes that occur in each validation image; ``None`` if unknown."""
    labels = getattr(opened.dataset, "labels", None)
    if not isinstance(labels, list | tuple | np.ndarray) or len(labels) != opened.images:
        return None
    found: list[set[int]] = []
    for one in labels:
        try:
            boxes = np.asarray([] if one is None else one, np.float64)
        except (TypeError, ValueError):
            return None
        if boxes.size and boxes.ndim != 2:
            return None
        found.append({int(number) for number in boxes[:, 0]} if boxes.size else set())
    return found


def _images(value: Any) -> Any:
    tensor = _tensor(value)
    return tf.cast(tensor, tf.float32) if isinstance(tensor, tf.Tensor) else value


def _labels(value: Any) -> Any:
    """Return labels with numbers as tensors; each array of a list becomes a tensor of its own."""
    if isinstance(value, Mapping):
        return {key: _labels(item) for key, item in value.items()}
    if isinstance(value, np.ndarray) and value.dtype == object:
        return [_labels(item) for item in value]
    if isinstance(value, list | tuple) and not all(isinstance(x, int | float) for x in value):
        items = [_labels(item) for item in value]
        return items if isinstance(value, list) else tuple(items)
    return _tensor(value)


def _tensor(value: Any) -> Any:
    """Return numbers as a tensor; floating-point ones in single precision, as in Keras."""
    if isinstance(value, tf.Tensor):
        return tf.cast(value, tf.float32) if value.dtype == tf.float64 else value
    try:
        array = np.asarray(value)
    except ValueError:  # arrays of different shapes
        return value
    if array.dtype.kind not in "biuf":
        return value
    return tf.constant(array.astype(np.float32) if array.dtype.kind == "f" else array)
