"""Out-of-memory errors: one exception for all of them, and how to free memory."""

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
    """Return whether an exception says that the device or the machine is out of memory."""
    error = _without_user(error)
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    return isinstance(error, RuntimeError) and any(sign in text_of(error) for sign in _SIGNS)


def as_out_of_memory(error: BaseException) -> torch.OutOfMemoryError:
    """Return the exception as torch.OutOfMemoryError, with the first line of its text."""
    error = _without_user(error)
    text = text_of(error).strip() or type(error).__name__
    return torch.OutOfMemoryError(text.splitlines()[0].rpartition(_ADDRESS)[2])


def _without_user(error: BaseException) -> BaseException:
    """Return what the user's code raised, if the error wraps that."""
    while isinstance(error, UserCodeError) and error.__cause__ is not None:
        error = error.__cause__
    return error


@contextmanager
def one_exception() -> Iterator[None]:
    """Turn every out-of-memory exception into ShortOfMemory."""
    try:
        yield
    except (RuntimeError, MemoryError, UserCodeError) as error:
        if not is_out_of_memory(error):
            raise
        raise ShortOfMemory(str(as_out_of_memory(error))) from error


@contextmanager
def report_out_of_memory(update: int) -> Iterator[None]:
    """Turn every out-of-memory exception of a training update into TrainingError.

    Args:
        update: the number of the update, from 1.

    Raises:
        TrainingError: memory ran out.
    """
    try:
        with one_exception():
            yield
    except ShortOfMemory as error:
        raise TrainingError(
            f"out of memory at update {update}: {error}",
            fix="lower strategy.batch_size; the last checkpoint is intact",
        ) from error


def release_memory(device: torch.device) -> None:
    """Free memory that is no longer referenced."""
    gc.collect()
    if device.type == "cuda":
        torch.cuda.empty_cache()
