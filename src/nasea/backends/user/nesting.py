"""The tensors of a nested output: flat, named by their place, and back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any


def flatten(outputs: Any, kind: type | tuple[type, ...], name: str = "output") -> list[Any]:
    """The (name, tensor) pairs of a nesting of dicts, lists and tuples, in their order.

    Args:
        outputs: the nesting; what is neither one nor a tensor is left out.
        kind: what is a tensor.
        name: of the whole; an item's name goes behind a dot, e.g. ``output.aux.0``.
    """
    if isinstance(outputs, kind):
        return [(name, outputs)]
    items: list[tuple[Any, Any]] = []
    if isinstance(outputs, dict):
        items = list(outputs.items())
    elif isinstance(outputs, list | tuple):
        items = list(enumerate(outputs))
    return [leaf for key, value in items for leaf in flatten(value, kind, f"{name}.{key}")]


def restore(
    outputs: Any, kind: type | tuple[type, ...], tensors: Iterator[Any], wrap: Callable[[Any], Any]
) -> Any:
    """The nesting of ``outputs`` with its tensors replaced, in order, by ``wrap(next(tensors))``.

    A dict becomes a plain dict and a named tuple a plain tuple.
    """
    if isinstance(outputs, kind):
        return wrap(next(tensors))
    if isinstance(outputs, dict):
        return {key: restore(value, kind, tensors, wrap) for key, value in outputs.items()}
    if isinstance(outputs, list | tuple):
        items = [restore(value, kind, tensors, wrap) for value in outputs]
        return items if isinstance(outputs, list) else tuple(items)
    return outputs
