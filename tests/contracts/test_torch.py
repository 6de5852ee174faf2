"""PyTorch keeps the contract of networks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from nasea.backends.torch.network.layers import build_body, learned_tensors
from nasea.space import Candidate, Shape

from .network import BackendKit, Images, NetworkContract, Weights


class TorchKit(BackendKit[nn.Sequential]):
    def build(self, candidates: Sequence[Candidate], shape: Shape) -> nn.Sequential:
        return build_body(candidates)

    def parameters(self, net: nn.Sequential) -> int:
        return sum(parameter.numel() for parameter in net.parameters())

    def flops(self, net: nn.Sequential, shape: Shape) -> int:
        net.eval()
        with torch.no_grad(), FlopCounterMode(display=False) as counter:
            net(torch.zeros(1, *shape))
        return int(counter.get_total_flops())

    def run(self, net: nn.Sequential, images: Images) -> Images:
        with torch.no_grad():
            result: Images = net.train()(torch.from_numpy(images)).numpy()
        return result

    def read_weights(self, net: nn.Sequential, candidates: Sequence[Candidate]) -> Weights:
        return {s: tensor.detach().numpy() for s, tensor in learned_tensors(net, candidates)}

    def write_weights(
        self, net: nn.Sequential, candidates: Sequence[Candidate], weights: Weights
    ) -> None:
        with torch.no_grad():
            for slot, tensor in learned_tensors(net, candidates):
                tensor.copy_(torch.from_numpy(np.asarray(weights[slot])))


class TestTorchNetwork(NetworkContract[nn.Sequential]):
    @pytest.fixture(scope="class")
    @classmethod
    def backend_kit(cls) -> BackendKit[nn.Sequential]:
        return TorchKit()
