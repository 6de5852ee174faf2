"""Opens the framework that a scenario asks for, in one process or in one for each device."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from nasea.backends.base import Backend
from nasea.backends.distributed.launch import current_launch
from nasea.backends.distributed.process_group import OpenProcessGroup, ProcessGroup, SingleProcess
from nasea.backends.network.operations import Operations
from nasea.backends.records import Role
from nasea.backends.user.module import import_user_module
from nasea.config import Scenario
from nasea.errors import NotAvailableError
from nasea.install import install_line


def open_backend(scenario: Scenario, directory: Path, role: Role = "search") -> Backend:
    """Open the backend for ``scenario``: import the user's module and check its interface.

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
        from nasea.backends.tensorflow.framework import TensorFlowFramework

        return Backend(TensorFlowFramework(scenario, directory, role))
    load_torch()
    from nasea.backends.torch.framework import TorchFramework

    return Backend(TorchFramework(scenario, directory, role))


def load_tensorflow(keras_version: int) -> None:
    """Import TensorFlow, with the Keras that is asked for.

    Raises:
        NotAvailableError: it is not installed, or imported with another Keras already.
    """
    from nasea.backends.tensorflow import environment

    environment.load_tensorflow(keras_version)


def load_torch() -> None:
    """Import PyTorch and its half of a backend.

    Raises:
        NotAvailableError: PyTorch is not installed.
    """
    # Threads that spin while they wait make torch up to fifty times slower as soon as anything else
    # runs on the machine, data workers included; sleeping costs tiny networks a tenth when the
    # machine is idle (docs/decisions/0007). Read once, when torch is loaded.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    try:
        import nasea.backends.torch.framework  # noqa: F401
    except ImportError as error:
        raise NotAvailableError(
            f"PyTorch cannot be imported: {error}", fix=install_line("torch")
        ) from error


def import_user_code(framework: str, directory: Path, keras_version: int = 2) -> ModuleType:
    """Import ``user_module.py`` as a run of a framework does.

    Args:
        framework: ``pytorch`` or ``tensorflow``.
        directory: where it is.
        keras_version: for TensorFlow: 2 (the package tf-keras) or 3.

    Raises:
        NotAvailableError: the framework is not installed, or imported with another Keras.
        UserModuleError, UserCodeError: there is no such file, or it cannot be imported.
    """
    if framework == "tensorflow":
        load_tensorflow(keras_version)
        from nasea.backends.tensorflow.user.classic.importing import import_classic

        return import_classic(directory.resolve())[0]
    load_torch()
    return import_user_module(directory.resolve())


def operations_of(framework: str) -> Operations:
    """Return how a framework, which is imported already, computes the vocabulary."""
    if framework == "tensorflow":
        from nasea.backends.tensorflow.network.operations import OPERATIONS
    else:
        from nasea.backends.torch.network.operations import OPERATIONS
    return OPERATIONS


def single_process() -> SingleProcess:
    """Return a run in this process alone."""
    return SingleProcess(open_backend)


@contextmanager
def open_process_group(scenario: Scenario, on_stop: Callable[[], None]) -> Iterator[ProcessGroup]:
    """Return the processes that ``resource.gpu_id`` or a launcher asks for, on rank 0.

    Args:
        scenario: device ids and time limits.
        on_stop: called when another process was asked to stop; more than once, maybe.

    Raises:
        NotAvailableError: the devices or the framework are not there.
        RankLostError: a process did not come up.
    """
    if current_launch() is None and len(scenario.resource.gpu_ids) < 2:
        yield single_process()
        return
    with _open_framework(scenario)(scenario, on_stop) as group:
        yield group


def follow(scenario: Scenario) -> Any:
    """Compute for rank 0 until it is done; for every other rank that a launcher started.

    Returns:
        The outcome that rank 0 sent, JSON values.

    Raises:
        NaseaError: rank 0 failed; its message.
        RankLostError: rank 0 is gone.
    """
    if scenario.framework == "tensorflow":
        _require_tensorflow_launcher()
        load_tensorflow(scenario.keras_version)
        from nasea.backends.tensorflow.distributed.follower import follow_launched
    else:
        load_torch()
        from nasea.backends.torch.distributed.follower import follow_launched

    return follow_launched(scenario)


def _open_framework(scenario: Scenario) -> OpenProcessGroup:
    """Return the function that opens several processes of the framework."""
    if scenario.framework == "tensorflow":
        _require_tensorflow_launcher()
        load_tensorflow(scenario.keras_version)
        from nasea.backends.tensorflow.distributed.process_group import open_tensorflow_group

        return open_tensorflow_group
    load_torch()
    from nasea.backends.torch.distributed.process_group import open_torch_group

    return open_torch_group


def _require_tensorflow_launcher() -> None:
    launch = current_launch()
    if launch is not None and launch.launcher == "torchrun":
        raise NotAvailableError(
            "torchrun keeps the port where the processes of a TensorFlow search would meet",
            fix="set TF_CONFIG for each process, or start them by mpirun; on one machine list the "
            "devices in resource.gpu_id and start the command by itself",
        )
