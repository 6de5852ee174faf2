"""Estimates of `nasea check` against what `nasea search` then took, on five small projects.

    python benchmarks/estimates.py [--cpu] [PROJECT ...]

The demos with few epochs and generations: digits in both frameworks, segmentation and detection
with pre-training, and digits of which each takes 20 ms to load. Each project is checked and then
searched, in processes of their own; the aim is to be within 30 %.

On a machine with other work on it, check and search get different shares of it. With `--cpu` both
are counted in seconds of CPU, which on one thread are those of a machine without other work; where
loading waits, seconds are counted as they pass all the same.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from recording import record, recorded, table

NAME = "estimates"
SEED = 0
CHECK = (
    "import json, time; {clock}; from pathlib import Path; "
    "from nasea.pipeline.diagnosis.check import check; "
    "found = check(Path('scen.yaml')); "
    "print(json.dumps([[s.name, s.seconds] for s in found.stages]))"
)
SLOW = ("def __getitem__(self, index):", "def __getitem__(self, index):\n        time.sleep(0.02)")


@dataclass(frozen=True)
class Project:
    """A project of `nasea init`, made shorter.

    Attributes:
        framework: pytorch or tensorflow.
        task: classification, detection or segmentation.
        scenario: changes of its scenario, by key: `(key, value)`.
        slow: whether an image takes 20 ms to load.
    """

    framework: str
    task: str
    scenario: tuple[tuple[str, str], ...]
    slow: bool = False


SHORT = (("epochs", "10"), ("generation_num", "4"), ("pop_size", "10\n      bn_images: 64"))
DENSE = (("epochs", "2"), ("generation_num", "2"), ("pop_size", "8"), ("bn_images", "32"))
PROJECTS = {
    "digits, PyTorch": Project("pytorch", "classification", SHORT),
    "digits, TensorFlow": Project("tensorflow", "classification", SHORT),
    "segmentation, PyTorch": Project("pytorch", "segmentation", DENSE),
    "detection, PyTorch": Project("pytorch", "detection", DENSE),
    "digits, slow to load": Project(
        "pytorch", "classification", (("epochs", "3"), *SHORT[1:]), slow=True
    ),
}


def write(project: Project, home: Path) -> None:
    """`nasea init`, then the changes."""
    words = ["--framework", project.framework, "--task", project.task, str(home)]
    subprocess.run([sys.executable, "-m", "nasea", "init", *words], check=True, capture_output=True)
    for name in ("scen.yaml", "pre_train.yaml"):
        path = home / name
        if path.is_file():
            path.write_text(changed(path.read_text(), project.scenario))
    if project.slow:
        module = home / "user_module.py"
        text = module.read_text()
        assert SLOW[0] in text, "where images are loaded"
        lines = text.replace(*SLOW).splitlines(keepends=True)
        place = next(
            i for i, line in enumerate(lines) if line.startswith(("import ", "from torch"))
        )
        module.write_text("".join([*lines[:place], "import time\n", *lines[place:]]))


def changed(text: str, changes: tuple[tuple[str, str], ...]) -> str:
    """A scenario with other values."""
    lines = []
    for line in text.splitlines():
        key = line.split(":")[0].strip()
        value = dict(changes).get(key)
        indent = line[: len(line) - len(line.lstrip())]
        lines.append(line if value is None else f"{indent}{key}: {value}")
    return "\n".join(lines) + "\n"


def compare(project: Project, in_cpu: bool) -> dict[str, object]:
    """Seconds that were estimated, by stage, and that the search took."""
    in_cpu = in_cpu and not project.slow
    clock = "time.perf_counter = time.process_time" if in_cpu else "pass"
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "project"
        write(project, home)
        command = [sys.executable, "-c", CHECK.format(clock=clock)]
        checked = subprocess.run(command, cwd=home, check=True, capture_output=True, text=True)
        stages = dict(json.loads(checked.stdout.splitlines()[-1]))
        start = cpu_seconds() if in_cpu else time.perf_counter()
        searching = [sys.executable, "-m", "nasea", "search"]
        subprocess.run(searching, cwd=home, check=True, capture_output=True)
        seconds = (cpu_seconds() if in_cpu else time.perf_counter()) - start
    unit = "s of CPU" if in_cpu else "s"
    return {"estimated": sum(stages.values()), "took": seconds, "unit": unit, "stages": stages}


def cpu_seconds() -> float:
    """Of all processes that were started from here and have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> None:
    """Print and record."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("projects", nargs="*", metavar="PROJECT", help=", ".join(PROJECTS))
    parser.add_argument("--cpu", action="store_true", help="count seconds of CPU")
    arguments = parser.parse_args()
    wanted = arguments.projects or list(PROJECTS)
    for name in wanted:
        outcome = compare(PROJECTS[name], arguments.cpu)
        record(NAME, SEED, recorded(NAME) | {name: outcome})
    found = recorded(NAME)
    rows = []
    for name in PROJECTS:
        if name in found:
            estimated, took = found[name]["estimated"], found[name]["took"]
            off = f"{estimated / took - 1:+.0%}"
            unit = found[name]["unit"]
            rows.append((name, f"{estimated:.0f} {unit}", f"{took:.0f} {unit}", off))
    print(table(("project", "estimated", "took", "off by"), rows))


if __name__ == "__main__":
    main()
