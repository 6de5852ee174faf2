"""Finds the mean and standard deviation with which the user's module scales images."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

_MEAN = re.compile(r"(?i)(?:^|.*_)means?$")
_DEPTH = 4


@dataclass(frozen=True)
class Normalisation:
    """``(value - mean) / std``: one number for all channels, or one for each.

    Attributes:
        mean: as in the user's module.
        std: as in the user's module.
        where: their names in the user's module.
    """

    mean: tuple[float, ...]
    std: tuple[float, ...]
    where: str


def find_normalisation(module: object, user: object, data_set: object) -> Normalisation | None:
    """Look for a mean and a standard deviation in the usual places.

    Look first in the transforms of the data set (``transform.transforms[2].mean``, as in
    torchvision), then in UserModule and in the module (``MEAN``, ``STD``; ``imagenet_mean``,
    ``imagenet_std``). No user code is called.

    Args:
        module: the user's module.
        user: its UserModule.
        data_set: the validation data set; ``None`` if there is none to inspect.
    """
    places = [*_transforms(data_set, "data set"), (user, "UserModule"), (module, "user_module")]
    for holder, name in places:
        names = _names(holder)
        for mean in names:
            std = _partner(mean, names)
            if std is None:
                continue
            values = _numbers(_value(holder, mean)), _numbers(_value(holder, std))
            if values[0] and values[1] and 0.0 not in values[1]:
                return Normalisation(*values, f"{name}.{mean}, {name}.{std}")
    return None


def _transforms(holder: object, name: str, depth: int = 0) -> Iterator[tuple[object, str]]:
    for attribute in ("transform", "transforms"):
        found = _value(holder, attribute)
        if found is None or depth > _DEPTH or callable(getattr(found, "__func__", None)):
            continue
        inner = found if isinstance(found, list | tuple) else [found]
        for number, each in enumerate(inner):
            label = f"{name}.{attribute}" + (f"[{number}]" if inner is found else "")
            yield each, label
            yield from _transforms(each, label, depth + 1)


def _names(holder: object) -> list[str]:
    own = getattr(holder, "__dict__", {})
    inherited = {} if isinstance(holder, type) else getattr(type(holder), "__dict__", {})
    return [name for name in {**inherited, **own} if not name.startswith("__")]


def _partner(mean: str, names: Sequence[str]) -> str | None:
    """Return the standard deviation's name for a mean's name: MEAN -> STD, b_mean -> b_std."""
    if not _MEAN.fullmatch(mean):
        return None
    for ending in ("std", "stds", "stdev", "std_dev", "stddev"):
        wanted = re.sub(r"(?i)means?$", ending, mean).lower()
        for name in names:
            if name.lower() == wanted:
                return name
    return None


def _value(holder: object, name: str) -> Any:
    own = getattr(holder, "__dict__", {})
    if name in own:
        return own[name]
    found = getattr(type(holder), "__dict__", {}).get(name)
    return None if isinstance(found, property) or callable(found) else found


def _numbers(value: Any) -> tuple[float, ...]:
    """Return a number, or the items of a short list, array or tensor; empty for anything else."""
    try:
        flat = value.reshape(-1).tolist() if hasattr(value, "reshape") else value
        items = [flat] if isinstance(flat, int | float) else list(flat)
        numbers = tuple(round(float(item), 6) for item in items)
    except (TypeError, ValueError, RuntimeError):
        return ()
    return numbers if len(numbers) <= 64 and all(map(math.isfinite, numbers)) else ()
