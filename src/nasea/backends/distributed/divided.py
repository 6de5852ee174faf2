"""A backend that is one of several at work on the same, one a process."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Protocol

from nasea.backends.base import Backend


class DividedBackend(Backend, Protocol):
    """What another rank asks of a framework's backend, besides what the pipeline does."""

    def load_with(self, workers: int) -> None:
        """Load training data with so many processes, as rank 0 settled."""

    def follow_epoch(self, epoch: int, done: int) -> None:
        """Take part in an epoch that rank 0 leads; see :meth:`Backend.train_epoch`."""

    def sharing(self) -> AbstractContextManager[None]:
        """While entered, what several architectures have in common may be computed once."""
