"""``nasea doctor``: checks that the installation works, and its devices together."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from importlib.util import find_spec
from multiprocessing import get_context
from pathlib import Path
from typing import TypeVar

from nasea.backends import ProcessGroup, open_process_group, single_process
from nasea.backends.records import EvaluationSubset, Measurement, UpdateReport
from nasea.config import Scenario
from nasea.errors import NotAvailableError
from nasea.pipeline.diagnosis.trial import STEPS, trial_project, trial_scenario
from nasea.pipeline.opening import open_scenario
from nasea.space import Genome, fair_path
from nasea.terms import FRAMEWORKS, Framework
from nasea.version import __version__

_PACKAGES = (
    "torch", "tensorflow", "tf-keras", "onnx", "onnxruntime", "ai-edge-litert", "numpy", "pymoo",
)  # fmt: skip
_MODULES: dict[Framework, tuple[str, ...]] = {
    "pytorch": ("torch",),
    "tensorflow": ("tensorflow", "tf_keras"),
}
"""What must be importable for a framework."""
MEGABYTES = 25
"""Size of the all-reduce that is timed, in MiB."""
_WARM_UP = 3
_CANDIDATES = 16

T = TypeVar("T")


@dataclass(frozen=True)
class Speed:
    """The throughput of devices.

    Attributes:
        devices: description of the devices.
        images: training images per second.
        candidates: scored candidates per second.
    """

    devices: str
    images: float
    candidates: float


def require_framework(asked: Framework | None) -> None:
    """Check that a framework is installed.

    Args:
        asked: the required framework; ``None`` for any.

    Raises:
        NotAvailableError: it is not installed.
    """
    wanted = _MODULES if asked is None else {asked: _MODULES[asked]}
    if any(all(map(find_spec, modules)) for modules in wanted.values()):
        return
    names = " nor ".join(FRAMEWORKS[one].title for one in wanted)
    raise NotAvailableError(
        f"{'neither ' if len(wanted) > 1 else ''}{names} can be imported by {sys.executable}; "
        "nothing can be trained",
        fix="install " + ", or ".join(" and ".join(one) for one in wanted.values()),
    )


def versions() -> list[tuple[str, str]]:
    """Return (package, version) of nasea and its dependencies; missing packages are marked."""
    found = [("nasea", __version__), ("Python", platform.python_version())]
    found.append(("system", f"{platform.platform()}, {os.cpu_count()} CPU cores"))
    for package in _PACKAGES:
        try:
            version = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            version = "not installed"
        found.append((package, version))
    return found


def examine_devices(
    gpu_ids: Sequence[int], device: str, framework: Framework = "pytorch"
) -> Iterator[tuple[str, str]]:
    """Try the devices together and yield (check, finding) pairs.

    Args:
        gpu_ids: as ``resource.gpu_id``.
        device: as ``resource.device``.
        framework: the framework to use.

    Raises:
        NaseaError: something does not work.
    """
    scenario = trial_scenario(gpu_ids, device, framework)
    with trial_project(framework) as home:
        one = run_in_subprocess(
            measure_speed, single_process(), trial_scenario(gpu_ids[:1], device, framework), home
        )
        yield "one device", _in_words(one)
        if len(gpu_ids) < 2:
            return
        start = time.perf_counter()
        with open_process_group(scenario, lambda: None) as group:
            if group.size < len(gpu_ids):
                raise NotAvailableError(
                    "; ".join(notice.text for notice in group.notices),
                    fix="nasea doctor --devices 0,1 --cpu tries processes on the CPU",
                )
            yield "processes", f"{group.size}, up after {time.perf_counter() - start:.1f} s"
            seconds = group.exchange(MEGABYTES)
            rate = MEGABYTES / seconds
            yield "all-reduce", f"{MEGABYTES} MB in {seconds:.3f} s, {rate:.0f} MB/s; sum correct"
            every = measure_speed(group, scenario, home)
        yield f"{group.size} devices", _in_words(every)
        ratios = f"training x {every.images / one.images:.2f}"
        yield "speed-up", f"{ratios}, scoring x {every.candidates / one.candidates:.2f}"


def run_in_subprocess(measure: Callable[..., T], *values: object) -> T:
    """Call a function in a new process and return its result.

    A process that joins a cluster must not have used TensorFlow before.
    """
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        return pool.submit(measure, *values).result()


def _in_words(speed: Speed) -> str:
    return (
        f"{speed.devices}: {STEPS} steps, {speed.images:.0f} images/s; "
        f"{speed.candidates * 60:.0f} candidates/min"
    )


def measure_speed(group: ProcessGroup, scenario: Scenario, home: Path) -> Speed:
    """Measure the speed of training steps and of scoring candidates.

    Args:
        group: the processes to use.
        scenario: see :func:`trial_scenario`.
        home: see :func:`trial_project`.
    """
    opened = open_scenario(scenario, home, group=group)
    space = opened.space
    marks: list[tuple[float, int]] = []

    def on_update(report: UpdateReport) -> None:
        marks.append((time.perf_counter(), report.images))

    def path(index: int) -> Genome:
        return fair_path(space.choices, 0, index)

    try:
        backend = opened.backend.attach(space, 0).begin_training(1, 0)
        epoch = 0
        while len(marks) < _WARM_UP + STEPS:
            backend.train_epoch(epoch, path, on_update)
            epoch += 1
        taken = marks[_WARM_UP - 1 : _WARM_UP + STEPS]
        seconds = taken[-1][0] - taken[0][0]
        images = sum(count for _, count in taken[1:])
        jobs = [(path(index), EvaluationSubset()) for index in range(_CANDIDATES)]
        found: list[Measurement] = []
        backend.measure_each(jobs, lambda one: None)  # warm-up, which fills caches
        start = time.perf_counter()
        backend.measure_each(jobs, found.append)
        rate = len(found) / (time.perf_counter() - start)
        failures = [one.failure for one in found if one.failure is not None]
        if failures:
            raise NotAvailableError(f"scoring fails: {failures[0]}")
        return Speed(backend.environment["device"], images / seconds, rate)
    finally:
        opened.backend.close()
