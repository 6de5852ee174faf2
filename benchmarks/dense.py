"""Searches of detectors and segmentation networks on real data, with the project of `nasea init`.

Only the scenario and ``settings.py`` are a benchmark's own: the user module is the one that reads
the composed digits.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from string import Template

import nasea
from nasea.cli.init import project_files
from nasea.cli.terminal.listener import RichListener
from nasea.pipeline.search.separation import Separation
from nasea.pipeline.session.checkpoint import CheckpointStore
from recording import record, table

JUDGE = Path(__file__).resolve().parents[1] / "demos" / "judging.py"
FRAMEWORKS = {"pytorch": "PyTorch", "tensorflow": "TensorFlow"}


@dataclass(frozen=True)
class Study:
    """One data set.

    Attributes:
        name: of the record.
        home: holds scen.yaml, pre_train.yaml and settings.py.
        task: detection or segmentation.
        metric: its name in tables.
        size: (height, width) of the images.
        parts: what ``$train``, ``$val`` and the held-out part are below the data's path.
    """

    name: str
    home: Path
    task: str
    metric: str
    size: tuple[int, int]
    parts: dict[str, str]

    def main(self, description: str) -> None:
        """Search, judge each network of the front on held-out images, print and record."""
        parser = argparse.ArgumentParser(description=description.splitlines()[0])
        parser.add_argument("data", type=Path, metavar="DATA")
        parser.add_argument("--framework", choices=FRAMEWORKS, default="pytorch")
        parser.add_argument("--directory", type=Path)
        parser.add_argument("--smoke", action="store_true", help="a minute of it")
        asked = parser.parse_args()
        directory = (asked.directory or Path(f"{self.name}_run_{asked.framework}")).resolve()
        fresh = not (directory / "checkpoint").exists()
        self.write_project(directory, asked.data.resolve(), asked.framework, asked.smoke)
        start = time.perf_counter()
        with RichListener() as listener:
            front = nasea.search(directory / "scen.yaml", directory=directory, listener=listener)
        seconds = time.perf_counter() - start
        held_out = str(asked.data.resolve() / self.parts["test"])
        rows, results = [], []
        for member in front:
            found = self.judged(directory, front.files_of(member)[0], asked.framework, held_out)
            results.append(
                {
                    "blocks": member.blocks,
                    "flops": member.flops,
                    "parameters": member.parameters,
                    "validation": member.accuracy,
                    "held_out": found,
                }
            )
            cost = [f"{member.flops / 1e6:.1f}", f"{member.parameters / 1e3:.1f}"]
            rows.append([str(member.number), *cost, f"{member.accuracy:.4f}", f"{found:.4f}"])
        print(f"{self.metric} with inherited weights")
        print(table(["N", "M FLOPs", "k parameters", "validation", "held out"], rows))
        separation = self.separation(directory)
        print(separation.describe())
        print(f"{seconds / 60:.1f} minutes in this start")
        if fresh and not asked.smoke:  # the time of a start that went on would mislead
            content = {"front": results, "separation": separation.to_dict(), "seconds": seconds}
            record(f"{self.name}_{asked.framework}", front.info.seed, content)

    def write_project(self, directory: Path, data: Path, framework: str, smoke: bool) -> None:
        """The project of `nasea init` with this data set's scenario and settings."""
        files = {
            path: content.decode() for path, content in project_files(framework, self.task).items()
        }
        files["settings.py"] = (self.home / "settings.py").read_text()
        layout = "{1}, {2}, {0}" if framework == "tensorflow" else "{0}, {1}, {2}"
        values = {
            "framework": FRAMEWORKS[framework],
            "resource": f"{framework}_standalone",
            "shape": f"[{layout.format(3, *self.size)}]",
            "patch": f"[{layout.format(3, 32, 32)}]",
            "train": str(data / self.parts["train"]),
            "val": str(data / self.parts["val"]),
        }
        for name in ("scen.yaml", "pre_train.yaml"):
            text = Template((self.home / name).read_text()).substitute(values)
            files[name] = shortened(text) if smoke else text
        for path, content in files.items():
            (directory / path).parent.mkdir(parents=True, exist_ok=True)
            (directory / path).write_text(content)

    def judged(self, directory: Path, model_file: str, framework: str, held_out: str) -> float:
        """The user's own metric of a result file, in a process of its own."""
        command = [sys.executable, str(JUDGE), framework, self.task, model_file, held_out]
        done = subprocess.run(command, cwd=directory, capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(done.stderr)
        return float(done.stdout.split()[-1])

    def separation(self, directory: Path) -> Separation:
        """How well the supernet tells architectures apart, as the run measured it."""
        stored = CheckpointStore(directory / "checkpoint", "search").load([])
        assert stored is not None
        return Separation(**stored.meta["separation"])


BENCHMARKS = Path(__file__).resolve().parent
_LISTS = {part: f"ImageSets/Main/{part}.txt" for part in ("train", "val", "test")}
_ARRAYS = {part: part for part in ("train", "val", "test")}
BCCD = Study("bccd", BENCHMARKS / "bccd", "detection", "mAP@0.5", (120, 160), _LISTS)
CAMVID = Study("camvid", BENCHMARKS / "camvid", "segmentation", "mIoU", (120, 160), _ARRAYS)


def shortened(text: str) -> str:
    """A scenario that shows within a minute or two that everything fits together."""
    lines = []
    few = {"epochs": 1, "generation_num": 1, "pop_size": 2, "eval_images": 16, "bn_images": 16}
    for line in text.splitlines():
        key = line.split(":")[0].strip()
        lines.append(f"{line.split(':')[0]}: {few[key]}" if key in few else line)
    return "\n".join(lines) + "\n"
