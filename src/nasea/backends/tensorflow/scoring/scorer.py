"""Scoring one architecture: its own normalisation statistics, then the user's metric."""

from __future__ import annotations

import gc
import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from nasea.backends.records import Measurement, Slice
from nasea.backends.scoring.prediction_images import Picture
from nasea.backends.scoring.prefix_cache import LIMIT, Digest, Sharing, outputs_within
from nasea.backends.tensorflow.data.datasets import Data, Run
from nasea.backends.tensorflow.devices import seed_everything
from nasea.backends.tensorflow.network.supernet import Statistics, Supernet
from nasea.backends.tensorflow.scoring.prediction_images import take_pictures
from nasea.backends.tensorflow.scoring.prefix_cache import ALONE, Begun, Path, enter_outputs
from nasea.backends.tensorflow.user.code import OutOfMemory
from nasea.backends.tensorflow.user.ends import End
from nasea.backends.tensorflow.user.random_draws import Draws
from nasea.backends.user.metric import CandidateFailed
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
        processes: how many of them share this machine's memory.
    """

    def __init__(
        self,
        supernet: Supernet,
        pre_net: End,
        post_net: End,
        data: Data,
        draws: Draws,
        seed: int,
        processes: int = 1,
    ) -> None:
        self.supernet = supernet
        self.pre_net = pre_net
        self.post_net = post_net
        self.data = data
        self.draws = draws
        self.seed = seed
        self.limit = LIMIT // processes
        self.sharing: Sharing[Path] = Sharing(supernet.space.steps)

    def measure(self, genome: Genome, data: Slice) -> Measurement:
        """See :meth:`nasea.backends.base.Backend.measure`."""
        self.data.statistics(data.statistics)  # read now: unreadable data is no candidate's fault
        if self.sharing.last is not None:
            try:
                return self._shared(genome, data)
            except OutOfMemory:
                self.sharing.forget()  # what is kept for others may be what was too much
            gc.collect()  # only now: the exception held what the attempt had made
        with _memory() as failed:
            return self._attempt(genome, data, keeps=False)
        return failed[0]

    def _shared(self, genome: Genome, data: Slice) -> Measurement:
        def attempt(path: Path | None, depth: int, digest: Digest | None) -> Measurement:
            return self._attempt(genome, data, Begun(path, depth), digest)

        return self.sharing.measured(genome, data.statistics, attempt)

    def _attempt(
        self,
        genome: Genome,
        data: Slice,
        begun: Begun = ALONE,
        digest: Digest | None = None,
        keeps: bool = True,
    ) -> Measurement:
        """Score once; raises what says that memory is short."""
        with _failures() as failed:
            with self._calibrated(genome, data.statistics, begun, keeps) as path:
                self._settle(path, data)
                kept = (data.images or self.data.val_images) if keeps else 0
                evaluate = _Evaluate(path, self, begun, kept, digest)
                found = _asked(self.data, self.draws, self.seed, evaluate, data)
            if keeps:
                self.sharing.become(path, data.statistics)
            return found
        return failed[0]

    def _settle(self, path: Path, data: Slice) -> None:
        """Find out how the metric is asked; the ends' states are as if it had been known."""
        if not self.data.metric_is_settled:
            with self.pre_net.statistics_kept(), self.post_net.statistics_kept():
                _settle(self.data, self.draws, self.seed, _Evaluate(path, self), data)

    def pictures(self, genome: Genome, count: int) -> tuple[Picture, ...]:
        """See :meth:`nasea.backends.base.Backend.pictures`."""
        scenario = self.data.scenario
        if scenario.task == "classification":
            return ()
        with self._calibrated(genome, 0, ALONE, keeps=False) as path:
            run = _Evaluate(path, self)
            masks = scenario.task == "segmentation"
            layout = scenario.supernet.data_format
            batches = self.data.evaluation(min(count, self.data.val_images), None)
            return take_pictures(self.data.user, batches, run, count, masks, layout)

    @contextmanager
    def calibrated(self, genome: Genome, draw: int = 0) -> Iterator[Statistics]:
        """Statistics of an architecture's body; while they are in use the ends have theirs too."""
        with self._calibrated(genome, draw, ALONE, keeps=False) as path:
            yield path.statistics

    @contextmanager
    def _calibrated(self, genome: Genome, draw: int, begun: Begun, keeps: bool) -> Iterator[Path]:
        """The same, from where it parts from an architecture that was calibrated."""
        with self.pre_net.statistics_kept(), self.post_net.statistics_kept():
            batches = self.data.statistics(draw)
            kept = 0
            if keeps:
                kept = outputs_within(self.supernet.space, sum(map(len, batches)), self.limit)
            seed_everything(self.seed, _STATISTICS_STREAM)
            self.draws.begin(_STATISTICS_STREAM)
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
            yield Path(genome, statistics, state, outputs[:kept])


