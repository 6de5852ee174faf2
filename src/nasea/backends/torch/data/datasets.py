"""The user's data sets as batches: checked, restarted every epoch, cached where that is exact."""

from __future__ import annotations

import copy
import itertools
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Any

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset, Subset

from nasea.backends.data.overlap import LOOKED_AT, Sample, doubts
from nasea.backends.data.values import require_finite
from nasea.backends.torch.data.collating import collate_of, hidden_collate
from nasea.backends.torch.data.evaluation_subset import proxy_images
from nasea.backends.torch.data.random_draws import Seeded
from nasea.backends.torch.data.reading import reading
from nasea.backends.torch.data.sharding import Deal
from nasea.backends.torch.user.code import UserCode
from nasea.backends.torch.user.describe import describe
from nasea.config import Scenario
from nasea.errors import DataError, Notice, UserCodeError

CACHE_BYTES = 2 * 1024**3
"""Evaluation batches are kept in memory up to this size, by all processes of a machine together,
and read anew beyond it."""

_LOADING_SHARE = 0.1
"""Loading moves to worker processes where it takes more than this share of a training step."""

_MAX_WORKERS = 8
_STATISTICS_STREAM = 0xB4
_EPOCH_STREAM = 0xE9
_TRAINING, _VALIDATION = "the training data set", "the validation data set"

Batch = tuple[torch.Tensor, Any]


class CachedLoader(DataLoader[Any]):
    """A DataLoader over fixed data that reads every batch once and then serves it from memory.

    What it serves are copies: a metric may work on them in place.
    """

    cache_bytes = CACHE_BYTES
    reading: Callable[[], AbstractContextManager[None]] = nullcontext
    """Entered while a batch is read."""
    _cache: list[Any] | None = None
    _fits = True

    def __iter__(self) -> Any:
        """The batches, in order."""
        if self._cache is None:
            return self._fill() if self._fits else self._read()
        return (copy.deepcopy(batch) for batch in self._cache)

    def _fill(self) -> Iterator[Any]:
        kept: list[Any] = []
        size = 0
        for batch in self._read():
            size += _bytes(batch)
            if size > self.cache_bytes:
                self._fits = False
                kept.clear()
            if self._fits:
                kept.append(copy.deepcopy(batch))
            yield batch
        if self._fits:
            self._cache = kept

    def _read(self) -> Iterator[Any]:
        batches = super().__iter__()
        end = object()
        seen = 0
        while True:
            try:
                with self.reading():
                    batch = next(batches, end)
            except UserCodeError as error:  # whatever network asked for it: not that one's failure
                raise DataError(error.message, fix=error.fix) from error
            if batch is end:
                break
            yield batch
            seen += 1
        if seen < len(self):
            raise DataError(
                f"{_VALIDATION} ends after {seen} of {len(self)} batches",
                fix="let __getitem__ raise no StopIteration: it means the end of the data",
            )


