"""Finds the blocks of a space that a target cannot run, before any search."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nasea.cost.operators import Operator
from nasea.cost.pricing import subgraphs_of
from nasea.cost.targets import Target, Verdict, find_target
from nasea.pipeline.probe import Built


@dataclass(frozen=True)
class Uncovered:
    """A part of the networks that a target cannot run completely.

    Attributes:
        part: a block, ``PreNet`` or ``PostNet``.
        layers: the layers with this candidate; empty for PreNet and PostNet.
        reasons: the unsupported operators, and why.
        runs: whether it may run, under conditions that nasea cannot check.
    """

    part: str
    layers: tuple[int, ...]
    reasons: tuple[str, ...]
    runs: bool

    @property
    def where(self) -> str:
        """The layers in words."""
        return ", ".join(map(str, self.layers)) or "-"


@dataclass(frozen=True)
class Coverage:
    """The parts of a search space that a target can run.

    Attributes:
        target: the target.
        uncovered: parts it cannot run, then parts that run under a condition.
        blocks: the blocks that it runs in every layer, in the syntax of ``supernet.blocks``.
        stuck: layers for which it runs no candidate.
    """

    target: Target
    uncovered: tuple[Uncovered, ...]
    blocks: tuple[str, ...]
    stuck: tuple[int, ...]

    @property
    def runs(self) -> bool:
        """Whether it runs every network of the space."""
        return all(each.runs for each in self.uncovered)

    @property
    def fix(self) -> str:
        """What to change in the scenario, in a sentence; empty if nothing."""
        if self.runs:
            return ""
        ends = [each.part for each in self.uncovered if not each.runs and not each.layers]
        fixes = []
        if ends:
            fixes.append(f"use other operations in {' and '.join(ends)}")
        if len(ends) < sum(not each.runs for each in self.uncovered):
            if self.stuck or not self.blocks:
                fixes.append(
                    "use another supernet.activation, or supernet.blocks made of what it runs"
                )
            else:
                fixes.append(f"supernet.blocks: [{', '.join(self.blocks)}]")
        return "; ".join(fixes)


def targets_named(names: Sequence[str], directory: Path) -> list[Target]:
    """Return the targets of these names.

    Raises:
        NotAvailableError: there is no list of operators for one of them.
    """
    return [find_target(name, directory) for name in dict.fromkeys(names)]


def coverage(target: Target, built: Built) -> Coverage:
    """Check every candidate of every layer at every width, PreNet and PostNet for a target."""
    found: dict[str, tuple[set[int], dict[str, Verdict]]] = {}
    fine: dict[int, bool] = {}
    for network in built.user_subgraphs:
        verdicts = _verdicts(target, network.operators)
        if verdicts:
            found[network.label] = (set(), verdicts)
    names: dict[str, None] = {}
    for layer in built.space.every_layer:
        fine.setdefault(layer.index, False)
        for subgraph, candidate in zip(subgraphs_of(layer), layer.candidates, strict=True):
            names[candidate.name] = None
            verdicts = _verdicts(target, subgraph.operators)
            if verdicts:
                layers, reasons = found.setdefault(candidate.name, (set(), {}))
                layers.add(layer.index)
                reasons.update(verdicts)
            if candidate.program and all(verdict.runs for verdict in verdicts.values()):
                fine[layer.index] = True
    uncovered = [
        Uncovered(
            part,
            tuple(sorted(layers)),
            tuple(reasons),
            all(verdict.runs for verdict in reasons.values()),
        )
        for part, (layers, reasons) in found.items()
    ]
    refused = {each.part for each in uncovered if not each.runs}
    return Coverage(
        target,
        tuple(sorted(uncovered, key=lambda each: each.runs)),
        tuple(name for name in names if name not in refused),
        tuple(index for index, runs in fine.items() if not runs),
    )


def _verdicts(target: Target, operators: Sequence[Operator]) -> dict[str, Verdict]:
    """Return {reason: verdict} for the operators that the target does not run unconditionally."""
    found: dict[str, Verdict] = {}
    for operator in operators:
        verdict = target.verdict(operator)
        if verdict is not None:
            found.setdefault(f"{_short(operator)}: {verdict.reason}", verdict)
    return found


def _short(operator: Operator) -> str:
    """Return the description of an operator without its shapes."""
    return str(operator).rsplit(", ", 1)[0]
