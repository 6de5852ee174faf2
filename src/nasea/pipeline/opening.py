"""The first steps of every command that needs the user's data: module, data sets, space."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from nasea.backends import ProbedBackend, ProcessGroup, single_process
from nasea.backends.records import DataReport, PreNetReport, Role
from nasea.config import Scenario
from nasea.errors import ResultsError, SpaceError
from nasea.results.picked import Result
from nasea.space import (
    DIVISOR,
    Block,
    Genome,
    Space,
    build_space,
    load_user_blocks,
    select_blocks,
)


@dataclass(frozen=True)
class Opened:
    """A scenario with open data and a known space, but no supernet yet.

    Attributes:
        scenario: the scenario.
        backend: the framework, with data open and PreNet run once.
        space: the search space.
    """

    scenario: Scenario
    backend: ProbedBackend
    space: Space

    @property
    def data(self) -> DataReport:
        """The report about the data sets."""
        return self.backend.data_report

    @property
    def pre_net(self) -> PreNetReport:
        """The report about PreNet."""
        return self.backend.pre_net


def open_scenario(
    scenario: Scenario,
    directory: Path,
    workers: int | None = None,
    role: Role = "search",
    group: ProcessGroup | None = None,
    fixed: Sequence[int] = (),
) -> Opened:
    """Open the user's module and data and build the space.

    Args:
        scenario: the scenario.
        directory: the directory of ``user_module.py`` and, optionally, ``blocks.py``.
        workers: number of data workers that an earlier start of this run chose.
        role: the purpose of the backend.
        group: the processes that compute; by default only this one.
        fixed: layers whose width is not searched, besides those that PostNet reads.

    Raises:
        NaseaError: any error in the input.
    """
    own_blocks = load_user_blocks(directory)
    asked = scenario.supernet
    blocks = chosen_blocks(scenario, own_blocks)
    backend = (group or single_process()).open(scenario, directory, role).probe(workers)

    def space_with(taps: Sequence[int], widths: Sequence[float] | None) -> Space:
        return build_space(
            backend.pre_net.out_shape,
            asked.filters,
            asked.strides,
            blocks,
            asked.sharing,
            taps,
            widths,
            asked.divisor or DIVISOR,
            fixed,
        )

    taps = asked.feature_choose if scenario.task != "classification" else ()
    space = space_with(taps, None)
    if scenario.task != "classification" and not space.taps:
        space = space.tapped(backend.required_taps(space))
    if asked.widths is not None:
        space = space_with(space.taps, asked.widths)
    return Opened(scenario, backend, space)


def only(genome: Genome, opened: Opened) -> Space:
    """Return the space of one network alone; the genome is of the scenario's space."""
    return opened.space.only(genome)


def chosen_blocks(scenario: Scenario, own: Mapping[str, Block]) -> tuple[Block, ...]:
    """Return the candidates of a scenario.

    Args:
        scenario: the scenario.
        own: the user's blocks by name.
    """
    asked = scenario.supernet
    return select_blocks(
        asked.blocks,
        scenario.constraint.type,
        own,
        asked.activation,
        asked.divisor or 1,
        widths=asked.widths is not None,
    )


def require_framework(scenario: Scenario, result: Result) -> None:
    """Raise ResultsError when a result was found with another framework than the scenario's."""
    if result.info.framework.lower() != scenario.framework:
        raise ResultsError(
            f"{result.directory} holds networks of {result.info.framework_name}, but the scenario "
            f"says framework: {scenario.framework}",
            fix="name the scenario they were searched with: -c FILE",
        )


def genome_of(space: Space, result: Result) -> Genome:
    """Return the genome of a result's network in ``space``.

    Raises:
        ResultsError: the space does not have this network: the scenario is not that of the result.
    """
    member = result.member
    try:
        genome = space.encode(member.blocks, [row.c_out for row in member.layers])
    except SpaceError as error:
        reason = error.message
    else:
        trunk = space.trunk(genome)
        shapes = [(layer.in_shape[0], layer.out_shape, layer.stride) for layer in trunk]
        rows = [
            (row.c_in, (row.c_out, row.out_height, row.out_width), row.stride)
            for row in member.layers
        ]
        if shapes == rows:
            return genome
        reason = "layers have other shapes"
    raise ResultsError(
        f"{result.name} is not a network of this scenario: {reason}",
        fix="use the scen.yaml, user_module.py and blocks.py of the search that found it: -c FILE",
    )
