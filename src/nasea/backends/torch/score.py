"""Scoring one architecture: its own normalisation statistics, then the user's metric."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import nn

from nasea.backends.base import Measurement, Slice
from nasea.backends.metric import CandidateFailed
from nasea.backends.pictures import Picture
from nasea.backends.torch.data import Data
from nasea.backends.torch.devices import seed_everything
from nasea.backends.torch.ends import copy_end
from nasea.backends.torch.layers import Network
from nasea.backends.torch.pictures import take_pictures
from nasea.backends.torch.supernet import Supernet
from nasea.backends.torch.user import UserCode
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
    """

    def __init__(
        self, supernet: Supernet, data: Data, user: UserCode, device: torch.device, seed: int
    ) -> None:
        self.supernet = supernet
        self.data = data
        self.user = user
        self.device = device
        self.seed = seed

    def measure(self, genome: Genome, data: Slice) -> Measurement:
        """See :meth:`nasea.backends.base.Backend.measure`."""
        loader = self.data.evaluation(data.images, data.half)
        self.data.statistics(data.statistics)  # read now: unreadable data is no candidate's fault
        try:
            network = self.calibrated(genome, data.statistics)
        except UserCodeError as error:
            return Measurement(None, str(error), raised=True)
        except torch.OutOfMemoryError as error:
            return Measurement(None, f"out of memory: {str(error).splitlines()[0]}")
        return measured(self.user, loader, _Evaluate(network, self), self.seed)

    def pictures(self, genome: Genome, count: int) -> tuple[Picture, ...]:
        """See :meth:`nasea.backends.base.Backend.pictures`."""
        task = self.data.scenario.task
        if task == "classification":
            return ()
        evaluate = _Evaluate(self.calibrated(genome), self)
        loader = self.data.evaluation(None, None)
        return take_pictures(self.user, loader, evaluate, count, task == "segmentation")

    def calibrated(self, genome: Genome, draw: int = 0) -> Network:
        """The network of an architecture with re-estimated statistics, in evaluation mode."""
        pre_net, post_net = copy_end(self.supernet.pre_net), copy_end(self.supernet.post_net)
        network = self.supernet.network(genome, pre_net, post_net).to(self.device)
        layers = normalisations(network)
        # Cloned, since a PreNet may work on its input in place.
        images = (self.layout(batch.clone()) for batch in self.data.statistics(draw))
        seed_everything(self.seed, _STATISTICS_STREAM)
        with self.user.guard("PreNet, PostNet: forward(inputs)"):
            estimate_statistics(network.eval(), layers, images)
        return network

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
        seed_everything(seed, _METRIC_STREAM)
        return Measurement(user.metric(loader, evaluate))
    except CandidateFailed as error:
        return Measurement(None, str(error), error.raised)
    except UserCodeError as error:
        return Measurement(None, str(error), raised=True)
    except torch.OutOfMemoryError as error:
        return Measurement(None, f"out of memory: {str(error).splitlines()[0]}")


class _Evaluate:
    """The ``eval_function`` that the user's metric gets: images -> outputs."""

    def __init__(self, network: Network, scorer: Scorer) -> None:
        self.network = network
        self.scorer = scorer

    def __call__(self, images: torch.Tensor) -> object:
        # no_grad, not inference_mode: a metric may go on computing with the outputs in place.
        with torch.no_grad():
            return self.network(self.scorer.layout(images))


def normalisations(network: nn.Module) -> list[_Normalisation]:
    """The layers that training normalises by the batch; leaves ``network`` in training mode.

    Those that the user keeps in evaluation mode (a frozen backbone) hold on to their statistics.
    """
    layers = [m for m in network.train().modules() if isinstance(m, _Normalisation)]
    return [layer for layer in layers if layer.training and layer.track_running_stats]


def estimate_statistics(
    network: nn.Module, layers: list[_Normalisation], batches: Iterable[torch.Tensor]
) -> None:
    """Average the statistics of ``layers`` over ``batches``, all other modules in evaluation mode.

    Args:
        network: the network, in evaluation mode before and after.
        layers: its batch-normalisation layers.
        batches: (N, C, H, W) images.
    """
    if not layers:
        return
    momenta = [layer.momentum for layer in layers]
    for layer in layers:
        layer.reset_running_stats()
        layer.momentum = None  # torch then keeps the plain mean over batches
        layer.train()
    with torch.no_grad():
        for images in batches:
            network(images)
    for layer, momentum in zip(layers, momenta, strict=True):
        layer.momentum = momentum
        layer.eval()
