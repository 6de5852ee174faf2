"""Finds, imports and checks the user's module, for both frameworks."""

from __future__ import annotations

import functools
import importlib
import inspect
import linecache
import sys
import traceback
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FunctionType, MethodType, ModuleType
from typing import Any

from nasea.errors import NaseaError, UserCodeError, UserModuleError

MODULE_NAME = "user_module"
FILE_NAME = f"{MODULE_NAME}.py"

CLASSIFICATION_MODULE = "user_module_cls"
"""An optional classification module beside the user's own, used by pre-training."""

_OWN_CODE = Path(__file__).parents[2]

_UNIQUE_METHODS = {
    "PyTorch": {"dataset_define", "scheduler_define", "metrics_func", "loss_func"},
    "TensorFlow": {"build_dataset_search", "lr_scheduler", "metrics_op", "loss_op"},
}
"""Framework -> methods of UserModule that only its modules have."""

Interface = Mapping[str, Mapping[str, Sequence[str]]]
"""Class -> method -> names of the arguments that nasea passes, in order."""


def import_user_module(directory: Path, name: str = MODULE_NAME, anew: bool = True) -> ModuleType:
    """Import ``user_module.py`` from ``directory``, which is put on ``sys.path``.

    It is imported under its own name, so that processes started later find it too.

    Args:
        directory: the directory of the file.
        name: name of the module, if it is not the user's own.
        anew: whether to reload the module and its imports, since an earlier run in this process may
            have imported other modules of the same names.

    Raises:
        UserModuleError: the file does not exist, or is shadowed by another module.
        UserCodeError: importing it raises.
    """
    path = directory / f"{name}.py"
    if not path.is_file():
        raise UserModuleError(
            f"{path.name} was not found in {directory}",
            fix="run the command in the directory that holds it, or start with `nasea init`",
        )
    if sys.path[:1] != [str(directory)]:  # an earlier run in this process may precede it
        sys.path.insert(0, str(directory))
    importlib.invalidate_caches()
    if anew:
        _forget_user_modules(directory)
    try:
        with user_code(f"importing {path.name}", directory):
            module = importlib.import_module(name)
    except UserCodeError:
        _forget_user_modules(directory)  # what it had imported by then
        raise
    found = Path(str(module.__file__)).resolve()
    if found != path.resolve():
        raise UserModuleError(
            f"importing {name!r} found {found}, not {path}",
            fix="take the other directory off PYTHONPATH",
        )
    return module


def user_files(directory: Path) -> list[Path]:
    """Return the imported files below ``directory``, including ``user_module.py``."""
    return sorted({Path(str(module.__file__)) for module in _user_modules(directory).values()})


def _user_modules(directory: Path) -> dict[str, ModuleType]:
    return {
        name: module
        for name, module in list(sys.modules.items())
        if name != "__main__"
        and isinstance(getattr(module, "__file__", None), str)
        and is_user_file(str(module.__file__), directory)
    }


def _forget_user_modules(directory: Path) -> None:
    """Forget modules that an earlier run in this process imported, since they may be outdated.

    That run may have used another directory with modules of the same names.
    """
    before = getattr(sys.modules.get(MODULE_NAME), "__file__", None)
    for each in {directory, Path(before).parent if before else directory}:
        for name in _user_modules(each):
            del sys.modules[name]
    linecache.checkcache()  # autograph reads the source of functions from this cache


def check_interface(
    module: ModuleType, interface: Interface, unwritten: Collection[object] = ()
) -> None:
    """Check that all classes and methods exist and accept the arguments that nasea passes.

    Args:
        module: the user's module.
        interface: the required classes and methods.
        unwritten: functions of base classes; a method that is one of them counts as missing.

    Raises:
        UserModuleError: lists everything that is missing or has the wrong signature.
    """
    _refuse_other_framework(module, interface)
    problems: list[str] = []
    for class_name, methods in interface.items():
        found = getattr(module, class_name, None)
        if not inspect.isclass(found):
            problems += _problems_of_maker(class_name, found)
            continue
        for method, arguments in methods.items():
            expected = f"{class_name}.{method}({', '.join(['self', *arguments])})"
            function = getattr(found, method, None)
            if function is None or _is_unwritten(function, arguments, unwritten):
                problems.append(f"method {expected} is missing")
            elif not callable(function):
                problems.append(f"{class_name}.{method} must be a method, {expected}")
            elif not accepts(function, len(arguments) + _takes_self(found, method)):
                signature = f"{class_name}.{method}{inspect.signature(function)}"
                problems.append(f"{signature} must accept {expected}")
    if problems:
        lines = "\n".join(f"  {problem}" for problem in problems)
        raise UserModuleError(
            f"{module.__file__} does not have the expected interface:\n{lines}",
            fix="see docs/reference/user-module.md; `nasea init` writes a working example",
        )


