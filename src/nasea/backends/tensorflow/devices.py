"""Device, threads and random generators of one process."""

from __future__ import annotations

import os
import random

import tensorflow as tf
from tensorflow.python.eager import context

from nasea.backends.distributed.visibility import require_own_device, show_only
from nasea.backends.training.randomness import seed_generators
from nasea.config import Scenario
from nasea.errors import NotAvailableError, Notice


def open_device(
    scenario: Scenario, notices: list[Notice], local_rank: int = 0, processes: int = 1
) -> str:
    """Name of the device of this process; the CPU with a notice where there is no GPU.

    Args:
        scenario: which one.
        notices: where what the user should know goes.
        local_rank: which process of this machine this is,
        processes: and of how many; the cores are divided among them.

    Raises:
        NotAvailableError: CUDA was asked for and is not there, or the id is beyond those that
            CUDA_VISIBLE_DEVICES leaves.
    """
    resource = scenario.resource
    if resource.precision == "auto":
        notices.append(Notice("resource.precision", "TensorFlow trains in float32"))
    try:
        if resource.device != "cpu":
            show_only(resource.gpu_ids[min(local_rank, len(resource.gpu_ids) - 1)])
        threads = resource.threads
        if threads is None and processes > 1:
            threads = max(1, (os.cpu_count() or 1) // processes)
        if threads:
            tf.config.threading.set_intra_op_parallelism_threads(threads)
            tf.config.threading.set_inter_op_parallelism_threads(threads)
        gpus = tf.config.list_physical_devices("GPU")
        if resource.device == "cpu" and gpus:
            tf.config.set_visible_devices([], "GPU")
        for gpu in gpus:
            tf.config.experimental.set_memory_growth(gpu, True)
    except RuntimeError:  # TensorFlow is already initialised in this process and stays as it is
        gpus = tf.config.list_logical_devices("GPU")
    if resource.device == "cpu":
        return "/CPU:0"
    if gpus:
        require_own_device(resource.gpu_ids, local_rank)
        return "/GPU:0"
    if resource.device == "cuda":
        raise NotAvailableError(
            "resource.device: cuda was asked for, but TensorFlow finds no GPU",
            fix="use device: auto or cpu, or pip install 'tensorflow[and-cuda]'",
        )
    notices.append(Notice("resource", "no CUDA device: running on the CPU"))
    return "/CPU:0"


def device_name(device: str) -> str:
    """Return the device as its maker calls it."""
    if device.startswith("/CPU"):
        return "CPU"
    details = tf.config.experimental.get_device_details(tf.config.list_physical_devices("GPU")[0])
    return str(details.get("device_name", "GPU"))


def seed_everything(*seed: int) -> None:
    """Seed Python's, NumPy's and TensorFlow's global generators, which user code draws from.

    It holds for operations made from now on. ``tf.random.set_seed`` would also have functions
    traced before draw from the beginning, but throws all of them out of memory for that: making
    them ready again takes longer than an epoch of a small data set.
    """
    number = seed_generators(*seed)
    eager = context.context()
    eager._seed = number
    eager._rng = random.Random(number)
