"""Pre-training: its user module, and its weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from nasea.backends.torch.data.image_folder import folder_module
from nasea.backends.torch.network.supernet import Supernet
from nasea.backends.torch.user.code import UserCode
from nasea.backends.training.pretrained import PRE_NET, SLOT, LoadedPretrained, match, pack, unpack
from nasea.backends.user.module import CLASSIFICATION_MODULE, FILE_NAME, import_user_module
from nasea.config import Scenario


def classification_code(scenario: Scenario, directory: Path) -> UserCode:
    """Open ``user_module_cls.py``, or else a module of nasea's own around the user's PreNet.

    Args:
        scenario: the classification scenario.
        directory: the directory of ``user_module.py``.
    """
    file = f"{CLASSIFICATION_MODULE}.py"
    if (directory / file).is_file():
        module: Any = import_user_module(directory, CLASSIFICATION_MODULE, anew=False)
    else:
        own = import_user_module(directory, anew=False)
        module, file = folder_module(own.PreNet, scenario), FILE_NAME
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
