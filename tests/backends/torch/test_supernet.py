"""The supernet: a bound path is the stand-alone network, and its gradients reach the slots."""

from __future__ import annotations

import copy
from collections.abc import Sequence

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F

from nasea.backends.torch.network.layers import Network, learned_tensors
from nasea.backends.torch.network.supernet import Supernet, average_gradients
from nasea.space import Conv, Genome, Space, build_space, catalogue, part, tensors
from nasea.space.ops import leaves
from nasea.space.slots import SharingPolicy

POLICIES: tuple[SharingPolicy, ...] = ("entangled", "independent")
BLOCKS = [block for name, block in catalogue().items() if not name.endswith("k7_e6")]


class Pre(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(2, 4, 3, padding=1)
        self.norm = nn.BatchNorm2d(4)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        result: torch.Tensor = self.norm(self.conv(inputs))
        return result


class Post(nn.Module):
    """Weighs every feature map it gets, so that no gradient vanishes."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[int, ...]] | None = None
        self.factor = nn.Parameter(torch.ones(1))

    def forward(self, inputs: torch.Tensor | list[torch.Tensor]) -> torch.Tensor:
        features = [inputs] if isinstance(inputs, torch.Tensor) else inputs
        self.seen = None if isinstance(inputs, torch.Tensor) else [tuple(x.shape) for x in inputs]
        return self.factor * torch.cat([x.sigmoid().flatten(1) for x in features], 1)


def make_supernet(
    policy: SharingPolicy = "entangled",
    taps: Sequence[int] = (),
    layout: torch.memory_format = torch.channels_last,
) -> Supernet:
    space = build_space((4, 6, 5), [4, 6, 6], [1, 2, 1], BLOCKS, policy, taps)
    supernet = Supernet(space, Pre(), Post(), layout)
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():  # zero-initialised scales would hide half the network
        for name in space.slots:
            slot = supernet.slot(name)
            slot.copy_(0.2 + 0.5 * torch.randn(slot.shape, generator=generator))
    return supernet


def genomes(space: Space) -> st.SearchStrategy[Genome]:
    return st.tuples(*(st.integers(0, count - 1) for count in space.choices))


def standalone(supernet: Supernet, genome: Genome) -> Network:
    ends = copy.deepcopy((supernet.pre_net, supernet.post_net))
    return supernet.network(genome, *ends)


def loss_of(output: object) -> torch.Tensor:
    assert isinstance(output, torch.Tensor)
    return (output * torch.linspace(-1, 1, output.shape[1])).square().mean()


def train_path(supernet: Supernet, genome: Genome, images: torch.Tensor) -> torch.Tensor:
    """Forward and backward of one path; returns the output."""
    weights = supernet.bind(genome)
    output = supernet.run(images, genome, weights)
    loss_of(output).backward()  # type: ignore[no-untyped-call]
    supernet.collect(genome, weights)
    assert isinstance(output, torch.Tensor)
    return output.detach()


IMAGES = torch.randn(3, 2, 6, 5, generator=torch.Generator().manual_seed(0))
SUPERNETS = {policy: make_supernet(policy) for policy in POLICIES}


@pytest.mark.parametrize("policy", POLICIES)
@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_a_path_is_the_stand_alone_network(policy: SharingPolicy, data: st.DataObject) -> None:
    supernet = SUPERNETS[policy].train()
    genome = data.draw(genomes(supernet.space))
    network = standalone(supernet, genome).train()
    supernet.zero_grad(set_to_none=True)

    output = train_path(supernet, genome, IMAGES)
    expected = network(IMAGES)
    loss_of(expected).backward()  # type: ignore[no-untyped-call]

    assert isinstance(expected, torch.Tensor)
    torch.testing.assert_close(output, expected.detach(), rtol=1e-5, atol=1e-5)
    used = set()
    for slot, parameter in learned_tensors(network.body, supernet.space.decode(genome)):
        used.add(slot)
        gradient = supernet.slot(slot).grad
        assert gradient is not None and parameter.grad is not None
        where = part(tuple(gradient.shape), tuple(parameter.shape))
        torch.testing.assert_close(gradient[where], parameter.grad, rtol=1e-4, atol=1e-5)
        outside = gradient.clone()
        outside[where] = 0
        assert not outside.any()
    for name in supernet.space.slots:
        assert (supernet.slot(name).grad is not None) == (name in used)
    for mine, theirs in zip(
        (*supernet.pre_net.parameters(), *supernet.post_net.parameters()),
        (*network.pre_net.parameters(), *network.post_net.parameters()),
        strict=True,
    ):
        torch.testing.assert_close(mine.grad, theirs.grad, rtol=1e-4, atol=1e-5)


def test_a_path_takes_leading_channels_and_the_centre_of_the_kernel() -> None:
    supernet = make_supernet()
    space = supernet.space
    wide = space.encode(["inverted_k7_e3", "basic_x2", "skip"])
    narrow = space.encode(["inverted_k3_e3", "basic_x0.5", "skip"])
    partial = 0
    for genome in (wide, narrow):
        weights = supernet.bind(genome)
        for candidate in space.decode(genome):
            for op_tensor in tensors(candidate.program):
                slot = supernet.slot(op_tensor.slot)
                taken = weights[op_tensor.slot]
                assert taken.shape == op_tensor.shape and taken.is_leaf and taken.requires_grad
                if slot.shape == taken.shape:
                    assert taken is slot
                    continue
                partial += 1
                expected = slot[tuple(slice(n) for n in taken.shape[:2])]
                if slot.dim() == 4:
                    edge = (slot.shape[-1] - taken.shape[-1]) // 2
                    expected = F.pad(expected, [-edge] * 4)
                assert torch.equal(taken, expected)
                assert taken.data_ptr() != slot.data_ptr()
    assert partial >= 4


def test_binding_again_sees_the_weights_of_now() -> None:
    supernet = make_supernet()
    genome = supernet.space.encode(["basic_x0.5"] * 3)
    before = {slot: tensor.detach().clone() for slot, tensor in supernet.bind(genome).items()}
    with torch.no_grad():
        for name in supernet.space.slots:
            supernet.slot(name).add_(1)
    after = supernet.bind(genome)
    assert all(torch.equal(after[slot], before[slot] + 1) for slot in before)


@pytest.mark.parametrize("policy", POLICIES)
def test_gradients_are_averaged_over_the_users_of_a_tensor(policy: SharingPolicy) -> None:
    supernet = make_supernet(policy).train()
    names = (["basic_x0.5"] * 3, ["basic_x2"] * 3, ["basic_x2", "separable_k3", "skip"])
    paths = [supernet.space.encode(blocks) for blocks in names]
    parameters = dict(supernet.named_parameters())
    alone: dict[str, list[torch.Tensor]] = {}
    for path in paths:
        supernet.zero_grad(set_to_none=True)
        train_path(supernet, path, IMAGES)
        for name, tensor in parameters.items():
            if tensor.grad is not None:
                alone.setdefault(name, []).append(tensor.grad.clone())
    supernet.zero_grad(set_to_none=True)
    for path in paths:
        train_path(supernet, path, IMAGES)
    average_gradients(supernet, paths)
    counts = set()
    for name, tensor in parameters.items():
        if name not in alone:
            assert tensor.grad is None
            continue
        counts.add(len(alone[name]))
        mean = torch.stack(alone[name]).mean(0)
        torch.testing.assert_close(tensor.grad, mean, rtol=1e-4, atol=1e-6)
    assert {1, 2, 3} <= counts


def test_a_block_with_a_dot_in_its_name_can_have_its_own_slots() -> None:
    supernet = SUPERNETS["independent"]
    assert any("." in name for name in supernet.space.slots)
    copied = make_supernet("independent")
    copied.load_state_dict(supernet.state_dict())
    assert all(torch.equal(copied.slot(name), supernet.slot(name)) for name in supernet.space.slots)


def test_tapped_layers_reach_post_net_as_a_list() -> None:
    supernet = make_supernet(taps=[0, 1]).train()
    genome = supernet.space.encode(["basic_x1", "separable_k5", "inverted_k3_e3"])
    output = train_path(supernet, genome, IMAGES)
    shapes = [(3, 4, 6, 5), (3, 6, 3, 3), (3, 6, 3, 3)]
    assert isinstance(supernet.post_net, Post) and supernet.post_net.seen == shapes
    network = standalone(supernet, genome).train()
    expected = network(IMAGES)
    assert isinstance(expected, torch.Tensor)
    torch.testing.assert_close(output, expected.detach(), rtol=1e-5, atol=1e-5)
    assert isinstance(network.post_net, Post) and network.post_net.seen == shapes


@pytest.mark.parametrize("layout", [torch.channels_last, torch.contiguous_format])
def test_convolution_weights_lie_in_the_layout(layout: torch.memory_format) -> None:
    supernet = make_supernet(layout=layout)
    genome = supernet.space.encode(["basic_x0.5"] * 3)
    for weights in (supernet.bind(genome), dict(standalone(supernet, genome).named_parameters())):
        for tensor in weights.values():
            if tensor.dim() == 4:
                assert tensor.is_contiguous(memory_format=layout)


def test_ends_with_tensors_of_five_dimensions_are_laid_out() -> None:
    class Volume(Pre):
        def __init__(self) -> None:
            super().__init__()
            self.volume = nn.Parameter(torch.zeros(1, 1, 2, 2, 2))

    space = build_space((4, 6, 5), [4], [1], BLOCKS)
    supernet = Supernet(space, Volume(), Post(), torch.channels_last)
    assert isinstance(supernet.pre_net, Volume) and supernet.pre_net.volume.shape[2:] == (2, 2, 2)


def test_a_network_shares_nothing_with_the_supernet() -> None:
    supernet = make_supernet()
    genome = supernet.space.encode(["basic_x2"] * 3)
    before = copy.deepcopy(supernet.state_dict())
    with torch.no_grad():
        for parameter in standalone(supernet, genome).parameters():
            parameter.fill_(7)
    assert all(torch.equal(tensor, before[name]) for name, tensor in supernet.state_dict().items())


def test_depthwise_kernels_are_shared_across_kernel_sizes() -> None:
    space = SUPERNETS["entangled"].space
    kernels = {
        op.kernel
        for name in ("inverted_k3_e3", "inverted_k5_e3", "inverted_k7_e3")
        for candidate in [space.decode(space.encode([name] * 3))[0]]
        for op in leaves(candidate.program)
        if isinstance(op, Conv) and op.slot == "layer0/inverted/depthwise"
    }
    assert kernels == {3, 5, 7}
    assert space.slots["layer0/inverted/depthwise/weight"].shape[-2:] == (7, 7)
