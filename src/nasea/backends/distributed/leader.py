"""How a backend of rank 0 leads the other ranks.

Rank 0 sends a command to the other ranks for everything that involves all devices, and runs it
itself. Whatever only reads or writes weights (results, exports, prediction images, a checkpoint) it
does alone. The other ranks receive its weights when training begins or is resumed, and at the end
of every epoch.
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
    """The ranks a backend leads; see :class:`nasea.backends.distributed.follower.Follower`."""

    def all_devices(self, device: str) -> str:
        """Describe the devices of all ranks, given the description of this rank's device."""

    def send_command(self, command: Command, *args: Any) -> None:
        """Send a command to the other ranks."""

    def together(self, command: Command, *args: Any) -> AbstractContextManager[None]:
        """Send a command that this rank runs in the context; raise if it failed on any rank."""

    def send_bytes(self, content: bytes) -> None:
        """Send bytes that a command needs."""

    def measure_each(
        self, measure: Measure, jobs: Sequence[Job], on_measured: Callable[[Measurement], None]
    ) -> None:
        """See :meth:`nasea.backends.base.AttachedBackend.measure_each`."""


class NoFollowers:
    """No followers: this process is alone, or follows itself; see :class:`Followers`."""

    def all_devices(self, device: str) -> str:
        """See :class:`Followers`."""
        return device

    def send_command(self, command: Command, *args: Any) -> None:
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
    """Leads the other ranks for one backend of rank 0; see :class:`Followers`.

    Args:
        ranks: the ranks it leads.
        serial: distinguishes this backend from others of the run.
    """

    def __init__(self, ranks: Ranks, serial: int) -> None:
        self._ranks = ranks
        self._serial = serial
        self._calls = 0

    def all_devices(self, device: str) -> str:
        """See :class:`Followers`."""
        return f"{self._ranks.size} x {device}"

    def send_command(self, command: Command, *args: Any) -> None:
        """See :class:`Followers`."""
        self._ranks.send_command(command, self._serial, *args)

    @contextmanager
    def together(self, command: Command, *args: Any) -> Iterator[None]:
        """See :class:`Followers`."""
        self.send_command(command, *args)
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
        self.send_command("measure_each", serial, list(jobs))
        queue = WorkQueue(self._ranks, serial, len(jobs))
        own: dict[int, Measurement] = {}
        try:
            for wanted in range(len(jobs)):
                on_measured(self._score(queue, measure, jobs, wanted, own))
        finally:
            queue.cancel()

    def _score(
        self,
        queue: WorkQueue,
        measure: Measure,
        jobs: Sequence[Job],
        wanted: int,
        own: dict[int, Measurement],
    ) -> Measurement:
        """Return the score of one job; measure jobs that no rank has taken until it is known."""
        while wanted not in own:
            found = queue.poll(wanted)
            number = None if found is not None else queue.take()
            if found is not None:
                return found
            if number is None:
                return queue.await_score(wanted)
            own[number] = measure(*jobs[number])
            self._ranks.require_alive()
        return own.pop(wanted)
