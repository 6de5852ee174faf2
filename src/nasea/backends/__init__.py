"""The backends: each drives one framework, and only the one asked for is imported."""

from nasea.backends.base import AttachedBackend, Backend, ProbedBackend, TrainingBackend
from nasea.backends.distributed.process_group import ProcessGroup, SingleProcess
from nasea.backends.opening import (
    follow,
    import_user_code,
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
    "import_user_code",
    "open_backend",
    "open_process_group",
    "single_process",
]
