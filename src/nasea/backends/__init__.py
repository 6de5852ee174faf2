"""Frameworks, each behind the same backend; the one asked for is imported, the other never."""

from nasea.backends.base import AttachedBackend, Backend, ProbedBackend, TrainingBackend
from nasea.backends.distributed.process_group import ProcessGroup, SingleProcess
from nasea.backends.opening import (
    follow,
    open_backend,
    open_process_group,
    single_process,
)

__all__ = [
    "AttachedBackend",
    "Backend",
    "ProbedBackend",
    "ProcessGroup",
    "SingleProcess",
    "TrainingBackend",
    "follow",
    "open_backend",
    "open_process_group",
    "single_process",
]
