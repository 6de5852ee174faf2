"""`import nasea` is light: heavy libraries wait until they are needed."""

from __future__ import annotations

import ast
import importlib.util
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import nasea
from nasea.backends.export.formats import FORMATS

SOURCE = Path(__file__).parents[1] / "src"
HEAVY = ("torch", "tensorflow", "keras", "tf_keras", "matplotlib", "plotly", "pymoo")

OPTIONAL = {"mlflow", "wandb"} | {
    module
    for each in FORMATS.values()
    for module, _ in each.packages
    if module not in ("onnx", "onnxruntime")  # of the extra `torch`, like PyTorch itself
}


def test_importing_nasea_loads_no_heavy_library() -> None:
    code = f"import sys, nasea; print([name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(SOURCE)},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"


def test_no_part_of_the_package_takes_the_name_of_a_public_function() -> None:
    # Importing nasea.search, the package, once replaced nasea.search, the function: a second
    # nasea.search("scen.yaml") in one process then failed.
    for name in nasea.__all__:
        assert importlib.util.find_spec(f"nasea.{name}") is None


def test_optional_packages_wait_until_a_user_asks_for_them() -> None:
    assert {"litert_torch", "executorch", "torchao", "coremltools", "openvino"} < OPTIONAL
    early = [
        f"{path.relative_to(SOURCE)}: {module}"
        for path in SOURCE.rglob("*.py")
        for module in _imported_at_once(ast.parse(path.read_text(encoding="utf-8")))
        if module.partition(".")[0] in OPTIONAL
    ]
    assert early == []


def _imported_at_once(tree: ast.AST) -> Iterator[str]:
    """What importing a module imports: nothing inside a function or `if TYPE_CHECKING`."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        elif not (isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"):
            yield from _imported_at_once(node)
