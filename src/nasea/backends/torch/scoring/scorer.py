"""Scoring one architecture: its own normalisation statistics, then the user's metric."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import torch
from torch import nn

from nasea.backends.records import EvaluationSubset
from nasea.backends.scoring import scorer
from nasea.backends.scoring.prediction_images import PredictionImage
from nasea.backends.scoring.prefix_cache import Digest, outputs_within
from nasea.backends.scoring.scorer import METRIC_STREAM, STATISTICS_STREAM, no_range_error
from nasea.backends.torch.data.datasets import Data
from nasea.backends.torch.devices import seed_everything
from nasea.backends.torch.memory import one_exception, release_memory
from nasea.backends.torch.network.fake_quantisation import Phase, Stage, in_stages
from nasea.backends.torch.network.layers import Network
from nasea.backends.torch.network.supernet import Supernet
from nasea.backends.torch.scoring import prediction_images
from nasea.backends.torch.scoring.prefix_cache import (
    NO_PREFIX,
    CalibratedPath,
    Prefix,
    add_outputs,
    run_from,
)
from nasea.backends.torch.user.code import UserCode
from nasea.backends.torch.user.copying import copy_user_network
from nasea.space import Genome

_Normalisation = nn.modules.batchnorm._BatchNorm


class Scorer(scorer.Scorer[CalibratedPath, Prefix]):
    """Measures architectures with the weights of a supernet, never changing the supernet.

    Args:
        supernet: where the weights come from.
        data: statistics images and validation images.
        user: the user's metric.
        device: where the networks run.
        seed: statistics and metric start from the same random state for every candidate.
        processes: how many of them share this machine's memory.
        int8: whether networks are scored as their int8 files will compute.
    """

    data: Data
    user: UserCode
    always_again = True

    def __init__(
        self,
        supernet: Supernet,
        data: Data,
        user: UserCode,
        device: torch.device,
        seed: int,
        processes: int = 1,
        int8: bool = False,
    ) -> None:
        super().__init__(supernet.space, data, user, seed, processes, int8)
        self.supernet = supernet
        self.device = device

    def memory(self) -> AbstractContextManager[None]:
        """See :func:`nasea.backends.torch.memory.one_exception`."""
        return one_exception()

    def prefix(self, path: CalibratedPath | None, depth: int) -> Prefix:
        """See :class:`nasea.backends.scoring.scorer.Scorer`."""
        return Prefix(path, depth)

    def release_memory(self) -> None:
        """Free memory that is no longer used."""
        release_memory(self.device)

    def calibrated_path(
        self, genome: Genome, draw: int, prefix: Prefix, keeps: bool, int8: bool
    ) -> AbstractContextManager[CalibratedPath]:
        """See :class:`nasea.backends.scoring.scorer.Scorer`."""
        return nullcontext(self._calibrated(genome, draw, prefix, keeps, int8))

    def metric(
        self,
        path: CalibratedPath,
        data: EvaluationSubset,
        prefix: Prefix,
        digest: Digest | None,
        keeps: bool,
    ) -> float:
        """See :class:`nasea.backends.scoring.scorer.Scorer`."""
        loader = self.data.evaluation(data.images, data.half)
        kept = len(loader.dataset) if keeps else 0  # type: ignore[arg-type]
        return metric(self.user, loader, _Evaluate(self, path, prefix, kept, digest), self.seed)

    def evaluate(self, path: CalibratedPath) -> Callable[[Any], Any]:
        """Return a calibrated architecture: images -> outputs."""
        return _Evaluate(self, path, NO_PREFIX)

    def masks(self, images: Any, labels: Any, outputs: Any) -> tuple[PredictionImage, ...]:
        """See :func:`nasea.backends.torch.scoring.prediction_images.masks`."""
        return prediction_images.masks(images, labels, outputs, self.user.class_names)

    def calibrated(self, genome: Genome, draw: int = 0) -> Network:
        """Provide a network in evaluation mode with re-estimated statistics."""
        return self._calibrated(genome, draw, NO_PREFIX, keeps=False, int8=False).network

    def _calibrated(
        self, genome: Genome, draw: int, prefix: Prefix, keeps: bool, int8: bool
    ) -> CalibratedPath:
        """Return the same, from where it parts from an architecture that was calibrated."""
        user_networks = (
            copy_user_network(self.supernet.pre_net),
            copy_user_network(self.supernet.post_net),
        )
        network = self.supernet.network(genome, *user_networks).to(self.device)
        if int8:
            network = in_stages(network)
        prefix.share_with(network)
        layers = normalisations(prefix.rest_of(network))
        network.eval()
        path = CalibratedPath(genome, network)
        batches = self.statistics(draw)
        kept = 0
        if keeps:
            kept = self.statistics_outputs(batches, int8)
        seed_everything(self.seed, STATISTICS_STREAM)
        with (
            self.user.guard("PreNet, PostNet: forward(inputs)"),
            estimating_statistics(layers),
            torch.no_grad(),
        ):
            for number, batch in enumerate(batches):
                # Cloned, since a PreNet may work on its input in place.
                images = self.layout(batch.clone())
                known = prefix.statistics(number)
                path.statistics.append(run_from(network, images, known, kept)[1])
        if int8:
            self._observe(path, batches, prefix, kept)
        return path

    def _observe(self, path: CalibratedPath, batches: Any, prefix: Prefix, kept: int) -> None:
        """Take the ranges of activations, with the statistics that were estimated."""
        own = [
            stage for stage in prefix.rest_of(path.network).children() if isinstance(stage, Stage)
        ]
        for stage in own:
            stage.phase = Phase.OBSERVE
        path.network.eval()
        seed_everything(self.seed, STATISTICS_STREAM)
        with self.user.guard("PreNet, PostNet: forward(inputs)"), torch.no_grad():
            for number, batch in enumerate(batches):
                images = self.layout(batch.clone())
                known = prefix.observed(number)
                path.observed.append(run_from(path.network, images, known, kept)[1])
        for stage in own:
            if not stage.is_finite:
                raise no_range_error()
            stage.phase = Phase.ROUND

    def layout(self, images: torch.Tensor) -> torch.Tensor:
        """Return images on the device in the supernet's layout."""
        images = images.to(self.device, non_blocking=True)
        if images.dim() != 4:
            return images
        return images.contiguous(memory_format=self.supernet.memory_format)


