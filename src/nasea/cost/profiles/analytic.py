"""A processor described by its physics: a matrix unit, a vector unit, memory, launches.

An operator takes, one after the other,

* the cycles of the matrix unit ("cube"), in whole tiles: convolutions and matrix products;
* the work of the vector unit: depthwise convolutions, pools, everything elementwise;
* the traffic of weights and activations;
* a launch, unless it is an addition, which runs on the way out of the operator before it.

The figures, and where each comes from, stand in the files under ``data/``.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

from nasea.cost.operators import (
    ACTIVATION,
    ADD,
    CONCAT,
    CONV,
    COPY,
    DENSE,
    GLOBAL_POOL,
    KINDS,
    MULTIPLY,
    NORM,
    POOL,
    RESHAPE,
    RESIZE,
    SOFTMAX,
    Operator,
    Subgraph,
)
from nasea.cost.profiles.base import Gap, UnpricedError

_RESIZE_TAPS = 4
"""Values that one output of a bilinear resize reads."""


@dataclass(frozen=True)
class Machine:
    """The figures of an analytic profile.

    Attributes:
        cores: matrix units that share an operator.
        tile: (rows, depth, columns) of the products that one unit makes in a cycle: outputs
            (pixels), input channels, output channels.
        clock_ghz: cycles per nanosecond.
        gigabytes_per_s: of the memory.
        bytes_per_value: of weights and activations.
        vector_gops: work of the vector unit, 10^9 operations a second.
        us_per_operator: microseconds of a launch.
    """

    cores: int
    tile: tuple[int, int, int]
    clock_ghz: float
    gigabytes_per_s: float
    bytes_per_value: int
    vector_gops: float
    us_per_operator: float


@dataclass(frozen=True)
class Work:
    """What an operator asks of a machine.

    Attributes:
        cube_ms: milliseconds of the matrix units.
        memory_ms: milliseconds of traffic.
        vector_mops: 10^6 operations of the vector unit.
        launches: 0 or 1.
    """

    cube_ms: float
    memory_ms: float
    vector_mops: float
    launches: int


def work_of(operator: Operator, machine: Machine) -> Work:
    """Return the work that ``operator`` is for ``machine``."""
    cycles = _cube_cycles(operator, machine.tile) / machine.cores
    values = operator.weights + operator.values_in + operator.values_out
    moved = 0 if operator.kind in (ADD, RESHAPE) else values * machine.bytes_per_value
    return Work(
        cube_ms=cycles / (machine.clock_ghz * 1e6),
        memory_ms=moved / (machine.gigabytes_per_s * 1e6),
        vector_mops=_vector_work(operator) / 1e6,
        launches=0 if operator.kind in (ADD, RESHAPE) else 1,
    )


def _cube_cycles(operator: Operator, tile: tuple[int, int, int]) -> int:
    if operator.kind not in (CONV, DENSE) or operator.grouping == "depthwise":
        return 0
    rows, depth, columns = tile
    groups = operator.groups
    pixels = -(-math.prod(operator.out_shape[1:]) // rows)
    c_in = -(-operator.in_shape[0] // groups // depth)
    c_out = -(-operator.out_shape[0] // groups // columns)
    return groups * pixels * c_in * math.prod(operator.kernel) * c_out


def _vector_work(operator: Operator) -> int:
    if operator.kind == CONV:
        return operator.macs if operator.grouping == "depthwise" else 0
    if operator.kind in (POOL, GLOBAL_POOL):
        return operator.values_out * math.prod(operator.kernel)
    if operator.kind == RESIZE:
        return operator.values_out * _RESIZE_TAPS
    if operator.kind in (ADD, MULTIPLY, ACTIVATION, NORM, SOFTMAX, CONCAT, COPY):
        return operator.values_out
    return 0


@dataclass(frozen=True)
class AnalyticProfile:
    """See :class:`nasea.cost.profiles.base.Profile`.

    Attributes:
        name: what ``processor_version`` calls it.
        processor: what it describes.
        machine: the figures.
        quality: how far it is from measurements, in words.
    """

    name: str
    processor: str
    machine: Machine
    quality: str
    per_network_ms: float = 0.0

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> AnalyticProfile:
        """Build the profile from the content of its file."""
        cube, memory = data["cube"], data["memory"]
        rows, depth, columns = cube["tile"]
        machine = Machine(
            cores=cube["cores"],
            tile=(rows, depth, columns),
            clock_ghz=cube["clock_ghz"],
            gigabytes_per_s=memory["gigabytes_per_s"],
            bytes_per_value=memory["bytes_per_value"],
            vector_gops=data["fitted"]["vector_gops"],
            us_per_operator=data["fitted"]["us_per_operator"],
        )
        return cls(data["name"], data["processor"], machine, data["quality"]["text"])

    @cached_property
    def digest(self) -> str:
        """See :class:`nasea.cost.profiles.base.Profile`."""
        return hashlib.sha256(repr(asdict(self.machine)).encode()).hexdigest()

    def describe(self) -> str:
        """See :class:`nasea.cost.profiles.base.Profile`."""
        return f"{self.name} ({self.processor}), analytic; {self.quality}"

    def latency_ms(self, subgraph: Subgraph) -> float:
        """See :class:`nasea.cost.profiles.base.Profile`."""
        unknown = [op for op in subgraph.operators if op.kind not in KINDS]
        if unknown:
            gaps = [Gap.of(op, f"{self.name} has no formula for it") for op in unknown]
            raise UnpricedError(
                gaps,
                "use other operations there, or a profile measured on a device "
                "(docs/add-a-processor.md)",
            )
        return sum(self.operator_ms(operator) for operator in subgraph.operators)

    def guesses(self, subgraph: Subgraph) -> list[str]:
        """None: see :class:`nasea.cost.profiles.base.Profile`."""
        return []

    def operator_ms(self, operator: Operator) -> float:
        """Return milliseconds of one operator of a known kind."""
        work = work_of(operator, self.machine)
        return (
            work.cube_ms
            + work.memory_ms
            + work.vector_mops / self.machine.vector_gops
            + work.launches * self.machine.us_per_operator / 1e3
        )
