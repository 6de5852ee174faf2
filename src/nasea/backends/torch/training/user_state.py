"""The training state in UserModule: parameters, modules, their buffers."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn

from nasea.backends.user.attributes import Attributes
from nasea.backends.user.metric_memory import has_memory
from nasea.backends.user.reachable import reachable

_APART = (nn.Module, nn.Parameter, torch.utils.data.Dataset, torch.utils.data.DataLoader) + (
    torch.optim.Optimizer,
    torch.optim.lr_scheduler.LRScheduler,
)


class Held(nn.Module):
    """The parameters and modules of UserModule; part of a supernet, but not of networks.

    Args:
        user: the UserModule.
        directory: the directory of the user's files.
    """

    def __init__(self, user: object, directory: Path) -> None:
        super().__init__()
        self.own: set[int] = set()
        """Ids of parameters that an optimiser of the user trains."""
        for name, each in reachable(user, directory, _APART):
            key = f"user/{name.replace('.', '/')}"
            if isinstance(each, nn.Parameter):
                self.register_parameter(key, each)
            elif isinstance(each, nn.Module) and not has_memory(each):
                self.add_module(key, each)
            elif isinstance(each, torch.optim.Optimizer):
                self.own |= {id(p) for group in each.param_groups for p in group["params"]}


def attributes_of(user: object, directory: Path) -> Attributes:
    """Take a snapshot of the plain attributes of UserModule."""
    return Attributes(user, directory, torch.Tensor, _APART, lambda t: t.detach().clone())
