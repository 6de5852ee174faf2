"""The backend of rank 0: what it does that concerns all devices, all do.

What only reads or writes weights (results, exports, pictures, a checkpoint) it does by itself; the
others get its weights when training begins, or goes on, and at the end of every epoch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, Protocol, cast

from nasea.backends.base import Backend
from nasea.backends.distributed.ranks import Ranks
from nasea.backends.distributed.work_queue import WorkQueue
from nasea.backends.records import DataReport, EndReport, Job, Measurement, Role, UpdateReport
from nasea.config import Scenario
from nasea.errors import RankLostError
from nasea.space import Genome, Space


class DividedBackend(Backend, Protocol):
    """What another rank asks of a framework's backend, besides what the pipeline does."""

    def load_with(self, workers: int) -> None:
        """Load training data with so many processes, as rank 0 settled."""

    def follow_epoch(self, epoch: int, done: int) -> None:
        """Take part in an epoch that rank 0 leads; see :meth:`Backend.train_epoch`."""

    def sharing(self) -> AbstractContextManager[None]:
        """While entered, what several architectures have in common may be computed once."""


class Leading:
    """Mixed in before a framework's backend; see :class:`nasea.backends.base.Backend`.

    Args:
        scenario: what to search.
        directory: where ``user_module.py`` is.
        role: what for.
        ranks: those it leads.
        serial: tells it from other backends of this run.
    """

    def __init__(
        self, scenario: Scenario, directory: Path, role: Role, ranks: Ranks, serial: int
    ) -> None:
        self._leads = ranks
        self._serial = serial
        self._calls = 0
        framework = super()  # the backend that this class stands before
        self._own = cast(DividedBackend, framework)
        with self._together("open", scenario.to_dict(), directory, role, Path.cwd()):
            cast(Any, framework).__init__(scenario, directory, role, ranks)

    @property
    def environment(self) -> dict[str, str]:
        """Framework version, devices, threads of each process."""
        found = self._own.environment
        return found | {"device": f"{self._leads.size} x {found['device']}"}

    def load_data(self, workers: int | None) -> DataReport:
        """See :meth:`nasea.backends.base.Backend.load_data`."""
        with self._together("load_data"):
            return self._own.load_data(workers)

    def probe_pre_net(self) -> EndReport:
        """See :meth:`nasea.backends.base.Backend.probe_pre_net`: it may build what others need."""
        with self._together("probe_pre_net"):
            return self._own.probe_pre_net()

    def attach(self, space: Space, seed: int) -> EndReport:
        """See :meth:`nasea.backends.base.Backend.attach`."""
        with self._together("attach", space, seed):
            return self._own.attach(space, seed)

    def learn_from(self, space: Space, genome: Genome, weights: Path, share: float) -> None:
        """See :meth:`nasea.backends.base.Backend.learn_from`."""
        with self._together("learn_from", space, genome, weights.read_bytes(), share):
            self._own.learn_from(space, genome, weights, share)

    def try_candidates(
        self, on_step: Callable[[int, int], None], also: Sequence[Genome] = ()
    ) -> float:
        """See :meth:`nasea.backends.base.Backend.try_candidates`: every device must bear it."""
        with self._together("try_candidates", list(also)):
            return self._own.try_candidates(on_step, also)

    def begin_training(self, paths_per_update: int, seed: int) -> int:
        """See :meth:`nasea.backends.base.Backend.begin_training`."""
        with self._together("begin_training", paths_per_update, seed, self._own.workers):
            return self._own.begin_training(paths_per_update, seed)

    def train_epoch(
        self,
        epoch: int,
        path: Callable[[int], Genome],
        on_update: Callable[[UpdateReport], None],
        done: int = 0,
    ) -> None:
        """See :meth:`nasea.backends.base.Backend.train_epoch`."""
        self._tell("train_epoch", epoch, done)
        self._own.train_epoch(epoch, path, on_update, done)

    def restore(self, state: bytes, done: int = 0) -> int:
        """See :meth:`nasea.backends.base.Backend.restore`."""
        with self._together("restore", done):
            self._leads.send_bytes(state)
            return self._own.restore(state, done)

    def measure_each(self, jobs: Sequence[Job], on_measured: Callable[[Measurement], None]) -> None:
        """See :meth:`nasea.backends.base.Backend.measure_each`."""
        if len(jobs) < 2:
            self._own.measure_each(jobs, on_measured)
            return
        self._calls += 1
        serial = f"{self._serial}.{self._calls}"
        self._tell("measure_each", serial, list(jobs))
        board = WorkQueue(self._leads, serial, len(jobs))
        own: dict[int, Measurement] = {}
        try:
            with self._own.sharing():
                for wanted in range(len(jobs)):
                    on_measured(self._score(board, jobs, wanted, own))
        finally:
            board.call_off()

    def close(self) -> None:
        """See :meth:`nasea.backends.base.Backend.close`."""
        self._own.close()
        self._tell("close")

    def _score(
        self, board: WorkQueue, jobs: Sequence[Job], wanted: int, own: dict[int, Measurement]
    ) -> Measurement:
        """The score of one job; works on whatever nobody has taken until it is there."""
        while wanted not in own:
            found = board.found(wanted)
            number = None if found is not None else board.take()
            if found is not None:
                return found
            if number is None:
                return board.await_score(wanted)
            own[number] = self._own.measure(*jobs[number])
            self._leads.require_all()
        return own.pop(wanted)

    def _tell(self, name: str, *args: Any) -> None:
        self._leads.tell(name, self._serial, *args)

    @contextmanager
    def _together(self, name: str, *args: Any) -> Iterator[None]:
        """Have all ranks do what is done within; raise if it went wrong on one of them."""
        self._tell(name, *args)
        try:
            yield
        except RankLostError:
            raise
        except Exception as error:
            self._leads.agree(error)
        else:
            self._leads.agree()
