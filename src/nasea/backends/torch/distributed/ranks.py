"""Communication between the processes of a run, over ``torch.distributed``.

The process groups are never registered with ``torch.distributed``: the user's code finds no group
initialised and behaves as in a single process. Numbers that decide the course of a run (failures,
losses, paths) go over gloo on the CPU; gradients and weights go over NCCL if there is CUDA.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import torch

from nasea.backends.distributed.ranks import Ranks, Store
from nasea.backends.torch.distributed.buckets import buckets, flatten, unflatten
from nasea.backends.torch.distributed.transport import Group, gloo_group, nccl_group, prefixed


class TorchRanks(Ranks):
    """See :class:`nasea.backends.distributed.ranks.Ranks`, which describes the other arguments.

    Args:
        host: address of this machine to listen on; ``None`` for the address of its host name.
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
        super().__init__(rank, size, local_rank, local_size, store, timeout, key, on_stop, diagnose)
        with self.detect_loss():
            self._control = gloo_group(prefixed(store, "control"), rank, size, host, timeout)
        self._tensors: Group = None

    def sum_numbers(self, numbers: Sequence[float]) -> list[float]:
        """See :class:`nasea.backends.distributed.ranks.Ranks`."""
        vector = torch.tensor(numbers, dtype=torch.float64)
        self._run_collective(self._control.allreduce, [vector])
        return [float(number) for number in vector]

    def send_bytes(self, content: bytes) -> None:
        """See :class:`nasea.backends.distributed.ranks.Ranks`."""
        self._run_collective(self._control.broadcast, [torch.tensor([len(content)])])
        if content:
            data = torch.frombuffer(bytearray(content), dtype=torch.uint8)
            self._run_collective(self._control.broadcast, [data])

    def receive_bytes(self) -> bytes:
        """See :class:`nasea.backends.distributed.ranks.Ranks`."""
        length = torch.zeros(1, dtype=torch.int64)
        self._run_collective(self._control.broadcast, [length])
        data = torch.empty(int(length), dtype=torch.uint8)
        if len(data):
            self._run_collective(self._control.broadcast, [data])
        return data.numpy().tobytes()

    def sum_constant(self, count: int, value: float) -> tuple[float, float]:
        """See :class:`nasea.backends.distributed.ranks.Ranks`."""
        tensor = torch.full((count,), value)
        if torch.cuda.is_available():
            tensor = tensor.cuda()
        self.sum_in_place([tensor])
        return float(tensor.min()), float(tensor.max())

    def disconnect(self) -> None:
        """See :class:`nasea.backends.distributed.ranks.Ranks`."""
        self._control = self._tensors = None

    def reason(self, error: RuntimeError) -> str:
        """Return why a connection broke, without gloo's source position and advice."""
        return re.sub(r"^\[\S+\] ", "", super().reason(error)).split(". ")[0]

    # --- tensors ---

    def sum_in_place(self, tensors: Sequence[torch.Tensor]) -> None:
        """Replace each tensor by its sum over the ranks; shapes and order are the same on all."""
        for bucket in buckets(tensors):
            flat = flatten(bucket)
            self._run_collective(self._group(flat.device).allreduce, [flat])
            unflatten(flat, bucket)

    def broadcast_in_place(self, tensors: Sequence[torch.Tensor]) -> None:
        """Replace each tensor by that of rank 0, bit for bit."""
        for bucket in buckets(tensors):
            flat = flatten(bucket)
            self._run_collective(self._group(flat.device).broadcast, [flat.view(torch.uint8)])
            unflatten(flat, bucket)

    def gather(self, tensor: torch.Tensor) -> torch.Tensor:
        """Return (size, n): the (n,) tensors of all ranks."""
        rows = [torch.empty_like(tensor) for _ in range(self.size)]
        self._run_collective(self._group(tensor.device).allgather, [rows], [tensor.contiguous()])
        return torch.stack(rows)

    def sum_over_ranks(self, tensor: torch.Tensor) -> torch.Tensor:
        """Return the sum of a tensor over the ranks as a new tensor."""
        total = tensor.contiguous().clone()
        self._run_collective(self._group(total.device).allreduce, [total])
        return total

    def _group(self, device: torch.device) -> Any:
        if device.type == "cpu":
            return self._control
        if self._tensors is None:
            store = prefixed(self.store, "tensors")
            self._tensors = nccl_group(store, self.rank, self.size, self.timeout)
        return self._tensors

    def _run_collective(self, operation: Callable[..., Any], *args: Any) -> None:
        """Run a collective operation; raise RankLostError if another rank does not."""
        with self.detect_loss():
            operation(*args).wait()
