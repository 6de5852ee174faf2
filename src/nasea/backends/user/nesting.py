"""Flattens nested outputs to tensors named by their position, and restores the nesting."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import Any


def flatten(outputs: Any, kind: type | tuple[type, ...], name: str = "output") -> list[Any]:
    """Return the (name, tensor) pairs of nested dicts, lists and tuples, in order.

    Args:
        outputs: the nested outputs; anything else in them is left out.
        kind: the tensor types.
        name: name of the root; keys are appended after dots, e.g. ``output.aux.0``.
    """
    if isinstance(outputs, kind):
        return [(name, outputs)]
    items: list[tuple[Any, Any]] = []
    if isinstance(outputs, dict):
        items = list(outputs.items())
    elif isinstance(outputs, list | tuple):
        items = list(enumerate(outputs))
    return [leaf for key, value in items for leaf in flatten(value, kind, f"{name}.{key}")]


def copied(outputs: Any) -> Any:
    """Return the nesting with new dicts, lists and tuples around the same leaves.

    A model may keep the dict that it returns and overwrite it in its next call. Subclasses and
    wrappers, such as those Keras uses for attributes of a model, become plain containers.
    """
    if isinstance(outputs, dict):
        named = {key: copied(value) for key, value in outputs.items()}
        return OrderedDict(named) if isinstance(outputs, OrderedDict) else named
    if isinstance(outputs, tuple) and hasattr(outputs, "_fields"):
        return type(outputs)(*map(copied, outputs))
    if isinstance(outputs, list | tuple):
        items = [copied(value) for value in outputs]
        return items if isinstance(outputs, list) else tuple(items)
    return outputs


def restore(
    outputs: Any, kind: type | tuple[type, ...], tensors: Iterator[Any], wrap: Callable[[Any], Any]
) -> Any:
    """Return the nesting of ``outputs`` with each tensor replaced by ``wrap(next(tensors))``.

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


def first_items(value: Any, images: int, count: int) -> Any | None:
    """Return the labels of the first images of a batch; ``None`` if they cannot be split.

    Args:
        value: arrays or tensors with the images along their first axis, lists with an item an
            image, and dicts, lists and tuples of them.
        images: how many the batch has.
        count: how many are wanted.
    """
    shape = getattr(value, "shape", None)
    if shape is not None:
        return value[:count] if len(shape) and int(shape[0]) == images else None
    if isinstance(value, dict):
        items = {key: first_items(item, images, count) for key, item in value.items()}
        return None if any(item is None for item in items.values()) else items
    if isinstance(value, list | tuple):
        parts = [first_items(item, images, count) for item in value]
        if not parts or any(part is None for part in parts):
            return value[:count] if len(value) == images else None
        return parts if isinstance(value, list) else tuple(parts)
    return None