class _Evaluate:
    """The network: images to the output, in inference mode."""

    def __init__(
        self,
        path: Path,
        scorer: Scorer,
        begun: Begun = ALONE,
        kept: int = 0,
        digest: Digest | None = None,
    ) -> None:
        self.path = path
        self.scorer = scorer
        self.begun = begun
        self.digest = digest
        self._images = self._left = kept  # a metric may ask more than once for an image

    def __call__(self, images: Any) -> Any:
        features = self._features(images)
        self.scorer.draws.go_on()
        output = self.scorer.post_net.evaluate(_as_input(features))
        if self.digest is not None:
            enter_outputs(self.digest, output)
        return output

    def _features(self, images: Any) -> list[Any]:
        """What PostNet gets."""
        scorer, path = self.scorer, self.path
        count, *shape = images.shape.as_list() or [0]
        if not 0 < count <= self._left:
            outputs = [scorer.pre_net.evaluate(images)]
            return scorer.supernet.infer(path.genome, path.statistics, outputs)
        self._left -= count
        size = math.prod(shape)
        wanted = outputs_within(scorer.supernet.space, self._images, scorer.limit, image=size)
        known = self.begun.validation(len(path.validation), images)
        outputs = known or [scorer.pre_net.evaluate(images)]
        features = scorer.supernet.infer(path.genome, path.statistics, outputs, wanted)
        path.validation.append((images, outputs[:wanted]) if wanted else (None, []))
        return features


def measured(data: Data, draws: Draws, seed: int, run: Run, part: Slice) -> Measurement:
    """The user's metric of a network; a failure is reported, not raised.

    Args:
        data: knows how the metric is asked.
        draws: what random operations draw by.
        seed: every metric starts from the same random state.
        run: the network.
        part: of the validation images.
    """
    with _memory() as failed, _failures(failed):
        _settle(data, draws, seed, run, part)
        return _asked(data, draws, seed, run, part)
    return failed[0]


def _settle(data: Data, draws: Draws, seed: int, run: Run, part: Slice) -> None:
    # Apart from the measurement: it may ask the metric, which may draw, more than once.
    with _seeded(draws, seed):
        data.settle_metric(run, part)


def _asked(data: Data, draws: Draws, seed: int, run: Run, part: Slice) -> Measurement:
    with _seeded(draws, seed):
        return Measurement(data.metric(run, part))


@contextmanager
def _seeded(draws: Draws, seed: int) -> Iterator[None]:
    """What the metric draws is the same for every candidate."""
    seed_everything(seed, _METRIC_STREAM)
    draws.begin(_METRIC_STREAM)
    with draws.tied(_METRIC):
        yield


@contextmanager
def _failures(failed: list[Measurement] | None = None) -> Iterator[list[Measurement]]:
    """Put into the list what a failure inside means for the network that is measured."""
    failed = [] if failed is None else failed
    try:
        yield failed
    except CandidateFailed as error:
        failed.append(Measurement(None, str(error), error.raised))
    except UserCodeError as error:
        failed.append(Measurement(None, str(error), raised=True))


@contextmanager
def _memory() -> Iterator[list[Measurement]]:
    """The same, where memory is short."""
    failed: list[Measurement] = []
    try:
        yield failed
    except OutOfMemory as error:
        failed.append(Measurement(None, f"out of memory: {error.message.splitlines()[0]}"))


def _as_input(features: list[Any]) -> Any:
    """What PostNet gets: the last layer, or the tapped ones and the last."""
    return features if len(features) > 1 else features[0]
