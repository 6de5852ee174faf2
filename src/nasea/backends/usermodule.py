"""Finding, importing and checking the user's module: what both frameworks have in common."""

from __future__ import annotations

import importlib
import inspect
import sys
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from nasea.errors import NaseaError, UserCodeError, UserModuleError

MODULE_NAME = "user_module"
FILE_NAME = f"{MODULE_NAME}.py"

Interface = Mapping[str, Mapping[str, Sequence[str]]]
"""Class -> method -> names of the arguments nasea passes, in order."""


def import_user_module(directory: Path) -> ModuleType:
    """Import ``user_module.py`` from ``directory``, which goes on ``sys.path``.

    It is imported under its own name, so that processes started later find it the same way.

    Raises:
        UserModuleError: there is no such file, or it is not readable Python.
        UserCodeError: importing it raises.
    """
    path = directory / FILE_NAME
    if not path.is_file():
        raise UserModuleError(
            f"{FILE_NAME} was not found in {directory}",
            fix="run the command in the directory that holds it, or start with `nasea init`",
        )
    if str(directory) not in sys.path:
        sys.path.insert(0, str(directory))
    importlib.invalidate_caches()
    sys.modules.pop(MODULE_NAME, None)
    with user_code(f"importing {FILE_NAME}", directory):
        module = importlib.import_module(MODULE_NAME)
    found = Path(str(module.__file__)).resolve()
    if found != path.resolve():
        raise UserModuleError(
            f"importing {MODULE_NAME!r} found {found}, not {path}",
            fix="take the other directory off PYTHONPATH",
        )
    return module


def check_interface(module: ModuleType, interface: Interface) -> None:
    """Raise UserModuleError, naming all that is missing or cannot be called as nasea calls it."""
    problems: list[str] = []
    for class_name, methods in interface.items():
        found = getattr(module, class_name, None)
        if not inspect.isclass(found):
            problems.append(f"class {class_name} is missing")
            continue
        for method, arguments in methods.items():
            expected = f"{class_name}.{method}({', '.join(['self', *arguments])})"
            function = getattr(found, method, None)
            if function is None:
                problems.append(f"method {expected} is missing")
            elif not _accepts(function, len(arguments)):
                signature = f"{class_name}.{method}{inspect.signature(function)}"
                problems.append(f"{signature} must accept {expected}")
    if problems:
        lines = "\n".join(f"  {problem}" for problem in problems)
        raise UserModuleError(
            f"{module.__file__} does not have the expected interface:\n{lines}",
            fix="see docs/reference/user-module.md; `nasea init` writes a working example",
        )


def _accepts(function: Any, positional: int) -> bool:
    try:
        inspect.signature(function).bind(*[None] * (positional + 1))
    except TypeError:
        return False
    except ValueError:  # no signature to be had: a built-in or an extension type
        return True
    return True


@contextmanager
def user_code(doing: str, directory: Path) -> Iterator[None]:
    """Turn what the user's code raises into an error that shows the user's frames.

    Args:
        doing: what nasea asked for, e.g. ``UserModule.loss_func(labels, logits)``.
        directory: where the user's files are.
    """
    try:
        yield
    except NaseaError:
        raise
    except SystemExit as error:
        trace = user_frames(error, directory)
        raise UserCodeError(doing, f"{trace}it called exit({error.code!r})") from error
    except Exception as error:
        raise UserCodeError(doing, user_frames(error, directory)) from error


def user_frames(error: BaseException, directory: Path) -> str:
    """The traceback without nasea's own frames, nor the framework's above the user's last one."""
    report = traceback.TracebackException.from_exception(error)
    frames = list(report.stack)
    mine = [i for i, frame in enumerate(frames) if _is_user_file(frame.filename, directory)]
    if mine:
        kept = [frames[i] for i in mine]
        report.stack = traceback.StackSummary.from_list(kept)
    elif frames:
        report.stack = traceback.StackSummary.from_list(frames[-1:])
    report.__cause__ = None
    report.__context__ = None
    return "".join(report.format())


def _is_user_file(filename: str, directory: Path) -> bool:
    path = Path(filename)
    return path.is_relative_to(directory) and "site-packages" not in path.parts
