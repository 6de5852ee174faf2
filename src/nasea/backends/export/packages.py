"""Optional packages: imported where they are used, what they print held back."""

from __future__ import annotations

import importlib
from typing import Any

from nasea.backends.user.held_back import held_back
from nasea.errors import NotAvailableError


def optional(module: str, package: str) -> Any:
    """Return a module of a package that need not be installed.

    Args:
        module: its full name.
        package: what to install it with.

    Raises:
        NotAvailableError: it cannot be imported, installed or not.
    """
    failure: Exception | None = None
    try:
        with held_back():
            return importlib.import_module(module)
    except Exception as error:  # a package for another release of a framework fails in any way
        failure = error
    lines = str(failure).strip().splitlines()
    raise NotAvailableError(
        f"{package} cannot be imported: {type(failure).__name__}: {lines[0] if lines else ''}",
        fix=f"pip install --upgrade {package}",
    ) from failure
