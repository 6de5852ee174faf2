"""Collect what nasea says from its syntax trees: the msgids of the catalogue.

A message is a piece of prose, a literal or an f-string, in a module that speaks to users. What an
f-string puts in becomes a named placeholder: ``f"{path} has {len(rows)} rows"`` is the template
``{path} has {rows} rows``. A choice between two literals, ``{'s' if n > 1 else ''}``, makes two
templates. Docstrings of commands are split into paragraphs.

Prose is text with two words of lower-case letters. Single words (titles of columns, units) are not
collected: they are entries of the context ``label``, written by hand.
"""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Iterator
from pathlib import Path

SOURCE = Path(__file__).parents[2] / "src" / "nasea"

SILENT = (
    "__init__.py",
    "api/",
    "backends/network/helpers",
    "backends/tensorflow/network/fake_quantisation.py",
    "backends/torch/network/fake_quantisation.py",
    "cli/terminal/help.py",
    "cli/terminal/summary.py",
    "config/json_schema.py",
    "config/reference.py",
    "cost/fusion.py",
    "pipeline/diagnosis/trial.py",
    "pipeline/latency/device/script/",
    "pipeline/own_data/texts.py",
    "results/card.py",
    "results/codegen/",
    "results/curves/",
    "results/figures/",
    "results/report/",
    "results/report_data.py",
    "strategy/testing.py",
    "templates/",
    "translation/",
)
"""Modules whose texts go into files, or to people who program with nasea: these stay English."""

_DEFECTS = {
    "AssertionError",
    "AttributeError",
    "IndexError",
    "KeyError",
    "NotImplementedError",
    "RuntimeError",
    "StopIteration",
    "TypeError",
}
"""Exceptions that tell of a defect, or that another part of nasea catches."""

_READERS = {
    "compile",
    "endswith",
    "filterwarnings",
    "findall",
    "fullmatch",
    "getLogger",
    "match",
    "search",
    "split",
    "startswith",
    "sub",
    "update",
    "import_module",
    "strftime",
    "replace",
    "removeprefix",
    "removesuffix",
    "partition",
    "encode",
}
"""Functions that look for a text, and do not say it."""

_PROSE = re.compile(
    r"[a-z]{2,}[,:;]? ?[({'\"`-]*[a-z]|[a-z]{2,}[,:;]? \S*\{|\}[,:;]? [(]?[a-z]{2,}"
)
_CODE = re.compile(
    r"bold \w+|\w+ \| None|<\{tag\}.*|text-align: .*|'?\{?nasea\{wanted\}.*|\{head\},\n.*"
    r"|(mkdir|chmod|pkill|rm|cat|getprop|uname|mpirun) [->/\d\[rx].*|cd \{folder\} && .*|# .*|\[ .*"
    r"|from [\w{}]+ import .*|import \{.*|MASTER_ADDR=HOST .*"
    r"|(sigmoid|relu|conv\w+) \w+|.*\\\(avg\\\).*|.*\(\?P<.*|Traceback \(most.*|Detected at node"
    r"|Graph execution error:|in user code:|Stack trace for op definition|can't allocate memory"
    r"|(?!file ).*\{file\}|.*Latency: \{number\}|Average inference time cost:.*|latency: \{number\}"
    r"|not enough memory: you tried to allocate|.*\necho .*",
    re.DOTALL,
)
"""Text that is written to be run or read by a machine, or looked for in foreign messages."""
_MOST_VARIANTS = 16


def collected(source: Path = SOURCE) -> dict[str, list[str]]:
    """Template -> the files it is in, by file and place."""
    found: dict[str, list[str]] = {}
    for path in sorted(source.rglob("*.py")):
        name = path.relative_to(source).as_posix()
        if name.startswith(SILENT):
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"), name)
        commands = name.startswith("cli/") and not name.startswith("cli/terminal/")
        for template in templates(tree, commands=commands):
            places = found.setdefault(template, [])
            if name not in places:
                places.append(name)
    return found


def templates(tree: ast.Module, *, commands: bool = False) -> Iterator[str]:
    """Yield the templates of a module, in the order of its text.

    Args:
        tree: the module.
        commands: whether docstrings of its functions are help for users.
    """
    silent = _silent(tree)
    texts: list[tuple[int, int, str]] = []
    for node in ast.walk(tree):
        if commands and isinstance(node, ast.FunctionDef):
            texts += [(node.lineno, k, part) for k, part in enumerate(_paragraphs(node))]
        if not isinstance(node, ast.Constant | ast.JoinedStr | ast.BinOp) or id(node) in silent:
            continue
        for variant in _variants(node):
            text = variant.strip()
            if is_prose(text) and not _CODE.fullmatch(text):
                texts.append((node.lineno, node.col_offset, text))
        if isinstance(node, ast.JoinedStr | ast.BinOp):
            silent |= _inside(node)
    yield from dict.fromkeys(text for *_, text in sorted(texts, key=lambda each: each[:2]))


def is_prose(text: str) -> bool:
    """Whether a text is more than a name, a key or a word."""
    words = re.findall(r"[a-z]{2,}", re.sub(r"\{\w+\}|--[\w-]+|\w+[._/]\w[\w./]*", "", text))
    return bool(words) and (" " in text) and bool(_PROSE.search(text) or len(words) > 1)


