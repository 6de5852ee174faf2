"""Writes ``user_module.py`` from classes defined in a notebook or a script.

Data workers, processes for other devices, result files and resumed searches import ``user_module``,
but a notebook is not an importable file. So the file is written from the source of the classes and
of everything in the notebook that they use: imports, functions, constants.
"""

from __future__ import annotations

import ast
import builtins
import inspect
import os
import symtable
import sys
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from nasea.backends.user.module import FILE_NAME, MODULE_NAME
from nasea.errors import NaseaError, UserModuleError

CLASSES = ("UserModule", "PreNet", "PostNet")

_MARK = "# Written by nasea from classes of a notebook or a script; edit them there.\n"

Parts = Sequence[Any] | Mapping[str, Any]
"""UserModule, PreNet and PostNet: in any order, or as a dict with these names."""


def write_user_module(parts: Parts, directory: Path) -> Path:
    """Write ``user_module.py``, unless the file already has the same content.

    Args:
        parts: the three classes. PreNet and PostNet may be functions that make a model.
        directory: the directory of the file; created if it does not exist.

    Returns:
        The path of the file.

    Raises:
        NaseaError: a class is missing, its source cannot be found, the user has a file of that
            name, or the file cannot be written.
    """
    text = user_module_text(parts)
    path = directory / FILE_NAME
    before = path.read_text(encoding="utf-8") if path.is_file() else None
    if before is not None and not before.startswith(_MARK):
        raise NaseaError(
            f"{path} is there already, and was not written from classes",
            fix="leave user_module= out to use that file, or move it away",
        )
    if before != text:
        fresh = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            directory.mkdir(parents=True, exist_ok=True)
            fresh.write_text(text, encoding="utf-8")
            fresh.replace(path)  # atomically: other processes of a launcher may be importing it
        except OSError as error:
            with suppress(OSError):
                fresh.unlink()
            raise NaseaError(
                f"cannot write {path}: {error.strerror or error}",
                fix="give directory= a directory that can be written",
            ) from error
    return path


def user_module_text(parts: Parts) -> str:
    """Return the text of ``user_module.py``, which does not depend on the notebook.

    Raises:
        NaseaError: one of the classes is missing.
        UserModuleError: the source of something that they use cannot be found.
    """
    named = dict(parts) if isinstance(parts, Mapping) else {_name_of(one): one for one in parts}
    if set(named) != set(CLASSES):
        raise NaseaError(
            f"user_module takes the classes {', '.join(CLASSES)}; found {', '.join(named) or '-'}",
            fix="write user_module=[UserModule, PreNet, PostNet], or a dict with these names if "
            "your classes are called otherwise",
        )
    text = _Text()
    for name in CLASSES:
        found = named[name]
        module = sys.modules.get(getattr(found, "__module__", ""), sys.modules["__main__"])
        text.take(_name_of(found), found, module)
        if _name_of(found) != name:
            text.definitions.append(f"{name} = {_name_of(found)}")
    return text.whole()


@dataclass
class _Text:
    """A module text to which definitions are added as they are used."""

    future: set[str] = field(default_factory=set)
    imports: list[str] = field(default_factory=list)
    definitions: list[str] = field(default_factory=list)
    taken: set[str] = field(default_factory=set)

    def take(self, name: str, value: object, module: ModuleType) -> None:
        """Add the definition of a module-level name, after everything that it uses itself."""
        if name in self.taken:
            return
        self.taken.add(name)
        if not _is_here(module):
            self._import(f"from {module.__name__} import {name}")
            return
        sources = _sources(module)
        self.future |= {one for source in sources for one in _future_imports(source)}
        literal = _literal(value)
        if literal is not None:
            self.definitions.append(f"{name} = {literal}")
            return
        found = _last_binding(name, sources)
        if found is None:
            self._import(_import_of(name, value))
        elif isinstance(found.node, ast.Import | ast.ImportFrom):
            self._import(_one_import(found.node, name))
        else:
            for used in _globals_used(found.text):
                if used in vars(module):
                    self.take(used, vars(module)[used], module)
            for dotted in _submodules_used(found.node, vars(module)):
                self._import(f"import {dotted}")
            self.definitions.append(found.text)

    def whole(self) -> str:
        """Return the text of the file."""
        future = [f"from __future__ import {', '.join(sorted(self.future))}\n"] * bool(self.future)
        head = "\n".join([*future, *self.imports])
        return _MARK + "\n" + "\n\n\n".join([*([head] if head else []), *self.definitions]) + "\n"

    def _import(self, line: str) -> None:
        if line not in self.imports:
            self.imports.append(line)


@dataclass(frozen=True)
class _Binding:
    """A statement that binds a name, and its text."""

    node: ast.stmt
    text: str


