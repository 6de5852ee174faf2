"""The user's data sets as batches: checked, restarted every epoch, cached if that is exact."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from typing import Any

import numpy as np
import torch
from torch.utils.data import Dataset, Subset

from nasea.backends.data.image_cache import ImageCache
from nasea.backends.data.overlap import LOOKED_AT, Sample, overlap_notices
from nasea.backends.data.values import require_finite
from nasea.backends.data.workers import most_workers, wanted_workers
from nasea.backends.records import ReadSeconds
from nasea.backends.torch.data.cached_items import CachedItems, Collated, Workers
from nasea.backends.torch.data.collating import collate_of, hidden_collate
from nasea.backends.torch.data.evaluation_loader import EvaluationLoader
from nasea.backends.torch.data.evaluation_subset import subset_images
from nasea.backends.torch.data.loaders import open_loader
from nasea.backends.torch.data.random_draws import Seeded, SeededByEpoch
from nasea.backends.torch.data.reading import reading
from nasea.backends.torch.data.sharding import Sharding
from nasea.backends.torch.data.training_loader import TrainingLoader
from nasea.backends.torch.user.code import UserCode
from nasea.backends.torch.user.describe import describe
from nasea.config import Scenario
from nasea.errors import DataError, Notice, UserCodeError

_STATISTICS_STREAM = 0xB4
_VALIDATION_STREAM = 0xEB
_EPOCH_STREAM = 0xE9
_TRAINING, _VALIDATION = "the training data set", "the validation data set"

Batch = tuple[torch.Tensor, Any]


class Data:
    """Training and validation data of a scenario.

    Args:
        scenario: batch size, directories, input shape.
        user: the user's code.
        cache: holds decoded evaluation images; closed with the data.
        size: number of ranks that share the training images.
        rank: this rank.
        local_size: number of ranks on this machine.
        pinned: whether to put batches into pinned memory, for a GPU.
    """

    def __init__(
        self,
        scenario: Scenario,
        user: UserCode,
        cache: ImageCache,
        size: int = 1,
        rank: int = 0,
        local_size: int = 1,
        pinned: bool = False,
    ) -> None:
        self.scenario = scenario
        self.user = user
        self.cache = cache
        self.workers = 0
        self.train = user.dataset(scenario.dataset.train_dir, True)
        self.val = user.dataset(scenario.dataset.val_dir, False)
        self.train_images = self._length(self.train, "train_dir")
        self.val_images = self._length(self.val, "val_dir")
        if self.train_images < scenario.batch_size:
            raise DataError(
                f"strategy.batch_size is {scenario.batch_size}, but the training data set has "
                f"only {self.train_images} images",
                fix=f"use a batch_size of at most {self.train_images}",
            )
        self.sharding = Sharding(self.train_images, scenario.batch_size, size, rank)
        self._local_size = local_size
        self._pinned = pinned
        self._batch_bytes = 0
        self._statistics: dict[int, list[torch.Tensor]] = {}
        self._seen = Sample()
        self._chosen: dict[int | None, np.ndarray] = {}
        self._evaluation: dict[tuple[int | None, int | None], EvaluationLoader] = {}
        self._items = CachedItems(
            self.val,
            cache.open_table("validation", self.val_images),
            (scenario.seed, _VALIDATION_STREAM),
            self._reading_validation,
            copies=collate_of(self.val) is not None,
            workers=self._readers,
        )
        self._training = TrainingLoader(
            SeededByEpoch(self.train, scenario.seed, _EPOCH_STREAM),
            collate_of(self.train),
            partial(self._reading, _TRAINING),
            pinned,
        )
        self.load_seconds = 0.0

    @property
    def batches_per_epoch(self) -> int:
        """Batches in one pass over the training images, without a last batch of one image."""
        return self.sharding.batches

    def probe(self) -> tuple[Batch, Batch]:
        """Return one training and one validation batch, checked; measure the loading time."""
        size, count = self.scenario.batch_size, min(3, self.batches_per_epoch)
        every = range(min(count * size, self.train_images))
        parts = [list(every[i : i + size]) for i in range(0, len(every), size)]
        dataset = self._drawing(_STATISTICS_STREAM)
        loader = open_loader(dataset, parts, 0, collate_of(self.train))
        start = time.perf_counter()
        with self._reading(_TRAINING):
            batches = list(loader)
        self.load_seconds = (time.perf_counter() - start) / len(batches)
        train = self.checked(batches[0], _TRAINING)
        self._batch_bytes = train[0].numel() * train[0].element_size()
        self._items.workers = self._readers
        with self._reading(_VALIDATION):
            val_batch = next(iter(self.evaluation(None, None)))
        val = self.checked(val_batch, _VALIDATION)
        for (images, _), what in ((train, _TRAINING), (val, _VALIDATION)):
            require_finite(bool(torch.isfinite(images).all()), what)
        return train, val

    def choose_workers(self, step_seconds: float) -> None:
        """Choose enough data workers that training does not wait; none if loading is fast."""
        most = most_workers(self._local_size, self._batch_bytes)
        self.workers = wanted_workers(self.load_seconds, step_seconds, most)

    def epoch(self, epoch: int, done: int = 0) -> Iterator[Batch]:
        """Yield the training batches of one epoch; order and draws depend on seed and epoch only.

        Args:
            epoch: from 0.
            done: number of batches to skip at the beginning.
        """
        rng = np.random.default_rng([_EPOCH_STREAM, self.scenario.seed, epoch])
        order = rng.permutation(self.train_images).tolist()
        mine = [[epoch, *part] for part in self.sharding.mine(order, done)]
        yield from map(self._checked_training, self._training.batches(mine, self.workers))
        if epoch + 1 >= self.scenario.epochs:
            self._training.close()

    def statistics(self, draw: int) -> list[torch.Tensor]:
        """Return fixed training batches that re-estimate the statistics of batch normalisation.

        Args:
            draw: 0 or 1, for two different samples.
        """
        if draw not in self._statistics:
            wanted = min(max(2, self.scenario.searcher.bn_images), self.train_images)
            if wanted > self.scenario.batch_size > 1 == wanted % self.scenario.batch_size:
                wanted -= 1  # a last batch of one image has no variance
            dataset, parts = self._fixed(draw, wanted)
            items = CachedItems(
                Collated(dataset, parts, collate_of(self.train)),
                self.cache.open_table(f"statistics{draw}", len(parts)),
                (self.scenario.seed, _STATISTICS_STREAM, draw),
                partial(self._reading, _TRAINING),
                copies=False,
                workers=self._readers,
                at_once=1,
            )
            items.fill(range(len(parts)))
            batches = []
            with self._reading(_TRAINING):
                for number in range(len(parts)):
                    images, labels = self.checked(items[number], _TRAINING)
                    batches.append(images)
                    if draw == 0:
                        self._seen.add(_pixels(images), _plain(labels))
            self._statistics[draw] = batches
        return self._statistics[draw]

    def training_images(self, count: int) -> list[torch.Tensor]:
        """Return ``count`` training images, or all if there are fewer, as batches."""
        dataset, parts = self._fixed(0, min(count, self.train_images))
        loader = open_loader(dataset, parts, 0, collate_of(self.train))
        with self._reading(_TRAINING):
            return [self.checked(batch, _TRAINING)[0] for batch in loader]

    def data_notices(self) -> list[Notice]:
        """Compare a part of the training data with a part of the validation data."""
        self.statistics(0)
        self._items.fill(range(min(LOOKED_AT, self.val_images)))
        val = Sample()
        for images, labels in self.evaluation(None, None):
            val.add(_pixels(images), _plain(labels))
            if val.images >= LOOKED_AT:
                break
        return overlap_notices(self._seen, val, self.train_images)

    def prepare(self, images: int | None, half: int | None) -> None:
        """Read the images that an evaluation needs until the cache is full."""
        self._items.fill(self.evaluation(images, half).places)

    def evaluation(self, images: int | None, half: int | None) -> EvaluationLoader:
        """Return the loader that the user's metric receives.

        Args:
            images: number of validation images, spread evenly, or for detection with the class
                frequencies of all images; ``None`` for all.
            half: 0 or 1 for one half of those, ``None`` for both.
        """
        key = (images, half)
        if key not in self._evaluation:
            chosen = self._subset(images)[slice(None) if half is None else slice(half, None, 2)]
            whole = len(chosen) == self.val_images
            self._evaluation[key] = EvaluationLoader(
                self.val if whole else Subset(self.val, chosen.tolist()),
                self.scenario.batch_size,
                self._items,
                chosen.tolist(),
                _VALIDATION,
                self._pinned,
            )
        for other, loader in self._evaluation.items():
            if other != key:
                loader.close()  # its workers would be idle
        return self._evaluation[key]

    def _subset(self, images: int | None) -> np.ndarray:
        """Return the subset; one process chooses it for all, since it may read all labels."""
        if images not in self._chosen:
            by_class = self.scenario.task == "detection"
            [self._chosen[images]] = self.cache.once(
                f"subset{images}",
                1,
                lambda: [subset_images(self._items, images, by_class, self.scenario.seed)],
            )
        return self._chosen[images]

    def cache_notices(self) -> list[Notice]:
        """Return a notice if the cache has no room for all evaluation images."""
        images = min(self.scenario.searcher.eval_images or self.val_images, self.val_images)
        then = "the others are read for every candidate, by worker processes"
        return self.cache.cache_notices(images, self._items.item_bytes, then)

    def read_seconds(self, images: int) -> ReadSeconds:
        """See :meth:`nasea.backends.trials.Trials.read_seconds`."""
        workers, one = self._items.workers, self._items.seconds
        unkept = self.cache.without_room(images, self._items.item_bytes)
        return ReadSeconds(
            images * one / max(workers.filling, 1),
            unkept * one / max(workers.scoring, 1),
            aside=workers.scoring > 0,
        )

    def close(self) -> None:
        """Stop all workers, and release statistics images and the cache."""
        self._training.close()
        for loader in self._evaluation.values():
            loader.close()
        self._statistics.clear()
        self.cache.close()

    def _checked_training(self, batch: object) -> Batch:
        return self.checked(batch, _TRAINING)

    def checked(self, batch: object, what: str) -> Batch:
        """Return the batch as (images, labels); raise DataError if it is something else."""
        if not isinstance(batch, list | tuple) or len(batch) != 2:
            raise DataError(
                f"{what} must give pairs (images, labels), found {describe(batch)}",
                fix="return image, label from __getitem__",
            )
        images, labels = batch
        if not isinstance(images, torch.Tensor) or not images.is_floating_point():
            raise DataError(
                f"{what} must give images as floating-point tensors, found {describe(images)}",
                fix="convert the images in the data set, e.g. image.float() / 255",
            )
        expected = self.scenario.supernet.input_chw
        if tuple(images.shape[1:]) != expected:
            raise DataError(
                f"{what} gives images of shape {tuple(images.shape[1:])}, but "
                f"supernet.input_shape says {expected}",
                fix="resize the images in the data set or change input_shape",
            )
        return images, labels

    def _fixed(self, draw: int, count: int) -> tuple[Seeded, list[list[int]]]:
        """Return the data set and batches of training images that depend on ``draw`` only."""
        rng = np.random.default_rng([self.scenario.seed, _STATISTICS_STREAM, draw])
        chosen = rng.permutation(self.train_images)[:count]
        size = self.scenario.batch_size
        parts = [chosen[i : i + size].tolist() for i in range(0, len(chosen), size)]
        return self._drawing(_STATISTICS_STREAM, draw), parts

    def _drawing(self, *seed: int) -> Seeded:
        """Return the training data set with draws that depend on the run's seed and ``seed``."""
        return Seeded(self.train, self.scenario.seed, *seed)

    @property
    def _readers(self) -> Workers:
        """Processes that read evaluation images: ``resource.data_workers``, or the maximum."""
        wanted, local = self.scenario.resource.data_workers, self._local_size
        if wanted is not None:
            return Workers(wanted * local, wanted)
        return Workers(most_workers(1, self._batch_bytes), most_workers(local, self._batch_bytes))

    @contextmanager
    def _reading_validation(self) -> Iterator[None]:
        """Like :meth:`_reading` for validation images; failures never count as the network's."""
        try:
            with self._reading(_VALIDATION):
                yield
        except UserCodeError as error:
            raise DataError(error.message, fix=error.fix) from error

    def _reading(self, what: str) -> AbstractContextManager[None]:
        """See :func:`nasea.backends.torch.data.reading.reading`."""
        dataset = self.train if what == _TRAINING else self.val
        return reading(what, self.user.directory, hidden_collate(dataset))

    def _length(self, dataset: Dataset[Any], key: str) -> int:
        with self.user.guard("len(data set)"):
            length = len(dataset)  # type: ignore[arg-type]
        if length == 0:
            path = getattr(self.scenario.dataset, key)
            raise DataError(
                f"dataset.{key}: the data set of {path!r} is empty",
                fix="check the path and what dataset_define reads from it",
            )
        return length


def _pixels(images: torch.Tensor) -> Any:
    images = images.detach().cpu()
    return (images.float() if images.dtype == torch.bfloat16 else images).numpy()


def _plain(labels: Any) -> Any:
    """Return labels with tensors replaced by arrays."""
    if isinstance(labels, torch.Tensor):
        try:
            return labels.detach().cpu().numpy()
        except (RuntimeError, TypeError):  # bfloat16, sparse, nested
            return None
    if isinstance(labels, list | tuple):
        return [_plain(each) for each in labels]
    if isinstance(labels, dict):
        return {key: _plain(each) for key, each in labels.items()}
    return labels
