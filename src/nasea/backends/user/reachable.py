"""What an object of the user's holds: its attributes, and those of what they hold."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import FunctionType, MethodType, ModuleType
from typing import Any

from nasea.backends.user.module import is_user_file

_MOST_ITEMS = 1000
"""Containers with more hold data, not state."""

_MOST = 20_000
"""So many objects are looked at."""

CODE = (type, ModuleType, FunctionType, MethodType)
"""Types of what holds no state of a training."""


def reachable(
    root: object, directory: Path, whole: tuple[type, ...] = ()
) -> Iterator[tuple[str, Any]]:
    """The (name, object) pairs of what is held, each object once, nearest first.

    Args:
        root: an object of a class of the user's.
        directory: where the user's files are; the attributes of objects of classes from there are
            looked into, and lists, tuples, sets and dicts of up to 1000 items; all else is not.
        whole: types that are not looked into either.
    """
    waiting: list[tuple[str, Any]] = [("", root)]
    seen: dict[int, Any] = {}
    while waiting and len(seen) < _MOST:
        name, holder = waiting.pop(0)
        for key, value in held(holder, directory):
            if id(value) in seen or isinstance(
                value, type | ModuleType | FunctionType | MethodType
            ):
                continue
            seen[id(value)] = value  # kept, so that no other gets its number
            place = f"{name}.{key}" if name else str(key)
            yield place, value
            if not isinstance(value, whole):
                waiting.append((place, value))


def fingerprint(root: object, directory: Path) -> dict[str, object]:
    """What tells whether plain attributes changed: numbers and texts as they are, else identity.

    Args:
        root: an object of a class of the user's.
        directory: where the user's files are.
    """
    return {name: _mark(value) for name, value in reachable(root, directory)}


def _mark(value: Any) -> object:
    if value is None or isinstance(value, int | float | complex | str | bytes):
        return repr(value)
    if isinstance(value, list | tuple | set | dict):
        return (id(value), len(value))
    return id(value)


def held(holder: Any, directory: Path) -> list[tuple[Any, Any]]:
    """The (key, value) pairs of a container, or of the attributes of an object of the user's."""
    pairs: list[tuple[Any, Any]]
    if isinstance(holder, dict):
        pairs = [(key, value) for key, value in list(holder.items())[: _MOST_ITEMS + 1]]
    elif isinstance(holder, list | tuple | set | frozenset):
        pairs = [(i, value) for i, value in enumerate(list(holder)[: _MOST_ITEMS + 1])]
    elif _is_users(type(holder), directory):
        pairs = list(getattr(holder, "__dict__", {}).items())
    else:
        return []
    return pairs if len(pairs) <= _MOST_ITEMS else []


def _is_users(kind: type, directory: Path) -> bool:
    file = getattr(sys.modules.get(kind.__module__), "__file__", None)
    return isinstance(file, str) and is_user_file(file, directory)
