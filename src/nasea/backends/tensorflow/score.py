"""Scoring one architecture: its own normalisation statistics, then the user's metric."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from nasea.backends.base import Measurement, Slice
from nasea.backends.metric import CandidateFailed
from nasea.backends.pictures import Picture
from nasea.backends.tensorflow.data import Data, Run
from nasea.backends.tensorflow.devices import seed_everything
from nasea.backends.tensorflow.draws import Draws
from nasea.backends.tensorflow.ends import End
from nasea.backends.tensorflow.pictures import take_pictures
from nasea.backends.tensorflow.supernet import Statistics, Supernet
from nasea.backends.tensorflow.user import OutOfMemory
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
        data: statistics images, validation images, the user's metric.
        draws: what random operations of the ends draw by.
        seed: statistics and metric start from the same random state for every candidate.
    """

    def __init__(
        self,
        supernet: Supernet,
        pre_net: End,
        post_net: End,
        data: Data,
        draws: Draws,
        seed: int,
    ) -> None:
        self.supernet = supernet
        self.pre_net = pre_net
        self.post_net = post_net
        self.data = data
        self.draws = draws
        self.seed = seed

    def measure(self, genome: Genome, data: Slice) -> Measurement:
        """See :meth:`nasea.backends.base.Backend.measure`."""
        self.data.statistics(data.statistics)  # read now: unreadable data is no candidate's fault
        with _failures() as failed:
            with self.calibrated(genome, data.statistics) as statistics:
                run = self._run(genome, statistics)
                return measured(self.data, self.draws, self.seed, run, data)
        return failed[0]

    def pictures(self, genome: Genome, count: int) -> tuple[Picture, ...]:
        """See :meth:`nasea.backends.base.Backend.pictures`."""
        scenario = self.data.scenario
        if scenario.task == "classification":
            return ()
        with self.calibrated(genome) as statistics:
            run = self._run(genome, statistics)
            masks = scenario.task == "segmentation"
            layout = scenario.supernet.data_format
            batches = self.data.evaluation(min(count, self.data.val_images), None)
            return take_pictures(self.data.user, batches, run, count, masks, layout)

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

    def _run(self, genome: Genome, statistics: Statistics) -> Run:
        """The network: images to the output, in inference mode."""

        def run(images: Any) -> Any:
            features = self.supernet.infer(genome, statistics, self.pre_net.evaluate(images))
            self.draws.go_on()
            return self.post_net.evaluate(_as_input(features))

        return run


def measured(data: Data, draws: Draws, seed: int, run: Run, part: Slice) -> Measurement:
    """The user's metric of a network; a failure is reported, not raised.

    Args:
        data: knows how the metric is asked.
        draws: what random operations draw by.
        seed: every metric starts from the same random state.
        run: the network.
        part: of the validation images.
    """
    with _failures() as failed:
        # Apart from the measurement: it may ask the metric, which may draw, more than once.
        with _seeded(draws, seed):
            data.settle_metric(run, part)
        with _seeded(draws, seed):
            return Measurement(data.metric(run, part))
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
