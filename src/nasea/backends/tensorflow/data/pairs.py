"""Classification: a ``tf.data`` pipeline of (images, labels), and a metric called per batch."""

from __future__ import annotations

import itertools
from collections.abc import Generator, Iterator
from contextlib import closing
from typing import Any

import numpy as np
import tensorflow as tf

from nasea.backends.data.evaluation_subset import spread
from nasea.backends.data.overlap import LOOKED_AT
from nasea.backends.records import EvaluationSubset
from nasea.backends.tensorflow.data.batches import PipelineBatchSplitter
from nasea.backends.tensorflow.data.cached_items import CachedImages
from nasea.backends.tensorflow.data.datasets import Batch, Data, Run
from nasea.backends.tensorflow.data.returned import Words, pipeline
from nasea.backends.tensorflow.data.sources import AHEAD, PipelineSource, read, without_injection
from nasea.backends.tensorflow.devices import seed_everything


class PairData(Data):
    """See :class:`Data`."""

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

    def evaluation(self, images: int | None, half: int | None) -> Iterator[Batch]:
        """See :meth:`nasea.backends.tensorflow.data.datasets.Data.evaluation`; spread evenly."""
        return self._kept.batches(self._chosen(images, half), self._val_batch)

    def prepare(self, images: int | None, half: int | None) -> None:
        """See :meth:`nasea.backends.tensorflow.data.datasets.Data.prepare`."""
        self._kept.fill(self._chosen(images, half))

    def first_images(self, count: int) -> Iterator[Batch]:
        """See :meth:`nasea.backends.tensorflow.data.datasets.Data.first_images`."""
        wanted = np.arange(min(count, self.val_images))
        self._kept.fill(wanted)
        return self._kept.batches(wanted, self._val_batch)

    def _chosen(self, images: int | None, half: int | None) -> np.ndarray | None:
        chosen = spread(self.val_images, images, half)
        return None if len(chosen) == self.val_images else chosen

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
        """Return the network's output in the form that ``metrics_op`` expects."""
        return outputs

    def _answers(self, run: Run, data: EvaluationSubset) -> Iterator[tuple[int, Any, Any]]:
        """Yield (images, labels, outputs) of every validation batch."""
        for images, labels in self.evaluation(data.images, data.half):
            yield int(images.shape[0]), labels, self.as_metric_gets(labels, run(images))

    def _arguments(self, is_training: bool, is_shuffle: bool) -> dict[str, bool]:
        """Return the arguments of ``build_dataset_search`` after the directory."""
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
        self._kept = CachedImages(
            self.cache.open_table("validation", max(0, images)),
            PipelineBatchSplitter(),
            self._validation,
            tags=lambda batch, first: range(first, first + int(batch[0].shape[0])),
        )
        return images

    def _probe_validation(self) -> None:
        with closing(self._validation()) as batches:
            batch = next(batches)
        self._val_batch = int(batch[0].shape[0])
        self.image_bytes = self._kept.example_bytes(batch)
        most = int(self._val.cardinality()) * self._val_batch  # negative if unknown
        if 0 <= most <= self.val_images - self._val_batch:
            raise self._too_few("validation", f"at most {most}")
        for _ in self.first_images(LOOKED_AT):
            pass

    def _validation(self) -> Generator[Batch, None, None]:
        """Yield the first ``data_num`` validation images, read again."""
        seen = 0
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
                yield batch
