"""Scoring one architecture: its own normalisation statistics, then the user's metric."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from nasea.backends.base import Measurement, Slice
from nasea.backends.metric import CandidateFailed
from nasea.backends.tensorflow.data import Data
from nasea.backends.tensorflow.devices import seed_everything
from nasea.backends.tensorflow.draws import Draws
from nasea.backends.tensorflow.ends import End
from nasea.backends.tensorflow.supernet import Statistics, Supernet
from nasea.backends.tensorflow.user import OutOfMemory, UserCode
from nasea.errors import UserCodeError
from nasea.space import Genome

_METRIC_STREAM = 0x5C
_STATISTICS_STREAM = 0x57
_METRIC = 3  # among the places that draw; the ends are 0 and 1, the loss is 2


class Scorer:
    """Measures architectures with the weights of a supernet, never changing the supernet.

    Args:
        supernet: where the weights come from.
        pre_net: what stands before it,
        post_net: and behind it.
        data: statistics images and validation images.
        user: the user's metric.
        draws: what random operations of the ends draw by.
        seed: statistics and metric start from the same random state for every candidate.
    """

    def __init__(
        self,
        supernet: Supernet,
        pre_net: End,
        post_net: End,
        data: Data,
        user: UserCode,
        draws: Draws,
        seed: int,
    ) -> None:
        self.supernet = supernet
        self.pre_net = pre_net
        self.post_net = post_net
        self.data = data
        self.user = user
        self.draws = draws
        self.seed = seed

    def measure(self, genome: Genome, data: Slice) -> Measurement:
        """See :meth:`nasea.backends.base.Backend.measure`."""
        self.data.statistics(data.statistics)  # read now: unreadable data is no candidate's fault
        with _failures() as failed:
            with self.calibrated(genome, data.statistics) as statistics:
                return measured(
                    self.user,
                    self.draws,
                    self.seed,
                    lambda: self._outputs(genome, statistics, data),
                )
        return failed[0]

    @contextmanager
    def calibrated(self, genome: Genome, draw: int = 0) -> Iterator[Statistics]:
        """Statistics of an architecture's body; while they are in use the ends have theirs too."""
        with self.pre_net.statistics_kept(), self.post_net.statistics_kept():
            seed_everything(self.seed, _STATISTICS_STREAM)
            self.draws.begin(_STATISTICS_STREAM)
            features = self.pre_net.estimate(self.data.statistics(draw))
            statistics, outputs = self.supernet.statistics(genome, features)
            self.post_net.estimate([_as_input(each) for each in outputs])
            yield statistics

    def _outputs(
        self, genome: Genome, statistics: Statistics, data: Slice
    ) -> Iterator[tuple[int, Any, Any]]:
        """(images, labels, outputs) of every validation batch."""
        for images, labels in self.data.evaluation(data.images, data.half):
            features = self.supernet.infer(genome, statistics, self.pre_net.evaluate(images))
            self.draws.go_on()
            yield int(images.shape[0]), labels, self.post_net.evaluate(_as_input(features))


def measured(
    user: UserCode, draws: Draws, seed: int, batches: Callable[[], Iterator[tuple[int, Any, Any]]]
) -> Measurement:
    """The user's metric of a network; a failure is reported, not raised.

    Args:
        user: the user's metric.
        draws: what random operations draw by.
        seed: every metric starts from the same random state.
        batches: (images, labels, outputs) of every validation batch, anew at every call.
    """
    with _failures() as failed:
        if not user.metric_is_settled:
            # Apart from the measurement: it asks the metric, which may draw, more than once.
            with _seeded(draws, seed):
                for _, labels, outputs in itertools.islice(batches(), 1):
                    user.settle_metric(labels, outputs)
        with _seeded(draws, seed):
            return Measurement(user.metric(batches()))
    return failed[0]


@contextmanager
def _seeded(draws: Draws, seed: int) -> Iterator[None]:
    """What the metric draws is the same for every candidate."""
    seed_everything(seed, _METRIC_STREAM)
    draws.begin(_METRIC_STREAM)
    with draws.tied(_METRIC):
        yield


@contextmanager
def _failures() -> Iterator[list[Measurement]]:
    """Put into the list what a failure inside means for the network that is measured."""
    failed: list[Measurement] = []
    try:
        yield failed
    except CandidateFailed as error:
        failed.append(Measurement(None, str(error), error.raised))
    except UserCodeError as error:
        failed.append(Measurement(None, str(error), raised=True))
    except OutOfMemory as error:
        failed.append(Measurement(None, f"out of memory: {error.message.splitlines()[0]}"))


def _as_input(features: list[Any]) -> Any:
    """What PostNet gets: the last layer, or the tapped ones and the last."""
    return features if len(features) > 1 else features[0]
