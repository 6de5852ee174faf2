"""Operations that PyTorch is taught from outside."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from nasea.backends.network.operations import LayerCall
from nasea.backends.torch.network.operations import OPERATIONS
from nasea.backends.torch.network.supernet import Supernet
from nasea.space import Space, part

from .added_operation import GENOME, AddedOperationContract, Shuffle
from .added_operation import Gain as GainOp
from .network import BackendKit, Images, Weights
from .test_torch import TorchKit


class Gain(nn.Module):
    """A learned factor for each channel."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(channels))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * self.scale.view(-1, 1, 1)


def _gain(op: GainOp, x: torch.Tensor, weights: dict[str, torch.Tensor]) -> torch.Tensor:
    return x * weights[f"{op.slot}/scale"].view(-1, 1, 1)


OPERATIONS.add(
    Shuffle, lambda op, fresh: [LayerCall(nn.ChannelShuffle, (op.groups,), namespace="nn")]
)
OPERATIONS.add(GainOp, lambda op, fresh: [LayerCall(Gain, (op.channels,))], _gain)


class TestAddedOperation(AddedOperationContract):
    framework = "pytorch"

    @pytest.fixture(scope="class")
    @classmethod
    def backend_kit(cls) -> BackendKit[Any]:
        return TorchKit()

    def run_path(self, space: Space, weights: Weights, images: Images) -> Images:
        supernet = Supernet(space, nn.Identity(), nn.Identity(), torch.channels_last)
        with torch.no_grad():
            for name, value in weights.items():
                slot = supernet.slot(name)
                slot[part(tuple(slot.shape), value.shape)] = torch.from_numpy(value)
        output: Any = supernet.run(torch.from_numpy(images), GENOME, supernet.bind(GENOME))
        output.sum().backward()
        result: Images = output.detach().numpy()
        return result

    def run_file(self, text: str, network: Any, images: Images) -> Images:
        module: dict[str, Any] = {"__name__": "generated"}
        exec(compile(text, "generated.py", "exec"), module)
        module["import_user_module"] = lambda: _Ends
        model = module["Model"]()
        model.body.load_state_dict(network.state_dict())
        with torch.no_grad():
            result: Images = model(torch.from_numpy(images)).numpy()
        return result


class _Ends:
    PreNet = PostNet = nn.Identity
