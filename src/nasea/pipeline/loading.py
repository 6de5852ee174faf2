"""``nasea.load``: load a result as a network with its weights."""

from __future__ import annotations

import importlib.util
import re
import sys
import traceback
from pathlib import Path
from types import ModuleType
from typing import Any

from nasea.backends import import_user_code
from nasea.backends.user.module import FILE_NAME, is_user_file, user_frames
from nasea.errors import NaseaError, NotAvailableError, ResultsError, UserCodeError
from nasea.results.picked import Result, pick_result

_FURTHEST = 4
"""Folders above a result in which ``user_module.py`` is looked for: ``near_3M/retrained_2``."""


def load_network(results: Path, number: int | None, directory: Path | None = None) -> Any:
    """Return the network of a result, built by its generated file, with its weights.

    Args:
        results: results directory of a search or retraining, or of candidates near a budget.
        number: N of ``model_arch_result_N.py``; may be omitted if there is only one.
        directory: where ``user_module.py`` is; by default beside the results, else the current
            directory.

    Returns:
        A ``torch.nn.Module`` in evaluation mode, on the CPU, or a ``tf.keras.Model``.

    Raises:
        ResultsError: there is no such network, or its files are damaged.
        UserModuleError, UserCodeError: ``user_module.py`` is invalid or fails.
        NotAvailableError: the framework is not installed.
    """
    result = pick_result(results, number)
    file = _file_of(result)
    home = _home_of(result, directory)
    framework = result.info.framework.lower()
    user_module = import_user_code(framework, home, _keras_of(file))
    try:
        module = _imported(file)
        # It would search the current directory first, which may belong to another project.
        vars(module)["import_user_module"] = lambda: user_module
        return module.load_model(result.weights)
    except Exception as error:
        raise _load_error(error, result, file, home) from error


def _file_of(result: Result) -> Path:
    """Return the path of the generated file; check that it and the weights exist."""
    path = (result.directory / f"{result.name}.py").resolve()
    if not path.is_file():
        raise ResultsError(f"{path} is not there", fix="put back the file that nasea wrote")
    result.require_weights()
    return path


def _home_of(result: Result, directory: Path | None) -> Path:
    if directory is not None:
        return directory.resolve()
    here = result.directory.resolve()
    for folder in (here, *list(here.parents)[: _FURTHEST - 1]):
        if (folder / FILE_NAME).is_file():
            return folder
    return Path.cwd()


def _keras_of(file: Path) -> int:
    """Return the version of Keras that a generated file of TensorFlow asks for."""
    third = re.search(r"""^KERAS, LEGACY = ["']keras["']""", file.read_text("utf-8"), re.MULTILINE)
    return 3 if third else 2


def _imported(file: Path) -> ModuleType:
    """Return the generated file, imported under its own name."""
    spec = importlib.util.spec_from_file_location(file.stem, file)
    assert spec is not None and spec.loader is not None, "a Python file has a loader"
    module = importlib.util.module_from_spec(spec)
    before = sys.modules.get(file.stem)
    sys.modules[file.stem] = module  # so that the network can be pickled
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[file.stem]
        if before is not None:
            sys.modules[file.stem] = before
        raise
    return module


def _load_error(error: Exception, result: Result, file: Path, home: Path) -> NaseaError:
    """Return the error: of the installation, the user's code, or the files."""
    if isinstance(error, NaseaError):
        return error
    files = {frame.filename for frame in traceback.extract_tb(error.__traceback__)}
    if any(is_user_file(name, home) for name in files - {str(file)}):
        return UserCodeError("PreNet(), PostNet()", user_frames(error, home))
    if isinstance(error, ImportError):
        return NotAvailableError(f"{file.name}: {error}")
    reason = "\n".join(str(error).strip().splitlines()[:4]) or type(error).__name__
    return ResultsError(
        f"{result.weights} cannot be loaded: {reason}",
        fix="use the user_module.py of the search that found it, and the files as nasea wrote them",
    )
