"""The framework that a scenario asks for, and no other."""

from __future__ import annotations

import os
from pathlib import Path

from nasea.backends.base import Backend, Role
from nasea.config import Scenario
from nasea.errors import NotAvailableError


def open_backend(scenario: Scenario, directory: Path, role: Role = "search") -> Backend:
    """The backend for ``scenario``, with the user's module imported and its interface checked.

    Args:
        scenario: what to search.
        directory: where ``user_module.py`` is.
        role: what for.

    Raises:
        NotAvailableError: a framework or task that this version or installation cannot serve.
        UserModuleError, UserCodeError: the user's module.
    """
    if scenario.framework == "tensorflow":
        load_tensorflow(scenario.keras_version)
        from nasea.backends.tensorflow.backend import TensorFlowBackend

        return TensorFlowBackend(scenario, directory, role)
    load_torch()
    from nasea.backends.torch.backend import TorchBackend

    return TorchBackend(scenario, directory, role)


def load_tensorflow(keras_version: int) -> None:
    """Import TensorFlow, with the Keras that is asked for.

    Raises:
        NotAvailableError: it is not installed, or imported with another Keras already.
    """
    from nasea.backends.tensorflow import environment

    environment.load_tensorflow(keras_version)


def load_torch() -> None:
    """Import what is behind PyTorch's backend.

    Raises:
        NotAvailableError: PyTorch is not installed.
    """
    # Threads that spin while they wait make torch up to fifty times slower as soon as anything else
    # runs on the machine, data workers included; sleeping costs tiny networks a tenth when the
    # machine is idle (docs/decisions/0007). Read once, when torch is loaded.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    try:
        import nasea.backends.torch.backend  # noqa: F401
    except ImportError as error:
        raise NotAvailableError(
            f"PyTorch cannot be imported: {error}", fix="pip install 'nasea[torch]'"
        ) from error
