"""The main job from start to end: search a classifier of handwritten digits.

    make demo           # PyTorch
    make demo-tf        # TensorFlow

Writes a project with `nasea init`, searches it with `nasea search`, then loads the most accurate
file of the front, as a user would, and lets it classify digits that neither training nor the
search has seen. Expect two to three minutes on 2 CPU cores and an accuracy of about 0.98.
Stopped in the middle it goes on where it was; finished, it only reports. The data come with
scikit-learn.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from nasea.results.front import Front

PROJECTS = {"pytorch": Path("demo_digits"), "tensorflow": Path("demo_digits_tf")}


def main() -> None:
    """Run the demo in ``./demo_digits`` or ``./demo_digits_tf``."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("framework", nargs="?", choices=PROJECTS, default="pytorch")
    framework = parser.parse_args().framework
    project = PROJECTS[framework]
    if not project.exists():
        nasea("init", "--framework", framework, "--task", "classification", str(project))
    os.chdir(project)
    nasea("search", "-c", "scen.yaml")
    front = Front.load(Path("results/front.json"))
    best = front.best
    # The model file goes first: it settles which Keras TensorFlow stands on.
    model = load(Path("results") / front.files_of(best)[0]).load_model()
    user = load(Path("user_module.py")).UserModule(epoch=1, batch_size=64)
    accuracy = TEST_ACCURACY[framework](user, model)
    print(
        f"\nArchitecture {best.number}, the most accurate, has {best.parameters:,} parameters. On "
        f"digits that neither training nor the search saw its accuracy is {accuracy:.4f}."
    )
    print(f"Open {project}/results/report.html to look around.")


def nasea(*arguments: str) -> None:
    """Run the command line tool; end with its exit status when it fails."""
    print(f"$ nasea {' '.join(arguments)}", flush=True)
    done = subprocess.run([sys.executable, "-m", "nasea", *arguments])
    if done.returncode:
        sys.exit(done.returncode)


def pytorch_accuracy(user: Any, model: Any) -> float:
    """Accuracy on the test digits, by the project's own metric."""
    import torch

    loader = torch.utils.data.DataLoader(user.dataset_define("digits/test", False), batch_size=64)
    with torch.no_grad():
        return float(user.metrics_func(loader, model))


def tensorflow_accuracy(user: Any, model: Any) -> float:
    """Accuracy on the test digits, by the project's own metric."""
    dataset, count = user.build_dataset_search("digits/test", False)
    correct = sum(
        len(labels) * float(user.metrics_op(labels, model(images, training=False)))
        for images, labels in dataset
    )
    return correct / count


TEST_ACCURACY = {"pytorch": pytorch_accuracy, "tensorflow": tensorflow_accuracy}


def load(path: Path) -> ModuleType:
    """Import a Python file."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


if __name__ == "__main__":
    main()
