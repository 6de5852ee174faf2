"""The outcome of a search as data: the content of ``front.json``."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, overload

from typing_extensions import Self

from nasea.errors import ResultsError
from nasea.results.front.places import front_file
from nasea.results.front.run_info import STRICT, RunInfo
from nasea.results.storage.files import read_result, write_result
from nasea.results.units import ACCURACY_TITLES, Unit, unit_for
from nasea.space.written import written
from nasea.terms import CostKind, cost_of

if TYPE_CHECKING:
    from pydantic import ConfigDict, TypeAdapter

_FORMAT = "nasea-front"
_VERSION = 1


def widths_in_words(widths: Sequence[int]) -> str:
    """Format the output channels of the layers, repeats once: ``8-16-64``."""
    return "-".join(str(width) for width, _ in groupby(widths))


@dataclass(frozen=True)
class LayerRow:
    """One searched layer of an architecture.

    Attributes:
        index: position in the body, from 0.
        block: name of the block chosen there.
        c_in: input channels.
        c_out: output channels.
        stride: 1 or 2.
        out_height: rows of the output, pixels.
        out_width: columns of the output, pixels.
        parameters: weights of the layer.
        flops: FLOPs (2 x MACs) for one image.
        latency_ms: milliseconds at batch 1; ``None`` when latency was not modelled.
    """

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    index: int
    block: str
    c_in: int
    c_out: int
    stride: int
    out_height: int
    out_width: int
    parameters: int
    flops: int
    latency_ms: float | None


@dataclass(frozen=True, repr=False)
class FrontMember:
    """One architecture of the Pareto front; costs are those of the whole network.

    Attributes:
        number: N, as in the plot's labels and ``model_arch_result_N.py``.
        genome: integer encoding, one gene per layer; if widths were searched, followed by that of
            the trunk.
        blocks: name of the block of each layer.
        accuracy: accuracy on all of val_dir; higher is better.
        metric: value of the user's metric on all of val_dir.
        search_metric: value of the user's metric during the search; the mean of repeated
            measurements.
        parameters: weights of the network.
        flops: FLOPs (2 x MACs) for one image.
        latency_ms: milliseconds at batch 1; ``None`` when latency was not modelled.
        layers: one row for each searched layer.
        measured_ms: measured end to end by ``nasea latency measure``; ``None`` before that.
        float_accuracy: accuracy of the float network, if ``accuracy`` is that of the simulated int8
            file.
        float_metric: metric of the float network; ``None`` if ``metric`` already is.
    """

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    number: int
    genome: tuple[int, ...]
    blocks: tuple[str, ...]
    accuracy: float
    metric: float
    search_metric: float
    parameters: int
    flops: int
    latency_ms: float | None
    layers: tuple[LayerRow, ...]
    measured_ms: float | None = None
    float_accuracy: float | None = None
    float_metric: float | None = None

    def __repr__(self) -> str:
        costs = [f"{self.parameters:,} parameters", f"{self.flops:,} FLOPs"]
        if self.latency_ms is not None:
            costs.append(f"{self.latency_ms:.4g} ms")
        kind = ACCURACY_TITLES["float" if self.float_metric is None else "int8"]
        known = f"{kind} {self.accuracy:.4f}, {', '.join(costs)}"
        return f"<architecture {self.number}: {known}: {', '.join(self.blocks)}>"

    @property
    def written(self) -> str:
        """The network in the syntax of ``searcher.initial``: ``basic_x1, skip; widths 8-16``."""
        return written(self.blocks, self.widths)

    @property
    def widths(self) -> tuple[int, ...]:
        """Output channels of each layer, if they were searched; otherwise empty."""
        searched = len(self.genome) > len(self.layers) > 0
        return tuple(layer.c_out for layer in self.layers) if searched else ()


@dataclass(frozen=True)
class Evaluated:
    """One architecture that was scored during the search.

    Attributes:
        genome: integer encoding.
        cost: in the constraint's unit: parameters, FLOPs, or milliseconds.
        accuracy: higher is better; ``None`` if scoring failed.
        generation: the generation in which it was scored, from 0.
        failure: why scoring failed, else ``None``.
        further_costs: costs of the further objectives of the run, in their order.
    """

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    genome: tuple[int, ...]
    cost: float
    accuracy: float | None
    generation: int
    failure: str | None = None
    further_costs: tuple[float, ...] = ()


@dataclass(frozen=True, repr=False)
class FrontData:
    """The Pareto front of a search: architectures by rising cost, and how they were found.

    With further objectives, the front is over all of them, and contains evenly spread members.

    ``front[3]`` is architecture 3, ``front[-1]`` the most expensive, ``front[:3]`` the three
    cheapest, ``for member in front`` goes by rising cost.

    Attributes:
        info: the settings of the search.
        members: the members, sorted by cost; ``members[n].number == n``.
        evaluated: all scored architectures, in the order of scoring.

    Raises:
        ResultsError: the members are not numbered by rising cost, or lack that cost.
    """

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    info: RunInfo
    members: tuple[FrontMember, ...]
    evaluated: tuple[Evaluated, ...] = ()

    def __post_init__(self) -> None:
        costs = [self.cost_of(member) for member in self.members]
        if costs != sorted(costs):
            raise ResultsError("the members of a front must be sorted by rising cost")
        if [member.number for member in self.members] != list(range(len(costs))):
            raise ResultsError("the members of a front must be numbered from 0 without gaps")

    def __len__(self) -> int:
        return len(self.members)

    def __iter__(self) -> Iterator[FrontMember]:
        return iter(self.members)

    @overload
    def __getitem__(self, number: int) -> FrontMember: ...

    @overload
    def __getitem__(self, number: slice) -> tuple[FrontMember, ...]: ...

    def __getitem__(self, number: int | slice) -> FrontMember | tuple[FrontMember, ...]:
        if isinstance(number, slice):
            return self.members[number]
        return self.architecture(number + len(self) if -len(self) <= number < 0 else number)

    def architecture(self, number: int) -> FrontMember:
        """Return the member of this number.

        Raises:
            ResultsError: there is none.
        """
        if 0 <= number < len(self.members):
            return self.members[number]
        fix = f"give a number from 0 to {len(self) - 1}" if self.members else None
        raise ResultsError(f"the front has no architecture {number}", fix=fix)

    @property
    def best(self) -> FrontMember:
        """The most accurate member; of equals, the cheapest.

        Raises:
            ResultsError: the front is empty.
        """
        if not self.members:
            raise ResultsError("the front is empty: no architecture was scored within the budget")
        return max(self.members, key=lambda member: member.accuracy)

    @property
    def steps(self) -> tuple[FrontMember, ...]:
        """The members that no cheaper member equals or beats, by the constraint's cost.

        Without further objectives, these are usually all members. But the final score on all of
        val_dir can change their order.
        """
        return self.steps_by(self.info.constraint_type)

    def steps_by(self, quantity: CostKind) -> tuple[FrontMember, ...]:
        """Return the members that no member cheaper in ``quantity`` equals or beats in accuracy."""
        kept: list[FrontMember] = []
        order = sorted(self.members, key=lambda m: (self.cost_of(m, quantity), -m.accuracy))
        for member in order:
            if not kept or member.accuracy > kept[-1].accuracy:
                kept.append(member)
        return tuple(kept)

    @property
    def unit(self) -> Unit:
        """The constraint's unit, at a scale that suits the members and the budget."""
        return unit_for(
            self.info.constraint_type, [self.info.constraint_value, *map(self.cost_of, self)]
        )

    def cost_of(self, member: FrontMember, quantity: CostKind | None = None) -> float:
        """Return a cost, by default the one limited by the constraint.

        Returns:
            Parameters, FLOPs, or milliseconds.

        Raises:
            ResultsError: the member has no latency.
        """
        cost = cost_of(member, quantity or self.info.constraint_type)
        if cost is None:
            raise ResultsError(f"architecture {member.number} has no latency")
        return float(cost)

    def under(self, budget: float) -> FrontMember | None:
        """Return the most accurate member that costs at most ``budget`` (raw unit), if any."""
        affordable = [member for member in self.members if self.cost_of(member) <= budget]
        return max(affordable, key=lambda member: member.accuracy, default=None)

    def files_of(self, member: FrontMember) -> tuple[str, str]:
        """Return the names of a member's model file and weights file in ``results/``."""
        stem = f"model_arch_result_{member.number}"
        return f"{stem}.py", f"{stem}{self.info.weights_suffix}"

    def to_dict(self) -> dict[str, Any]:
        """Return the front as JSON values; ``from_dict`` restores it exactly."""
        return {"format": _FORMAT, "version": _VERSION, **asdict(self)}

    @classmethod
    def from_dict(cls, data: object) -> Self:
        """Build a front from the output of ``to_dict``, or from its parsed JSON.

        Raises:
            ResultsError: the data is not a front, or a value in it is invalid.
        """
        from pydantic import ValidationError

        if not isinstance(data, Mapping) or data.get("format") != _FORMAT:
            raise ResultsError("this is not a front written by nasea")
        if data.get("version") != _VERSION:
            raise ResultsError(
                f"the front has format version {data.get('version')}, this nasea reads {_VERSION}",
                fix="read it with the nasea that wrote it: nasea_version in the file",
            )
        content = {key: data[key] for key in data if key not in ("format", "version")}
        try:
            # From JSON, since pydantic's strict mode then accepts lists for tuples.
            kind: type = cls
            found: Self = _adapter(kind).validate_json(json.dumps(content))
            return found
        except ValidationError as error:
            faults = [
                f"  {'.'.join(map(str, fault['loc'])) or 'front'}: {fault['msg']}"
                for fault in error.errors()[:5]
            ]
            raise ResultsError("\n".join(["the front is damaged:", *faults])) from error

    def save(self, path: Path) -> None:
        """Write the front as JSON.

        Raises:
            ResultsError: the file cannot be written.
        """
        write_result(path, json.dumps(self.to_dict(), indent=1, allow_nan=False) + "\n")

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read a file written by ``save``.

        Args:
            path: the file, or the folder ``results``. If the folder has no front, that of the
                unfinished search beside it is read; ``info.unfinished`` tells.

        Raises:
            ResultsError: the file is missing, corrupt, or not a front.
        """
        fix = "give the front.json of a finished search, by default results/front.json"
        path = front_file(Path(path))
        data = read_result(path, fix)
        try:
            return cls.from_dict(data)
        except ResultsError as error:
            raise ResultsError(f"{path}: {error.message}", fix=error.fix or fix) from error


@cache
def _adapter(kind: type) -> TypeAdapter[Any]:
    """Return the pydantic adapter of a type, built on first use."""
    from pydantic import TypeAdapter

    return TypeAdapter(kind)
