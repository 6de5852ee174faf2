"""The course of an epoch over several ranks: rank 0 says what the next step trains, or its end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from nasea.backends.distributed.ranks import End, Ranks
from nasea.space import Genome


class Steps:
    """The steps of one trainer.

    Args:
        ranks: who takes them together.

    Attributes:
        ended: why the last epoch that was followed went no further.
    """

    def __init__(self, ranks: Ranks) -> None:
        self._ranks = ranks
        self._in_step = True
        self.ended: End = "over"

    @contextmanager
    def leading(self) -> Iterator[None]:
        """An epoch, for rank 0; however it ends, the others hear of it."""
        self._in_step = True
        is_over = False
        try:
            yield
            is_over = True
        finally:
            if self._in_step:  # else all have failed together, or cannot be reached
                self._ranks.send_step("over" if is_over else "called off")

    @contextmanager
    def step(self, paths: Sequence[Genome]) -> Iterator[None]:
        """One step, for rank 0."""
        self._in_step = False
        self._ranks.send_step(paths)
        yield
        self._in_step = True

    def following(self) -> Iterator[list[Genome]]:
        """The paths of step after step, for the others."""
        while not isinstance(told := self._ranks.receive_step(), str):
            yield told
        self.ended = told
