"""What architectures that begin alike share: the outputs of PreNet and of their first layers.

Normalisation statistics of a layer depend only on the layers before it. So two architectures with
the same first layers have the same calibrated first layers and, on the same images, the same
outputs of them; only from where they part on is there anything to compute. Kept is the path that
was scored last, which is why candidates are scored in the order of their genomes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import nn

from nasea.backends.nesting import flatten
from nasea.backends.torch.layers import Network
from nasea.backends.torch.supernet import Supernet
from nasea.space import Genome, Space

LIMIT = 1024**3
"""Bytes of outputs that are kept, of statistics and of validation images each."""

Outputs = list[torch.Tensor]
"""Of PreNet and of the first layers, in order."""


@dataclass
class Path:
    """A calibrated network, and what its first layers gave.

    Attributes:
        genome: the architecture.
        network: the network, in evaluation mode.
        statistics: outputs for each batch of statistics images, while statistics were estimated.
        validation: (images, outputs) for each call of the metric's function, in evaluation mode.
    """

    genome: Genome
    network: Network
    statistics: list[Outputs] = field(default_factory=list)
    validation: list[tuple[torch.Tensor, Outputs]] = field(default_factory=list)


@dataclass(frozen=True)
class Begun:
    """How an architecture begins that has its first layers in common with another one.

    Attributes:
        path: the other one; ``None`` where there is nothing in common.
        depth: how many of PreNet and its layers are.
    """

    path: Path | None = None
    depth: int = 0

    def lend(self, network: Network) -> None:
        """Put the calibrated modules into a network that has yet to be calibrated."""
        if self.path is not None:
            network.pre_net = self.path.network.pre_net
            for layer in range(self.depth - 1):
                network.body[layer] = self.path.network.body[layer]

    def rest_of(self, network: Network) -> nn.Module:
        """The modules of a network that are its own."""
        own = [*list(network.body)[max(0, self.depth - 1) :], network.post_net]
        return nn.ModuleList(own if self.path is not None else [network.pre_net, *own])

    def statistics(self, number: int) -> Outputs:
        """Known outputs for a batch of statistics images."""
        return [] if self.path is None else self.path.statistics[number][: self.depth]

    def validation(self, number: int, images: torch.Tensor) -> tuple[torch.Tensor, Outputs] | None:
        """A call of the metric's function with its known outputs, if it was for these images."""
        if self.path is None or number >= len(self.path.validation):
            return None
        before, outputs = self.path.validation[number]
        same = before.shape == images.shape and torch.equal(before, images)
        return (before, outputs[: self.depth]) if same else None


ALONE = Begun()
"""Begins with nothing."""


class LastPath:
    """The architecture that was scored last.

    Args:
        supernet: whose weights the architectures have.
    """

    def __init__(self, supernet: Supernet) -> None:
        self._supernet = supernet
        self._path: Path | None = None
        self._version: tuple[int, ...] = ()
        self._is_trusted: bool | None = None

    def shared_with(self, genome: Genome, draw: int) -> Begun:
        """What another architecture has in common with it; nothing once any weight has changed.

        Args:
            genome: the other one.
            draw: of the statistics images.
        """
        path = self._path
        if path is None or self._version != self._version_for(draw):
            return ALONE
        if self._is_trusted is None:
            self._is_trusted = _goes_on_alike(path)
        if not self._is_trusted:
            return ALONE
        pairs = enumerate(zip(path.genome, genome, strict=True))
        parted = next((layer for layer, (one, other) in pairs if one != other), len(genome))
        depth = min([parted + 1, *map(len, path.statistics)])
        return Begun(path, depth) if depth else ALONE

    def become(self, path: Path, draw: int) -> None:
        """Keep another one instead."""
        self._path, self._version = path, self._version_for(draw)

    def forget(self) -> None:
        """Keep none."""
        self._path = None

    def _version_for(self, draw: int) -> tuple[int, ...]:
        """Another one whenever a tensor of the supernet changes."""
        tensors = (*self._supernet.parameters(), *self._supernet.buffers())
        return (draw, *(tensor._version for tensor in tensors))


def run_from(
    network: Network, images: torch.Tensor, known: Sequence[torch.Tensor], kept: int
) -> tuple[object, Outputs]:
    """Forward, from where outputs are known.

    Args:
        network: the network.
        images: (N, C, H, W).
        known: what PreNet and the first layers give for these images; may be empty.
        kept: how many outputs are wanted.

    Returns:
        What PostNet returns; the outputs of PreNet and of the first layers, ``kept`` at most.
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
    return network.post_net(features if network.taps else features[0]), outputs


def outputs_within(space: Space, images: int, limit: int = LIMIT) -> int:
    """How many outputs, PreNet's first, fit into memory for so many images.

    Args:
        space: knows their shapes.
        images: how many.
        limit: bytes.
    """
    shapes = [space.layers[0].in_shape, *(layer.out_shape for layer in space.layers)]
    total = 0
    for number, shape in enumerate(shapes):
        total += 4 * images * math.prod(shape)
        if total > limit:
            return number
    return len(shapes)


def _goes_on_alike(path: Path) -> bool:
    """Whether the user's ends have no ties but the body: else PreNet must run for every network.

    A PreNet might draw random numbers, of which PostNet then draws the next ones; or leave
    something for PostNet in a global variable.
    """
    if len(path.validation) == 0 or not path.validation[0][1]:
        return False
    images, outputs = path.validation[0]
    try:
        with torch.no_grad(), torch.random.fork_rng():
            state = torch.random.get_rng_state()
            # This one first: what PreNet may have left behind is of other images now.
            found, _ = run_from(path.network, images.clone(), outputs, len(outputs))
            drawn = torch.random.get_rng_state()
            torch.random.set_rng_state(state)
            expected = path.network(images.clone())
            if not torch.equal(drawn, torch.random.get_rng_state()):
                return False
    except Exception:  # of the user's code; the metric will tell it
        return False
    pairs = zip(flatten(found, torch.Tensor), flatten(expected, torch.Tensor), strict=True)
    return all(
        torch.allclose(one, other, rtol=0, atol=0, equal_nan=True) for (_, one), (_, other) in pairs
    )
