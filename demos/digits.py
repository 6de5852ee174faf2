"""The main job from start to end: search a classifier of handwritten digits.

    make demo

Writes a project with `nasea init`, searches it with `nasea search`, then loads the most accurate
file of the front, as a user would, and lets it classify digits that neither training nor the
search has seen. Expect about two minutes on 2 CPU cores and an accuracy of at least 0.98. Stopped
in the middle it goes on where it was; finished, it only reports. The data come with scikit-learn.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

from nasea.results.front import Front

PROJECT = Path("demo_digits")


def main() -> None:
    """Run the demo in ``./demo_digits``."""
    if not PROJECT.exists():
        nasea("init", "--framework", "pytorch", "--task", "classification", str(PROJECT))
    os.chdir(PROJECT)
    nasea("search", "-c", "scen.yaml")
    front = Front.load(Path("results/front.json"))
    best = front.best
    accuracy = test_accuracy(Path("results") / front.files_of(best)[0])
    print(
        f"\nArchitecture {best.number}, the most accurate, has {best.parameters:,} parameters. On "
        f"digits that neither training nor the search saw its accuracy is {accuracy:.4f}."
    )
    print(f"Open {PROJECT}/results/report.html to look around.")


def nasea(*arguments: str) -> None:
    """Run the command line tool; end with its exit status when it fails."""
    print(f"$ nasea {' '.join(arguments)}", flush=True)
    done = subprocess.run([sys.executable, "-m", "nasea", *arguments])
    if done.returncode:
        sys.exit(done.returncode)


def test_accuracy(model_file: Path) -> float:
    """Accuracy of a result file on the test digits, by the project's own metric."""
    sys.path.insert(0, str(Path.cwd()))
    user_module = load(Path("user_module.py"))
    model = load(model_file).load_model()
    user = user_module.UserModule(epoch=1, batch_size=64)
    import torch

    loader = torch.utils.data.DataLoader(user.dataset_define("digits/test", False), batch_size=64)
    with torch.no_grad():
        return float(user.metrics_func(loader, model))


def load(path: Path) -> ModuleType:
    """Import a Python file."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


if __name__ == "__main__":
    main()
