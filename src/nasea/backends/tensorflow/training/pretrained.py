"""Pre-training: its user module, and its weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from nasea.backends.tensorflow.data.image_folder import folder_module
from nasea.backends.tensorflow.network.supernet import Supernet
from nasea.backends.tensorflow.user.classic.importing import import_classic
from nasea.backends.tensorflow.user.code import UserCode
from nasea.backends.tensorflow.user.networks import UserNetwork
from nasea.backends.tensorflow.user.variables import gathered
from nasea.backends.training.pretrained import PRE_NET, SLOT, LoadedPretrained, match, pack, unpack
from nasea.backends.user.module import CLASSIFICATION_MODULE, FILE_NAME
from nasea.config import Scenario


def classification_code(scenario: Scenario, directory: Path) -> UserCode:
    """Open ``user_module_cls.py``, or else a module of nasea's own around the user's PreNet.

    Args:
        scenario: the classification scenario.
        directory: the directory of ``user_module.py``.
    """
    file = f"{CLASSIFICATION_MODULE}.py"
    if (directory / file).is_file():
        module: Any = import_classic(directory, CLASSIFICATION_MODULE, anew=False)[0]
    else:
        own, _ = import_classic(directory, anew=False)
        module, file = folder_module(own.PreNet, scenario), FILE_NAME
    return UserCode(directory, scenario.epochs, scenario.batch_size, module, file)


def pretrained_weights(supernet: Supernet, pre_net: UserNetwork) -> bytes:
    """Serialise the slots and PreNet."""
    return pack({name: tensor.numpy() for name, tensor in _tensors(supernet, pre_net).items()})


def load_pretrained(supernet: Supernet, pre_net: UserNetwork, weights: bytes) -> LoadedPretrained:
    """Load the tensors of :func:`pretrained_weights` that fit, in place."""
    targets = _tensors(supernet, pre_net)
    wanted = {name: tuple(tensor.shape) for name, tensor in targets.items()}
    fit, summary = match(unpack(weights), wanted)
    for name, array in fit.items():
        targets[name].assign(np.asarray(array))
    return summary


def _tensors(supernet: Supernet, pre_net: UserNetwork) -> dict[str, Any]:
    """Return the variables of slots and PreNet by name.

    Keras numbers layers across all models, so a variable of PreNet is named by its position among
    those with the same last name component: ``kernel``, ``kernel 2``.
    """
    found = {f"{SLOT}{name}": variable for name, variable in supernet.slots.items()}
    seen: dict[str, int] = {}
    for variable in gathered(pre_net.model, "variables"):
        if not variable.dtype.is_floating:  # the state of a random generator
            continue
        kind = variable.name.split(":")[0].split("/")[-1]
        seen[kind] = seen.get(kind, 0) + 1
        found[f"{PRE_NET}{kind}" + (f" {seen[kind]}" if seen[kind] > 1 else "")] = variable
    return found
