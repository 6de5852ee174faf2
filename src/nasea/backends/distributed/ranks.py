"""Communication between the processes of a run, over the framework's own means.

Commands and scores go through a store of keys and values, where waiting costs nothing and has no
time limit. Numbers that decide the course of a run, failures, losses, paths, are exchanged all at
once, each process waiting for the others.
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
    lost,
    rebuild_failure,
)
from nasea.backends.distributed.wire import sealed, unsealed
from nasea.errors import NotAvailableError, RankLostError
from nasea.space import Genome

End = Literal["over", "called off"]
"""Why an epoch goes no further."""

Command = Literal[
    "open", "probe", "attach", "learn_from", "try_candidates", "begin_training", "train_epoch",
    "restore", "measure_each", "close", "exchange", "end",
]  # fmt: skip
"""What rank 0 has the others do."""

_ABANDONED = "abandoned"
_SHORTEST_PAUSE, _LONGEST_PAUSE = 0.0005, 0.02
"""Seconds between looks for a command; idle ranks should not take a core from those at work."""


class Store(Protocol):
    """Keys and values that all processes of a run reach; raises RuntimeError where it is gone."""

    def set(self, key: str, value: Any, /) -> Any:
        """Put text or bytes."""

    def get(self, key: str, /) -> Any:
        """The bytes of a key that is there."""

    def add(self, key: str, amount: int, /) -> int:
        """Add to a number, 0 at first; returns the sum."""

    def check(self, keys: list[str], /) -> bool:
        """Whether all the keys are there."""

    def delete_key(self, key: str, /) -> Any:
        """Take a key away."""


class Ranks(ABC):
    """This process among those of a run.

    Args:
        rank: which one it is; 0 leads.
        size: how many there are.
        local_rank: which one of this machine.
        local_size: how many this machine has.
        store: reaches all of them.
        timeout: seconds that one may keep the others waiting.
        key: signs commands, where they share a secret.
        on_stop: for rank 0: called when another one was asked to stop.
        diagnose: says what became of a lost process, where that can be known; waits a moment for it
            if asked to.
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

    # --- what a framework gives; each raises RankLostError where another rank does not answer ---

    @abstractmethod
    def sum_numbers(self, numbers: Sequence[float]) -> list[float]:
        """The sums over the ranks of numbers in double precision."""

    @abstractmethod
    def send_bytes(self, content: bytes) -> None:
        """Give bytes to all; for rank 0."""

    @abstractmethod
    def receive_bytes(self) -> bytes:
        """What rank 0 gave."""

    @abstractmethod
    def trial_sum(self, count: int, value: float) -> tuple[float, float]:
        """Sum ``count`` floats, all of one value, where gradients are summed.

        Returns:
            The smallest and the largest sum.
        """

    @abstractmethod
    def disconnect(self) -> None:
        """Drop the connection in which the others wait for this rank."""

    # --- what rank 0 has all do ---

    def tell(self, name: Command, *args: Any) -> None:
        """Have the other ranks do something; for rank 0."""
        with self.lost_if_broken():
            self.store.set(f"command/{self._commands}", sealed((name, args), self._key))
        self._commands += 1

    def commands(self) -> Iterator[tuple[Command, tuple[Any, ...]]]:
        """What rank 0 tells, as it comes; for the others."""
        while True:
            key = f"command/{self._commands}"
            with self.lost_if_broken("rank 0 is gone"):
                pause = _SHORTEST_PAUSE
                while not self.store.check([key]):
                    time.sleep(pause)
                    pause = min(2 * pause, _LONGEST_PAUSE)
                message = unsealed(self.store.get(key), self._key)
                # The last one to have read it takes it away.
                if self.store.add(f"read/{self._commands}", 1) == self.size - 1:
                    self.store.delete_key(key)
                    self.store.delete_key(f"read/{self._commands}")
            self._commands += 1
            yield message

    def await_readers(self, seconds: float) -> None:
        """Wait until all have read the last command, at most so many seconds."""
        deadline = time.monotonic() + seconds
        with self.lost_if_broken():
            while self.store.check([f"command/{self._commands - 1}"]):
                if time.monotonic() > deadline:
                    return
                time.sleep(_LONGEST_PAUSE)

    def agree(self, error: Exception | None = None, values: Sequence[float] = ()) -> list[float]:
        """Agree with all ranks whether all succeeded; if not, all raise.

        Args:
            error: what went wrong here.
            values: numbers, summed over the ranks.

        Returns:
            The sums.

        Raises:
            Exception: ``error``.
            NaseaError: on rank 0: what went wrong elsewhere.
            FailedElsewhere: on other ranks, when it was not here.
            RankLostError: one does not answer.
        """
        self._agreements += 1
        flags = [0.0] * (self.size + 1)
        if error is not None:
            if isinstance(error, RankLostError):  # the others will find out themselves
                raise error
            flags[self.rank] = 1.0
            message = json.dumps(describe_failure(error))
            with self.lost_if_broken():
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

    def send_step(self, step: Sequence[Genome] | End) -> None:
        """Give the paths of the next update to the other ranks, or say that there is none."""
        self.send_bytes(json.dumps(step).encode())

    def receive_step(self) -> list[Genome] | End:
        """What rank 0 gave."""
        step = json.loads(self.receive_bytes())
        if isinstance(step, str):
            return "over" if step == "over" else "called off"
        return [tuple(path) for path in step]

    # --- a trial ---

    def try_exchange(self, megabytes: int) -> float:
        """Sum so much over all ranks, who must all call it; returns the seconds it took.

        Raises:
            NotAvailableError: the sum is wrong.
        """
        count = megabytes * 1024**2 // 4
        self.trial_sum(1, 0.0)  # what is made ready at the first time
        self.agree()  # who comes late is not slow
        start = time.perf_counter()
        least, most = self.trial_sum(count, float(self.rank + 1))
        seconds = time.perf_counter() - start
        expected = self.size * (self.size + 1) / 2
        if not least == most == expected:
            wrong = least if least != expected else most
            raise NotAvailableError(
                f"the sum over {self.size} processes is wrong: {wrong}, not {expected}",
                fix="check the network between them, and the versions of driver and NCCL",
            )
        return seconds

    # --- whoever is lost ---

    def abandon(self, error: Exception) -> None:
        """Leave the others during a joint action that cannot go on.

        They find the connection closed, and rank 0 finds the reason.
        """
        message = {"rank": self.rank, "failure": describe_failure(error)}
        self.store.set(_ABANDONED, json.dumps(message))
        self.disconnect()

    def require_all(self) -> None:
        """Raise RankLostError if it is known that a process ended."""
        what = self.diagnose(False)
        if what is not None:
            raise lost(what)

    def lost(self, why: str) -> Exception:
        """What to raise, with what became of the process where that can be known."""
        what = self.diagnose(True)
        if what is None and self._abandoned():
            message = json.loads(self.store.get(_ABANDONED))
            return rebuild_failure(message["rank"], message["failure"])
        return lost(what or why)

    @contextmanager
    def lost_if_broken(self, who: str = "a process does not answer") -> Iterator[None]:
        """Turn a broken connection into the error of a lost process."""
        try:
            yield
        except RuntimeError as error:
            raise self.lost(f"{who}: {self.reason(error)}") from error

    def reason(self, error: RuntimeError) -> str:
        """Why a connection broke, in short."""
        return str(error).splitlines()[0]

    def _abandoned(self) -> bool:
        try:
            return bool(self.store.check([_ABANDONED]))
        except RuntimeError:
            return False
