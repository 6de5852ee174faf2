"""Scoring one architecture: its own normalisation statistics, then the user's metric."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
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
        try:
            with self.calibrated(genome, data.statistics) as statistics:
                self._settle(genome, statistics, data)
                with self._seeded():
                    return Measurement(self.user.metric(self._outputs(genome, statistics, data)))
        except CandidateFailed as error:
            return Measurement(None, str(error), error.raised)
        except UserCodeError as error:
            return Measurement(None, str(error), raised=True)
        except OutOfMemory as error:
            return Measurement(None, f"out of memory: {error.message.splitlines()[0]}")

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

    @contextmanager
    def _seeded(self) -> Iterator[None]:
        """What the metric draws is the same for every candidate."""
        seed_everything(self.seed, _METRIC_STREAM)
        self.draws.begin(_METRIC_STREAM)
        with self.draws.tied(_METRIC):
            yield

    def _settle(self, genome: Genome, statistics: Statistics, data: Slice) -> None:
        """Apart from the measurement: it asks the metric, which may draw, more than once."""
        if not self.user.metric_is_settled:
            with self._seeded():
                for _, labels, outputs in itertools.islice(
                    self._outputs(genome, statistics, data), 1
                ):
                    self.user.settle_metric(labels, outputs)

    def _outputs(
        self, genome: Genome, statistics: Statistics, data: Slice
    ) -> Iterator[tuple[int, Any, Any]]:
        """(images, labels, outputs) of every validation batch."""
        for images, labels in self.data.evaluation(data.images, data.half):
            features = self.supernet.infer(genome, statistics, self.pre_net.evaluate(images))
            self.draws.go_on()
            yield int(images.shape[0]), labels, self.post_net.evaluate(_as_input(features))


def _as_input(features: list[Any]) -> Any:
    """What PostNet gets: the last layer, or the tapped ones and the last."""
    return features if len(features) > 1 else features[0]
