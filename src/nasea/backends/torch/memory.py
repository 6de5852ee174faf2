"""Memory that is short: one exception for it, whoever noticed, and how to get some back."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from nasea.backends.memory import ShortOfMemory
from nasea.backends.user.module import text_of
from nasea.errors import TrainingError, UserCodeError

_SIGNS = (
    "out of memory",  # CUDA, outside of torch's own allocator
    "can't allocate memory",  # torch's allocator for the CPU
    "not enough memory: you tried to allocate",  # the same on Windows
    "CUBLAS_STATUS_ALLOC_FAILED",
    "CUDNN_STATUS_ALLOC_FAILED",
)
_ADDRESS = "DefaultCPUAllocator: "


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an exception says that the device or the machine has no memory left."""
    error = _without_user(error)
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    return isinstance(error, RuntimeError) and any(sign in text_of(error) for sign in _SIGNS)


def as_out_of_memory(error: BaseException) -> torch.OutOfMemoryError:
    """The exception that stands for all of them, with the first line of what was said."""
    error = _without_user(error)
    told = text_of(error).strip() or type(error).__name__
    return torch.OutOfMemoryError(told.splitlines()[0].rpartition(_ADDRESS)[2])


def _without_user(error: BaseException) -> BaseException:
    """What the user's code raised, where the error tells that it did."""
    while isinstance(error, UserCodeError) and error.__cause__ is not None:
        error = error.__cause__
    return error


@contextmanager
def one_exception() -> Iterator[None]:
    """Within it whatever says that memory is short is a ShortOfMemory."""
    try:
        yield
    except (RuntimeError, MemoryError, UserCodeError) as error:
        if not is_out_of_memory(error):
            raise
        raise ShortOfMemory(str(as_out_of_memory(error))) from error


@contextmanager
def told_in_training(update: int) -> Iterator[None]:
    """Within it memory that is short is told as what ends a training.

    Args:
        update: the number of the update, from 1.

    Raises:
        TrainingError: memory is short.
    """
    try:
        with one_exception():
            yield
    except ShortOfMemory as error:
        raise TrainingError(
            f"out of memory at update {update}: {error}",
            fix="lower strategy.batch_size; the last checkpoint is intact",
        ) from error


def give_back(device: torch.device) -> None:
    """Free what nobody needs any more."""
    gc.collect()
    if device.type == "cuda":
        torch.cuda.empty_cache()
