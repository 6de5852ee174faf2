"""Walks the attributes of a user's object, and recursively the attributes of these."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import FunctionType, MethodType, ModuleType
from typing import Any

from nasea.backends.user.module import is_user_file

_MOST_ITEMS = 1000
"""Containers with more items hold data, not state, and are skipped."""

_MOST = 20_000
"""At most this many objects are visited."""

CODE = (type, ModuleType, FunctionType, MethodType)
"""Types that hold no training state."""


def reachable(
    root: object, directory: Path, whole: tuple[type, ...] = ()
) -> Iterator[tuple[str, Any]]:
    """Yield the (name, object) pairs reachable from an object, each object once, breadth first.

    Args:
        root: an instance of a user's class.
        directory: the directory of the user's files. Instances of classes defined there are
            entered, and lists, tuples, sets and dicts of up to 1000 items; nothing else is.
        whole: types that are yielded but not entered.
    """
    waiting: list[tuple[str, Any]] = [("", root)]
    seen: dict[int, Any] = {}
    while waiting and len(seen) < _MOST:
        name, holder = waiting.pop(0)
        for key, value in items_of(holder, directory):
            if id(value) in seen or isinstance(
                value, type | ModuleType | FunctionType | MethodType
            ):
                continue
            seen[id(value)] = value  # kept alive, so that no other object gets its id
            place = f"{name}.{key}" if name else str(key)
            yield place, value
            if not isinstance(value, whole):
                waiting.append((place, value))


def fingerprint(root: object, directory: Path) -> dict[str, object]:
    """Return values that change if plain attributes do: numbers and strings by value, else by id.

    Args:
        root: an instance of a user's class.
        directory: the directory of the user's files.
    """
    return {name: _mark(value) for name, value in reachable(root, directory)}


def _mark(value: Any) -> object:
    if value is None or isinstance(value, int | float | complex | str | bytes):
        return repr(value)
    if isinstance(value, list | tuple | set | dict):
        return (id(value), len(value))
    return id(value)


def items_of(holder: Any, directory: Path) -> list[tuple[Any, Any]]:
    """Return the (key, value) pairs of a container, or the attributes of a user's object."""
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
