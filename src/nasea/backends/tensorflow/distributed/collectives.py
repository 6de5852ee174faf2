"""Sums and copies of tensors over the ranks, with TensorFlow's collective operations.

``tf.distribute.MultiWorkerMirroredStrategy`` connects the processes: rings over gRPC on CPUs, NCCL
on GPUs. Its variables and its ``run`` are not used: a path is a chain of functions, each traced
separately (docs/decisions/0008), and each rank runs them as a single process would
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
"""Tensors are sent in chunks of 2^22 floats (16 MB), the last one a smaller power of two.

A collective operation has one fixed shape for each instance key, so there must be few shapes.
"""

_GROUP = 7_000
_SUM, _COPY = 7_100, 7_200  # instance keys that the strategy does not use itself


class Collectives:
    """This process among those that exchange tensors; a process can have only one in its lifetime.

    Args:
        addresses: ``host:port`` of all ranks, where TensorFlow's server may listen.
        rank: this rank.
        device: where tensors are summed, ``/CPU:0`` or ``/GPU:0``.
        timeout: seconds that a rank may keep the others waiting.

    Raises:
        NotAvailableError: TensorFlow was used in this process before.
        RuntimeError: another rank does not join in time.
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
            # Kept alive, since it owns the server.
            self._strategy = tf.distribute.MultiWorkerMirroredStrategy(
                cluster_resolver=resolver, communication_options=options
            )
        self._sum, self._send, self._receive = _operations(self._size, timeout)

    def sum_over_ranks(self, tensors: Sequence[Any]) -> list[Any]:
        """Return the sums of tensors over the ranks; shapes and order are the same on all ranks."""
        return self._exchange(tensors, lambda chunk, power: self._sum(chunk, _SUM + power))

    def broadcast(self, tensors: Sequence[Any]) -> list[Any]:
        """Return rank 0's tensors, bit for bit; shapes and order are the same on all ranks."""

        def copy(chunk: Any, power: int) -> Any:
            if self._first:
                return self._send(chunk, _COPY + power)
            return self._receive(1 << power, _COPY + power)

        return self._exchange(tensors, copy)

    def abort(self) -> None:
        """Abort pending and future collective operations; called from another thread."""
        context.context().abort_collective_ops(tf.errors.UNAVAILABLE, "a process is gone")

    def _exchange(self, tensors: Sequence[Any], exchange: Callable[[Any, int], Any]) -> list[Any]:
        """Apply ``exchange`` to all values, as float32 chunks; return tensors of the same shapes.

        Args:
            tensors: the tensors.
            exchange: (chunk of 2^power values, power) -> the chunk to put in its place.
        """
        if not tensors:
            return []
        with _as_runtime_errors(), tf.device(self._device):
            flat = tf.concat([tf.cast(tf.reshape(t, (-1,)), tf.float32) for t in tensors], 0)
            length = int(flat.shape[0])
            powers = list(_chunk_powers(length))
            flat = tf.pad(flat, ((0, sum(1 << power for power in powers) - length),))
            found, start = [], 0
            for power in powers:
                end = start + (1 << power)
                found.append(exchange(flat[start:end], power))
                start = end
            whole = tf.concat(found, 0)[:length] if len(found) > 1 else found[0][:length]
            parts = tf.split(whole, [int(np.prod(t.shape)) for t in tensors])
            pairs = zip(parts, tensors, strict=True)
            return [tf.cast(tf.reshape(part, t.shape), t.dtype) for part, t in pairs]


def _chunk_powers(length: int) -> Iterator[int]:
    """Yield the powers of two of the chunks that hold ``length`` values together."""
    while length > 1 << _LARGEST:
        yield _LARGEST
        length -= 1 << _LARGEST
    yield max(_SMALLEST, (length - 1).bit_length())


def _operations(size: int, timeout: float) -> tuple[Any, Any, Any]:
    """Return the functions sum(chunk, key), send(chunk, key) and receive(length, key)."""
    group = {
        "group_size": size,
        "group_key": _GROUP,
        "timeout_seconds": timeout,
        "communication_hint": "auto",
    }

    def sums(chunk: Any, key: Any) -> Any:
        return tf.raw_ops.CollectiveReduceV2(
            input=chunk,
            instance_key=key,
            ordering_token=[],
            merge_op="Add",
            final_op="Id",
            **group,
        )

    def send(chunk: Any, key: Any) -> Any:
        return tf.raw_ops.CollectiveBcastSendV2(input=chunk, instance_key=key, **group)

    def receive(length: Any, key: Any) -> Any:
        return tf.raw_ops.CollectiveBcastRecvV2(
            instance_key=key, shape=[length], T=tf.float32, **group
        )

    chunk, key = tf.TensorSpec((None,), tf.float32), tf.TensorSpec((), tf.int32)
    return (
        tf.function(sums, input_signature=[chunk, key]),
        tf.function(send, input_signature=[chunk, key]),
        tf.function(receive, input_signature=[key, key]),
    )


def _configure(size: int, timeout: float) -> None:
    """Set the timeouts of TensorFlow's own heartbeat to ``resource.timeout``.

    By default it takes a process that is suspended for ten seconds for dead. The hub notices at
    once when a process ends.
    """
    milliseconds = int(1000 * timeout)
    jobs = context.coordination_config_pb2.CoordinatedJob(name="worker", num_tasks=size)
    context.context().configure_coordination_service(
        service_type="standalone",
        service_leader="/job:worker/replica:0/task:0",
        cluster_register_timeout_in_ms=max(10_000, milliseconds),
        heartbeat_timeout_in_ms=max(10_000, milliseconds),
        shutdown_barrier_timeout_in_ms=1,  # the processes end one by one, rank 0 last
        coordinated_jobs=[jobs],
    )


@contextmanager
def _as_runtime_errors() -> Iterator[None]:
    """Turn errors between processes into RuntimeError, which other connections raise as well."""
    try:
        yield
    except tf.errors.OpError as error:
        text = str(error.message).strip() or type(error).__name__
        if isinstance(error, tf.errors.DeadlineExceededError):
            text = "Timed out"
        raise RuntimeError(text.splitlines()[-1]) from error
