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
from nasea.backends.training.pretrained import (
    PRE_NET,
    SLOT,
    LoadedPretrained,
    classification_module,
    match,
    pack,
    unpack,
)
from nasea.config import Scenario


def classification_code(scenario: Scenario, directory: Path) -> UserCode:
    """Open the user's code for pre-training; see :func:`classification_module`."""
    module, file = classification_module(
        directory,
        lambda name: import_classic(directory, name, anew=False)[0],
        lambda pre_net: folder_module(pre_net, scenario),
    )
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
