"""Scoring one architecture: its own normalisation statistics, then the user's metric."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn

from nasea.backends.records import Measurement, Slice
from nasea.backends.scoring.prediction_images import Picture
from nasea.backends.scoring.prefix_cache import LIMIT, Digest, Sharing, outputs_within
from nasea.backends.torch.data.datasets import CachedLoader, Data
from nasea.backends.torch.devices import seed_everything
from nasea.backends.torch.memory import give_back, is_out_of_memory, one_exception
from nasea.backends.torch.network.layers import Network
from nasea.backends.torch.network.supernet import Supernet
from nasea.backends.torch.scoring.prediction_images import take_pictures
from nasea.backends.torch.scoring.prefix_cache import (
    ALONE,
    Begun,
    Path,
    enter_outputs,
    run_from,
)
from nasea.backends.torch.user.code import UserCode
from nasea.backends.torch.user.copying import copy_end
from nasea.backends.user.metric import CandidateFailed
from nasea.errors import UserCodeError
from nasea.space import Genome

_METRIC_STREAM = 0x5C
_STATISTICS_STREAM = 0x57
_Normalisation = nn.modules.batchnorm._BatchNorm


class Scorer:
    """Measures architectures with the weights of a supernet, never changing the supernet.

    Args:
        supernet: where the weights come from.
        data: statistics images and validation images.
        user: the user's metric.
        device: where the networks run.
        seed: statistics and metric start from the same random state for every candidate.
        processes: how many of them share this machine's memory.
    """

    def __init__(
        self,
        supernet: Supernet,
        data: Data,
        user: UserCode,
        device: torch.device,
        seed: int,
        processes: int = 1,
    ) -> None:
        self.supernet = supernet
        self.data = data
        self.user = user
        self.device = device
        self.seed = seed
        self.limit = LIMIT // processes
        self.sharing: Sharing[Path] = Sharing(supernet.space.steps)

    def measure(self, genome: Genome, data: Slice) -> Measurement:
        """See :meth:`nasea.backends.base.Backend.measure`."""
        loader = self.data.evaluation(data.images, data.half)
        self.data.statistics(data.statistics)  # read now: unreadable data is no candidate's fault
        try:
            with one_exception():
                return self._measured(genome, data, loader)
        except torch.OutOfMemoryError:
            self.sharing.forget()  # what is kept for others may be what was too much
        give_back(self.device)  # only now: the exception held what the attempt had made
        try:
            with one_exception():
                return self._measured(genome, data, loader)
        except torch.OutOfMemoryError as error:
            return _out_of_memory(error)

    def _measured(self, genome: Genome, data: Slice, loader: CachedLoader) -> Measurement:
        def attempt(path: Path | None, depth: int, digest: Digest | None) -> Measurement:
            return self._attempt(genome, data, loader, Begun(path, depth), digest)

        return self.sharing.measured(genome, data.statistics, attempt)

    def _attempt(
        self,
        genome: Genome,
        data: Slice,
        loader: CachedLoader,
        begun: Begun,
        digest: Digest | None = None,
    ) -> Measurement:
        """Score once; raises whatever says that memory is short."""
        try:
            path = self._calibrated(genome, data.statistics, begun)
        except UserCodeError as error:
            if is_out_of_memory(error):
                raise
            return Measurement(None, str(error), raised=True)
        kept = 0 if self.sharing.last is None else len(loader.dataset)  # type: ignore[arg-type]
        evaluate = _Evaluate(path, self, begun, kept, digest)
        found = _attempted(self.user, loader, evaluate, self.seed)
        if found.metric is not None:
            self.sharing.become(path, data.statistics)
        return found

    def pictures(self, genome: Genome, count: int) -> tuple[Picture, ...]:
        """See :meth:`nasea.backends.base.Backend.pictures`."""
        task = self.data.scenario.task
        if task == "classification":
            return ()
        evaluate = _Evaluate(self._calibrated(genome, 0), self)
        loader = self.data.evaluation(min(count, self.data.val_images), None)
        return take_pictures(self.user, loader, evaluate, count, task == "segmentation")

    def calibrated(self, genome: Genome, draw: int = 0) -> Network:
        """The network of an architecture with re-estimated statistics, in evaluation mode."""
        return self._calibrated(genome, draw).network

    def _calibrated(self, genome: Genome, draw: int, begun: Begun = ALONE) -> Path:
        """The same, from where it parts from an architecture that was calibrated."""
        ends = copy_end(self.supernet.pre_net), copy_end(self.supernet.post_net)
        network = self.supernet.network(genome, *ends).to(self.device)
        begun.lend(network)
        layers = normalisations(begun.rest_of(network))
        network.eval()
        path = Path(genome, network)
        batches = self.data.statistics(draw)
        kept = 0
        if self.sharing.last is not None:
            kept = outputs_within(self.supernet.space, sum(map(len, batches)), self.limit)
        seed_everything(self.seed, _STATISTICS_STREAM)
        with (
            self.user.guard("PreNet, PostNet: forward(inputs)"),
            estimating_statistics(layers),
            torch.no_grad(),
        ):
            for number, batch in enumerate(batches):
                # Cloned, since a PreNet may work on its input in place.
                images = self.layout(batch.clone())
                known = begun.statistics(number)
                path.statistics.append(run_from(network, images, known, kept)[1])
        return path

    def layout(self, images: torch.Tensor) -> torch.Tensor:
        """Images on the device in the supernet's layout."""
        images = images.to(self.device, non_blocking=True)
        if images.dim() != 4:
            return images
        return images.contiguous(memory_format=self.supernet.memory_format)


