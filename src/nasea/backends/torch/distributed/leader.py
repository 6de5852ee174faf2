"""The backend of rank 0, with PyTorch."""

from __future__ import annotations

from nasea.backends.distributed.leader import Leading
from nasea.backends.torch.backend import TorchBackend


class LeadingBackend(Leading, TorchBackend):
    """See :class:`nasea.backends.distributed.leader.Leading`."""
