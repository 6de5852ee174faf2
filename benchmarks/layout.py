"""How large and how deep the source is: lines, files, folders, members of the protocols.

The table in docs/decisions/0074 is made with it. For an earlier state, check it out elsewhere::

    git worktree add ../before COMMIT
    python benchmarks/layout.py ../before/src/nasea
"""

from __future__ import annotations

import ast
import sys
from collections import Counter
from pathlib import Path

PROTOCOLS = {
    "backends/phase.py": ("Phase",),
    "backends/base.py": ("Backend", "ProbedBackend", "AttachedBackend", "TrainingBackend"),
    "backends/trials.py": ("Trials",),
    "backends/framework.py": ("Framework",),
    "backends/training/trainer.py": ("Trainer",),
    "backends/scoring/scorer.py": ("Scorer",),
    "backends/user/code.py": ("UserCode",),
    "backends/export/exporter.py": ("Exporter",),
    "backends/distributed/ranks.py": ("Ranks",),
    "strategy/protocol.py": ("Strategy",),
    "pipeline/session/events.py": ("Listener",),
}
"""Classes that others implement or call, by file."""

LONGEST_FUNCTION = 50


def main() -> None:
    """Measure the given source folder, or this repository's."""
    default = Path(__file__).resolve().parents[1] / "src" / "nasea"
    root = Path(sys.argv[1]) if sys.argv[1:] else default
    files = sorted(file for file in root.rglob("*.py") if "templates" not in file.parts)
    texts = {file: file.read_text(encoding="utf-8") for file in files}
    lines = {file: len(text.splitlines()) for file, text in texts.items()}
    trees = {file: ast.parse(text) for file, text in texts.items()}
    nodes = [node for tree in trees.values() for node in ast.walk(tree)]
    functions = [node for node in nodes if isinstance(node, ast.FunctionDef)]
    long = [f for f in functions if _length(f) > LONGEST_FUNCTION]
    print(f"lines                    {sum(lines.values()):,}")
    print(f"statements               {sum(map(_is_statement, nodes)):,}")
    print(f"files                    {len(files)}")
    print(f"median lines of a file   {sorted(lines.values())[len(lines) // 2]}")
    print(f"functions past {LONGEST_FUNCTION} lines  {len(long)} of {len(functions)}")
    widest, count = Counter(file.parent for file in files).most_common(1)[0]
    print(f"widest folder            {count} files, {widest.relative_to(root)}")
    for name, total in sorted(_by_room(root, lines).items()):
        print(f"  {name:22} {total:6,} lines")
    for file, names in PROTOCOLS.items():
        for name in names if root / file in trees else ():
            members, abstract = _members(trees[root / file], name)
            print(f"  {name:22} {members:3} members, {abstract} of them abstract")


def _length(function: ast.FunctionDef) -> int:
    """Lines of code, without the docstring."""
    first = function.body[1 if ast.get_docstring(function) and len(function.body) > 1 else 0]
    return (function.end_lineno or 0) - first.lineno + 1


def _is_statement(node: ast.AST) -> bool:
    """Whether it is a statement other than an import or a docstring."""
    if not isinstance(node, ast.stmt) or isinstance(node, ast.Import | ast.ImportFrom):
        return False
    return not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))


def _by_room(root: Path, lines: dict[Path, int]) -> Counter[str]:
    """Lines of each folder; of backends and the pipeline also those of the folders in them."""
    found: Counter[str] = Counter()
    for file, count in lines.items():
        parts = file.relative_to(root).parts[:-1]
        found[
            "/".join(parts[:2] if parts[:1] in (("backends",), ("pipeline",)) else parts[:1])
        ] += count
    return found


def _members(tree: ast.Module, name: str) -> tuple[int, int]:
    """Public methods and properties of a class, and how many of them are abstract."""
    classes = [n for n in tree.body if isinstance(n, ast.ClassDef) and n.name == name]
    body = [n for found in classes for n in found.body]
    methods = [n for n in body if isinstance(n, ast.FunctionDef) and n.name[0] != "_"]
    abstract = [n for n in methods if any("abstract" in ast.unparse(d) for d in n.decorator_list)]
    return len(methods), len(abstract)


if __name__ == "__main__":
    main()
