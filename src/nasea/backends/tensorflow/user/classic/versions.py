"""Finds which TensorFlow the user's files expect, from their source.

Files written for earlier versions branch on ``tf.__version__``, e.g. ``"2.8"``, ``"2.1.0"`` or
``"1.12.0"``, and leave a name undefined if none of these is running. Such a chain of branches is
recognised from the syntax tree: its tests are about TensorFlow's version, none of them holds for
the running one, it has no ``else`` or one that only raises, and it binds a name that is used
elsewhere, outside of such branches, and bound nowhere else.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from nasea.backends.tensorflow.user.classic.comparing import Tests
from nasea.backends.user.module import MODULE_NAME

_RELEASES = tuple(f"2.{minor}.0" for minor in range(16))
"""TensorFlow 2 while tf.keras was Keras 2; tried if a test names no version, or an order."""

_VERSION = re.compile(r"\d+\.\d+(?:\.\w+)*\.?")
_OLD_KERAS = ("tensorflow.python.keras", "keras")


@dataclass(frozen=True)
class Suspect:
    """A chain of version branches of which perhaps none is taken.

    Attributes:
        place: ``file:line``.
        binds: the names that it binds and that are used elsewhere.
    """

    place: str
    binds: frozenset[str]

    def explains(self, text: str) -> bool:
        """Return whether an error message quotes one of the bound names."""
        return any(f"'{name.lstrip('.')}'" in text for name in self.binds)


@dataclass(frozen=True)
class Expected:
    """The TensorFlow and Keras that the files expect.

    Attributes:
        version: a version that they have a branch for; ``None`` if the running one works.
        places: ``file:line`` of the chains without a branch for the running version.
        keras: modules other than tf.keras from which they import Keras.
        suspects: chains whose expected version is unknown.
        as_text: ``file:line`` of tests that order versions as strings, wrongly.
    """

    version: str | None = None
    places: tuple[str, ...] = ()
    keras: tuple[str, ...] = ()
    suspects: tuple[Suspect, ...] = ()
    as_text: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Chain:
    """A chain of version branches of which none is taken."""

    place: str
    versions: tuple[str, ...]
    binds: frozenset[str]


def expected(directory: Path, running: str, name: str = MODULE_NAME) -> Expected:
    """Find what a module, and the files in its directory that it imports, expect.

    Args:
        directory: the directory of the files.
        running: the running version of TensorFlow.
        name: name of the module.
    """
    trees = dict(_files(directory, name, set()))
    named = [(path.relative_to(directory).as_posix(), tree) for path, tree in trees.items()]
    found = [chain for file, tree in named for chain in _chains(tree, file, running)]
    chains = [chain for chain in found if chain.versions]
    keras = sorted({found for tree in trees.values() for found in _old_keras(tree)})
    version = _choose(chains)
    seen = running if version is None else version
    return Expected(
        version,
        tuple(chain.place for chain in chains),
        tuple(keras),
        tuple(Suspect(chain.place, chain.binds) for chain in found if not chain.versions),
        tuple(place for file, tree in named for place in _as_text(tree, file, seen)),
    )


def _files(directory: Path, name: str, seen: set[Path]) -> Iterator[tuple[Path, ast.Module]]:
    """Yield (path, syntax tree) of a module and of all it imports from the directory."""
    base = directory.joinpath(*name.split("."))
    path = next((p for p in (base.with_suffix(".py"), base / "__init__.py") if p.is_file()), None)
    if path is None or path in seen:
        return
    seen.add(path)
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"))
    except (SyntaxError, ValueError, OSError):  # reported when it is imported
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
    """Yield the modules other than tf.keras from which a file imports Keras, with parents."""
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
    """Yield the chains of which no test is known to hold; without versions if those are unknown."""
    names = _version_names(tree)
    tests = Tests(tree, _spellings(tree))
    ifs = [node for node in ast.walk(tree) if isinstance(node, ast.If)]
    inner = {id(branch) for node in ifs for branch in list(_branches(node))[1:]}
    for node in ifs:
        branches = list(_branches(node))
        conditions = [branch.test for branch in branches]
        if id(node) in inner or not all(_mentions(test, names) for test in conditions):
            continue
        otherwise = branches[-1].orelse
        held = [tests.holds(test, running) for test in conditions]
        if any(held) or not _gives_up(otherwise):
            continue
        binds = _bound_for_others(tree, branches, names, tests, running)
        raises = any(isinstance(statement, ast.Raise) for statement in otherwise)
        if binds or raises or _returns(tree, branches):
            known = None not in held
            versions = _wanted(tests, conditions, names, running) if known else ()
            yield _Chain(f"{file}:{node.lineno}", versions, frozenset(binds))
    for claim in ast.walk(tree):
        if isinstance(claim, ast.Assert) and _mentions(claim.test, names):
            versions = _wanted(tests, [claim.test], names, running)
            if tests.holds(claim.test, running) is False and versions:
                yield _Chain(f"{file}:{claim.lineno}", versions, frozenset())


def _gives_up(otherwise: list[ast.stmt]) -> bool:
    """Return whether an ``else`` does nothing, or raises."""
    ends = bool(otherwise) and isinstance(otherwise[-1], ast.Raise)
    return ends or all(isinstance(statement, ast.Pass) for statement in otherwise)


def _wanted(
    tests: Tests, conditions: list[ast.expr], names: set[str], running: str
) -> tuple[str, ...]:
    """Return the versions for which one of the tests holds.

    A single ordering test may only guard an optional feature, so it yields no versions.
    """
    if len(conditions) == 1 and _is_order(conditions[0], names):
        return ()
    found = (
        version
        for test in conditions
        for version in _tried(test, names)
        if version != running and tests.holds(test, version)
    )
    return tuple(dict.fromkeys(found))


def _tried(test: ast.expr, names: set[str]) -> Iterator[str]:
    """Yield the versions that a test may be meant for."""
    written = list(_written(test))
    yield from (f"{v}.0" if v.count(".") < 2 else v for v in written)
    yield from written
    if not written or _is_order(test, names):
        yield from _RELEASES


def _written(test: ast.expr) -> Iterator[str]:
    """Yield the versions written in a test: as a string, a decimal number or a tuple."""
    for node in ast.walk(test):
        if isinstance(node, ast.Constant) and isinstance(node.value, str | float):
            text = str(node.value).replace("[.]", ".").replace("\\", "")
            if _VERSION.fullmatch(text):
                yield text.strip(".")
        elif isinstance(node, ast.Tuple | ast.List):
            parts = [str(item.value) for item in node.elts if isinstance(item, ast.Constant)]
            if len(parts) > 1 and all(part.isdigit() for part in parts):
                yield ".".join(parts)


def _as_text(tree: ast.Module, file: str, seen: str) -> Iterator[str]:
    """Yield ``file:line`` of tests that order the version that the file sees wrongly."""
    names = _version_names(tree)
    tests = Tests(tree, _spellings(tree))
    for node in ast.walk(tree):
        if isinstance(node, ast.If | ast.IfExp | ast.Assert) and _mentions(node.test, names):
            if tests.orders_text(node.test, seen):
                yield f"{file}:{node.lineno}"


def _branches(node: ast.If) -> Iterator[ast.If]:
    """Yield an ``if`` and its ``elif`` branches."""
    yield node
    if len(node.orelse) == 1 and isinstance(node.orelse[0], ast.If):
        yield from _branches(node.orelse[0])


def _spellings(tree: ast.Module) -> set[str]:
    """Return the expressions for TensorFlow's version that nasea can replace for a file."""
    modules = {"tf", "tensorflow"}
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            modules |= {a.asname for a in node.names if a.name == "tensorflow" and a.asname}
            modules -= {a.asname for a in node.names if a.name != "tensorflow" and a.asname}
        elif isinstance(node, ast.ImportFrom) and node.module == "tensorflow":
            names |= {a.asname or a.name for a in node.names if a.name == "__version__"}
    names |= {f"{module}.__version__" for module in modules}
    return names | {f"{module}.version.VERSION" for module in modules}


