"""What the fuzz needs of a framework, imported when it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .judge import Verdict, judge
from .mutations import Draw, Mutation, Site, mutations


@dataclass(frozen=True)
class Fuzzed:
    """One framework's interface, to be fuzzed.

    Attributes:
        kit: its small project.
        base: what its module has besides.
        sites: where it can be odd.
        values: odd values of the framework.
        metric_of: an independent computation of the metric.
    """

    kit: Any
    base: str
    sites: Mapping[str, Site]
    values: tuple[str, ...]
    metric_of: Callable[[Any, Path], float]

    @property
    def inputs(self) -> Draw:
        """Odd modules."""
        return mutations(self.sites, self.values)

    def judge(self, mutation: Mutation, project: Path) -> Verdict:
        """Try one; see :func:`fuzz.judge.judge`."""
        return judge(self.kit, self.base, self.metric_of, mutation, project)


def fuzzed(framework: str) -> Fuzzed:
    """``pytorch`` or ``tensorflow``."""
    if framework == "pytorch":
        from backends.torch import project

        from . import torch_numbers, torch_sites

        sites: Any = torch_sites
        return Fuzzed(project, sites.BASE, sites.SITES, sites.VALUES, torch_numbers.metric_of)
    from backends.tensorflow import project as other

    from . import tensorflow_numbers, tensorflow_sites

    sites = tensorflow_sites
    return Fuzzed(other, sites.BASE, sites.SITES, sites.VALUES, tensorflow_numbers.metric_of)
