"""Targets: the operators that they run, and under which conditions."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from nasea.cost.operators import ACTIVATION, CONV, KINDS, Operator

_BOUNDS = ("kernel", "area", "stride", "channels")
_GROUPINGS = ("dense", "depthwise", "grouped")


@dataclass(frozen=True)
class Verdict:
    """The verdict on an operator that a target does not run unconditionally.

    Attributes:
        runs: whether it may run there, under a condition that nasea cannot check.
        reason: why it does not run, or the condition.
    """

    runs: bool
    reason: str


@dataclass(frozen=True)
class Rule:
    """The conditions of a target for operators of one kind.

    Attributes:
        bounds: (least, greatest) by name: ``kernel`` (the longer side), ``area`` (rows times
            columns of the kernel), ``stride`` and ``channels`` (the larger of in and out).
        groups: how a convolution may use its channels; empty for any.
        activations: allowed fused activations, or types of an ``activation``; ``None`` for any.
        note: a condition that nasea cannot check; empty for none.
    """

    bounds: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    groups: tuple[str, ...] = ()
    activations: tuple[str, ...] | None = None
    note: str = ""

    def broken_by(self, operator: Operator) -> str:
        """Return the condition that an operator violates, in words; empty for none."""
        sizes = {
            "kernel": max(operator.kernel),
            "area": math.prod(operator.kernel),
            "stride": operator.stride,
            "channels": max(operator.in_shape[0], operator.out_shape[0]),
        }
        for name, (low, high) in self.bounds.items():
            if not low <= sizes[name] <= high:
                return f"{name} {sizes[name]} is not in {low:g} to {high:g}"
        if operator.kind == CONV and self.groups and operator.grouping not in self.groups:
            return f"no {operator.grouping} convolution"
        if self.activations is None or not operator.activation:
            return ""
        if operator.activation in self.activations:
            return ""
        if operator.kind == ACTIVATION:
            return f"no {operator.activation}"
        return f"no {operator.activation} fused to it"


@dataclass(frozen=True)
class Target:
    """The operators that a target runs, according to public documentation.

    Attributes:
        name: its name in ``nasea check --target``.
        title: a description.
        source: one or more addresses of the documentation.
        otherwise: what happens to an operator that it does not run.
        rules: kind of operator -> its conditions; a kind that is not listed does not run.
        formats: formats of ``nasea export`` for this target.
    """

    name: str
    title: str
    source: tuple[str, ...]
    otherwise: str
    rules: Mapping[str, tuple[Rule, ...]]
    formats: tuple[str, ...] = ()

    def verdict(self, operator: Operator) -> Verdict | None:
        """Return the verdict on an operator; ``None`` if it runs.

        If there are several rules for a kind, the first one that the operator satisfies decides.
        """
        rules = self.rules.get(operator.kind, ())
        if not rules:
            return Verdict(False, f"no {operator.kind}")
        broken = [rule.broken_by(operator) for rule in rules]
        for rule, why in zip(rules, broken, strict=True):
            if not why:
                return Verdict(True, rule.note) if rule.note else None
        return Verdict(False, broken[0])

    @classmethod
    def from_dict(cls, name: str, content: Mapping[str, Any]) -> Target:
        """Read a list of operators.

        Args:
            name: the name of the target.
            content: a parsed TOML file; docs/ship-a-model.md describes its keys.

        Raises:
            ValueError: an entry is wrong; the message says what and where.
        """
        unknown = set(content) - {"title", "source", "otherwise", "formats", "operators"}
        if unknown:
            raise ValueError(f"unknown key {', '.join(sorted(unknown))}")
        for key in ("title", "source", "otherwise"):
            if not content.get(key):
                raise ValueError(f"{key} is missing")
        source = content["source"]
        operators = content.get("operators")
        if not isinstance(operators, Mapping) or not operators:
            raise ValueError("[operators] is missing: a table for each kind that runs")
        return cls(
            name=name,
            title=str(content["title"]),
            source=(source,) if isinstance(source, str) else tuple(map(str, source)),
            otherwise=str(content["otherwise"]),
            rules={kind: _rules(kind, rules) for kind, rules in operators.items()},
            formats=tuple(map(str, content.get("formats", ()))),
        )


def _rules(kind: str, content: Any) -> tuple[Rule, ...]:
    if kind not in KINDS:
        raise ValueError(f"operators.{kind}: not one of {', '.join(KINDS)}")
    tables = content if isinstance(content, list) else [content]
    return tuple(_rule(kind, table) for table in tables)


def _rule(kind: str, content: Any) -> Rule:
    if not isinstance(content, Mapping):
        raise ValueError(f"operators.{kind}: must be a table, {{}} for no conditions")
    unknown = set(content) - {*_BOUNDS, "groups", "activations", "note"}
    if unknown:
        raise ValueError(f"operators.{kind}: unknown key {', '.join(sorted(unknown))}")
    bounds = {}
    for name in _BOUNDS:
        if name in content:
            pair = content[name]
            if not (isinstance(pair, list) and len(pair) == 2 and pair[0] <= pair[1]):
                raise ValueError(f"operators.{kind}.{name}: must be [least, greatest]")
            bounds[name] = (float(pair[0]), float(pair[1]))
    for name in ("groups", "activations"):
        if not isinstance(content.get(name, []), list):
            raise ValueError(f"operators.{kind}.{name}: must be a list, found {content[name]!r}")
    groups = tuple(content.get("groups", ()))
    if not set(groups) <= set(_GROUPINGS):
        raise ValueError(f"operators.{kind}.groups: of {', '.join(_GROUPINGS)}")
    activations = content.get("activations")
    allowed = None if activations is None else tuple(map(str, activations))
    return Rule(bounds, groups, allowed, str(content.get("note", "")))
