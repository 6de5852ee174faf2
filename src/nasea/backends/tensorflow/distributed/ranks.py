"""Communication between the processes of a run, with TensorFlow.

Commands, and numbers that decide the course of a run, go through the hub: it notices at once when a
process ends, and no rank enters a collective operation of TensorFlow before all have agreed to.
Those operations exchange gradients and weights.
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
    """See :class:`nasea.backends.distributed.ranks.Ranks`, which describes the other arguments.

    Args:
        hub: the store, which reaches all ranks.
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
        with self.detect_loss():
            addresses = self._exchange_addresses(address)
            self._collectives = Collectives(addresses, rank, device, timeout)
        hub.on_lost(self._collectives.abort)

    def send_command(self, name: Command, *args: Any) -> None:
        """See :class:`nasea.backends.distributed.ranks.Ranks`; after ``end`` ranks may leave."""
        if name == "end":
            self._hub.retire()
        super().send_command(name, *args)

    def sum_numbers(self, numbers: Sequence[float]) -> list[float]:
        """See :class:`nasea.backends.distributed.ranks.Ranks`."""
        with self.detect_loss():
            rows = self._round(np.array(numbers, np.float64).tobytes())
        total = np.sum([np.frombuffer(row, np.float64) for row in rows], axis=0)
        return [float(number) for number in total]

    def send_bytes(self, content: bytes) -> None:
        """See :class:`nasea.backends.distributed.ranks.Ranks`."""
        with self.detect_loss():
            self._round(content)

    def receive_bytes(self) -> bytes:
        """See :class:`nasea.backends.distributed.ranks.Ranks`."""
        with self.detect_loss():
            return self._round(b"")[0]

    def sum_constant(self, count: int, value: float) -> tuple[float, float]:
        """See :class:`nasea.backends.distributed.ranks.Ranks`."""
        [total] = self.sum_over_ranks([tf.fill((count,), value)])
        return float(tf.reduce_min(total)), float(tf.reduce_max(total))

    def disconnect(self) -> None:
        """See :class:`nasea.backends.distributed.ranks.Ranks`."""
        if isinstance(self._hub, HubClient):
            self._hub.close()

    def sum_over_ranks(self, tensors: Sequence[Any]) -> list[Any]:
        """Return the sums of tensors over the ranks; shapes and order are the same on all ranks."""
        with self.detect_loss():
            return self._collectives.sum_over_ranks(tensors)

    def broadcast_in_place(self, variables: Sequence[tf.Variable]) -> None:
        """Assign rank 0's values to variables; shapes and order are the same on all ranks."""
        floats = [v for v in variables if v.dtype == tf.float32]
        others = [v for v in variables if v.dtype != tf.float32]
        with self.detect_loss():
            values = self._collectives.broadcast([v.read_value() for v in floats])
        for variable, value in zip(floats, values, strict=True):
            variable.assign(value)
        if others:
            self._broadcast_exactly(others)

    def _broadcast_exactly(self, variables: Sequence[tf.Variable]) -> None:
        """Broadcast small variables that are not float32: counters and generator states."""
        if self.rank == 0:
            content = io.BytesIO()
            np.savez(content, *(variable.numpy() for variable in variables))
            self.send_bytes(content.getvalue())
            return
        with np.load(io.BytesIO(self.receive_bytes()), allow_pickle=False) as stored:
            for index, variable in enumerate(variables):
                variable.assign(stored[f"arr_{index}"])

    def _exchange_addresses(self, address: str) -> list[str]:
        """Return the addresses of all ranks.

        While TensorFlow connects, it blocks all other threads of its process, including rank 0's
        hub. So rank 0 waits until every rank has received the addresses from the hub.
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