def _name_of(found: object) -> str:
    name = getattr(found, "__name__", None)
    if isinstance(name, str) and name.isidentifier():
        return name
    raise NaseaError(
        f"user_module takes classes, found {type(found).__name__} {found!r:.60}",
        fix="give the classes themselves: [UserModule, PreNet, PostNet]",
    )


def _is_here(module: ModuleType) -> bool:
    """Return whether a module is the notebook or script, which other processes cannot import."""
    return module.__name__ in ("__main__", MODULE_NAME) or getattr(module, "__spec__", None) is None


def _sources(module: ModuleType) -> list[str]:
    """Return the code that ran so far, latest last: the cells of a notebook, or a script."""
    cells = vars(module).get("In")
    if isinstance(cells, list):
        return [cell for cell in cells if isinstance(cell, str)]
    file = getattr(module, "__file__", None)
    if file is None:
        return []
    return [Path(file).read_text(encoding="utf-8")]


def _last_binding(name: str, sources: Sequence[str]) -> _Binding | None:
    for source in reversed(sources):
        for node in reversed(_statements(source)):
            if name in _bound_by(node):
                lines = source.splitlines()
                decorators = getattr(node, "decorator_list", [])
                first = min([node.lineno, *(one.lineno for one in decorators)])
                text = textwrap.dedent("\n".join(lines[first - 1 : node.end_lineno]))
                return _Binding(node, text)
    return None


def _statements(source: str) -> list[ast.stmt]:
    try:
        return ast.parse(source).body
    except SyntaxError:  # such a cell was never run
        return []


def _bound_by(node: ast.stmt) -> set[str]:
    """Return the module-level names that a statement binds."""
    if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
        return {node.name}
    if isinstance(node, ast.Import | ast.ImportFrom):
        return {alias.asname or alias.name.partition(".")[0] for alias in node.names}
    stored = (one for one in ast.walk(node) if isinstance(one, ast.Name))
    bound = {one.id for one in stored if isinstance(one.ctx, ast.Store)}
    for below in ast.iter_child_nodes(node):
        if isinstance(below, ast.stmt):
            bound |= _bound_by(below)
    return bound


def _one_import(node: ast.Import | ast.ImportFrom, name: str) -> str:
    alias = next(one for one in node.names if name in (one.asname, one.name.partition(".")[0]))
    if isinstance(node, ast.Import):
        return ast.unparse(ast.Import([alias]))
    return ast.unparse(ast.ImportFrom(node.module, [alias], node.level))


def _future_imports(source: str) -> Iterator[str]:
    for node in _statements(source):
        if isinstance(node, ast.ImportFrom) and node.module == "__future__":
            yield from (alias.name for alias in node.names)


def _globals_used(text: str) -> list[str]:
    """Return the global names that a piece of code uses, in alphabetical order."""

    def walk(table: symtable.SymbolTable, is_top: bool) -> Iterator[str]:
        for symbol in table.get_symbols():
            from_module = not symbol.is_assigned() if is_top else symbol.is_global()
            if symbol.is_referenced() and from_module:
                yield symbol.get_name()
        for child in table.get_children():
            yield from walk(child, False)

    found = set(walk(symtable.symtable(text, FILE_NAME, "exec"), True))
    return sorted(found - set(vars(builtins)))


def _submodules_used(node: ast.stmt, names: Mapping[str, object]) -> list[str]:
    """Return modules such as ``torch.nn.functional`` that code reaches through ``torch``."""
    found = set()
    for one in ast.walk(node):
        if isinstance(one, ast.Attribute):
            dotted = ast.unparse(one)
            root = names.get(dotted.partition(".")[0])
            is_module = inspect.ismodule(root) and dotted.startswith(f"{root.__name__}.")
            if is_module and inspect.ismodule(sys.modules.get(dotted)):
                found.add(dotted)
    return sorted(found)


def _literal(value: object) -> str | None:
    """Return the source text of a constant; ``None`` if the value is not a constant."""
    if isinstance(value, type) or callable(value) or inspect.ismodule(value):
        return None
    text = repr(value)
    try:
        is_same = type(ast.literal_eval(text)) is type(value) and ast.literal_eval(text) == value
    except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
        return None
    return text if is_same is True else None


def _import_of(name: str, value: object) -> str:
    """Return an import of the value of a name whose binding statement was not found."""
    if inspect.ismodule(value):
        return f"import {value.__name__} as {name}"
    home, own = getattr(value, "__module__", None), getattr(value, "__qualname__", None)
    if home in sys.modules and own and getattr(sys.modules[home], own, None) is value:
        if not _is_here(sys.modules[home]):
            return f"from {home} import {own} as {name}"
    raise UserModuleError(
        f"the source of {name} cannot be found, which {FILE_NAME} needs",
        fix=f"define {name} in a cell or in the script, or write {FILE_NAME} yourself "
        "(%%writefile user_module.py)",
    )
