"""Does the supernet rank as stand-alone training does? A search, then `nasea fidelity`, on images.

    python benchmarks/fidelity/run.py digits
    python benchmarks/fidelity/run.py cifar10 FILE.npz

The first is scikit-learn's digits at random places on noise; the second the project of
benchmarks/cifar10 (see there what FILE.npz holds). 20 random architectures within the budget are
trained stand-alone, twice each, with different seeds. Prints Kendall's tau with its interval, that
of cost alone and that between the two seeds, and what a selection by the supernet loses. Run again,
it goes on where it was stopped.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from dataclasses import asdict
from pathlib import Path

BENCHMARKS = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(BENCHMARKS))

import nasea  # noqa: E402
from nasea.cli.tables.fidelity import (  # noqa: E402
    architectures_table,
    bias_table,
    slices_table,
    summary_table,
)
from nasea.cli.terminal.console import results_console  # noqa: E402
from nasea.cli.terminal.listener import RichListener  # noqa: E402
from nasea.pipeline.diagnosis.fidelity import Study, fidelity  # noqa: E402
from recording import record  # noqa: E402 - found only now

ALONE = {"digits": 60, "cifar10": 15}
"""Epochs of stand-alone training: where accuracies have settled, as far as an hour allows."""


def write_project(name: str, directory: Path, images: Path | None) -> None:
    """The scenario and the user module."""
    directory.mkdir(parents=True, exist_ok=True)
    if name == "digits":
        home = BENCHMARKS / "fidelity"
        scenario, module = home / "digits_scen.yaml", home / "digits_module.py"
    else:
        home = BENCHMARKS / "cifar10"
        scenario, module = home / "scen.yaml", home / "user_module.py"
    text = scenario.read_text().replace("FILE.npz", str(images))
    (directory / "scen.yaml").write_text(text)
    shutil.copy(module, directory / "user_module.py")
    shutil.copy(BENCHMARKS / "cifar10" / "user_module.py", directory / "cifar10.py")


def main() -> None:
    """Search, compare, print and record."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("project", choices=ALONE)
    parser.add_argument("images", type=Path, metavar="FILE.npz", nargs="?")
    parser.add_argument("--directory", type=Path)
    parser.add_argument("--architectures", type=int, default=20)
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--seeds", type=int, default=2)
    asked = parser.parse_args()
    if asked.project == "cifar10" and asked.images is None:
        parser.error("cifar10 needs FILE.npz")
    directory = (asked.directory or Path(f"fidelity_run_{asked.project}")).resolve()
    images = None if asked.images is None else asked.images.resolve()
    write_project(asked.project, directory, images)
    config = directory / "scen.yaml"
    start = time.perf_counter()
    with RichListener() as listener:
        nasea.search(config, directory=directory, listener=listener)
        study = Study(asked.architectures, asked.epochs or ALONE[asked.project], asked.seeds)
        found = fidelity(config, study, directory=directory, listener=listener)
    console = results_console()
    console.print(architectures_table(found))
    console.print(summary_table(found))
    console.print(slices_table(found))
    console.print(bias_table(found))
    print(f"{(time.perf_counter() - start) / 60:.1f} minutes in this start")
    low, high = found.tau_interval
    results = {
        "tau": found.tau,
        "tau_interval": [low, high],
        "spearman": found.rho,
        "tau_of_cost": found.tau_of_cost,
        "tau_of_one_seed": found.tau_of_one_seed,
        "tau_of_seeds": found.tau_of_seeds,
        "tau_at_equal_cost": found.tau_at_equal_cost,
        "slices": [asdict(one) for one in found.slices],
        "family_bias": found.family_bias,
        "regret": {str(k): found.regret(k) for k in (1, 3, 5)},
        "epochs_alone": found.epochs,
        "rows": [[row.cost, row.supernet, *row.alone] for row in found.rows],
    }
    record(f"fidelity_{asked.project}", 0, results)


if __name__ == "__main__":
    main()
