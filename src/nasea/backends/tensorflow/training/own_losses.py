"""Detects losses that the user's layers add themselves."""

from __future__ import annotations

from collections.abc import Iterable

from nasea.backends.tensorflow.user.networks import UserNetwork
from nasea.errors import Notice


def own_losses(networks: Iterable[UserNetwork], file: str) -> list[Notice]:
    """Return notices of layer losses (``kernel_regularizer``, ``add_loss``), which are ignored.

    Args:
        networks: PreNet and PostNet, built.
        file: name of the user's file, for messages.
    """
    return [
        Notice(
            file,
            f"{network.name}: losses of layers (kernel_regularizer, add_loss) are left out of "
            "training: what is trained is the mean of what loss_op returns",
        )
        for network in networks
        if network.model.losses
    ]