class Data:
    """Training and validation data of a scenario.

    Args:
        scenario: batch size, directories, input shape.
        user: the user's code.
        size: how many ranks share the training images.
        rank: which one this is.
        local_size: how many of them this machine has.
    """

    def __init__(
        self,
        scenario: Scenario,
        user: UserCode,
        size: int = 1,
        rank: int = 0,
        local_size: int = 1,
    ) -> None:
        self.scenario = scenario
        self.user = user
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
        self.deal = Deal(self.train_images, scenario.batch_size, size, rank)
        self._local_size = local_size
        self._statistics: dict[int, list[torch.Tensor]] = {}
        self._seen = Sample()
        self._evaluation: dict[tuple[int | None, int | None], CachedLoader] = {}
        self.load_seconds = 0.0

    @property
    def batches_per_epoch(self) -> int:
        """Batches of one pass over the training images; a last batch of one image is left out."""
        return self.deal.batches

    def probe(self) -> tuple[Batch, Batch]:
        """One training and one validation batch, checked; measures how long loading takes."""
        loader = self._loader(
            self._drawing(_STATISTICS_STREAM), workers=0, batch_size=self.scenario.batch_size
        )
        start = time.perf_counter()
        with self._reading(_TRAINING):
            batches = list(itertools.islice(loader, min(3, self.batches_per_epoch)))
        self.load_seconds = (time.perf_counter() - start) / len(batches)
        train = self.checked(batches[0], _TRAINING)
        with self._reading(_VALIDATION):
            val_batch = next(iter(self.evaluation(None, None)))
        val = self.checked(val_batch, _VALIDATION)
        for (images, _), what in ((train, _TRAINING), (val, _VALIDATION)):
            require_finite(bool(torch.isfinite(images).all()), what)
        return train, val

    def settle_workers(self, step_seconds: float, cores: int) -> None:
        """Take as many workers as keep loading from holding up training; none if it is fast."""
        share = self.load_seconds / max(step_seconds, 1e-9)
        wanted = 0 if share <= _LOADING_SHARE else max(1, round(share))
        self.workers = min(wanted, max(1, cores - 1), _MAX_WORKERS)

    def epoch(self, epoch: int, done: int = 0) -> Iterator[Batch]:
        """The training batches of one epoch; order and draws depend on seed and epoch only.

        Args:
            epoch: from 0.
            done: how many batches to leave out at the beginning.
        """
        rng = np.random.default_rng([_EPOCH_STREAM, self.scenario.seed, epoch])
        order = rng.permutation(self.train_images).tolist()
        dataset = self._drawing(_EPOCH_STREAM, epoch)
        mine = self.deal.mine(order, done)
        batches = iter(self._loader(dataset, self.workers, batch_sampler=mine))
        for _ in mine:
            with self._reading(_TRAINING):
                batch = next(batches)
            yield self.checked(batch, _TRAINING)

    def statistics(self, draw: int) -> list[torch.Tensor]:
        """Fixed training images that re-estimate batch normalisation, as batches.

        Args:
            draw: 0 or 1, two different samples.
        """
        if draw not in self._statistics:
            wanted = min(max(2, self.scenario.searcher.bn_images), self.train_images)
            if wanted > self.scenario.batch_size > 1 == wanted % self.scenario.batch_size:
                wanted -= 1  # a last batch of one image has no variance
            batches = []
            for images, labels in self._fixed(draw, wanted):
                batches.append(images)
                if draw == 0:
                    self._seen.add(_pixels(images), _plain(labels))
            self._statistics[draw] = batches
        return self._statistics[draw]

    def training_images(self, count: int) -> list[torch.Tensor]:
        """So many training images, or all where there are fewer, as batches; always the same."""
        return [images for images, _ in self._fixed(0, min(count, self.train_images))]

    def doubts(self) -> list[Notice]:
        """What training and validation data have in common, and lack, by a part of both."""
        self.statistics(0)
        val = Sample()
        for images, labels in self.evaluation(None, None):
            val.add(_pixels(images), _plain(labels))
            if val.images >= LOOKED_AT:
                break
        return doubts(self._seen, val, self.train_images)

    def evaluation(self, images: int | None, half: int | None) -> CachedLoader:
        """The loader that the user's metric gets.

        Args:
            images: how many validation images, spread evenly, or with every class of objects as
                frequent as in all of them; ``None`` for all.
            half: 0 or 1 for either half of those, ``None`` for both.
        """
        key = (images, half)
        if key not in self._evaluation:
            by_class = self.scenario.task == "detection"
            with self._reading(_VALIDATION):
                chosen = proxy_images(
                    self.val, self.val_images, images, half, by_class, self.scenario.seed
                )
            whole = len(chosen) == self.val_images
            dataset = self.val if whole else Subset(self.val, chosen.tolist())
            loader = CachedLoader(
                dataset,
                batch_size=self.scenario.batch_size,
                shuffle=False,
                collate_fn=collate_of(self.val),
                generator=torch.Generator(),  # or the first metric would find others drawn upon
            )
            loader.cache_bytes = CACHE_BYTES // self._local_size
            loader.reading = partial(self._reading, _VALIDATION)
            self._evaluation[key] = loader
        return self._evaluation[key]

    def checked(self, batch: object, what: str) -> Batch:
        """The batch as (images, labels); raises DataError where it is something else."""
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

    def _fixed(self, draw: int, count: int) -> Iterator[Batch]:
        """So many training images, checked, whose choice and draws depend on ``draw`` only."""
        rng = np.random.default_rng([self.scenario.seed, _STATISTICS_STREAM, draw])
        chosen = rng.permutation(self.train_images)[:count]
        dataset = self._drawing(_STATISTICS_STREAM, draw)
        size = self.scenario.batch_size
        parts = [chosen[i : i + size].tolist() for i in range(0, len(chosen), size)]
        loader = self._loader(dataset, workers=0, batch_sampler=parts)
        with self._reading(_TRAINING):
            for batch in loader:
                yield self.checked(batch, _TRAINING)

    def _drawing(self, *seed: int) -> Seeded:
        """The training data set with draws that depend on the run's seed and ``seed``."""
        return Seeded(self.train, self.scenario.seed, *seed)

    def _loader(
        self,
        dataset: Dataset[Any],
        workers: int,
        batch_sampler: Sequence[list[int]] | None = None,
        batch_size: int = 1,
    ) -> DataLoader[Any]:
        return DataLoader(
            dataset,
            batch_size=batch_size,
            batch_sampler=batch_sampler,
            num_workers=workers,
            collate_fn=collate_of(self.train),
            generator=torch.Generator(),  # the loader's own draws decide nothing
        )

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
    """Labels with arrays for tensors."""
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


def _bytes(value: object) -> int:
    if isinstance(value, torch.Tensor):
        return value.numel() * value.element_size()
    if isinstance(value, dict):
        return sum(_bytes(item) for item in value.values())
    if isinstance(value, list | tuple):
        return sum(_bytes(item) for item in value)
    return 0
