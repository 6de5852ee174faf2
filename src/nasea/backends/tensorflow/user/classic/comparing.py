"""Evaluates tests of TensorFlow's version, for the running version and for others.

A test is evaluated from its syntax tree, with the operations commonly used to compare versions and
no others, so none of the user's code runs.
"""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Iterator, Mapping
from functools import total_ordering
from typing import Any

_ORDERS: Mapping[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
_COMPARISONS: Mapping[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    **_ORDERS,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.In: lambda a, b: a in b,
    ast.NotIn: lambda a, b: a not in b,
}
_SUMS: Mapping[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
_METHODS = {"split", "rsplit", "startswith", "endswith", "strip", "replace", "join", "partition"}
_PARTS = {"major", "minor", "micro", "release", "version"}


class UnknownError(Exception):
    """The value cannot be determined from the source."""


@total_ordering
class _Version:
    """A version, compared as by ``packaging`` and ``distutils``; only the numbers count."""

    def __init__(self, text: str) -> None:
        self.version = [int(part) for part in re.findall(r"\d+", text)]
        self.release = tuple(self.version)
        self.major, self.minor, self.micro = (*self.version, 0, 0, 0)[:3]

    def __eq__(self, other: object) -> bool:
        return self._key() == _as_version(other)._key()

    def __lt__(self, other: object) -> bool:
        return self._key() < _as_version(other)._key()

    __hash__ = None  # type: ignore[assignment]

    def _key(self) -> list[int]:
        """Return the numbers without trailing zeros, so that 2.8 equals 2.8.0."""
        last = max((i for i, n in enumerate(self.version) if n), default=-1)
        return self.version[: last + 1]


def _as_version(value: object) -> _Version:
    return value if isinstance(value, _Version) else _Version(str(value))


_FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    **dict.fromkeys(
        ("LooseVersion", "StrictVersion", "Version", "parse", "parse_version"), _Version
    ),
    "match": re.match,
    "search": re.search,
    "fullmatch": re.fullmatch,
    "map": lambda function, values: list(map(function, values)),
    **{f.__name__: f for f in (int, float, str, tuple, list, set, len, any, all, bool, min, max)},
}


class Tests:
    """An evaluator of the version tests of one file.

    Args:
        tree: the syntax tree of the file.
        spellings: expressions whose value is TensorFlow's version.
    """

    def __init__(self, tree: ast.Module, spellings: set[str]) -> None:
        self._spellings = spellings
        self._assigned = [node for node in ast.walk(tree) if isinstance(node, ast.Assign)]
        self._aliases = {
            alias.asname: alias.name
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom)
            for alias in node.names
            if alias.asname
        }
        self._known: dict[str, dict[str, Any]] = {}

    def holds(self, test: ast.expr, version: str) -> bool | None:
        """Return whether a test holds for a version of TensorFlow; ``None`` if that is unknown."""
        try:
            return bool(self._value(test, self._names(version)))
        except Exception:  # a value of an unexpected type may raise anything
            return None

    def orders_text(self, test: ast.expr, version: str) -> bool:
        """Return whether a test orders versions as strings or decimals, and wrongly so."""
        names = self._names(version)
        for node in ast.walk(test):
            if not isinstance(node, ast.Compare) or type(node.ops[0]) not in _ORDERS:
                continue
            sides = node.left, node.comparators[0]
            try:
                values = [self._value(side, names) for side in sides]
                if {type(value) for value in values} not in ({str}, {float}):
                    continue
                numbers = [_Version(str(value)) for value in values]
                for i, side in enumerate(sides):
                    if isinstance(values[i], float) and not isinstance(side, ast.Constant):
                        numbers[i] = _Version(version)
                order = _ORDERS[type(node.ops[0])]
                if order(*values) != order(*numbers):
                    return True
            except Exception:  # as in holds
                continue
        return False

    def _names(self, version: str) -> Mapping[str, Any]:
        """Return the names whose value is known and the same at every assignment."""
        if version not in self._known:
            names: dict[str, Any] = dict.fromkeys(self._spellings, version)
            unsure: set[str] = set()
            for node in self._assigned:
                for name, value in self._given(node, names):
                    if name in names and names[name] != value:
                        unsure.add(name)
                    names[name] = value
            self._known[version] = {n: v for n, v in names.items() if n not in unsure}
        return self._known[version]

    def _given(self, node: ast.Assign, names: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
        try:
            value = self._value(node.value, names)
            for target in node.targets:
                if isinstance(target, ast.Tuple):
                    yield from zip(map(ast.unparse, target.elts), value, strict=True)
                else:
                    yield ast.unparse(target), value
        except Exception:
            return

    def _value(self, node: ast.AST, names: Mapping[str, Any]) -> Any:
        if isinstance(node, ast.Name | ast.Attribute) and ast.unparse(node) in names:
            return names[ast.unparse(node)]
        compute = getattr(self, f"_{type(node).__name__.lower()}", None)
        if compute is None:
            raise UnknownError(ast.unparse(node))
        return compute(node, names)

    def _constant(self, node: ast.Constant, _: Mapping[str, Any]) -> Any:
        return node.value

    def _tuple(self, node: ast.Tuple, names: Mapping[str, Any]) -> tuple[Any, ...]:
        return tuple(self._value(item, names) for item in node.elts)

    def _list(self, node: ast.List | ast.Set, names: Mapping[str, Any]) -> list[Any]:
        return [self._value(item, names) for item in node.elts]

    _set = _list

    def _boolop(self, node: ast.BoolOp, names: Mapping[str, Any]) -> bool:
        values = (bool(self._value(value, names)) for value in node.values)
        return all(values) if isinstance(node.op, ast.And) else any(values)

    def _unaryop(self, node: ast.UnaryOp, names: Mapping[str, Any]) -> bool:
        if not isinstance(node.op, ast.Not):
            raise UnknownError(ast.unparse(node))
        return not self._value(node.operand, names)

    def _binop(self, node: ast.BinOp, names: Mapping[str, Any]) -> Any:
        return _SUMS[type(node.op)](self._value(node.left, names), self._value(node.right, names))

    def _compare(self, node: ast.Compare, names: Mapping[str, Any]) -> bool:
        values = [self._value(part, names) for part in (node.left, *node.comparators)]
        pairs = zip(node.ops, values, values[1:], strict=False)
        return all(_COMPARISONS[type(op)](a, b) for op, a, b in pairs)

    def _subscript(self, node: ast.Subscript, names: Mapping[str, Any]) -> Any:
        return self._value(node.value, names)[self._value(node.slice, names)]

    def _slice(self, node: ast.Slice, names: Mapping[str, Any]) -> slice:
        parts = (node.lower, node.upper, node.step)
        return slice(*(part and self._value(part, names) for part in parts))

    def _attribute(self, node: ast.Attribute, names: Mapping[str, Any]) -> Any:
        value = self._value(node.value, names)
        if node.attr not in _PARTS or not isinstance(value, _Version):
            raise UnknownError(ast.unparse(node))
        return getattr(value, node.attr)

    def _name(self, node: ast.Name, _: Mapping[str, Any]) -> Any:
        return _FUNCTIONS[self._aliases.get(node.id, node.id)]

    def _call(self, node: ast.Call, names: Mapping[str, Any]) -> Any:
        if node.keywords:
            raise UnknownError(ast.unparse(node))
        given = [self._value(argument, names) for argument in node.args]
        function = node.func
        if isinstance(function, ast.Name):
            return self._name(function, names)(*given)
        if not isinstance(function, ast.Attribute):
            raise UnknownError(ast.unparse(node))
        if function.attr in _METHODS:
            owner = self._value(function.value, names)
            if isinstance(owner, str):
                return getattr(owner, function.attr)(*given)
        return _FUNCTIONS[function.attr](*given)

    def _listcomp(
        self, node: ast.ListComp | ast.GeneratorExp, names: Mapping[str, Any]
    ) -> list[Any]:
        (loop,) = node.generators
        if loop.ifs or not isinstance(loop.target, ast.Name):
            raise UnknownError(ast.unparse(node))
        name = loop.target.id
        items = self._value(loop.iter, names)
        return [self._value(node.elt, {**names, name: item}) for item in items]

    _generatorexp = _listcomp
