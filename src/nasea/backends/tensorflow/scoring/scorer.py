"""Scoring one architecture: its own normalisation statistics, then the user's metric."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import numpy as np

from nasea.backends.memory import ShortOfMemory
from nasea.backends.records import EvaluationSubset
from nasea.backends.scoring import scorer
from nasea.backends.scoring.prediction_images import PredictionImage
from nasea.backends.scoring.prefix_cache import Digest, outputs_within
from nasea.backends.scoring.scorer import METRIC_STREAM, STATISTICS_STREAM, no_range_error
from nasea.backends.tensorflow.data.datasets import Data, Run
from nasea.backends.tensorflow.devices import seed_everything
from nasea.backends.tensorflow.network.supernet import Statistics, Supernet
from nasea.backends.tensorflow.scoring import prediction_images
from nasea.backends.tensorflow.scoring.prefix_cache import (
    NO_PREFIX,
    CalibratedPath,
    Prefix,
    add_outputs,
)
from nasea.backends.tensorflow.user.code import OutOfMemory
from nasea.backends.tensorflow.user.networks import UserNetwork
from nasea.backends.tensorflow.user.random_draws import Draws
from nasea.space import Genome

_METRIC = 3  # number of a stream of random draws; PreNet has 0, PostNet 1, the loss 2


class Scorer(scorer.Scorer[CalibratedPath, Prefix]):
    """Measures architectures with the weights of a supernet, never changing the supernet.

    Args:
        supernet: where the weights come from.
        pre_net: PreNet.
        post_net: PostNet.
        data: statistics images, validation images, the user's metric.
        draws: random streams of the operations in PreNet and PostNet.
        seed: statistics and metric start from the same random state for every candidate.
        processes: how many of them share this machine's memory.
        int8: whether networks are scored as their int8 files will compute.
    """

    data: Data
    always_again = False

    def __init__(
        self,
        supernet: Supernet,
        pre_net: UserNetwork,
        post_net: UserNetwork,
        data: Data,
        draws: Draws,
        seed: int,
        processes: int = 1,
        int8: bool = False,
    ) -> None:
        super().__init__(supernet.space, data, data.user, seed, processes, int8)
        self.supernet = supernet
        self.pre_net = pre_net
        self.post_net = post_net
        self.draws = draws

    def memory(self) -> AbstractContextManager[None]:
        """See :func:`memory`."""
        return memory()

    def prefix(self, path: CalibratedPath | None, depth: int) -> Prefix:
        """See :class:`nasea.backends.scoring.scorer.Scorer`."""
        return Prefix(path, depth)

    def metric(
        self,
        path: CalibratedPath,
        data: EvaluationSubset,
        prefix: Prefix,
        digest: Digest | None,
        keeps: bool,
    ) -> float:
        """See :class:`nasea.backends.scoring.scorer.Scorer`."""
        # Restored afterwards: finding out how to call the metric must leave no trace.
        if not self.data.metric_is_settled:
            with self.pre_net.statistics_kept(), self.post_net.statistics_kept():
                _settle(self.data, self.draws, self.seed, self.evaluate(path), data)
        kept = (data.images or self.data.val_images) if keeps else 0
        evaluate = _Evaluate(self, path, prefix, kept, digest)
        return _asked(self.data, self.draws, self.seed, evaluate, data)

    def evaluate(self, path: CalibratedPath) -> Callable[[Any], Any]:
        """Return a calibrated architecture: images -> outputs."""
        return _Evaluate(self, path, NO_PREFIX)

    def masks(self, images: Any, labels: Any, outputs: Any) -> tuple[PredictionImage, ...]:
        """See :func:`nasea.backends.tensorflow.scoring.prediction_images.masks`."""
        layout = self.data.scenario.supernet.data_format
        return prediction_images.masks(images, labels, outputs, layout, self.user.class_names)

    @contextmanager
    def calibrated(self, genome: Genome, draw: int = 0) -> Iterator[Statistics]:
        """Provide statistics for the body; PreNet and PostNet use theirs in the meantime."""
        with self.calibrated_path(genome, draw, NO_PREFIX, keeps=False, int8=False) as path:
            yield path.statistics

    @contextmanager
    def calibrated_path(
        self, genome: Genome, draw: int, prefix: Prefix, keeps: bool, int8: bool
    ) -> Iterator[CalibratedPath]:
        """Provide the same, reusing what a prefix has."""
        with self.pre_net.statistics_kept(), self.post_net.statistics_kept():
            batches = self.statistics(draw)
            kept = 0
            if keeps:
                kept = self.statistics_outputs(batches, int8)
            seed_everything(self.seed, STATISTICS_STREAM)
            self.draws.begin(STATISTICS_STREAM)
            outputs = prefix.estimated
            if prefix.path is None:
                outputs = [self.pre_net.estimate(batches)]
            else:
                self.pre_net.put_state(prefix.path.pre_net)
                for _ in batches:  # PostNet draws as if PreNet had run
                    self.draws.go_on()
            state = self.pre_net.copied_state() if kept else []
            statistics, features = self.supernet.statistics(
                genome, outputs, prefix.statistics, kept
            )
            self.post_net.estimate([_as_input(each) for each in features])
            path = CalibratedPath(genome, statistics, state, outputs[:kept])
            if int8:
                self._observe(path, batches, prefix, kept)
            yield path

    def _observe(self, path: CalibratedPath, batches: Any, prefix: Prefix, kept: int) -> None:
        """Take the ranges of activations, with the statistics that were estimated."""
        seed_everything(self.seed, STATISTICS_STREAM)
        self.draws.begin(STATISTICS_STREAM)
        outputs, ranges = prefix.observed, prefix.ranges
        if prefix.path is None:
            of_batches, limits = self.pre_net.observe(batches)
            outputs, ranges = [of_batches], [limits]
        else:
            for _ in batches:  # PostNet draws as if PreNet had run
                self.draws.go_on()
        of_layers, features = self.supernet.observe(
            path.genome, path.statistics, outputs, ranges[1:], kept
        )
        _, limits = self.post_net.observe([_as_input(each) for each in features])
        path.observed, path.ranges = outputs[:kept], [ranges[0], *of_layers, limits]
        if not all(np.isfinite(limit.numpy()).all() for pair in path.ranges for limit in pair):
            raise no_range_error()


class _Evaluate(scorer.Evaluate[CalibratedPath, Prefix]):
    """The network: images to the output, in inference mode."""

    scorer: Scorer
    add_outputs = staticmethod(add_outputs)

    def run(self, images: Any) -> Any:
        """Return the output of the network."""
        features = _as_input(self._features(images))
        self.scorer.draws.go_on()
        if self.path.ranges:
            return self.scorer.post_net.evaluate_int8(features, self.path.ranges[-1])
        return self.scorer.post_net.evaluate(features)

    def _begin(self, images: Any) -> Any:
        """PreNet's output."""
        if self.path.ranges:
            return self.scorer.pre_net.evaluate_int8(images, self.path.ranges[0])
        return self.scorer.pre_net.evaluate(images)

    def _features(self, images: Any) -> list[Any]:
        """Return the input of PostNet."""
        scorer, path = self.scorer, self.path
        ranges = path.ranges[1:-1]
        count, *shape = images.shape.as_list() or [0]
        if not 0 < count <= self._left:
            outputs = [self._begin(images)]
            return scorer.supernet.infer(path.genome, path.statistics, outputs, ranges=ranges)
        self._left -= count
        size = math.prod(shape)
        wanted = outputs_within(scorer.supernet.space, self._images, scorer.limit, image=size)
        known = self.prefix.validation(len(path.validation), images)
        outputs = known or [self._begin(images)]
        features = scorer.supernet.infer(path.genome, path.statistics, outputs, wanted, ranges)
        path.validation.append((images, outputs[:wanted]) if wanted else (None, []))
        return features


