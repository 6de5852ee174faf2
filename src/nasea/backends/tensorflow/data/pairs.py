"""Classification: a ``tf.data`` pipeline of (images, labels), and a metric of every batch."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
import tensorflow as tf

from nasea.backends.data.evaluation_subset import spread
from nasea.backends.records import EvaluationSubset
from nasea.backends.tensorflow.data import datasets as common
from nasea.backends.tensorflow.data.batches import bytes_of
from nasea.backends.tensorflow.data.datasets import Batch, Data, Run, Words
from nasea.backends.tensorflow.data.returned import pipeline
from nasea.backends.tensorflow.data.sources import AHEAD, PipelineSource, read, without_injection
from nasea.backends.tensorflow.devices import seed_everything


class PairData(Data):
    """See :class:`Data`. Validation batches stay in memory."""

    words = Words(
        training="the training data set",
        validation="the validation data set",
        train_count="data_num",
        val_count="data_num",
        pairs=(
            "pairs (images, labels)",
            "zip images and labels: tf.data.Dataset.from_tensor_slices((images, labels))",
        ),
        unbatched="end build_dataset_search with dataset.batch(self.batch_size)",
        short="return the number of images that one pass gives, or let the data set repeat()",
    )

    _kept: list[Batch] | None = None
    _fits = True

    def evaluation(self, images: int | None, half: int | None) -> Iterator[Batch]:
        """See :meth:`nasea.backends.tensorflow.data.datasets.Data.evaluation`; spread evenly."""
        chosen = spread(self.val_images, images, half)
        if len(chosen) == self.val_images:
            yield from self._validation()
        elif (images, half) in self._slices:
            yield from self._slices[images, half]
        else:
            kept: list[Batch] | None = []
            size = 0
            for batch in self._selected(chosen):
                size += bytes_of(batch)
                if kept is not None and size <= common.CACHE_BYTES:
                    kept.append(batch)
                else:
                    kept = None
                yield batch
            if kept is not None and not self._fits:  # else it is made of what is kept
                self._slices[images, half] = kept

    def _selected(self, chosen: np.ndarray) -> Iterator[Batch]:
        """Those validation images, as they come in batches; nothing is read behind the last."""
        first = 0
        for batch in self._validation():
            size = int(batch[0].shape[0])
            here = chosen[(chosen >= first) & (chosen < first + size)] - first
            first += size
            if len(here) == size:
                yield batch
            elif len(here):
                yield tf.nest.map_structure(lambda x, i=here: tf.gather(x, i), batch)
            if first > chosen[-1]:
                return

    @property
    def metric_is_settled(self) -> bool:
        """See :attr:`nasea.backends.tensorflow.data.datasets.Data.metric_is_settled`."""
        return self.user.metric_is_settled

    def settle_metric(self, run: Run, data: EvaluationSubset) -> None:
        """See :meth:`nasea.backends.tensorflow.data.datasets.Data.settle_metric`."""
        if not self.metric_is_settled:
            for _, labels, outputs in itertools.islice(self._answers(run, data), 1):
                self.user.settle_metric(labels, outputs)

    def metric(self, run: Run, data: EvaluationSubset) -> float:
        """See :meth:`Data.metric`: the mean over batches."""
        return self.user.metric_of_batches(self._answers(run, data))

    def as_metric_gets(self, labels: Any, outputs: Any) -> Any:
        """What ``metrics_op`` gets for the network's output."""
        return outputs

    def _answers(self, run: Run, data: EvaluationSubset) -> Iterator[tuple[int, Any, Any]]:
        """(images, labels, outputs) of every validation batch."""
        for images, labels in self.evaluation(data.images, data.half):
            yield int(images.shape[0]), labels, self.as_metric_gets(labels, run(images))

    def _arguments(self, is_training: bool, is_shuffle: bool) -> dict[str, bool]:
        """What ``build_dataset_search`` gets behind the directory."""
        return {"is_training": is_training}

    def _open(self, *seed: int, shuffle: bool = True) -> PipelineSource:
        seed_everything(self.scenario.seed, *seed)
        arguments = self._arguments(True, shuffle)
        returned = self.user.build_dataset(self.scenario.dataset.train_dir, arguments)
        return PipelineSource(*pipeline(returned, self.user.file))

    def _open_validation(self) -> int:
        arguments = self._arguments(False, False)
        returned = self.user.build_dataset(self.scenario.dataset.val_dir, arguments)
        dataset, images = pipeline(returned, self.user.file)
        self._val = without_injection(dataset)
        self._slices: dict[tuple[int | None, int | None], list[Batch]] = {}
        return images

    def _probe_validation(self) -> None:
        for _ in self.evaluation(None, None):
            if not self._fits:
                break

    def _validation(self) -> Iterator[Batch]:
        """The first ``data_num`` validation images, from memory where they fit."""
        if self._kept is not None:
            yield from self._kept
            return
        kept: list[Batch] = []
        size = seen = 0
        with read(self._val.prefetch(AHEAD)) as batches:
            while seen < self.val_images:
                with self.reading("validation"):
                    element = next(batches, None)
                if element is None:
                    raise self._too_few("validation", seen)
                batch = self.checked(element, "validation")
                rest = self.val_images - seen
                if int(batch[0].shape[0]) > rest:
                    batch = tf.nest.map_structure(lambda x, n=rest: x[:n], batch)
                seen += int(batch[0].shape[0])
                size += sum(t.shape.num_elements() * t.dtype.size for t in tf.nest.flatten(batch))
                self._fits = self._fits and size <= common.CACHE_BYTES
                kept = [*kept, batch] if self._fits else []
                yield batch
        if self._fits:
            self._kept = kept
