"""`import nasea` is light: heavy libraries wait until they are needed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

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