def metric(data: Data, draws: Draws, seed: int, run: Run, part: EvaluationSubset) -> float:
    """Return the user's metric of a network.

    Args:
        data: calls the metric.
        draws: what random operations draw by.
        seed: every metric starts from the same random state.
        run: the network.
        part: of the validation images.
    """
    _settle(data, draws, seed, run, part)
    return _asked(data, draws, seed, run, part)


@contextmanager
def memory() -> Iterator[None]:
    """Raise ShortOfMemory while entered for whatever says that memory is short."""
    try:
        yield
    except OutOfMemory as error:
        raise ShortOfMemory(error.message.splitlines()[0]) from error


def _settle(data: Data, draws: Draws, seed: int, run: Run, part: EvaluationSubset) -> None:
    # Apart from the measurement: it may ask the metric, which may draw, more than once.
    with _seeded(draws, seed):
        data.settle_metric(run, part)


def _asked(data: Data, draws: Draws, seed: int, run: Run, part: EvaluationSubset) -> float:
    with _seeded(draws, seed):
        return data.metric(run, part)


@contextmanager
def _seeded(draws: Draws, seed: int) -> Iterator[None]:
    """Give the metric the same random draws for every candidate."""
    seed_everything(seed, METRIC_STREAM)
    draws.begin(METRIC_STREAM)
    with draws.tied(_METRIC):
        yield


def _as_input(features: list[Any]) -> Any:
    """Return the input of PostNet: the last layer, or the tapped ones and the last."""
    return features if len(features) > 1 else features[0]
