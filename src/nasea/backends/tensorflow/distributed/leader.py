"""The backend of rank 0, with TensorFlow."""

from __future__ import annotations

from nasea.backends.distributed.leader import Leading
from nasea.backends.tensorflow.backend import TensorFlowBackend


class LeadingBackend(Leading, TensorFlowBackend):
    """See :class:`nasea.backends.distributed.leader.Leading`."""