def measured(
    user: UserCode, loader: Iterable[Any], evaluate: Callable[[torch.Tensor], object], seed: int
) -> Measurement:
    """The user's metric of a network; a failure is reported, not raised.

    Args:
        user: the user's metric.
        loader: validation batches.
        evaluate: images -> outputs.
        seed: every metric starts from the same random state.
    """
    try:
        with one_exception():
            return _attempted(user, loader, evaluate, seed)
    except torch.OutOfMemoryError as error:
        return _out_of_memory(error)


def _attempted(
    user: UserCode, loader: Iterable[Any], evaluate: Callable[[torch.Tensor], object], seed: int
) -> Measurement:
    try:
        seed_everything(seed, _METRIC_STREAM)
        return Measurement(user.metric(loader, evaluate))
    except CandidateFailed as error:
        return Measurement(None, str(error), error.raised)
    except UserCodeError as error:
        if is_out_of_memory(error):
            raise
        return Measurement(None, str(error), raised=True)


def _out_of_memory(error: torch.OutOfMemoryError) -> Measurement:
    return Measurement(None, f"out of memory: {error}")


class _Evaluate:
    """The ``eval_function`` that the user's metric gets: images -> outputs."""

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

    def __call__(self, images: torch.Tensor) -> object:
        # no_grad, not inference_mode: a metric may go on computing with the outputs in place.
        with torch.no_grad():
            output = self._run(self.scorer.layout(images))
        if self.digest is not None:
            enter_outputs(self.digest, output)
        return output

    def _run(self, images: torch.Tensor) -> object:
        # PreNet gets a copy: it may work in place, or return its input, which is the metric's.
        if self._left < len(images):
            return self.path.network(images.clone())
        self._left -= len(images)
        space, limit = self.scorer.supernet.space, self.scorer.limit
        wanted = outputs_within(space, self._images, limit, image=images[0].numel())
        validation = self.path.validation
        original, known = self.begun.validation(len(validation), images) or (images.clone(), [])
        output, outputs = run_from(self.path.network, images.clone(), known, wanted)
        validation.append((original, outputs) if wanted else (original[:0], []))
        return output


def normalisations(network: nn.Module) -> list[_Normalisation]:
    """The layers that training normalises by the batch; leaves ``network`` in training mode.

    Those that the user keeps in evaluation mode (a frozen backbone) hold on to their statistics.
    """
    layers = [m for m in network.train().modules() if isinstance(m, _Normalisation)]
    return [layer for layer in layers if layer.training and layer.track_running_stats]


@contextmanager
def estimating_statistics(layers: list[_Normalisation]) -> Iterator[None]:
    """Within it a forward pass enters its batch into the mean statistics of ``layers``.

    Args:
        layers: batch-normalisation layers of a network in evaluation mode.
    """
    momenta = [layer.momentum for layer in layers]
    for layer in layers:
        layer.reset_running_stats()
        layer.momentum = None  # torch then keeps the plain mean over batches
        layer.train()
    try:
        yield
    finally:
        _settle(layers, momenta)


def _settle(layers: list[_Normalisation], momenta: list[float | None]) -> None:
    for layer, momentum in zip(layers, momenta, strict=True):
        layer.momentum = momentum
        layer.eval()
