"""From a result to a shipped model: retrain one network of the digits demo, three ways.

    make demo-retrain      # PyTorch
    make demo-retrain-tf   # TensorFlow

Searches as `demos/digits.py` does, where that was not done yet. Then it takes the knee of the
front, which `nasea show --recommend` names, and retrains it from the weights of the search, from
scratch, and with the most accurate network as its teacher. Each is judged on digits that no
training, no search and no choice of an epoch has seen. Expect five minutes on 2 CPU cores after the
search. Stopped in the middle it goes on where it was.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any

from digits import PROJECTS, TEST_ACCURACY, load, nasea

from nasea.results.front import Front
from nasea.results.recommend import knee
from nasea.results.retrained import Retrained

EPOCHS = 30
FORMATS = {
    "pytorch": ("onnx", "pt2"),
    "tensorflow": ("pb", "savedmodel", "tflite", "tflite-float16", "tflite-int8"),
}


def main() -> None:
    """Run the demo in ``./demo_digits`` or ``./demo_digits_tf``."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("framework", nargs="?", choices=PROJECTS, default="pytorch")
    framework = parser.parse_args().framework
    project = PROJECTS[framework]
    if not project.exists():
        nasea("init", "--framework", framework, "--task", "classification", str(project))
    os.chdir(project)
    if not Path("results/front.json").exists():
        nasea("search", "-c", "scen.yaml")
    nasea("show", "--recommend")
    front = Front.load(Path("results/front.json"))
    number = (knee(front) or front[0]).number
    common = ("--arch", str(number), "--epochs", str(EPOCHS), "--no-export")
    nasea("retrain", *common)
    nasea("retrain", *common, "--from-scratch")
    if number != front.best.number:
        nasea("retrain", *common, "--distill")
    nasea("export", f"results/retrained_{number}", *_options(FORMATS[framework]))
    _report(framework, front, number)


def _options(formats: tuple[str, ...]) -> list[str]:
    return [word for name in formats for word in ("--format", name)]


def _report(framework: str, front: Front, number: int) -> None:
    """Print how each network does on digits that nothing has seen."""
    # A model file goes first: it settles which Keras TensorFlow stands on.
    searched = Path("results") / front.files_of(front[number])[0]
    first = load(searched).load_model()
    user = load(Path("user_module.py")).UserModule(epoch=1, batch_size=64)
    test = TEST_ACCURACY[framework]
    rows: list[tuple[str, float, float]] = [
        ("as the search left it (epoch 0)", front[number].accuracy, test(user, first))
    ]
    for folder, name in (
        (f"retrained_{number}", f"retrained {EPOCHS} epochs"),
        (f"retrained_{number}_scratch", f"{EPOCHS} epochs from scratch"),
        (f"retrained_{number}_distilled", f"retrained {EPOCHS} epochs with a teacher"),
    ):
        path = Path("results") / folder / "retrained.json"
        if path.exists():
            made = Retrained.load(path)
            model: Any = load(path.with_name(made.model_file)).load_model()
            rows.append((name, made.member.accuracy, test(user, model)))
    print(f"\nArchitecture {number}, {front[number].parameters:,} parameters, accuracy:")
    print(f"  {'':36}{'val':>8}{'test':>8}")
    for name, on_val, on_test in rows:
        print(f"  {name:36}{on_val:8.4f}{on_test:8.4f}")
    print("val chose the network and the epoch; test chose nothing.")


if __name__ == "__main__":
    main()
