"""`import nasea` is light: heavy libraries wait until they are needed."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import nasea

SOURCE = Path(__file__).parents[1] / "src"
HEAVY = ("torch", "tensorflow", "keras", "tf_keras", "matplotlib", "plotly", "pymoo")


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
