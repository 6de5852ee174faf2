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
from nasea.backends.tensorflow.scoring.prefix_cache import ALONE, Begun, Path, enter_outputs
from nasea.backends.tensorflow.user.code import OutOfMemory
from nasea.backends.tensorflow.user.ends import End
from nasea.backends.tensorflow.user.random_draws import Draws
from nasea.space import Genome

_METRIC = 3  # among the places that draw; the ends are 0 and 1, the loss is 2


class Scorer(scorer.Scorer[Path, Begun]):
    """Measures architectures with the weights of a supernet, never changing the supernet.

    Args:
        supernet: where the weights come from.
        pre_net: what stands before it,
        post_net: and behind it.
        data: statistics images, validation images, the user's metric.
        draws: what random operations of the ends draw by.
        seed: statistics and metric start from the same random state for every candidate.
        processes: how many of them share this machine's memory.
        int8: whether networks are scored as their int8 files will compute.
    """

    data: Data
    always_again = False

    def __init__(
        self,
        supernet: Supernet,
        pre_net: End,
        post_net: End,
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

    def begun(self, path: Path | None, depth: int) -> Begun:
        """How an architecture begins."""
        return Begun(path, depth)

    def metric(
        self, path: Path, data: EvaluationSubset, begun: Begun, digest: Digest | None, keeps: bool
    ) -> float:
        """See :class:`nasea.backends.scoring.scorer.Scorer`."""
        # The ends' states are as if it had been known how the metric is asked.
        if not self.data.metric_is_settled:
            with self.pre_net.statistics_kept(), self.post_net.statistics_kept():
                _settle(self.data, self.draws, self.seed, self.evaluate(path), data)
        kept = (data.images or self.data.val_images) if keeps else 0
        evaluate = _Evaluate(self, path, begun, kept, digest)
        return _asked(self.data, self.draws, self.seed, evaluate, data)

    def evaluate(self, path: Path) -> Callable[[Any], Any]:
        """A calibrated architecture: images -> outputs."""
        return _Evaluate(self, path, ALONE)

    def masks(self, images: Any, labels: Any, outputs: Any) -> tuple[PredictionImage, ...]:
        """See :func:`nasea.backends.tensorflow.scoring.prediction_images.masks`."""
        layout = self.data.scenario.supernet.data_format
        return prediction_images.masks(images, labels, outputs, layout, self.user.class_names)

    @contextmanager
    def calibrated(self, genome: Genome, draw: int = 0) -> Iterator[Statistics]:
        """Statistics of an architecture's body; while they are in use the ends have theirs too."""
        with self.calibrated_path(genome, draw, ALONE, keeps=False, int8=False) as path:
            yield path.statistics

    @contextmanager
    def calibrated_path(
        self, genome: Genome, draw: int, begun: Begun, keeps: bool, int8: bool
    ) -> Iterator[Path]:
        """The same, from where it parts from an architecture that was calibrated."""
        with self.pre_net.statistics_kept(), self.post_net.statistics_kept():
            batches = self.statistics(draw)
            kept = 0
            if keeps:
                kept = outputs_within(self.supernet.space, sum(map(len, batches)), self.limit)
            seed_everything(self.seed, STATISTICS_STREAM)
            self.draws.begin(STATISTICS_STREAM)
            outputs = begun.estimated
            if begun.path is None:
                outputs = [self.pre_net.estimate(batches)]
            else:
                self.pre_net.put_state(begun.path.pre_net)
                for _ in batches:  # PostNet draws as if PreNet had run
                    self.draws.go_on()
            state = self.pre_net.copied_state() if kept else []
            statistics, features = self.supernet.statistics(genome, outputs, begun.statistics, kept)
            self.post_net.estimate([_as_input(each) for each in features])
            path = Path(genome, statistics, state, outputs[:kept])
            if int8:
                self._observe(path, batches, begun, kept)
            yield path

    def _observe(self, path: Path, batches: Any, begun: Begun, kept: int) -> None:
        """Take the ranges of activations, with the statistics that were estimated."""
        seed_everything(self.seed, STATISTICS_STREAM)
        self.draws.begin(STATISTICS_STREAM)
        outputs, ranges = begun.observed, begun.ranges
        if begun.path is None:
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


class _Evaluate(scorer.Evaluate[Path, Begun]):
    """The network: images to the output, in inference mode."""

    scorer: Scorer
    enter = staticmethod(enter_outputs)

    def run(self, images: Any) -> Any:
        """What the network gives."""
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
        """What PostNet gets."""
        scorer, path = self.scorer, self.path
        ranges = path.ranges[1:-1]
        count, *shape = images.shape.as_list() or [0]
        if not 0 < count <= self._left:
            outputs = [self._begin(images)]
            return scorer.supernet.infer(path.genome, path.statistics, outputs, ranges=ranges)
        self._left -= count
        size = math.prod(shape)
        wanted = outputs_within(scorer.supernet.space, self._images, scorer.limit, image=size)
        known = self.begun.validation(len(path.validation), images)
        outputs = known or [self._begin(images)]
        features = scorer.supernet.infer(path.genome, path.statistics, outputs, wanted, ranges)
        path.validation.append((images, outputs[:wanted]) if wanted else (None, []))
        return features


def metric(data: Data, draws: Draws, seed: int, run: Run, part: EvaluationSubset) -> float:
    """The user's metric of a network.

    Args:
        data: knows how the metric is asked.
        draws: what random operations draw by.
        seed: every metric starts from the same random state.
        run: the network.
        part: of the validation images.
    """
    _settle(data, draws, seed, run, part)
    return _asked(data, draws, seed, run, part)


@contextmanager
def memory() -> Iterator[None]:
    """Within it what says that memory is short is a ShortOfMemory."""
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
    """What the metric draws is the same for every candidate."""
    seed_everything(seed, METRIC_STREAM)
    draws.begin(METRIC_STREAM)
    with draws.tied(_METRIC):
        yield


def _as_input(features: list[Any]) -> Any:
    """What PostNet gets: the last layer, or the tapped ones and the last."""
    return features if len(features) > 1 else features[0]
