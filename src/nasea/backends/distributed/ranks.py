"""Communication between the processes of a run, over what the framework offers.

Commands and scores go through a key-value store, where waiting costs nothing and has no time
limit. Numbers that decide the course of a run (failures, losses, paths) go through collective
operations, in which every process waits for the others.
"""

from __future__ import annotations

import json
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Literal, Protocol

from nasea.backends.distributed.failures import (
    FailedElsewhere,
    describe_failure,
    rank_lost_error,
    rebuild_failure,
)
from nasea.backends.distributed.wire import sign, verify
from nasea.errors import NotAvailableError, RankLostError
from nasea.space import Genome

EpochEnd = Literal["over", "called off"]
"""Why an epoch ended: it is complete, or rank 0 stopped it."""

Command = Literal[
    "open", "probe", "attach", "set_teacher", "train_int8", "try_candidates", "begin_training",
    "train_epoch", "restore", "measure_each", "close", "exchange", "end",
]  # fmt: skip
"""The commands of rank 0."""

_ABANDONED = "abandoned"
_SHORTEST_PAUSE, _LONGEST_PAUSE = 0.0005, 0.02
"""Seconds between polls for a command; an idle rank must not occupy a core."""


class Store(Protocol):
    """A key-value store that all processes of a run reach; raises RuntimeError if it is gone."""

    def set(self, key: str, value: Any, /) -> Any:
        """Store text or bytes under a key."""

    def get(self, key: str, /) -> Any:
        """Return the bytes stored under an existing key."""

    def add(self, key: str, amount: int, /) -> int:
        """Add to a number, initially 0; return the sum."""

    def check(self, keys: list[str], /) -> bool:
        """Return whether all keys exist."""

    def delete_key(self, key: str, /) -> Any:
        """Remove a key."""


