"""What the pipeline does with a backend, step by step; the same for every framework."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from nasea.backends.base import AttachedBackend, Backend, ProbedBackend, TrainingBackend
from nasea.backends.records import UpdateReport
from nasea.config import Scenario
from nasea.space import DIVISOR, Genome, Space, build_space, catalogue, fair_path

BLOCKS = ("skip", "separable_k3", "inverted_k3_e3_se", "inverted_k5_e3", "basic_x0.5", "basic_x1")

PATHS_PER_UPDATE = 2


def write_module(directory: Path, text: str, changes: str = "") -> None:
    """Write ``user_module.py``: ``text``, then ``changes``, which may subclass what is there."""
    text += "\n\n" + textwrap.dedent(changes)
    (directory / "user_module.py").write_text(text, encoding="utf-8")


def scenario(framework: str, **changes: Any) -> Scenario:
    """A small scenario with some of its keys, ``section__key`` or ``key``, replaced."""
    first = framework == "pytorch"
    content: dict[str, Any] = {
        "framework": framework,
        "task": "classification",
        "batch_size": 8,
        "epochs": 3,
        "seed": 5,
        "constraint": {"type": "size", "value": 1e6, "processor_version": None},
        "supernet": {
            "input_shape": [1, 8, 8] if first else [8, 8, 1],
            "data_format": "channels_first" if first else "channels_last",
            "filters": [8, 8, 12],
            "strides": [1, 1, 2],
            "blocks": list(BLOCKS),
        },
        "optimizer": {"type": "adam", "learning_rate": 0.01},
        "dataset": {"train_dir": "44", "val_dir": "20"},
        "searcher": {"bn_images": 20},
        "resource": {
            "name": f"{framework}_standalone",
            "gpu_ids": [0],
            "device": "cpu",
            "data_workers": 0,
            "threads": 1,
        },
    }
    for key, value in changes.items():
        section, _, name = key.partition("__")
        if name:
            content[section][name] = value
        else:
            content[section] = value
    return Scenario.from_dict(content)


def space_of(backend: ProbedBackend) -> Space:
    """The space of the backend's scenario, as the pipeline builds it."""
    settings = backend.scenario.supernet
    blocks = [catalogue()[name] for name in settings.blocks or ()]
    return build_space(
        backend.pre_net.out_shape,
        settings.filters,
        settings.strides,
        blocks,
        settings.sharing,
        settings.feature_choose,
        settings.widths,
        settings.divisor or DIVISOR,
    )


def attach(backend: Backend) -> AttachedBackend:
    """Open the data and build the supernet."""
    probed = backend.probe(None)
    space = space_of(probed)
    taps = probed.required_taps(space)
    return probed.attach(space.tapped(taps) if taps else space, backend.scenario.seed)


def ready(backend: Backend) -> TrainingBackend:
    """Open the data, build the supernet and begin to train it."""
    return attach(backend).begin_training(PATHS_PER_UPDATE, backend.scenario.seed)


def train(
    backend: TrainingBackend,
    epochs: Sequence[int] = (0,),
    done: int = 0,
    until: int | None = None,
) -> list[UpdateReport]:
    """Train epochs, the first from update ``done``; stop once ``until`` updates were made."""
    reports: list[UpdateReport] = []

    def path(index: int) -> Genome:
        return fair_path(backend.space.choices, backend.scenario.seed, index)

    def on_update(report: UpdateReport) -> None:
        reports.append(report)
        if report.global_step == until:
            raise Stopped

    with _until_stopped():
        for epoch in epochs:
            backend.train_epoch(epoch, path, on_update, done)
            done = 0
    return reports


def random_genomes(space: Space, count: int, seed: int = 0) -> list[Genome]:
    """Some architectures of a space."""
    return [fair_path(space.choices, seed, step) for step in range(count)]


class Stopped(Exception):
    """Raised by a listener, as a stop request is."""


@contextmanager
def _until_stopped() -> Iterator[None]:
    try:
        yield
    except Stopped:
        pass
