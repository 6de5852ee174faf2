"""What the fuzz needs of a framework, imported when it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .mutations import Draw, Mutation, Site, mutations
from .verdict import Verdict, try_mutation


@dataclass(frozen=True)
class Fuzzed:
    """One framework's interface, to be fuzzed.

    Attributes:
        kit: its small project.
        base: what its module has besides.
        sites: where it can be odd.
        values: odd values of the framework.
        metric_of: an independent computation of the metric.
        changes: of the scenario.
    """

    kit: Any
    base: str
    sites: Mapping[str, Site]
    values: tuple[str, ...]
    metric_of: Callable[[Any, Path], float]
    changes: Mapping[str, Any]

    @property
    def inputs(self) -> Draw:
        """Odd modules."""
        return mutations(self.sites, self.values)

    def try_mutation(self, mutation: Mutation, project: Path) -> Verdict:
        """Try one; see :func:`fuzz.verdict.try_mutation`."""
        return try_mutation(self.kit, self.base, self.metric_of, mutation, project, self.changes)


def fuzzed(framework: str, task: str = "classification") -> Fuzzed:
    """The interface of ``pytorch`` or ``tensorflow`` for a task."""
    if framework == "pytorch":
        from backends.torch import project as torch_project

        from . import torch_numbers, torch_sites

        sites: Any = torch_sites
        numbers: Any = torch_numbers
        kit: Any = torch_project
        where = torch_sites.SITES
    else:
        from backends.tensorflow import detection_project, project

        from . import tensorflow_numbers, tensorflow_sites

        kit = detection_project if task == "detection" else project
        sites, numbers = tensorflow_sites, tensorflow_numbers
        where = tensorflow_sites.sites_of(task)
    return Fuzzed(
        kit, sites.BASES[task], where, sites.VALUES, numbers.METRICS[task], sites.CHANGES[task]
    )