def _silent(tree: ast.Module) -> set[int]:
    """Nodes that say nothing to a user, with all that is in them."""
    found: set[int] = set()
    for node in ast.walk(tree):
        quiet: list[ast.AST] = []
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            quiet = [node]
        elif isinstance(node, ast.Raise) and _called(node.exc) in _DEFECTS:
            quiet = [node]
        elif isinstance(node, ast.Assert):
            quiet = [node]
        elif isinstance(node, ast.Compare):
            quiet = [node]
        elif isinstance(node, ast.Call) and _called(node) in _READERS:
            quiet = list(node.args)
        elif isinstance(node, ast.arg | ast.AnnAssign) and node.annotation is not None:
            quiet = [] if _is_option(node.annotation) else [node.annotation]
        for one in quiet:
            found |= {id(each) for each in ast.walk(one)}
    return found


def _is_option(annotation: ast.expr) -> bool:
    return any(
        isinstance(each, ast.Call) and _called(each) in ("Option", "Argument")
        for each in ast.walk(annotation)
    )


def _called(node: ast.AST | None) -> str:
    function = node.func if isinstance(node, ast.Call) else node
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def _paragraphs(node: ast.FunctionDef) -> list[str]:
    text = ast.get_docstring(node) or ""
    shown = any(_is_option(each.annotation) for each in node.args.args if each.annotation)
    if not shown and (node.args.args or node.name.startswith("_")):
        return []
    found = (" ".join(part.split()) for part in text.split("\n\n"))
    return [part for part in found if part and not re.match(r"(Args|Raises|Returns):", part)]


def _inside(node: ast.expr) -> set[int]:
    """The constants that a template has taken in already."""
    found = set()
    if isinstance(node, ast.BinOp):
        for side in (node.left, node.right):
            found |= {id(side)} | _inside(side)
    elif isinstance(node, ast.JoinedStr):
        for value in node.values:
            if isinstance(value, ast.Constant):
                found.add(id(value))
            elif isinstance(value, ast.FormattedValue):
                found |= {id(each) for each in _choice(value.value)}
                if value.format_spec is not None:
                    found |= {id(each) for each in ast.walk(value.format_spec)}
    return found


def _choice(node: ast.expr) -> list[ast.expr]:
    """The two ends of ``'a' if … else 'b'``; nothing where it is no such choice."""
    if not isinstance(node, ast.IfExp):
        return []
    ends = [node.body, node.orelse]
    literal = all(isinstance(each, ast.Constant) and isinstance(each.value, str) for each in ends)
    return ends if literal else []


def _variants(node: ast.expr) -> list[str]:
    pieces = _pieces(node)
    if isinstance(node, ast.Constant) and pieces and "{}" in str(node.value):  # for str.format
        parts = str(node.value).split("{}")
        pieces = [each for part in parts for each in (part, ast.Name("value"))][:-1]
    if pieces is None or not any(isinstance(each, str) for each in pieces):
        return []
    names: dict[str, int] = {}
    options: list[list[str]] = []
    for piece in pieces:
        if isinstance(piece, str):
            options.append([piece])
        elif ends := _choice(piece):
            options.append([str(each.value) for each in ends if isinstance(each, ast.Constant)])
        else:
            name = _name(piece)
            names[name] = names.get(name, 0) + 1
            options.append([f"{{{name}{names[name] if names[name] > 1 else ''}}}"])
    many = itertools.product(*options)
    return ["".join(each) for each in itertools.islice(many, _MOST_VARIANTS)]


def _pieces(node: ast.expr) -> list[str | ast.expr] | None:
    """Literal texts and what stands between them; None where it is no text."""
    if isinstance(node, ast.Constant):
        return [node.value] if isinstance(node.value, str) else None
    if isinstance(node, ast.JoinedStr):
        return [
            str(each.value) if isinstance(each, ast.Constant) else each.value
            for each in node.values
            if isinstance(each, ast.Constant | ast.FormattedValue)
        ]
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        left, right = _pieces(node.left), _pieces(node.right)
        if left is None and right is None:
            return None
        return [*(left or [node.left]), *(right or [node.right])]
    return None


def _name(node: ast.expr) -> str:
    """A name for what an f-string puts in."""
    if isinstance(node, ast.Name):
        return node.id.strip("_").lower()
    if isinstance(node, ast.Attribute):
        return node.attr.strip("_")
    if isinstance(node, ast.Subscript | ast.Starred | ast.Await):
        return _name(node.value)
    if isinstance(node, ast.Call):
        called = _called(node)
        first = node.args[0] if node.args else None
        if called in ("join", "len", "str", "sorted", "repr", "quote", "max", "min", "sum", "map"):
            if isinstance(first, ast.expr) and not isinstance(first, ast.Constant):
                return _name(first)
        return called.strip("_") or "value"
    if isinstance(node, ast.BinOp):
        left = _name(node.left)
        return left if left != "value" else _name(node.right)
    if isinstance(node, ast.BoolOp):
        return _name(node.values[0])
    if isinstance(node, ast.IfExp):
        found = _name(node.body)
        return found if found != "value" else _name(node.orelse)
    if isinstance(node, ast.GeneratorExp | ast.ListComp):
        return _name(node.elt)
    return "value"
