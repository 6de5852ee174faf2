"""Cached paths of PyTorch.

See :mod:`nasea.backends.scoring.prefix_cache`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import nn

from nasea.backends.scoring.prefix_cache import CachedPrefix, Digest
from nasea.backends.torch.network.layers import Network
from nasea.backends.user.nesting import copied, flatten
from nasea.space import Genome

Outputs = list[torch.Tensor]
"""Outputs of PreNet and of the first layers, in order."""


@dataclass
class CalibratedPath:
    """A calibrated network, and the outputs of its first layers.

    Attributes:
        genome: the architecture.
        network: the network, in evaluation mode.
        statistics: outputs for each batch of statistics images, while statistics were estimated.
        observed: the same, while ranges for int8 were; empty in float.
        validation: (images, outputs) for each call of the metric's function, in evaluation mode.
    """

    genome: Genome
    network: Network
    statistics: list[Outputs] = field(default_factory=list)
    observed: list[Outputs] = field(default_factory=list)
    validation: list[tuple[torch.Tensor, Outputs]] = field(default_factory=list)

    @property
    def depth(self) -> int:
        """See :class:`nasea.backends.scoring.prefix_cache.ScoredPath`."""
        return min(map(len, self.statistics))


class Prefix(CachedPrefix[CalibratedPath]):
    """Calibrated modules and their outputs that an architecture shares with the cached path."""

    def share_with(self, network: Network) -> None:
        """Put the calibrated modules into a network that has yet to be calibrated."""
        if self.path is not None:
            network.pre_net = self.path.network.pre_net
            for layer in range(self.depth - 1):
                network.body[layer] = self.path.network.body[layer]

    def rest_of(self, network: Network) -> nn.Module:
        """Return the modules of a network that are its own."""
        own = [*list(network.body)[max(0, self.depth - 1) :], network.post_net]
        return nn.ModuleList(own if self.path is not None else [network.pre_net, *own])

    def statistics(self, number: int) -> Outputs:
        """Known outputs for a batch of statistics images."""
        return [] if self.path is None else self.path.statistics[number][: self.depth]

    def observed(self, number: int) -> Outputs:
        """Known outputs for a batch of statistics images, with statistics estimated."""
        return [] if self.path is None else self.path.observed[number][: self.depth]

    def validation(self, number: int, images: torch.Tensor) -> tuple[torch.Tensor, Outputs] | None:
        """Return a call of the metric with its known outputs, if it was for these images."""
        if self.path is None or number >= len(self.path.validation):
            return None
        before, outputs = self.path.validation[number]
        same = before.shape == images.shape and torch.equal(before, images)
        return (before, outputs[: self.depth]) if same else None


NO_PREFIX = Prefix()
"""No shared outputs."""


def add_outputs(digest: Digest, outputs: object) -> None:
    """Add the output of PostNet to a digest."""
    for name, tensor in flatten(outputs, torch.Tensor):
        plain = tensor.detach().cpu().contiguous().reshape(-1)
        kind = f"{tensor.dtype} {tuple(tensor.shape)}"
        digest.add(name, kind, plain.view(torch.uint8).numpy().tobytes())


def run_from(
    network: Network, images: torch.Tensor, known: Sequence[torch.Tensor], kept: int
) -> tuple[object, Outputs]:
    """Run a network, starting from known outputs.

    Args:
        network: the network.
        images: (N, C, H, W).
        known: outputs of PreNet and the first layers for these images; may be empty.
        kept: how many outputs to return.

    Returns:
        The output of PostNet; at most ``kept`` outputs of PreNet and the first layers.
    """
    outputs = list(known) or [network.pre_net(images)]
    tapped = {layer: outputs[layer + 1] for layer in network.taps if layer + 1 < len(outputs)}
    first, x = len(outputs) - 1, outputs[-1]
    del outputs[kept:]
    for layer in range(first, len(network.body)):
        x = network.body[layer](x)
        if layer in network.taps:
            tapped[layer] = x
        if len(outputs) == layer + 1 < kept:
            outputs.append(x)
    features = [*(tapped[layer] for layer in network.taps), x]
    if kept:  # a PostNet may work on its inputs in place
        features = [feature.clone() for feature in features]
    return copied(network.post_net(features if network.taps else features[0])), outputs
