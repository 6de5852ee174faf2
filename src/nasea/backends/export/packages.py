"""Imports optional packages where they are used, and captures what they print."""

from __future__ import annotations

import importlib
from typing import Any

from nasea.backends.user.held_back import held_back
from nasea.errors import NotAvailableError


def optional(module: str, package: str) -> Any:
    """Import a module of an optional package.

    Args:
        module: its full name.
        package: the package to install for it.

    Raises:
        NotAvailableError: it cannot be imported, whether or not it is installed.
    """
    failure: Exception | None = None
    try:
        with held_back():
            return importlib.import_module(module)
    except Exception as error:  # a package for another release of the framework may raise anything
        failure = error
    lines = str(failure).strip().splitlines()
    raise NotAvailableError(
        f"{package} cannot be imported: {type(failure).__name__}: {lines[0] if lines else ''}",
        fix=f"pip install --upgrade {package}",
    ) from failure
