"""All that the processes of one run say to each other, with TensorFlow.

Commands, and numbers that decide the course of a run, go through the hub: a process that ends is
noticed there at once, and nobody waits in TensorFlow's collective operations before all have
agreed to. Those exchange gradients and weights.
"""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from nasea.backends.distributed.hub import Hub
from nasea.backends.distributed.hub_client import HubClient
from nasea.backends.distributed.ranks import Command, Ranks
from nasea.backends.distributed.wire import HubError
from nasea.backends.tensorflow.distributed.collectives import Collectives

_PAUSE = 0.02


class TensorFlowRanks(Ranks):
    """See :class:`nasea.backends.distributed.ranks.Ranks`, which has the other arguments.

    Args:
        hub: reaches all of them.
        address: ``host:port`` where TensorFlow's server of this process may listen.
        device: where tensors are summed.
    """

    def __init__(
        self,
        rank: int,
        size: int,
        local_rank: int,
        local_size: int,
        hub: Hub | HubClient,
        address: str,
        device: str,
        timeout: float,
        key: str = "",
        on_stop: Callable[[], None] = lambda: None,
        diagnose: Callable[[bool], str | None] = lambda wait: None,
    ) -> None:
        super().__init__(rank, size, local_rank, local_size, hub, timeout, key, on_stop, diagnose)
        self._hub = hub
        self._rounds = 0
        with self.lost_if_broken():
            addresses = self._exchange_addresses(address)
            self._collectives = Collectives(addresses, rank, device, timeout)
        hub.on_lost(self._collectives.abort)

    def tell(self, name: Command, *args: Any) -> None:
        """See :class:`nasea.backends.distributed.ranks.Ranks`; after an end, ranks may go."""
        if name == "end":
            self._hub.retire()
        super().tell(name, *args)

    def sum_numbers(self, numbers: Sequence[float]) -> list[float]:
        """See :class:`nasea.backends.distributed.ranks.Ranks`."""
        with self.lost_if_broken():
            rows = self._round(np.array(numbers, np.float64).tobytes())
        total = np.sum([np.frombuffer(row, np.float64) for row in rows], axis=0)
        return [float(number) for number in total]

    def send_bytes(self, content: bytes) -> None:
        """See :class:`nasea.backends.distributed.ranks.Ranks`."""
        with self.lost_if_broken():
            self._round(content)

    def receive_bytes(self) -> bytes:
        """See :class:`nasea.backends.distributed.ranks.Ranks`."""
        with self.lost_if_broken():
            return self._round(b"")[0]

    def trial_sum(self, count: int, value: float) -> tuple[float, float]:
        """See :class:`nasea.backends.distributed.ranks.Ranks`."""
        [total] = self.sums([tf.fill((count,), value)])
        return float(tf.reduce_min(total)), float(tf.reduce_max(total))

    def disconnect(self) -> None:
        """See :class:`nasea.backends.distributed.ranks.Ranks`."""
        if isinstance(self._hub, HubClient):
            self._hub.close()

    def sums(self, tensors: Sequence[Any]) -> list[Any]:
        """The sums of tensors over the ranks, which have the same shapes in the same order."""
        with self.lost_if_broken():
            return self._collectives.sums(tensors)

    def take_from_first(self, variables: Sequence[tf.Variable]) -> None:
        """Give variables, which have the same shapes in order everywhere, rank 0's values."""
        floats = [v for v in variables if v.dtype == tf.float32]
        others = [v for v in variables if v.dtype != tf.float32]
        with self.lost_if_broken():
            values = self._collectives.of_first([v.read_value() for v in floats])
        for variable, value in zip(floats, values, strict=True):
            variable.assign(value)
        if others:
            self._take_exactly(others)

    def _take_exactly(self, variables: Sequence[tf.Variable]) -> None:
        """The same for counters and states of generators, which are no floats, and small."""
        if self.rank == 0:
            content = io.BytesIO()
            np.savez(content, *(variable.numpy() for variable in variables))
            self.send_bytes(content.getvalue())
            return
        with np.load(io.BytesIO(self.receive_bytes()), allow_pickle=False) as stored:
            for index, variable in enumerate(variables):
                variable.assign(stored[f"arr_{index}"])

    def _exchange_addresses(self, address: str) -> list[str]:
        """The addresses of all ranks.

        Connecting, TensorFlow keeps all other threads of its process from running, and rank 0's
        hub with them: so rank 0 waits until every rank has what it needs of the hub.
        """
        addresses = [one.decode() for one in self._round(address.encode())]
        met = [f"met/{rank}" for rank in range(1, self.size)]
        if isinstance(self._hub, HubClient):
            self._hub.note(f"met/{self.rank}")
            return addresses
        deadline = time.monotonic() + self.timeout
        while not self._hub.check(met):
            if time.monotonic() > deadline:
                raise HubError("Timed out")
            time.sleep(_PAUSE)
        return addresses

    def _round(self, content: bytes) -> list[bytes]:
        self._rounds += 1
        return self._hub.gather(f"round/{self._rounds}", self.rank, content, self.timeout)