class Ranks(ABC):
    """This process among those of a run.

    Args:
        rank: its rank; 0 leads.
        size: number of processes.
        local_rank: its rank among the processes of this machine.
        local_size: number of processes on this machine.
        store: reaches all processes.
        timeout: seconds that a process may keep the others waiting.
        key: secret that signs commands; empty if the processes share none.
        on_stop: on rank 0, called when another process was asked to stop.
        diagnose: describes how a process was lost, or returns ``None``; given ``True``, waits a
            moment for its exit status.
    """

    def __init__(
        self,
        rank: int,
        size: int,
        local_rank: int,
        local_size: int,
        store: Store,
        timeout: float,
        key: str = "",
        on_stop: Callable[[], None] = lambda: None,
        diagnose: Callable[[bool], str | None] = lambda wait: None,
    ) -> None:
        self.rank = rank
        self.size = size
        self.local_rank = local_rank
        self.local_size = local_size
        self.store = store
        self.timeout = timeout
        self._key = key
        self.on_stop = on_stop
        self.diagnose = diagnose
        self.stop_asked = False
        self._commands = 0
        self._agreements = 0

    # --- implemented by a framework; each raises RankLostError if another rank does not answer ---

    @abstractmethod
    def sum_numbers(self, numbers: Sequence[float]) -> list[float]:
        """Sum each number over the ranks, in double precision (all-reduce)."""

    @abstractmethod
    def send_bytes(self, content: bytes) -> None:
        """Broadcast bytes; called by rank 0."""

    @abstractmethod
    def receive_bytes(self) -> bytes:
        """Return the bytes that rank 0 broadcasts; called by the other ranks."""

    @abstractmethod
    def sum_constant(self, count: int, value: float) -> tuple[float, float]:
        """Sum a tensor of ``count`` times ``value`` over the ranks, as gradients are summed.

        Returns:
            The smallest and the largest sum.
        """

    @abstractmethod
    def disconnect(self) -> None:
        """Close the connection on which the other ranks wait for this one."""

    # --- commands of rank 0 ---

    def send_command(self, name: Command, *args: Any) -> None:
        """Send a command to the other ranks; called by rank 0."""
        with self.detect_loss():
            self.store.set(f"command/{self._commands}", sign((name, args), self._key))
        self._commands += 1

    def commands(self) -> Iterator[tuple[Command, tuple[Any, ...]]]:
        """Yield the commands of rank 0 as they arrive; called by the other ranks."""
        while True:
            key = f"command/{self._commands}"
            with self.detect_loss("rank 0 is gone"):
                pause = _SHORTEST_PAUSE
                while not self.store.check([key]):
                    time.sleep(pause)
                    pause = min(2 * pause, _LONGEST_PAUSE)
                message = verify(self.store.get(key), self._key)
                # The last rank to read the command deletes it.
                if self.store.add(f"read/{self._commands}", 1) == self.size - 1:
                    self.store.delete_key(key)
                    self.store.delete_key(f"read/{self._commands}")
            self._commands += 1
            yield message

    def await_readers(self, seconds: float) -> None:
        """Wait until all ranks have read the last command, for at most ``seconds``."""
        deadline = time.monotonic() + seconds
        with self.detect_loss():
            while self.store.check([f"command/{self._commands - 1}"]):
                if time.monotonic() > deadline:
                    return
                time.sleep(_LONGEST_PAUSE)

    def agree(self, error: Exception | None = None, values: Sequence[float] = ()) -> list[float]:
        """Agree with all ranks on whether all succeeded; if not, all raise.

        Args:
            error: the failure of this rank, if any.
            values: numbers to sum over the ranks.

        Returns:
            The sums of ``values``.

        Raises:
            Exception: ``error``.
            NaseaError: on rank 0, the failure of another rank.
            FailedElsewhere: on other ranks, when another rank failed.
            RankLostError: a rank does not answer.
        """
        self._agreements += 1
        flags = [0.0] * (self.size + 1)
        if error is not None:
            if isinstance(error, RankLostError):  # the others will find out themselves
                raise error
            flags[self.rank] = 1.0
            message = json.dumps(describe_failure(error))
            with self.detect_loss():
                self.store.set(f"failure/{self._agreements}/{self.rank}", message)
        flags[-1] = float(self.stop_asked)
        sums = self.sum_numbers([*flags, *values])
        if self.rank == 0 and sums[self.size] > 0:
            self.on_stop()
        failed = [rank for rank in range(self.size) if sums[rank] > 0]
        if error is not None:
            raise error
        if failed and self.rank == 0:
            key = f"failure/{self._agreements}/{failed[0]}"
            raise rebuild_failure(failed[0], json.loads(self.store.get(key)))
        if failed:
            raise FailedElsewhere
        return sums[self.size + 1 :]

    # --- paths, from rank 0 ---

    def send_step(self, step: Sequence[Genome] | EpochEnd) -> None:
        """Send the paths of the next update to the other ranks, or why there is none."""
        self.send_bytes(json.dumps(step).encode())

    def receive_step(self) -> list[Genome] | EpochEnd:
        """Return what rank 0 passed to :meth:`send_step`."""
        step = json.loads(self.receive_bytes())
        if isinstance(step, str):
            return "over" if step == "over" else "called off"
        return [tuple(path) for path in step]

    # --- self-test ---

    def time_all_reduce(self, megabytes: int) -> float:
        """Time an all-reduce of ``megabytes`` MiB of float32; all ranks must call it.

        Returns:
            Seconds it took.

        Raises:
            NotAvailableError: the sum is wrong.
        """
        count = megabytes * 1024**2 // 4
        self.sum_constant(1, 0.0)  # sets up the connections
        self.agree()  # all ranks start at the same time
        start = time.perf_counter()
        least, most = self.sum_constant(count, float(self.rank + 1))
        seconds = time.perf_counter() - start
        expected = self.size * (self.size + 1) / 2
        if not least == most == expected:
            wrong = least if least != expected else most
            raise NotAvailableError(
                f"the sum over {self.size} processes is wrong: {wrong}, not {expected}",
                fix="check the network between them, and the versions of driver and NCCL",
            )
        return seconds

    # --- lost ranks ---

    def abandon(self, error: Exception) -> None:
        """Leave the other ranks during a collective operation that cannot complete.

        They find the connection closed; rank 0 finds the reason in the store.
        """
        message = {"rank": self.rank, "failure": describe_failure(error)}
        self.store.set(_ABANDONED, json.dumps(message))
        self.disconnect()

    def require_alive(self) -> None:
        """Raise RankLostError if a process is known to have ended."""
        what = self.diagnose(False)
        if what is not None:
            raise rank_lost_error(what)

    def lost_error(self, why: str) -> Exception:
        """Return the error to raise: how the process ended if that is known, else ``why``."""
        what = self.diagnose(True)
        if what is None and self._abandoned():
            message = json.loads(self.store.get(_ABANDONED))
            return rebuild_failure(message["rank"], message["failure"])
        return rank_lost_error(what or why)

    @contextmanager
    def detect_loss(self, who: str = "a process does not answer") -> Iterator[None]:
        """Turn RuntimeError, a broken connection, into the error of a lost process."""
        try:
            yield
        except RuntimeError as error:
            raise self.lost_error(f"{who}: {self.reason(error)}") from error

    def reason(self, error: RuntimeError) -> str:
        """Return in one line why a connection broke."""
        return str(error).splitlines()[0]

    def _abandoned(self) -> bool:
        try:
            return bool(self.store.check([_ABANDONED]))
        except RuntimeError:
            return False
