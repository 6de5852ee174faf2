"""Copies of the user's modules that share nothing with them, closures included.

``copy.deepcopy`` takes functions as they are. A hook, or a ``forward`` that was put in its place,
often closes over the module it is of; in a plain copy it would go on working for the original. Here
such functions are made anew around the copy.
"""

from __future__ import annotations

import copy
import functools
import types
import weakref
from collections.abc import Iterator
from typing import Any

import torch
from torch import nn

from nasea.backends.user.module import text_of
from nasea.errors import UserModuleError

Memo = dict[int, Any]
"""What ``copy.deepcopy`` goes by: id of an object -> its copy."""

_CODE = (type, types.ModuleType, types.BuiltinFunctionType, types.CodeType)


def copy_end(end: nn.Module) -> nn.Module:
    """A copy that shares nothing with ``end``.

    Activations that its last forward left in attributes are part of a graph, which cannot be
    copied; the copy has ``None`` there until it runs.

    Raises:
        UserModuleError: it holds something that cannot be copied, or that the copy would share.
    """
    found = list(_reachable(end))
    memo: Memo = {id(x): None for x in found if _is_part_of_a_graph(x)}
    functions = [x for x in found if isinstance(x, types.FunctionType) and _carries(x)]
    cells: dict[int, types.CellType] = {}
    twins = [_twin(function, cells) for function in functions]
    memo |= {id(function): twin for function, twin in zip(functions, twins, strict=True)}
    try:
        copied = copy.deepcopy(end, memo)
        own = {id(module) for module in end.modules()}
        _fill(functions, twins, cells, memo, own)
    except Exception as error:
        raise UserModuleError(
            f"{type(end).__name__} cannot be copied, which every network that is scored needs: "
            f"{type(error).__name__}: {text_of(error)}",
            fix="keep locks, open files, generators and the like out of its attributes",
        ) from error
    return copied


def require_own_copy(end: nn.Module) -> None:
    """Raise UserModuleError where a copy of ``end`` would go on using parts of ``end``."""
    parts = {id(module) for module in end.modules()}
    for value in _reachable(copy_end(end)):
        if id(value) in parts:
            raise UserModuleError(
                f"{type(end).__name__} cannot be copied, which every network that is scored needs: "
                f"something that it keeps (a hook, maybe) holds on to this very "
                f"{type(value).__name__}",
                fix="register hooks as methods, self.layer.register_forward_hook(self.keep), or "
                "call the layers in forward one by one and keep what they return",
            )


def _reachable(value: Any) -> Iterator[Any]:
    """``value`` and all that it refers to: attributes, items, what functions close over."""
    seen: dict[int, Any] = {}
    waiting = [value]
    while waiting:
        value = waiting.pop()
        if id(value) in seen or isinstance(value, _CODE):
            continue
        seen[id(value)] = value  # held, so that no other object gets its id meanwhile
        yield value
        waiting += _parts(value)


def _parts(value: Any) -> list[Any]:
    if isinstance(value, torch.Tensor | str | bytes | int | float):
        return []
    if isinstance(value, dict):
        return list(value.values())
    if isinstance(value, list | tuple | set | frozenset):
        return list(value)
    if isinstance(value, types.FunctionType):
        return [*_contents(value), *(value.__defaults__ or ()), *_named_defaults(value).values()]
    if isinstance(value, types.MethodType):
        return [value.__func__, value.__self__]
    if isinstance(value, functools.partial):
        return [value.func, *value.args, *value.keywords.values()]
    if isinstance(value, weakref.ref):
        return [value()]
    return list(vars(value).values()) if hasattr(value, "__dict__") else []


def _is_part_of_a_graph(value: Any) -> bool:
    return isinstance(value, torch.Tensor) and value.grad_fn is not None


def _carries(function: types.FunctionType) -> bool:
    """Whether a function has objects of its own."""
    return bool(function.__closure__ or function.__defaults__ or function.__kwdefaults__)


def _contents(function: types.FunctionType) -> Iterator[Any]:
    for cell in function.__closure__ or ():
        try:
            yield cell.cell_contents
        except ValueError:  # a name that has no value as yet
            continue


def _named_defaults(function: types.FunctionType) -> dict[str, Any]:
    return function.__kwdefaults__ or {}


def _twin(function: types.FunctionType, cells: dict[int, types.CellType]) -> types.FunctionType:
    """The same function with cells that are still empty, one for each cell of any original."""
    closure = tuple(
        cells.setdefault(id(cell), types.CellType()) for cell in function.__closure__ or ()
    )
    twin = types.FunctionType(
        function.__code__, function.__globals__, function.__name__, None, closure or None
    )
    twin.__dict__.update(function.__dict__)
    twin.__qualname__ = function.__qualname__
    twin.__doc__ = function.__doc__
    return twin


def _fill(
    functions: list[types.FunctionType],
    twins: list[types.FunctionType],
    cells: dict[int, types.CellType],
    memo: Memo,
    own: set[int],
) -> None:
    """Give the twins what the functions have, with the copy in place of the original."""
    for function, twin in zip(functions, twins, strict=True):
        for cell in function.__closure__ or ():
            try:
                cells[id(cell)].cell_contents = _rebound(cell.cell_contents, memo, own)
            except ValueError:
                continue
        if function.__defaults__ is not None:
            twin.__defaults__ = tuple(_rebound(v, memo, own) for v in function.__defaults__)
        named = _named_defaults(function)
        twin.__kwdefaults__ = {k: _rebound(v, memo, own) for k, v in named.items()} or None


def _rebound(value: Any, memo: Memo, own: set[int]) -> Any:
    """What stands for a value around the copy; itself where it has nothing to do with the end."""
    if id(value) in memo:
        return memo[id(value)]
    if isinstance(value, weakref.ref):
        known = memo.get(id(value()))
        return value if known is None else weakref.ref(known)
    if any(id(part) in own for part in _reachable(value)):
        return copy.deepcopy(value, memo)
    return value
