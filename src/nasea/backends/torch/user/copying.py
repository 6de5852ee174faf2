"""Deep copies of the user's modules that share nothing with the originals, including closures.

``copy.deepcopy`` does not copy functions. A hook, or a replaced ``forward``, often closes over its
module; in a plain copy it would still use the original. Here such functions are rebuilt around the
copy.
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
"""The memo of ``copy.deepcopy``: id of an object -> its copy."""

_CODE = (type, types.ModuleType, types.BuiltinFunctionType, types.CodeType)


def copy_user_network(network: nn.Module) -> nn.Module:
    """Copy PreNet or PostNet so that the copy shares nothing with ``network``.

    Activations that the last forward pass left in attributes are part of an autograd graph,
    which cannot be copied; the copy has ``None`` there until it runs.

    Raises:
        UserModuleError: it holds something that cannot be copied.
    """
    found = list(_reachable(network))
    memo: Memo = {id(x): None for x in found if _is_part_of_a_graph(x)}
    functions = [x for x in found if isinstance(x, types.FunctionType) and _carries(x)]
    cells: dict[int, types.CellType] = {}
    twins = [_twin(function, cells) for function in functions]
    memo |= {id(function): twin for function, twin in zip(functions, twins, strict=True)}
    try:
        copied = copy.deepcopy(network, memo)
        own = {id(module) for module in network.modules()}
        _fill(functions, twins, cells, memo, own)
    except Exception as error:
        raise UserModuleError(
            f"{type(network).__name__} cannot be copied, which every network that is scored needs: "
            f"{type(error).__name__}: {text_of(error)}",
            fix="keep locks, open files, generators and the like out of its attributes",
        ) from error
    return copied


def require_own_copy(network: nn.Module) -> None:
    """Raise UserModuleError if a copy of ``network`` would still use modules of ``network``."""
    parts = {id(module) for module in network.modules()}
    for value in _reachable(copy_user_network(network)):
        if id(value) in parts:
            raise UserModuleError(
                f"{type(network).__name__} cannot be copied, which every network that is scored "
                "needs: something that it keeps (a hook, maybe) holds on to this very "
                f"{type(value).__name__}",
                fix="register hooks as methods, self.layer.register_forward_hook(self.keep), or "
                "call the layers in forward one by one and keep what they return",
            )


def _reachable(value: Any) -> Iterator[Any]:
    """Yield ``value`` and everything it refers to: attributes, items, closures of functions."""
    seen: dict[int, Any] = {}
    waiting = [value]
    while waiting:
        value = waiting.pop()
        if id(value) in seen or isinstance(value, _CODE):
            continue
        seen[id(value)] = value  # kept alive, so that no other object gets its id
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
    """Return whether a function has a closure or default arguments."""
    return bool(function.__closure__ or function.__defaults__ or function.__kwdefaults__)


def _contents(function: types.FunctionType) -> Iterator[Any]:
    for cell in function.__closure__ or ():
        try:
            yield cell.cell_contents
        except ValueError:  # a name that has no value yet
            continue


def _named_defaults(function: types.FunctionType) -> dict[str, Any]:
    return function.__kwdefaults__ or {}


def _twin(function: types.FunctionType, cells: dict[int, types.CellType]) -> types.FunctionType:
    """Make the same function with empty closure cells, one for each original cell."""
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
    """Fill the closures and defaults of the twins, with copies in place of the originals."""
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
    """Return the counterpart of a value for the copy; the value itself if it is unrelated."""
    if id(value) in memo:
        return memo[id(value)]
    if isinstance(value, weakref.ref):
        known = memo.get(id(value()))
        return value if known is None else weakref.ref(known)
    if any(id(part) in own for part in _reachable(value)):
        return copy.deepcopy(value, memo)
    return value
