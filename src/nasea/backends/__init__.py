"""Frameworks, each behind the same protocol; the one asked for is imported, the other never."""

from nasea.backends.base import Backend
from nasea.backends.distributed.process_group import ProcessGroup, SingleProcess
from nasea.backends.opening import (
    follow,
    open_backend,
    open_process_group,
    single_process,
)

__all__ = [
    "Backend",
    "ProcessGroup",
    "SingleProcess",
    "follow",
    "open_backend",
    "open_process_group",
    "single_process",
]