def _version_names(tree: ast.Module) -> set[str]:
    """Return the names whose value is, or derives from, TensorFlow's version."""
    names = _spellings(tree)
    for module in _other_modules(tree):
        names |= {f"{module}.{name}" for name in ("__version__", "VERSION", "version.VERSION")}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and _mentions(node.value, names):
            for target in node.targets:
                parts = target.elts if isinstance(target, ast.Tuple) else [target]
                names |= {ast.unparse(part) for part in parts}
    return names


def _other_modules(tree: ast.Module) -> set[str]:
    """Return the modules that also have the version, which cannot be replaced for a file."""
    names = {"tf", "tensorflow", "tf.compat.v1", "tensorflow.compat.v1"}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {a.asname for a in node.names if a.name == "tensorflow.compat.v1" and a.asname}
        elif isinstance(node, ast.ImportFrom) and node.module == "tensorflow.compat":
            names |= {a.asname or a.name for a in node.names}
    return names


def _mentions(node: ast.AST, names: set[str]) -> bool:
    parts = (part for part in ast.walk(node) if isinstance(part, ast.Name | ast.Attribute))
    return any(ast.unparse(part) in names for part in parts)


def _is_order(test: ast.expr, names: set[str]) -> bool:
    """Return whether a test is an ordering or a negation, or a name for one."""
    ordered = (ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.NotEq, ast.NotIn, ast.Not)
    return any(isinstance(n, ordered) for n in ast.walk(test)) or ast.unparse(test) in names


def _bound_for_others(
    tree: ast.Module, branches: list[ast.If], names: set[str], tests: Tests, running: str
) -> set[str]:
    """Return names bound only in the branches and used outside, except under failing tests."""
    own = {id(node) for branch in branches for part in branch.body for node in ast.walk(part)}
    guarded = {
        id(inside)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and _mentions(node.test, names)
        if not tests.holds(node.test, running)
        for part in node.body
        for inside in ast.walk(part)
    }
    inside: set[str] = set()
    bound: set[str] = set()
    used: set[str] = set()
    for node in ast.walk(tree):
        found = set(_bound(node))
        if id(node) in own:
            inside |= found
            continue
        bound |= found
        if isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Load):
            if id(node) not in guarded:
                used.add(_key(node))
    return (inside - bound) & used


def _returns(tree: ast.Module, branches: list[ast.If]) -> bool:
    """Return whether a function ends with the branches, and each of them returns."""
    returns = all(isinstance(branch.body[-1], ast.Return) for branch in branches)
    return returns and _is_last(tree, branches[0])


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
    """Return whether an ``if`` is the last statement of a function."""
    functions = (each for each in ast.walk(tree) if isinstance(each, ast.FunctionDef))
    return any(function.body[-1] is node for function in functions)


def _choose(chains: list[_Chain]) -> str | None:
    """Return the version that most chains have a branch for: prefer TensorFlow 2, then later."""
    counted = Counter(version for chain in chains for version in chain.versions)
    if not counted:
        return None

    def rank(version: str) -> tuple[bool, int, tuple[int, ...]]:
        numbers = tuple(int(n) for n in re.findall(r"\d+", version))
        return numbers[0] == 2, counted[version], numbers

    return max(counted, key=rank)
