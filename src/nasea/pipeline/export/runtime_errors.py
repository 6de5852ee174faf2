"""Errors of the runtimes that run exported files."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from nasea.backends.export.exporter import Array, Run
from nasea.backends.export.formats import Format
from nasea.backends.export.older_runtime import older_than_the_file
from nasea.errors import ExportError, NaseaError


@contextmanager
def runtime_errors(format: Format, name: str) -> Iterator[None]:
    """Turn whatever a runtime raises into an ExportError.

    Args:
        format: the format of the file.
        name: name of the file, for messages.
    """
    try:
        yield
    except (NaseaError, MemoryError):
        raise
    except Exception as error:  # each runtime raises its own exceptions
        lines = str(error).strip().splitlines()
        fix = "use another --format"
        if older_than_the_file(str(error)):
            packages = " ".join(package for _, package in format.packages)
            packages = packages or {"pytorch": "torch"}.get(format.framework, format.framework)
            fix = f"it is older than the file: pip install --upgrade {packages}"
        raise ExportError(
            f"{format.runtime} cannot run {name}, which was not kept: {type(error).__name__}: "
            f"{lines[0] if lines else ''}",
            fix=fix,
        ) from error


def guarded(run: Run, format: Format, name: str) -> Run:
    """Return the function, with :func:`runtime_errors`."""

    def guarded_run(images: Array) -> list[Array]:
        with runtime_errors(format, name):
            return run(images)

    return guarded_run
