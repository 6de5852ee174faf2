"""Scenarios that are valid YAML, or nearly, but not what was meant: still no traceback, no code."""

from __future__ import annotations

import os
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from nasea.config import load_scenario
from nasea.errors import ConfigError

MARK = "mark-of-code-that-ran"

_FILE = Path(__file__).parent / "data" / "documented_sample.yaml"
_SAMPLE = YAML(typ="safe").load(_FILE.read_text().replace("：", ":").replace("\t", " "))
_RAW = [
    f"!!python/object/apply:os.mkdir [{MARK}]",
    f"!!python/object/new:os.mkdir {{args: [{MARK}]}}",
    "!!python/name:os.mkdir",
    "!!python/module:antigravity",
    f"__import__('os').mkdir('{MARK}')",
    f"$(mkdir {MARK})",
    f"{{{{ ''.__class__.mro()[1].__subclasses__() }}}}/{MARK}",
    "!!binary R0lGODlhDAAMAIQAAP",
    "!!timestamp 2001-12-14t21:59:43.10-05:00",
    "!!set {a, b}",
    "&x [*x]",
    "&y {<<: *y}",
    "*nowhere",
    "&a [&b [&c [1, 1], *c, *c], *b, *b, *b]",
    "[" * 40 + "]" * 40,
    "{a: " * 40 + "1" + "}" * 40,
    "9" * 400,
    "-" + "9" * 400,
    "1e999",
    "-1e-999",
    "0x" + "f" * 300,
    "1" + "_1" * 100,
    ".nan",
    ".inf",
    "-.inf",
    "NaN",
    "~",
    "''",
    '"\\ud800"',
    '"\\0"',
    '"\\x1b[31m"',
    "../../../../etc/passwd",
    "(1, (2, (3)))",
    "[]",
    "{}",
    "[[]]",
    "[null, true, 1.5, text, [1], {a: b}]",
    "2026-01-01",
    "12:30:45",
    "yes",
    "｛［（：，）］｝",
]

Path_ = tuple[str, ...]


def paths(tree: Any, above: Path_ = ()) -> Iterator[Path_]:
    """Of every key, sections included."""
    for key, value in tree.items():
        yield (*above, key)
        if isinstance(value, dict):
            yield from paths(value, (*above, key))


_PATHS = list(paths(_SAMPLE))


class Raw(str):
    """YAML text that stands as it is."""


def written(value: Any) -> str:
    """A tree in flow style; a list of pairs is a mapping that may say a key twice."""
    if isinstance(value, Raw):
        return value
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {written(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(written, value)) + "]"
    return str(value)


values = (
    st.sampled_from(_RAW).map(Raw)
    | st.integers().map(str).map(Raw)
    | st.floats().map(str).map(Raw)
    | st.lists(st.integers(-9, 999), max_size=9)
)
changes = st.lists(
    st.tuples(
        st.sampled_from(["drop", "twice", "rename", "wrap", *["replace"] * 4]),
        st.sampled_from(_PATHS),
        values,
    ),
    min_size=1,
    max_size=4,
)


def changed(tree: dict[str, Any], what: str, path: Path_, value: Any) -> None:
    """Change one key, unless an earlier change took it away."""
    *above, key = path
    for name in above:
        tree = tree.get(name) if isinstance(tree, dict) else None  # type: ignore[assignment]
    if not isinstance(tree, dict) or key not in tree:
        return
    if what == "drop":
        del tree[key]
    elif what == "twice":
        tree[f"{key}: {written(value)}, {key}"] = tree[key]
    elif what == "rename":
        tree[written(value)] = tree.pop(key)
    elif what == "wrap":
        tree[key] = [tree[key], {key: value}]
    else:
        tree[key] = value


@given(changes)
@settings(
    max_examples=120,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_any_change_of_the_sample(tmp_path: Path, several: list[tuple[str, Path_, Any]]) -> None:
    tree = deepcopy(_SAMPLE)
    for change in several:
        changed(tree, *change)
    check(tmp_path, written(tree).encode("utf-8", "surrogatepass"))


@pytest.mark.parametrize("raw", _RAW)
@pytest.mark.parametrize("path", [("scenario",), *_PATHS[3:8], _PATHS[-1]], ids=".".join)
def test_every_oddity_in_every_kind_of_place(tmp_path: Path, raw: str, path: Path_) -> None:
    tree = deepcopy(_SAMPLE)
    changed(tree, "replace", path, Raw(raw))
    check(tmp_path, written(tree).encode("utf-8", "surrogatepass"))


def check(directory: Path, content: bytes) -> None:
    """Loading gives a scenario or its errors, and leaves nothing behind."""
    path = directory / "scen.yaml"
    path.write_bytes(content)
    before = Path.cwd()
    os.chdir(directory)
    try:
        load_scenario(path)
    except ConfigError as error:
        assert error.problems
        assert str(error).encode("utf-8")
    finally:
        os.chdir(before)
    assert [each.name for each in directory.iterdir()] == ["scen.yaml"]
