"""What architectures that begin alike share: the outputs of PreNet and of their first layers.

Normalisation statistics of a layer depend only on the layers before it. So two architectures with
the same first layers have the same calibrated first layers and, on the same images, the same
outputs of them; only from where they part on is there anything to compute. Kept is the path that
was scored last, which is why candidates are scored in the order of their genomes.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import nn

from nasea.backends.nesting import flatten
from nasea.backends.torch.layers import Network
from nasea.space import Genome, Space

LIMIT = 1024**3
"""Bytes that a path keeps for statistics and for validation images each, in all processes of a
machine together. While a path is scored, the one before it is there as well."""

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
    """The architecture that was scored last; for as long as no weight changes."""

    def __init__(self) -> None:
        self._path: Path | None = None
        self._draw = 0

    @property
    def is_kept(self) -> bool:
        """Whether there is one."""
        return self._path is not None

    def shared_with(self, genome: Genome, draw: int) -> Begun:
        """What another architecture has in common with it; where that is nothing, forget it.

        Args:
            genome: the other one.
            draw: of the statistics images.
        """
        path = self._path
        if path is not None and draw == self._draw:
            pairs = enumerate(zip(path.genome, genome, strict=True))
            parted = next((layer for layer, (one, other) in pairs if one != other), len(genome))
            depth = min([parted + 1, *map(len, path.statistics)])
            if depth:
                return Begun(path, depth)
        self.forget()
        return ALONE

    def become(self, path: Path, draw: int) -> None:
        """Keep another one instead."""
        self._path, self._draw = path, draw

    def forget(self) -> None:
        """Keep none."""
        self._path = None


class Proof:
    """Whether sharing changes nothing: tried on the first candidates that share, before it counts.

    A PreNet might draw random numbers, of which PostNet or the metric draw the next ones; or leave
    something for PostNet in a global variable: then it must run for every network. Such a
    candidate is scored both ways, and one difference in any output ends sharing for good.
    """

    WANTED = 3
    """Candidates that must agree."""

    def __init__(self) -> None:
        self._agreed = 0
        self.failed = False

    @property
    def is_complete(self) -> bool:
        """Whether enough candidates agreed."""
        return self._agreed >= self.WANTED

    def enter(self, agreed: bool) -> None:
        """Enter what one candidate showed."""
        self._agreed += agreed
        self.failed |= not agreed


class Digest:
    """What distinguishes the outputs of one scoring from those of another."""

    def __init__(self) -> None:
        self._hash = hashlib.blake2b()

    def add(self, outputs: object) -> None:
        """Take in what PostNet returned."""
        for name, tensor in flatten(outputs, torch.Tensor):
            self._hash.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
            plain = tensor.detach().cpu().contiguous().reshape(-1)
            self._hash.update(plain.view(torch.uint8).numpy().tobytes())

    @property
    def value(self) -> bytes:
        """The same for the same outputs in the same order."""
        return self._hash.digest()


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


def outputs_within(space: Space, images: int, limit: int, image: int = 0) -> int:
    """How many outputs, PreNet's first, fit into memory for so many images.

    Args:
        space: knows their shapes.
        images: how many.
        limit: bytes.
        image: values of an image, where images are kept as well.
    """
    shapes = [space.layers[0].in_shape, *(layer.out_shape for layer in space.layers)]
    total = 4 * images * image
    for number, shape in enumerate(shapes):
        total += 4 * images * math.prod(shape)
        if total > limit:
            return number
    return len(shapes)
