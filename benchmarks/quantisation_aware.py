"""What retraining with rounded values brings the int8 file of a network.

    python benchmarks/quantisation_aware.py PROJECT --arch N [--epochs 4] [--format F] [--name NAME]

PROJECT is a directory in which `nasea search` ended. Its network N is retrained twice from the
weights of the search, for as many epochs: as `nasea retrain` does, and with --quantisation-aware
(results/retrained_N and results/retrained_N_int8, where they are written). Both, and the network as
the search left it, are exported to int8 with the same calibration images. Accuracies of float
networks and of their files are those on test_dir of the scenario, which nothing selected on; on
val_dir where it has none.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path
from typing import Any

from nasea.backends.export.calibration import calibrating_images
from nasea.backends.export.formats import find_format
from nasea.config import load_scenario
from nasea.pipeline.opening import genome_of, open_scenario
from nasea.pipeline.retraining.plan import Request, retrained_name
from nasea.pipeline.retraining.retrain import retrain
from nasea.pipeline.search.direction import Direction
from nasea.results.picked import Result, pick_result
from recording import record, table

FORMATS = {"pytorch": "onnx-int8", "tensorflow": "tflite-int8"}


class Judge:
    """Measures networks and their int8 files on images that selected nothing."""

    def __init__(self, directory: Path, format: str | None) -> None:
        scenario = load_scenario(directory / "scen.yaml").scenario
        held_out = scenario.dataset.test_dir
        self.part = "val" if held_out is None else "test"
        data = scenario.dataset.model_copy(
            update={"val_dir": held_out or scenario.dataset.val_dir, "test_dir": None}
        )
        self.scenario = scenario.model_copy(update={"dataset": data})
        self.opened = open_scenario(self.scenario, directory)
        self.format = find_format(format or FORMATS[scenario.framework], scenario.framework)
        self.images: Any = None

    def row(self, what: str, result: Result, seconds: float) -> dict[str, Any]:
        """The accuracies of a network and of its file."""
        genome = genome_of(self.opened.space, result)
        exporter = self.opened.backend.exporter(self.opened.space, genome, result.weights)
        if self.images is None:
            count = self.scenario.searcher.bn_images
            self.images = calibrating_images(exporter.training_images, count, "")
        direction = Direction.of_result(result.info.metric_mode, result.member)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"network{self.format.suffix}"
            exporter.write(self.format, path, None, self.images)
            file = direction.accuracy(exporter.measure(exporter.load(self.format, path)).metric)
        network = direction.accuracy(exporter.measure(exporter.run).metric)
        return {"network": what, "float": network, "file": file, "cpu_seconds": seconds}


def main() -> None:
    """Train, print and record."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("project", type=Path)
    parser.add_argument("--arch", type=int, required=True)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--learning-rate", type=float)
    parser.add_argument("--format", help="onnx-int8 for PyTorch, tflite-int8 for TensorFlow")
    parser.add_argument("--name", help="of the record; that of the project by default")
    asked = parser.parse_args()
    directory = asked.project.resolve()
    os.chdir(directory)  # a search runs there, so paths in scen.yaml start there
    made = [("as the search left it", pick_result(Path("results"), asked.arch), 0.0)]
    for what, aware in (("retrained", False), ("quantisation-aware", True)):
        request = Request(
            epochs=asked.epochs, learning_rate=asked.learning_rate, quantisation_aware=aware
        )
        begun = time.process_time()
        retrain(Path("scen.yaml"), asked.arch, request, formats=())
        seconds = time.process_time() - begun
        folder = Path("results") / retrained_name(asked.arch, request)
        made.append((what, pick_result(folder, None), seconds))
    judge = Judge(directory, asked.format)
    rows = []
    for each in made:
        rows.append(judge.row(*each))
        print(rows[-1], flush=True)
    lines = [
        [
            row["network"], f"{row['float']:.4f}", f"{row['file']:.4f}",
            f"{row['file'] - row['float']:+.4f}", f"{row['cpu_seconds']:.0f}",
        ]
        for row in rows
    ]  # fmt: skip
    print(table(["network", f"float, {judge.part}", "int8 file", "change", "CPU s"], lines))
    member = made[0][1].member
    results = {
        "parameters": member.parameters,
        "flops": member.flops,
        "blocks": member.blocks,
        "epochs": asked.epochs,
        "images": judge.part,
        "format": judge.format.name,
        "rows": rows,
    }
    record(f"quantisation_aware_{asked.name or directory.name}", judge.scenario.seed, results)


if __name__ == "__main__":
    main()
