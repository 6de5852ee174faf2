"""Nested outputs are copied down to what they hold."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any, NamedTuple

from nasea.backends.user.nesting import copied


class Pair(NamedTuple):
    first: Any
    second: Any


def test_dicts_lists_and_tuples_are_made_anew() -> None:
    leaf = object()
    kept = {"a": [leaf, {"b": (leaf, [leaf])}], "c": Pair(leaf, [leaf]), "d": OrderedDict(e=leaf)}
    found = copied(kept)
    assert found == kept
    assert type(found["c"]) is Pair and type(found["d"]) is OrderedDict
    kept["a"][1]["b"][1][0] = kept["c"].second[0] = None
    kept["d"]["e"] = None
    assert found["a"][1]["b"][1][0] is found["c"].second[0] is found["d"]["e"] is leaf
