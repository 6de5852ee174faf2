"""How one key of a scenario is described: once, for the loader, its messages and the reference."""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated, Literal, Union, get_args, get_origin

from nasea import terms

TASKS: tuple[str, ...] = tuple(terms.TASKS)


@dataclass(frozen=True)
class Words:
    """The rule of a type in words that follow "must be".

    Attributes:
        text: for example ``an integer > 0``.
        bare: a list whose items may stand without brackets, as in ``0,1``.
        cost: parameters, FLOPs or milliseconds, which may be written ``11M`` or ``60,000``.
        span: seconds, written ``90m`` or ``1h30m``.
        joined: a list of texts, of which each may be written as a list of its parts.
    """

    text: str
    bare: bool = False
    cost: bool = False
    span: bool = False
    joined: bool = False


@dataclass(frozen=True)
class By:
    """A default that depends on the situation.

    Attributes:
        axis: the field of :class:`Situation` that decides.
        values: the default for each value of that field; may hold another ``By``.
    """

    axis: str
    values: Mapping[str, object]


@dataclass(frozen=True)
class Situation:
    """What defaults and the use of a key depend on; ``None`` while it is not known."""

    framework: str | None = None
    task: str | None = None
    constraint_type: str | None = None
    data_format: str | None = None
    optimizer: str | None = None

    def value(self, axis: str) -> str | None:
        """Return the value of one field by its name."""
        found: str | None = getattr(self, axis)
        return found

    def resolve(self, default: object) -> object:
        """Return the default in this situation; ``None`` if the situation does not determine it."""
        while isinstance(default, By):
            default = default.values.get(self.value(default.axis) or "")
        return default


@dataclass(frozen=True)
class Key:
    """One key of ``scen.yaml``.

    Attributes:
        path: its place under ``scenario``, dotted.
        meaning: one line, with the unit.
        required_for: the tasks that cannot do without it.
        default: where it depends on the situation; a fixed default stands in the model.
        applies: field of :class:`Situation` -> the values for which the key is used at all.
        spelled: spelling in the file -> value, where the two differ.
        any_case: the value may be written in any letter case without a notice.
        extension: ours, not one of the classic keys.
    """

    path: str
    meaning: str
    required_for: tuple[str, ...] = ()
    default: By | None = None
    applies: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    spelled: Mapping[str, str] = field(default_factory=dict)
    any_case: bool = False
    extension: bool = False

    @property
    def shown(self) -> str:
        """The path as messages and documentation write it: ``strategy.`` only where it is needed.

        >>> Key("strategy.supernet.filters", "").shown
        'supernet.filters'
        """
        return shown(self.path)


def shown(path: str) -> str:
    """Shorten a full path, section or key, to what the documentation calls it."""
    head, _, rest = path.partition(".")
    return rest if head == "strategy" and "." in rest else path


@dataclass(frozen=True)
class Form:
    """What a value looks like, derived from its type.

    Attributes:
        words: the rule, following "must be".
        kind: the scalar type; ``None`` for a list.
        choices: spelling -> value for a closed set; empty otherwise.
        item: the form of a list's items.
        nullable: an empty value means the default.
        bare: see :class:`Words`.
        cost: see :class:`Words`.
        span: see :class:`Words`.
        joined: see :class:`Words`.
    """

    words: str
    kind: type[int] | type[float] | type[str] | None = None
    choices: Mapping[str, str] = field(default_factory=dict)
    item: Form | None = None
    nullable: bool = False
    bare: bool = False
    cost: bool = False
    span: bool = False
    joined: bool = False

    def spelling(self, value: str) -> str:
        """Return how the file spells one of the choices."""
        return next(spelling for spelling, one in self.choices.items() if one == value)


def form_of(hint: object, spelled: Mapping[str, str]) -> Form:
    """Derive the form of a field from its type annotation."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        form = form_of(arguments[0], spelled)
        for extra in arguments[1:]:
            if isinstance(extra, Words):
                form = replace(
                    form,
                    words=extra.text,
                    bare=extra.bare,
                    cost=extra.cost,
                    span=extra.span,
                    joined=extra.joined,
                )
        return form
    if origin in (Union, types.UnionType):
        inner = next(argument for argument in arguments if argument is not type(None))
        return replace(form_of(inner, spelled), nullable=True)
    if origin is Literal:
        choices = dict(spelled) or {choice: choice for choice in arguments}
        return Form(words=alternatives(list(choices)), kind=str, choices=choices)
    if origin is tuple:
        return Form(words="a list", item=form_of(arguments[0], {}))
    if hint in (int, float, str):
        return Form(words="text", kind=hint)
    raise TypeError(f"no form for the annotation {hint!r}")


def alternatives(names: list[str]) -> str:
    """Join names as ``a, b or c``."""
    return " or ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
