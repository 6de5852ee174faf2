"""Detects losses that the user's layers add themselves."""

from __future__ import annotations

from collections.abc import Iterable

from nasea.backends.tensorflow.user.ends import End
from nasea.errors import Notice


def own_losses(ends: Iterable[End], file: str) -> list[Notice]:
    """Return notices of layer losses (``kernel_regularizer``, ``add_loss``), which are ignored.

    Args:
        ends: PreNet and PostNet, built.
        file: name of the user's file, for messages.
    """
    return [
        Notice(
            file,
            f"{end.name}: losses of layers (kernel_regularizer, add_loss) are left out of "
            "training: what is trained is the mean of what loss_op returns",
        )
        for end in ends
        if end.model.losses
    ]
