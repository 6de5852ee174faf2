"""The keys of a scenario as a list, read from the models."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import get_type_hints

from pydantic import BaseModel

from nasea.config.schema.keys import TASKS, Form, Key, form_of
from nasea.config.schema.scenario import Scenario

Location = tuple[str, ...]

# Where the fields of a Situation come from. In this order: the default of one may depend on those
# before it.
AXES: dict[str, Location] = {
    "framework": ("framework",),
    "task": ("task",),
    "constraint_type": ("constraint", "type"),
    "data_format": ("supernet", "data_format"),
    "optimizer": ("optimizer", "type"),
}


@dataclass(frozen=True)
class KeyedField:
    """A field of the scenario together with its key.

    Attributes:
        location: the field's place in :class:`Scenario`, e.g. ``("supernet", "filters")``.
        key: the key's place in the file, meaning and use.
        form: what its value looks like.
        default: the default, fixed or :class:`By`; ``None`` where there is none.
    """

    location: Location
    key: Key
    form: Form
    default: object


@cache
def keyed_fields() -> tuple[KeyedField, ...]:
    """Return all keys of a scenario, in the order of the models."""
    return tuple(_walk(Scenario, ()))


def _walk(model: type[BaseModel], parent: Location) -> Iterator[KeyedField]:
    hints = get_type_hints(model, include_extras=True)
    for name, info in model.model_fields.items():
        location = (*parent, name)
        if isinstance(info.annotation, type) and issubclass(info.annotation, BaseModel):
            yield from _walk(info.annotation, location)
            continue
        key = next(extra for extra in info.metadata if isinstance(extra, Key))
        required = key.required_for == TASKS
        fixed = None if required or info.is_required() else info.default
        form = form_of(hints[name], key.spelled)
        yield KeyedField(location, key, form, key.default or fixed)
