"""Converts a scenario given as a Python dict to the tree of nodes of a file."""

from __future__ import annotations

import os
from collections.abc import Mapping as Map
from numbers import Integral, Real

from nasea.config.reading.nodes import Mapping, Node, Scalar, Sequence, folded
from nasea.config.reading.report import Report
from nasea.config.schema.amounts import read_amount

FROM_PYTHON = "(from Python)"
"""The name that messages use for a scenario without a file."""

_ROOT = "scenario"
_MAX_DEPTH = 16  # a scenario needs 5; a dict may contain itself


def tree_of(content: Map[str, object], report: Report) -> Node:
    """Return the tree of a dict with the keys of ``scen.yaml``; ``scenario`` may be left out.

    Args:
        content: numbers, strings, lists, tuples, paths and dicts of them.
        report: collects everything that a scenario cannot contain.
    """
    whole = any(isinstance(key, str) and folded(key) == _ROOT for key in content)
    return _Tree(report).node(content if whole else {_ROOT: content}, "")


class _Tree:
    def __init__(self, report: Report) -> None:
        self._report = report

    def node(self, value: object, path: str) -> Node:
        if path.count(".") > _MAX_DEPTH:
            return self._refused(path, f"is nested more than {_MAX_DEPTH} levels deep", "a dict")
        if isinstance(value, Map):
            entries = [(key, each) for key, each in value.items() if self._is_name(key, path)]
            return Mapping(
                0,
                "a dict",
                tuple((_text(key), self.node(each, f"{path}.{key}")) for key, each in entries),
            )
        if hasattr(value, "tolist"):  # a NumPy value
            return self.node(value.tolist(), path)
        if isinstance(value, list | tuple):
            items = tuple(self.node(item, f"{path}[{n}]") for n, item in enumerate(value))
            return Sequence(0, repr(value), items)
        return self._scalar(value, path)

    def _scalar(self, value: object, path: str) -> Node:
        if value is None:
            return Scalar(0, "None", "", quoted=False)
        if isinstance(value, bool):
            return Scalar(0, repr(value), str(value).lower(), quoted=False)
        if isinstance(value, Integral | Real):
            number: int | float = int(value) if isinstance(value, Integral) else float(value)
            return Scalar(0, repr(number), repr(number), quoted=False)
        if isinstance(value, os.PathLike):
            value = os.fspath(value)
        if isinstance(value, str):
            # An amount such as "11M" is a number; any other str is meant as text.
            amount = read_amount(value)
            return _text(value, quoted=amount is None or amount.unit == "plain")
        rule = "must be a number, a text, a list or a dict"
        return self._refused(path, rule, f"an object of {type(value).__qualname__}")

    def _is_name(self, key: object, path: str) -> bool:
        if not isinstance(key, str):
            self._report.problem(0, _shown(path), "keys must be texts", found=repr(key))
        return isinstance(key, str)

    def _refused(self, path: str, rule: str, found: str) -> Node:
        self._report.problem(0, _shown(path), rule, found=found)
        return Scalar(0, found, "", quoted=False)


def _text(text: str, quoted: bool = True) -> Scalar:
    return Scalar(0, repr(text), text, quoted)


def _shown(path: str) -> str:
    return path.removeprefix(f".{_ROOT}").removeprefix(".")
