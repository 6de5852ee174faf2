"""All that the processes of one run say to each other.

The process groups are never registered with ``torch.distributed``: code of the user finds no group
initialised, in whatever it does, as if it ran alone. Numbers that decide the course of a run
(failures, losses, paths) go over gloo on the CPU; gradients and weights over NCCL where there is
CUDA.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Literal

import torch

from nasea.backends.torch.distributed.buckets import buckets, flatten, unflatten
from nasea.backends.torch.distributed.failures import (
    FailedElsewhere,
    describe_failure,
    lost,
    rebuild_failure,
)
from nasea.backends.torch.distributed.signing import sealed, unsealed
from nasea.backends.torch.distributed.transport import (
    Group,
    Store,
    gloo_group,
    nccl_group,
    within,
)
from nasea.errors import NotAvailableError, RankLostError
from nasea.space import Genome

End = Literal["over", "called off"]
"""Why an epoch goes no further."""

_ABANDONED = "abandoned"
_SHORTEST_PAUSE, _LONGEST_PAUSE = 0.0005, 0.02
"""Seconds between looks for a command; idle ranks should not take a core from those at work."""


class Ranks:
    """This process among those of a run.

    Args:
        rank: which one it is; 0 leads.
        size: how many there are.
        local_rank: which one of this machine.
        local_size: how many this machine has.
        store: reaches all of them.
        host: address of this machine to listen at; ``None`` for what its name stands for.
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
        host: str | None,
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
        with self._lost_if_broken():
            self._control = gloo_group(within(store, "control"), rank, size, host, timeout)
        self._tensors: Group = None

    # --- what rank 0 has all do ---

    def tell(self, name: str, *args: Any) -> None:
        """Have the other ranks do something; for rank 0."""
        with self._lost_if_broken():
            self.store.set(f"command/{self._commands}", sealed((name, args), self._key))
        self._commands += 1

    def commands(self) -> Iterator[tuple[str, tuple[Any, ...]]]:
        """What rank 0 tells, as it comes; for the others."""
        while True:
            key = f"command/{self._commands}"
            with self._lost_if_broken("rank 0 is gone"):
                pause = _SHORTEST_PAUSE
                while not self.store.check([key]):
                    time.sleep(pause)
                    pause = min(2 * pause, _LONGEST_PAUSE)
                told = unsealed(self.store.get(key), self._key)
                # The last one to have read it takes it away.
                if self.store.add(f"read/{self._commands}", 1) == self.size - 1:
                    self.store.delete_key(key)
                    self.store.delete_key(f"read/{self._commands}")
            self._commands += 1
            yield told

    def agree(
        self, error: Exception | None = None, values: torch.Tensor | None = None
    ) -> torch.Tensor:
        """Find out together whether all went well; if not, all raise.

        Args:
            error: what went wrong here.
            values: (n,) float64 numbers, summed over the ranks.

        Returns:
            The sums.

        Raises:
            Exception: ``error``.
            NaseaError: on rank 0: what went wrong elsewhere.
            FailedElsewhere: on other ranks, when it was not here.
            RankLostError: one does not answer.
        """
        self._agreements += 1
        flags = torch.zeros(self.size + 1, dtype=torch.float64)
        if error is not None:
            if isinstance(error, RankLostError):  # the others will find out themselves
                raise error
            flags[self.rank] = 1.0
            told = json.dumps(describe_failure(error))
            with self._lost_if_broken():
                self.store.set(f"failure/{self._agreements}/{self.rank}", told)
        flags[-1] = float(self.stop_asked)
        vector = flags if values is None else torch.cat([flags, values])
        self._do(self._control.allreduce, [vector])
        if self.rank == 0 and vector[self.size] > 0:
            self.on_stop()
        failed = [rank for rank in range(self.size) if vector[rank] > 0]
        if error is not None:
            raise error
        if failed and self.rank == 0:
            key = f"failure/{self._agreements}/{failed[0]}"
            raise rebuild_failure(failed[0], json.loads(self.store.get(key)))
        if failed:
            raise FailedElsewhere
        return vector[self.size + 1 :]

    # --- paths and bytes, from rank 0 ---

    def send_step(self, step: Sequence[Genome] | End) -> None:
        """Give the paths of the next update to the other ranks, or say that there is none."""
        self.send_bytes(json.dumps(step).encode())

    def receive_step(self) -> list[Genome] | End:
        """What rank 0 gave."""
        step = json.loads(self.receive_bytes())
        if isinstance(step, str):
            return "over" if step == "over" else "called off"
        return [tuple(path) for path in step]

    def send_bytes(self, content: bytes) -> None:
        """Give bytes to all; for rank 0."""
        self._do(self._control.broadcast, [torch.tensor([len(content)])])
        if content:
            data = torch.frombuffer(bytearray(content), dtype=torch.uint8)
            self._do(self._control.broadcast, [data])

    def receive_bytes(self) -> bytes:
        """What rank 0 gave."""
        length = torch.zeros(1, dtype=torch.int64)
        self._do(self._control.broadcast, [length])
        data = torch.empty(int(length), dtype=torch.uint8)
        if len(data):
            self._do(self._control.broadcast, [data])
        return data.numpy().tobytes()

    # --- tensors ---

    def sum_in_place(self, tensors: Sequence[torch.Tensor]) -> None:
        """Replace each tensor by its sum over the ranks, which have the same shapes in order."""
        for bucket in buckets(tensors):
            flat = flatten(bucket)
            self._do(self._group(flat.device).allreduce, [flat])
            unflatten(flat, bucket)

    def take_from_first(self, tensors: Sequence[torch.Tensor]) -> None:
        """Replace each tensor by rank 0's, bit for bit."""
        for bucket in buckets(tensors):
            flat = flatten(bucket)
            self._do(self._group(flat.device).broadcast, [flat.view(torch.uint8)])
            unflatten(flat, bucket)

    def gather(self, tensor: torch.Tensor) -> torch.Tensor:
        """(size, n): the (n,) tensor of each rank."""
        rows = [torch.empty_like(tensor) for _ in range(self.size)]
        self._do(self._group(tensor.device).allgather, [rows], [tensor.contiguous()])
        return torch.stack(rows)

    def sum_of(self, tensor: torch.Tensor) -> torch.Tensor:
        """The sum of a tensor over the ranks, in a new one."""
        total = tensor.contiguous().clone()
        self._do(self._group(total.device).allreduce, [total])
        return total

    def try_exchange(self, megabytes: int) -> float:
        """Sum so much over all ranks, who must all call it; returns the seconds it took.

        Raises:
            NotAvailableError: the sum is wrong.
        """
        tensor = torch.full((megabytes * 1024**2 // 4,), float(self.rank + 1))
        if torch.cuda.is_available():
            tensor = tensor.cuda()
        self.agree()  # who comes late is not slow
        start = time.perf_counter()
        self.sum_in_place([tensor])
        expected = self.size * (self.size + 1) / 2
        if not bool((tensor == expected).all()):
            raise NotAvailableError(
                f"the sum over {self.size} processes is wrong: {float(tensor[0])}, not {expected}",
                fix="check the network between them, and the versions of driver and NCCL",
            )
        return time.perf_counter() - start

    # --- whoever is lost ---

    def abandon(self, error: Exception) -> None:
        """Leave the others in the middle of something, since going on makes no sense.

        They find the connection closed, and rank 0 finds the reason.
        """
        told = {"rank": self.rank, "failure": describe_failure(error)}
        self.store.set(_ABANDONED, json.dumps(told))
        self._control = self._tensors = None

    def require_all(self) -> None:
        """Raise RankLostError if it is known that a process ended."""
        what = self.diagnose(False)
        if what is not None:
            raise lost(what)

    def lost(self, why: str) -> Exception:
        """What to raise, with what became of the process where that can be known."""
        what = self.diagnose(True)
        if what is None and self._abandoned():
            told = json.loads(self.store.get(_ABANDONED))
            return rebuild_failure(told["rank"], told["failure"])
        return lost(what or why)

    def _abandoned(self) -> bool:
        try:
            return bool(self.store.check([_ABANDONED]))
        except RuntimeError:
            return False

    def _group(self, device: torch.device) -> Any:
        if device.type == "cpu":
            return self._control
        if self._tensors is None:
            store = within(self.store, "tensors")
            self._tensors = nccl_group(store, self.rank, self.size, self.timeout)
        return self._tensors

    def _do(self, operation: Callable[..., Any], *args: Any) -> None:
        """Do it together; raise RankLostError where another rank does not."""
        with self._lost_if_broken():
            operation(*args).wait()

    @contextmanager
    def _lost_if_broken(self, who: str = "a process does not answer") -> Iterator[None]:
        """Tell a broken connection as a lost process."""
        try:
            yield
        except RuntimeError as error:
            # gloo names the line of its source first, and gives advice last.
            reason = re.sub(r"^\[\S+\] ", "", str(error).splitlines()[0]).split(". ")[0]
            raise self.lost(f"{who}: {reason}") from error
