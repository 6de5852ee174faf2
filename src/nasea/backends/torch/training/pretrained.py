"""Pre-training: its user module, and its weights."""

from __future__ import annotations

from pathlib import Path

import torch

from nasea.backends.torch.data.image_folder import folder_module
from nasea.backends.torch.network.supernet import Supernet
from nasea.backends.torch.user.code import UserCode
from nasea.backends.training.pretrained import (
    PRE_NET,
    SLOT,
    LoadedPretrained,
    classification_module,
    match,
    pack,
    unpack,
)
from nasea.backends.user.module import import_user_module
from nasea.config import Scenario


def classification_code(scenario: Scenario, directory: Path) -> UserCode:
    """Open the user's code for pre-training; see :func:`classification_module`."""
    module, file = classification_module(
        directory,
        lambda name: import_user_module(directory, name, anew=False),
        lambda pre_net: folder_module(pre_net, scenario),
    )
    return UserCode(directory, scenario.epochs, scenario.batch_size, module, file)


def pretrained_weights(supernet: Supernet) -> bytes:
    """Serialise the slots and PreNet."""
    return pack(
        {
            name: tensor.detach().cpu().contiguous().numpy()
            for name, tensor in _tensors(supernet).items()
        }
    )


def load_pretrained(supernet: Supernet, weights: bytes) -> LoadedPretrained:
    """Load the tensors of :func:`pretrained_weights` that fit into a supernet, in place."""
    targets = _tensors(supernet)
    wanted = {name: tuple(tensor.shape) for name, tensor in targets.items()}
    fit, summary = match(unpack(weights), wanted)
    with torch.no_grad():
        for name, array in fit.items():
            targets[name].copy_(torch.as_tensor(array))
    return summary


def _tensors(supernet: Supernet) -> dict[str, torch.Tensor]:
    """Return the tensors of slots and PreNet by name, not copied."""
    slots = {f"{SLOT}{name}": supernet.slot(name) for name in supernet.space.slots}
    state = supernet.pre_net.state_dict(keep_vars=True)
    pre_net = {f"{PRE_NET}{name}": tensor for name, tensor in state.items()}
    return {**slots, **pre_net}