def _problems_of_maker(name: str, found: object) -> list[str]:
    """List the problems of an object in place of a class; PreNet and PostNet may be functions."""
    if found is None:
        return [f"class {name} is missing"]
    if name == "UserModule":
        return [f"{name} must be a class, found {_in_words(found)}"]
    if not isinstance(found, FunctionType | MethodType | functools.partial):
        return [
            f"{name} must be a class, or a function that makes a new model whenever it is called "
            f"(def {name}(): return …), found {_in_words(found)}"
        ]
    if not accepts(found, 0):
        return [f"{name}{inspect.signature(found)} must work without arguments: {name}()"]
    return []


def _in_words(found: object) -> str:
    kind = type(found)
    return f"an object of {kind.__module__}.{kind.__qualname__}"


def require_new(name: str, file: str, parts: Iterable[object], again: Iterable[object]) -> None:
    """Raise UserModuleError if a function returned the same model, or the same weights, twice.

    Args:
        name: ``PreNet`` or ``PostNet``.
        file: name of the user's file, for messages.
        parts: the first model and its weights.
        again: the second model and its weights.
    """
    if {id(part) for part in parts} & {id(part) for part in again}:
        raise UserModuleError(
            f"{file}: {name}() returns the same model, or the same weights, every time",
            fix=f"make model and layers inside of the function {name}: every network has its own",
        )


def _refuse_other_framework(module: ModuleType, interface: Interface) -> None:
    written = set(vars(getattr(module, "UserModule", object)))
    for framework, methods in _UNIQUE_METHODS.items():
        if written & methods and not methods & set(interface["UserModule"]):
            found = ", ".join(sorted(written & methods))
            raise UserModuleError(
                f"{module.__file__} is written for {framework} (UserModule has {found}), which is "
                "not what strategy.framework says",
                fix=f"use framework: {framework}, or the user_module.py of the other framework",
            )


def accepts(function: Any, positional: int) -> bool:
    """Return whether ``function`` can be called with ``positional`` positional arguments."""
    try:
        inspect.signature(function).bind(*[None] * positional)
    except TypeError:
        return False
    except ValueError:  # a built-in or an extension type has no signature
        return True
    return True


def _takes_self(found: type, method: str) -> bool:
    function = inspect.getattr_static(found, method)
    return hasattr(function, "__get__") and not isinstance(function, staticmethod | classmethod)


def _is_unwritten(
    function: object, arguments: Sequence[str], unwritten: Collection[object]
) -> bool:
    # A class without __init__ has that of object, which suffices if no arguments are passed.
    return any(function is known for known in unwritten) or (
        function is object.__init__ and bool(arguments)
    )


@contextmanager
def user_code(doing: str, directory: Path) -> Iterator[None]:
    """Turn an exception of the user's code into UserCodeError, which shows the user's frames only.

    Args:
        doing: the call nasea made, e.g. ``UserModule.loss_func(labels, logits)``.
        directory: the directory of the user's files.
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
    """Format the traceback of an exception with the frames of the user's files only."""
    report = traceback.TracebackException.from_exception(error)
    mine = [frame for frame in report.stack if is_user_file(frame.filename, directory)]
    report.stack = traceback.StackSummary.from_list(mine)
    report.__cause__ = None
    report.__context__ = None
    lines = "".join(report.format())
    return lines if mine else lines.removeprefix("Traceback (most recent call last):\n")


def text_of(error: BaseException) -> str:
    """Return the text of an exception; empty if its ``__str__`` raises."""
    try:
        return str(error)
    except Exception:
        return ""


def is_user_file(filename: str, directory: Path) -> bool:
    """Return whether a file is the user's: below ``directory``, not installed, not nasea's."""
    if not filename.startswith(str(directory)):  # fast path: called for thousands of modules
        return False
    path = Path(filename)
    return (
        path.is_relative_to(directory)
        and "site-packages" not in path.parts
        and not path.is_relative_to(_OWN_CODE)
    )
