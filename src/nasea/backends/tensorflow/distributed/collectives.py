"""Sums and copies of tensors over the ranks, by the collective operations of TensorFlow.

``tf.distribute.MultiWorkerMirroredStrategy`` connects the processes: rings over gRPC on CPUs, NCCL
on GPUs. Its variables and its ``run`` are not used: a path is a chain of functions that are traced
by themselves (docs/decisions/0008), and each rank runs them as if it were alone
(docs/decisions/0072).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow.python.eager import context

from nasea.errors import NotAvailableError

_LARGEST, _SMALLEST = 22, 10
"""Tensors are sent in pieces of 2^22 floats (16 MB), the last one of a smaller power of two.

A collective operation has one shape for all time, under its key, so there must be few.
"""

_GROUP = 7_000
_SUM, _COPY = 7_100, 7_200  # keys, apart from those that the strategy gives out by itself


class Collectives:
    """This process among those that exchange tensors. There can be one in the life of a process.

    Args:
        addresses: ``host:port`` of all ranks, where TensorFlow's server may listen.
        rank: which one this is.
        device: where tensors are summed, ``/CPU:0`` or ``/GPU:0``.
        timeout: seconds that one may keep the others waiting.

    Raises:
        NotAvailableError: TensorFlow was used in this process before.
        RuntimeError: another rank does not come.
    """

    def __init__(self, addresses: Sequence[str], rank: int, device: str, timeout: float) -> None:
        self._size = len(addresses)
        self._first = rank == 0
        self._device = device
        if context.context()._context_handle is not None:
            raise NotAvailableError(
                "several devices need a process in which TensorFlow was not used before",
                fix="start nasea by its command, one run a process",
            )
        tf.get_logger().setLevel("ERROR")
        _configure(len(addresses), timeout)
        resolver = tf.distribute.cluster_resolver.SimpleClusterResolver(
            tf.train.ClusterSpec({"worker": list(addresses)}),
            task_type="worker",
            task_id=rank,
            num_accelerators={"GPU": 1} if device.startswith("/GPU") else None,
        )
        options = tf.distribute.experimental.CommunicationOptions(timeout_seconds=timeout)
        with _as_runtime_errors():
            # Kept: with it goes the server.
            self._strategy = tf.distribute.MultiWorkerMirroredStrategy(
                cluster_resolver=resolver, communication_options=options
            )
        self._sum, self._send, self._receive = _operations(self._size, timeout)

    def sums(self, tensors: Sequence[Any]) -> list[Any]:
        """The sums of tensors over the ranks, which have the same shapes in the same order."""
        return self._exchanged(tensors, lambda piece, power: self._sum(piece, _SUM + power))

    def of_first(self, tensors: Sequence[Any]) -> list[Any]:
        """Rank 0's tensors, bit for bit; all ranks have the same shapes in the same order."""

        def copied(piece: Any, power: int) -> Any:
            if self._first:
                return self._send(piece, _COPY + power)
            return self._receive(1 << power, _COPY + power)

        return self._exchanged(tensors, copied)

    def abort(self) -> None:
        """End what is waiting for another rank, and all that would; for another thread."""
        context.context().abort_collective_ops(tf.errors.UNAVAILABLE, "a process is gone")

    def _exchanged(self, tensors: Sequence[Any], exchange: Callable[[Any, int], Any]) -> list[Any]:
        """The same tensors after an exchange of all their values in single precision."""
        if not tensors:
            return []
        with _as_runtime_errors(), tf.device(self._device):
            flat = tf.concat([tf.cast(tf.reshape(t, (-1,)), tf.float32) for t in tensors], 0)
            length = int(flat.shape[0])
            pieces = list(_pieces(length))
            flat = tf.pad(flat, ((0, sum(1 << power for power in pieces) - length),))
            found, start = [], 0
            for power in pieces:
                end = start + (1 << power)
                found.append(exchange(flat[start:end], power))
                start = end
            whole = tf.concat(found, 0)[:length] if len(found) > 1 else found[0][:length]
            parts = tf.split(whole, [int(np.prod(t.shape)) for t in tensors])
            pairs = zip(parts, tensors, strict=True)
            return [tf.cast(tf.reshape(part, t.shape), t.dtype) for part, t in pairs]


def _pieces(length: int) -> Iterator[int]:
    """Powers of two that hold so many values together."""
    while length > 1 << _LARGEST:
        yield _LARGEST
        length -= 1 << _LARGEST
    yield max(_SMALLEST, (length - 1).bit_length())


def _operations(size: int, timeout: float) -> tuple[Any, Any, Any]:
    """(piece, key) -> the sum; (piece, key) -> the piece, sent; (length, key) -> it, received."""
    group = {
        "group_size": size,
        "group_key": _GROUP,
        "timeout_seconds": timeout,
        "communication_hint": "auto",
    }

    def sums(piece: Any, key: Any) -> Any:
        return tf.raw_ops.CollectiveReduceV2(
            input=piece,
            instance_key=key,
            ordering_token=[],
            merge_op="Add",
            final_op="Id",
            **group,
        )

    def send(piece: Any, key: Any) -> Any:
        return tf.raw_ops.CollectiveBcastSendV2(input=piece, instance_key=key, **group)

    def receive(length: Any, key: Any) -> Any:
        return tf.raw_ops.CollectiveBcastRecvV2(
            instance_key=key, shape=[length], T=tf.float32, **group
        )

    piece, key = tf.TensorSpec((None,), tf.float32), tf.TensorSpec((), tf.int32)
    return (
        tf.function(sums, input_signature=[piece, key]),
        tf.function(send, input_signature=[piece, key]),
        tf.function(receive, input_signature=[key, key]),
    )


def _configure(size: int, timeout: float) -> None:
    """Have TensorFlow's own heartbeat be as patient as ``resource.timeout``.

    It takes a process for dead that is suspended for ten seconds; one that ends is noticed by the
    hub at once.
    """
    milliseconds = int(1000 * timeout)
    jobs = context.coordination_config_pb2.CoordinatedJob(name="worker", num_tasks=size)
    context.context().configure_coordination_service(
        service_type="standalone",
        service_leader="/job:worker/replica:0/task:0",
        cluster_register_timeout_in_ms=max(10_000, milliseconds),
        heartbeat_timeout_in_ms=max(10_000, milliseconds),
        shutdown_barrier_timeout_in_ms=1,  # they end one by one, and rank 0 last
        coordinated_jobs=[jobs],
    )


@contextmanager
def _as_runtime_errors() -> Iterator[None]:
    """What goes wrong between processes as RuntimeError, as other connections have it."""
    try:
        yield
    except tf.errors.OpError as error:
        text = str(error.message).strip() or type(error).__name__
        if isinstance(error, tf.errors.DeadlineExceededError):
            text = "Timed out"
        raise RuntimeError(text.splitlines()[-1]) from error