def metric(
    user: UserCode, loader: Iterable[Any], evaluate: Callable[[torch.Tensor], object], seed: int
) -> float:
    """Return the user's metric of a network.

    Args:
        user: the user's metric.
        loader: validation batches.
        evaluate: images -> outputs.
        seed: every metric starts from the same random state.
    """
    seed_everything(seed, METRIC_STREAM)
    return user.metric(loader, evaluate)


class _Evaluate(scorer.Evaluate[CalibratedPath, Prefix]):
    """The ``eval_function`` that the user's metric gets: images -> outputs."""

    scorer: Scorer
    add_outputs = staticmethod(add_outputs)

    def run(self, images: torch.Tensor) -> object:
        """Return the output of the network, without gradients."""
        # no_grad, not inference_mode: a metric may go on computing with the outputs in place.
        with torch.no_grad():
            return self._run(self.scorer.layout(images))

    def _run(self, images: torch.Tensor) -> object:
        # PreNet gets a copy: it may work in place, or return its input, which is the metric's.
        if self._left < len(images):
            return self.path.network(images.clone())
        self._left -= len(images)
        space, limit = self.scorer.supernet.space, self.scorer.limit
        wanted = outputs_within(space, self._images, limit, image=images[0].numel())
        validation = self.path.validation
        original, known = self.prefix.validation(len(validation), images) or (images.clone(), [])
        output, outputs = run_from(self.path.network, images.clone(), known, wanted)
        validation.append((original, outputs) if wanted else (original[:0], []))
        return output


def normalisations(network: nn.Module) -> list[_Normalisation]:
    """Return the layers that training normalises by the batch; leaves ``network`` in training mode.

    Those that the user keeps in evaluation mode (a frozen backbone) hold on to their statistics.
    """
    layers = [m for m in network.train().modules() if isinstance(m, _Normalisation)]
    return [layer for layer in layers if layer.training and layer.track_running_stats]


@contextmanager
def estimating_statistics(layers: list[_Normalisation]) -> Iterator[None]:
    """Add every batch of a forward pass to the mean statistics of ``layers`` while entered.

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
