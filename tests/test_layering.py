"""The rules of DESIGN §5 about imports, made executable over the syntax trees of the source."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

SOURCE = Path(__file__).parents[1] / "src" / "nasea"

RANKS = {
    "version": 0,
    "terms": 0,
    "translation": 0,
    "install": 0,
    "errors": 1,
    "config": 2,
    "space": 3,
    "cost": 4,
    "backends": 5,
    "strategy": 5,
    "results": 6,
    "pipeline": 7,
    "cli": 8,
    "api": 9,
    "__init__": 9,
    "__main__": 9,
}
"""Part of the package -> height. A part imports itself and what is lower; the top, each other."""

TOP = max(RANKS.values())

FRAMEWORKS = {
    "torch": "backends/torch",
    "torchvision": "backends/torch",
    "tensorflow": "backends/tensorflow",
    "keras": "backends/tensorflow",
    "tf_keras": "backends/tensorflow",
}
"""Framework -> the only folder that may import it."""

MAX_LINES = 400
MAX_FILES = 15


def violations(source: Path) -> list[str]:
    """Every broken rule under ``source``, the folder of the package ``nasea``."""
    found: list[str] = []
    for path in sorted(source.rglob("*.py")):
        name = path.relative_to(source).as_posix()
        text = path.read_text(encoding="utf-8")
        lines = len(text.splitlines())
        if lines > MAX_LINES:
            found.append(f"{name} has {lines} lines, more than {MAX_LINES}")
        if path.name == "utils.py":
            found.append(f"{name}: no utils.py; name the idea")
        package = ("nasea", *path.relative_to(source).parent.parts)
        for line, module in imports(ast.parse(text, name), package):
            problem = broken_rule(name, module, source)
            if problem:
                found.append(f"{name}:{line} {problem}")
    return found


def imports(tree: ast.Module, package: tuple[str, ...]) -> Iterator[tuple[int, str]]:
    """(line, dotted module) of every import anywhere in the file, those by name included.

    ``from a import b`` gives ``a.b``: the syntax does not tell a module ``b`` from another name.
    """
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) + 1 - node.level] if node.level else ()
            base = ".".join([*above, *([node.module] if node.module else [])])
            for alias in node.names:
                yield node.lineno, f"{base}.{alias.name}"
        elif isinstance(node, ast.Call) and node.args:
            called = node.func.attr if isinstance(node.func, ast.Attribute) else None
            called = node.func.id if isinstance(node.func, ast.Name) else called
            argument = node.args[0]
            # f"nasea.backends.{name}" counts by its constant beginning.
            if isinstance(argument, ast.JoinedStr):
                argument = argument.values[0]
            if called in ("import_module", "__import__") and isinstance(argument, ast.Constant):
                yield node.lineno, str(argument.value)


def broken_rule(name: str, module: str, source: Path) -> str | None:
    """What is wrong with ``module`` being imported by the file ``name``; None when nothing is."""
    root, *inner = module.split(".")
    home = FRAMEWORKS.get(root)
    if home is not None and not name.startswith(f"{home}/"):
        return f"imports {root}, which belongs to {home}"
    if root != "nasea":
        return None
    importer = Path(name).parts[0].removesuffix(".py")
    imported = inner[0] if inner else "__init__"
    if imported not in RANKS and not _is_module(source / imported):
        imported = "__init__"  # a name that nasea/__init__.py re-exports
    for part in (importer, imported):
        if part not in RANKS:
            return f"imports {module}: {part} has no place in the order of imports"
    if importer == "results" and inner[:2] in (["backends", "torch"], ["backends", "tensorflow"]):
        return f"imports {module}, and a framework with it"
    lower = RANKS[imported] < RANKS[importer]
    if lower or imported == importer or RANKS[imported] == RANKS[importer] == TOP:
        return None
    return f"imports {module}: {importer} must not import {imported}"


def _is_module(path: Path) -> bool:
    return path.is_dir() or path.with_suffix(".py").is_file()


def test_the_source_keeps_the_rules() -> None:
    found = violations(SOURCE)
    assert not found, "\n".join(found)


def circles(source: Path) -> list[list[str]]:
    """Groups of files under ``source`` that import each other, function-level imports included."""
    files = {_dotted(path, source): path for path in sorted(source.rglob("*.py"))}
    names = list(files)
    edges = np.zeros((len(names), len(names)), bool)
    for name, path in files.items():
        package = ("nasea", *path.relative_to(source).parent.parts)
        for _, module in imports(ast.parse(path.read_text(encoding="utf-8")), package):
            # ``a.b`` of ``from a import b`` is a file of that name, or something in the file ``a``
            found = module if module in files else module.rpartition(".")[0]
            if found in files and found != name:
                edges[names.index(name), names.index(found)] = True
    _, groups = connected_components(csr_array(edges), connection="strong")
    together = [[n for n, g in zip(names, groups, strict=True) if g == k] for k in set(groups)]
    return [group for group in together if len(group) > 1]


def _dotted(path: Path, source: Path) -> str:
    inner = path.relative_to(source).with_suffix("").parts
    return ".".join(["nasea", *inner]).removesuffix(".__init__")


def test_no_files_import_each_other() -> None:
    assert circles(SOURCE) == []


def test_a_planted_circle_is_found(tmp_path: Path) -> None:
    _plant(tmp_path, "space/a.py", "def f():\n    from nasea.space.b import g")
    (tmp_path / "space" / "b.py").write_text("from nasea.space import c")
    (tmp_path / "space" / "c.py").write_text("from nasea.space.a import f")
    assert circles(tmp_path) == [["nasea.space.a", "nasea.space.b", "nasea.space.c"]]


def test_no_folder_is_crowded() -> None:
    counts = {
        folder.relative_to(SOURCE).as_posix(): sum(1 for _ in folder.glob("*.py"))
        for folder in SOURCE.rglob("*")
        if folder.is_dir()
    }
    assert {name: count for name, count in counts.items() if count > MAX_FILES} == {}


def test_every_part_has_a_place_in_the_order() -> None:
    parts = {path.name.removesuffix(".py") for path in SOURCE.iterdir() if _is_python(path)}
    assert parts <= set(RANKS)


def _is_python(path: Path) -> bool:
    return path.suffix == ".py" or (path.is_dir() and any(path.rglob("*.py")))


@pytest.mark.parametrize(
    "file, text, message",
    [
        ("space/a.py", "import nasea.cost", "space must not import cost"),
        ("space/a.py", "from nasea.cost import Costs", "space must not import cost"),
        ("space/a.py", "from nasea import cost", "space must not import cost"),
        ("space/a.py", "from nasea import search_it", "space must not import __init__"),
        ("space/a.py", "import nasea", "space must not import __init__"),
        ("space/a.py", "from .. import cost", "space must not import cost"),
        ("space/a.py", "from ..cost.counts import count", "space must not import cost"),
        ("errors.py", "from . import config", "errors must not import config"),
        (
            "config/a.py",
            "def f():\n    from nasea.space import Space",
            "a.py:2 imports nasea.space",
        ),
        (
            "cost/a.py",
            "from typing import TYPE_CHECKING\n"
            "if TYPE_CHECKING:\n    from nasea.strategy import run",
            "a.py:3 imports nasea.strategy",
        ),
        ("strategy/a.py", "import nasea.backends.base", "strategy must not import backends"),
        ("backends/base.py", "from nasea.strategy import run", "backends must not import strategy"),
        ("results/a.py", "import nasea.pipeline", "results must not import pipeline"),
        ("results/a.py", "import torch", "belongs to backends/torch"),
        ("results/a.py", "from nasea.backends.torch import build", "and a framework with it"),
        ("results/a.py", "from nasea.backends import torch", "and a framework with it"),
        ("pipeline/a.py", "import nasea.cli.main", "pipeline must not import cli"),
        ("cli/a.py", "import nasea.api", "cli must not import api"),
        ("cli/a.py", "def f():\n    import torch.nn as nn", "belongs to backends/torch"),
        ("cli/a.py", "from importlib import import_module as i\n__import__('torch')", "a.py:2"),
        ("cli/a.py", "import importlib\nimportlib.import_module('keras.layers')", "imports keras"),
        (
            "results/a.py",
            "import importlib\nimportlib.import_module(f'nasea.pipeline.{name}')",
            "results must not import pipeline",
        ),
        ("backends/torch/a.py", "import tensorflow as tf", "belongs to backends/tensorflow"),
        ("backends/tensorflow/a.py", "from torch import nn", "belongs to backends/torch"),
        ("backends/base.py", "import torch", "belongs to backends/torch"),
        ("helpers/a.py", "import nasea.errors", "helpers has no place"),
        ("cost/utils.py", "", "no utils.py"),
        ("cost/a.py", "\n" * 401, "has 401 lines"),
    ],
)
def test_a_planted_violation_is_found(tmp_path: Path, file: str, text: str, message: str) -> None:
    _plant(tmp_path, file, text)
    [found] = violations(tmp_path)
    assert found.startswith(file)
    assert message in found


@pytest.mark.parametrize(
    "file, text",
    [
        (
            "space/a.py",
            "from nasea.space.ops import Conv\nfrom .b import c\nfrom nasea import errors",
        ),
        ("errors.py", "from nasea.version import __version__"),
        ("backends/torch/a.py", "import torch.nn\nfrom nasea.backends.base import Backend"),
        ("results/template.py", "TEXT = 'import torch'\nimport nasea.backends.base"),
        ("pipeline/a.py", "import nasea.strategy, nasea.backends.torch"),
        ("__init__.py", "from nasea.api import search"),
        ("api.py", "import nasea.pipeline.search.run\nfrom nasea import __version__"),
        ("__main__.py", "from nasea.cli.main import main"),
        ("cost/a.py", "\n" * 400),
    ],
)
def test_what_is_allowed_is_not_reported(tmp_path: Path, file: str, text: str) -> None:
    _plant(tmp_path, file, text)
    assert violations(tmp_path) == []


def _plant(root: Path, file: str, text: str) -> None:
    for part in RANKS:  # empty parts, so that ``from nasea import cost`` means the module
        if not part.startswith("__"):
            (root / part).mkdir()
    path = root / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
