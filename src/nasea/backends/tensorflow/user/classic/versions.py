"""What the user's files expect of TensorFlow, as far as their text tells.

Files written for earlier versions choose between branches by ``tf.__version__``, e.g. ``"2.8"``,
``"2.1.0"`` or ``"1.12.0"``, and leave a name undefined where none of these is running. Such a
chain of branches is found by its text: it compares TensorFlow's version with versions that are
written out, has no ``else``, none of them is the running one, and it binds a name that is used
elsewhere and bound nowhere else.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from nasea.backends.user.module import MODULE_NAME

_VERSION = re.compile(r"\d+\.\d+(?:\.\w+)*\.?")
_OLD_KERAS = ("tensorflow.python.keras", "keras")


@dataclass(frozen=True)
class Expected:
    """What files expect.

    Attributes:
        version: of TensorFlow, that they have a branch for; ``None`` where the running one will do.
        places: ``file:line`` of the chains that have no branch for the running one.
        keras: modules that they import Keras from by other names than tf.keras.
    """

    version: str | None = None
    places: tuple[str, ...] = ()
    keras: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Chain:
    """Branches by version, none of which is taken."""

    place: str
    versions: tuple[str, ...]


def expected(directory: Path, running: str, name: str = MODULE_NAME) -> Expected:
    """What a module, and the files beside it that it imports, expect.

    Args:
        directory: where they are.
        running: version of TensorFlow.
        name: of the module.
    """
    trees = dict(_files(directory, name, set()))
    chains = [
        chain
        for path, tree in trees.items()
        for chain in _chains(tree, path.relative_to(directory).as_posix(), running)
    ]
    keras = sorted({found for tree in trees.values() for found in _old_keras(tree)})
    return Expected(_choose(chains), tuple(chain.place for chain in chains), tuple(keras))


def _files(directory: Path, name: str, seen: set[Path]) -> Iterator[tuple[Path, ast.Module]]:
    """The files of a module and of all that it imports from the directory, parsed."""
    base = directory.joinpath(*name.split("."))
    path = next((p for p in (base.with_suffix(".py"), base / "__init__.py") if p.is_file()), None)
    if path is None or path in seen:
        return
    seen.add(path)
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"))
    except (SyntaxError, ValueError, OSError):  # told when it is imported
        return
    yield path, tree
    for imported in _imported(tree, "" if path.name != "__init__.py" else name):
        parts = imported.split(".")
        for length in range(1, len(parts) + 1):
            yield from _files(directory, ".".join(parts[:length]), seen)


def _imported(tree: ast.Module, package: str) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(filter(None, [package if node.level else "", node.module]))
            yield from (f"{base}.{alias.name}".strip(".") for alias in node.names)


def _old_keras(tree: ast.Module) -> Iterator[str]:
    """The modules of Keras that a file imports by other names than tf.keras, parents included."""
    for node in ast.walk(tree):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [node.module]
            if node.module == "tensorflow.python":
                names = [f"{node.module}.{alias.name}" for alias in node.names]
        for name in names:
            for root in _OLD_KERAS:
                if f"{name}.".startswith(f"{root}."):
                    parts = name.removeprefix(root).split(".")
                    yield from (root + ".".join(parts[:n]) for n in range(1, len(parts) + 1))


def _chains(tree: ast.Module, file: str, running: str) -> Iterator[_Chain]:
    versions = _version_names(tree)
    ifs = [node for node in ast.walk(tree) if isinstance(node, ast.If)]
    inner = {id(branch) for node in ifs for branch in list(_branches(node))[1:]}
    for node in ifs:
        if id(node) in inner:
            continue
        branches = list(_branches(node))
        last = branches[-1]
        found = [_compared(branch.test, versions) for branch in branches]
        if last.orelse or not all(found):
            continue
        written = tuple(version for each in found for version in each)
        if any(running.startswith(version) for version in written):
            continue
        if _binds_what_is_used(tree, branches):
            yield _Chain(f"{file}:{node.lineno}", written)


def _branches(node: ast.If) -> Iterator[ast.If]:
    """An ``if`` and its ``elif``."""
    yield node
    if len(node.orelse) == 1 and isinstance(node.orelse[0], ast.If):
        yield from _branches(node.orelse[0])


def _version_names(tree: ast.Module) -> set[str]:
    """Names that stand for TensorFlow's version, or for what is made of it."""
    modules = {"tf", "tensorflow"}
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            modules |= {a.asname for a in node.names if a.name == "tensorflow" and a.asname}
        elif isinstance(node, ast.ImportFrom) and node.module == "tensorflow":
            names |= {a.asname or a.name for a in node.names if a.name == "__version__"}
    names |= {f"{module}.__version__" for module in modules}
    names |= {f"{module}.version.VERSION" for module in modules}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and _mentions(node.value, names):
            names |= {ast.unparse(target) for target in node.targets}
    return names


def _mentions(node: ast.AST, names: set[str]) -> bool:
    parts = (part for part in ast.walk(node) if isinstance(part, ast.Name | ast.Attribute))
    return any(ast.unparse(part) in names for part in parts)


def _compared(test: ast.expr, versions: set[str]) -> list[str]:
    """The versions that a test is for; none where it is about other things, or about an order."""
    ordered = (ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.NotEq, ast.NotIn, ast.Not)
    if not _mentions(test, versions) or any(isinstance(n, ordered) for n in ast.walk(test)):
        return []
    texts = [n.value for n in ast.walk(test) if isinstance(n, ast.Constant)]
    return [t for t in texts if isinstance(t, str) and _VERSION.fullmatch(t)]


def _binds_what_is_used(tree: ast.Module, branches: list[ast.If]) -> bool:
    """Whether something is used elsewhere that is bound in the branches only."""
    own = {id(node) for branch in branches for part in branch.body for node in ast.walk(part)}
    inside: set[str] = set()
    bound: set[str] = set()
    used: set[str] = set()
    for node in ast.walk(tree):
        names = set(_bound(node))
        if id(node) in own:
            inside |= names
            continue
        bound |= names
        if isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Load):
            used.add(_key(node))
    returns = all(isinstance(branch.body[-1], ast.Return) for branch in branches)
    return bool((inside - bound) & used) or (returns and _is_last(tree, branches[0]))


def _bound(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Store):
        yield _key(node)
    elif isinstance(node, ast.Import | ast.ImportFrom):
        yield from ((alias.asname or alias.name).split(".")[0] for alias in node.names)
    elif isinstance(node, ast.FunctionDef | ast.ClassDef):
        yield node.name


def _key(node: ast.Name | ast.Attribute) -> str:
    return node.id if isinstance(node, ast.Name) else f".{node.attr}"


def _is_last(tree: ast.Module, node: ast.If) -> bool:
    """Whether a function ends with it."""
    functions = (each for each in ast.walk(tree) if isinstance(each, ast.FunctionDef))
    return any(function.body[-1] is node for function in functions)


def _choose(chains: list[_Chain]) -> str | None:
    """The version that most chains have a branch for, the latest of version 2 if there is one."""
    counted = Counter(v.strip(".") for chain in chains for v in dict.fromkeys(chain.versions))
    if not counted:
        return None

    def rank(version: str) -> tuple[bool, int, tuple[int, ...]]:
        numbers = tuple(int(n) for n in re.findall(r"\d+", version))
        return numbers[0] == 2, counted[version], numbers

    best = max(counted, key=rank)
    return best if best.count(".") > 1 else f"{best}.0"
