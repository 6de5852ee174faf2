"""The supernet: the weights of all slots, and the paths through them.

A path does not slice its weights inside the graph of the loss. It copies the parts it needs into
leaf tensors before the step and adds their gradients to the slots after it. Autograd then sees a
plain stand-alone network, and sharing costs two copies of the weights per step at any batch size.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import nn

from nasea.backends.torch.network.layers import (
    Network,
    build_body,
    initialise,
    learned_tensors,
)
from nasea.backends.torch.network.operations import OPERATIONS, Weights
from nasea.backends.user.nesting import copied
from nasea.space import Genome, Program, Space, Tensor, part, tensors


@dataclass(frozen=True)
class _Part:
    """One tensor of a candidate, as a slice of its slot."""

    slot: str
    where: tuple[slice, ...]
    whole: bool


class Supernet(nn.Module):
    """All slots of a search space, between the user's PreNet and PostNet.

    Args:
        space: the search space.
        pre_net: the user's PreNet.
        post_net: the user's PostNet.
        memory_format: layout of activations and convolution weights inside the body.
    """

    def __init__(
        self,
        space: Space,
        pre_net: nn.Module,
        post_net: nn.Module,
        memory_format: torch.memory_format,
    ) -> None:
        super().__init__()
        self.space = space
        self.pre_net = pre_net
        self.post_net = post_net
        self.held: nn.Module = nn.Module()
        """The parameters and modules of UserModule that are trained too."""
        self.memory_format = memory_format
        self._slots = nn.ParameterDict(
            {_key(name): nn.Parameter(_initial(slot)) for name, slot in space.slots.items()}
        )
        lay_out(self, memory_format)
        self._parts = {
            layer.key: [self._parts_of(candidate.program) for candidate in layer.candidates]
            for layer in space.every_layer
        }

    def slot(self, name: str) -> nn.Parameter:
        """Return the tensor of a slot."""
        parameter: nn.Parameter = self._slots[_key(name)]
        return parameter

    def bind(self, genome: Genome) -> Weights:
        """Return the weights of a path by slot, as leaf tensors that accumulate gradients."""
        weights: Weights = {}
        with torch.no_grad():
            for one in self._parts_on(genome):
                slot = self.slot(one.slot)
                weights[one.slot] = slot if one.whole else self._copy(slot[one.where])
        return weights

    def collect(self, genome: Genome, weights: Weights) -> None:
        """Add the gradients of a bound path to those of the slots, in place."""
        for one in self._parts_on(genome):
            gradient = weights[one.slot].grad
            if one.whole or gradient is None:
                continue
            slot = self.slot(one.slot)
            if slot.grad is None:
                slot.grad = torch.zeros_like(slot)
            slot.grad[one.where] += gradient

    def slots_of(self, genome: Genome) -> list[str]:
        """Return the names of the slots that a path uses."""
        return [one.slot for one in self._parts_on(genome)]

    def run(self, images: torch.Tensor, genome: Genome, weights: Weights) -> object:
        """Run a bound path with batch statistics.

        Args:
            images: (N, C, H, W).
            genome: the path.
            weights: what :meth:`bind` returned for it.

        Returns:
            Whatever PostNet returns.
        """
        x = self.pre_net(images.contiguous(memory_format=self.memory_format))
        tapped = []
        for layer, gene in self.space.path(genome):
            x = OPERATIONS.run(layer.candidates[gene].program, x, weights)
            if layer.tapped:
                tapped.append(x)
        return copied(self.post_net([*tapped, x] if tapped else x))

    def network(self, genome: Genome, pre_net: nn.Module, post_net: nn.Module) -> Network:
        """Make the stand-alone network of an architecture, with copies of its weights.

        Args:
            genome: the architecture.
            pre_net: the PreNet to use, not copied.
            post_net: the PostNet to use, not copied.
        """
        candidates = self.space.decode(genome)
        body = build_body(candidates, initialised=False)
        body = body.to(next(iter(self._slots.values())).device)
        with torch.no_grad():
            for slot, parameter in learned_tensors(body, candidates):
                stored = self.slot(slot)
                parameter.copy_(stored[part(tuple(stored.shape), tuple(parameter.shape))])
        network = Network(pre_net, body, post_net, self.space.taps)
        lay_out(network, self.memory_format)
        return network

    def adopt(self, genome: Genome, network: Network) -> None:
        """Copy the weights of a stand-alone network, including PreNet and PostNet, into the slots.

        The inverse of :meth:`network`, but without the statistics of the body: a supernet has none.
        """
        with torch.no_grad():
            for slot, parameter in learned_tensors(network.body, self.space.decode(genome)):
                stored = self.slot(slot)
                stored[part(tuple(stored.shape), tuple(parameter.shape))] = parameter
        self.pre_net.load_state_dict(network.pre_net.state_dict())
        self.post_net.load_state_dict(network.post_net.state_dict())

    def _parts_on(self, genome: Genome) -> Iterator[_Part]:
        """Yield the tensors of a path, from its first layer on."""
        for layer, gene in self.space.path(genome):
            yield from self._parts[layer.key][gene]

    def _parts_of(self, program: Program) -> list[_Part]:
        parts = []
        for tensor in tensors(program):
            slot_shape = self.space.slots[tensor.slot].shape
            where = part(slot_shape, tensor.shape)
            parts.append(_Part(tensor.slot, where, tensor.shape == slot_shape))
        return parts

    def _copy(self, view: torch.Tensor) -> torch.Tensor:
        layout = self.memory_format if view.dim() == 4 else torch.contiguous_format
        return view.detach().clone(memory_format=layout).requires_grad_()


def lay_out(module: nn.Module, memory_format: torch.memory_format) -> None:
    """Convert the four-dimensional tensors of a module to a memory format, in place."""
    for tensor in (*module.parameters(), *module.buffers()):
        if tensor.dim() == 4:  # Module.to would refuse a module with a five-dimensional tensor
            tensor.data = tensor.data.contiguous(memory_format=memory_format)


def _key(slot: str) -> str:
    # A block's name may contain a dot; a parameter's name may not.
    return slot.replace(".", ":")


def _initial(slot: Tensor) -> torch.Tensor:
    values = torch.zeros(slot.shape)
    initialise(values, slot)
    return values


def average_gradients(supernet: Supernet, paths: Sequence[Genome]) -> None:
    """Divide every gradient by the number of paths that used its tensor, in place.

    So the effect of a learning rate does not depend on the number of paths per update.
    """
    uses: dict[str, int] = {}
    for path in paths:
        for name in supernet.slots_of(path):
            uses[name] = uses.get(name, 0) + 1
    by_count: dict[int, list[torch.Tensor]] = {}
    for name, count in uses.items():
        slot = supernet.slot(name)
        if slot.grad is not None:
            by_count.setdefault(count, []).append(slot.grad)
    for module in (supernet.pre_net, supernet.post_net, supernet.held):
        for parameter in module.parameters():
            if parameter.grad is not None:
                by_count.setdefault(len(paths), []).append(parameter.grad)
    for count, gradients in by_count.items():
        if count > 1:
            torch._foreach_div_(gradients, float(count))
