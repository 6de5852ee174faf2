"""How a backend of rank 0 leads the other ranks.

What concerns all devices rank 0 tells to the others, and does it too. What only reads or writes
weights (results, exports, pictures, a checkpoint) it does by itself; the others get its weights
when training begins, or goes on, and at the end of every epoch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, Protocol

from nasea.backends.distributed.ranks import Command, Ranks
from nasea.backends.distributed.work_queue import WorkQueue
from nasea.backends.records import EvaluationSubset, Job, Measurement, one_by_one
from nasea.errors import RankLostError
from nasea.space import Genome

Measure = Callable[[Genome, EvaluationSubset], Measurement]
"""Scores one architecture in this process."""


class Followers(Protocol):
    """Whom a backend leads; see :class:`nasea.backends.distributed.follower.Follower`."""

    def all_devices(self, device: str) -> str:
        """The devices of all ranks in words, given that of this one."""

    def tell(self, command: Command, *args: Any) -> None:
        """Have the others do something."""

    def together(self, command: Command, *args: Any) -> AbstractContextManager[None]:
        """Have all ranks do what is done within; raise if it went wrong on one of them."""

    def send_bytes(self, content: bytes) -> None:
        """Give them bytes that a command asks for."""

    def measure_each(
        self, measure: Measure, jobs: Sequence[Job], on_measured: Callable[[Measurement], None]
    ) -> None:
        """See :meth:`nasea.backends.base.AttachedBackend.measure_each`."""


class NoFollowers:
    """For a process that leads nobody: it is alone, or follows; see :class:`Followers`."""

    def all_devices(self, device: str) -> str:
        """See :class:`Followers`."""
        return device

    def tell(self, command: Command, *args: Any) -> None:
        """See :class:`Followers`."""

    def together(self, command: Command, *args: Any) -> AbstractContextManager[None]:
        """See :class:`Followers`."""
        return nullcontext()

    def send_bytes(self, content: bytes) -> None:
        """See :class:`Followers`."""

    def measure_each(
        self, measure: Measure, jobs: Sequence[Job], on_measured: Callable[[Measurement], None]
    ) -> None:
        """See :class:`Followers`."""
        one_by_one(measure)(jobs, on_measured)


class Leader:
    """For one backend of rank 0; see :class:`Followers`.

    Args:
        ranks: those it leads.
        serial: tells this backend from others of the run.
    """

    def __init__(self, ranks: Ranks, serial: int) -> None:
        self._ranks = ranks
        self._serial = serial
        self._calls = 0

    def all_devices(self, device: str) -> str:
        """See :class:`Followers`."""
        return f"{self._ranks.size} x {device}"

    def tell(self, command: Command, *args: Any) -> None:
        """See :class:`Followers`."""
        self._ranks.tell(command, self._serial, *args)

    @contextmanager
    def together(self, command: Command, *args: Any) -> Iterator[None]:
        """See :class:`Followers`."""
        self.tell(command, *args)
        try:
            yield
        except RankLostError:
            raise
        except Exception as error:
            self._ranks.agree(error)
        else:
            self._ranks.agree()

    def send_bytes(self, content: bytes) -> None:
        """See :class:`Followers`."""
        self._ranks.send_bytes(content)

    def measure_each(
        self, measure: Measure, jobs: Sequence[Job], on_measured: Callable[[Measurement], None]
    ) -> None:
        """See :class:`Followers`."""
        if len(jobs) < 2:
            one_by_one(measure)(jobs, on_measured)
            return
        self._calls += 1
        serial = f"{self._serial}.{self._calls}"
        self.tell("measure_each", serial, list(jobs))
        queue = WorkQueue(self._ranks, serial, len(jobs))
        own: dict[int, Measurement] = {}
        try:
            for wanted in range(len(jobs)):
                on_measured(self._score(queue, measure, jobs, wanted, own))
        finally:
            queue.call_off()

    def _score(
        self,
        queue: WorkQueue,
        measure: Measure,
        jobs: Sequence[Job],
        wanted: int,
        own: dict[int, Measurement],
    ) -> Measurement:
        """The score of one job; works on whatever nobody has taken until it is there."""
        while wanted not in own:
            found = queue.found(wanted)
            number = None if found is not None else queue.take()
            if found is not None:
                return found
            if number is None:
                return queue.await_score(wanted)
            own[number] = measure(*jobs[number])
            self._ranks.require_all()
        return own.pop(wanted)
