"""An analytic model of a processor: a matrix unit, a vector unit, memory, launches.

The time of an operator is the sum of

* the cycles of the matrix unit ("cube") for whole tiles: convolutions and matrix products;
* the work of the vector unit: depthwise convolutions, pools, elementwise operators;
* the traffic of weights and activations;
* a launch, except for additions, which are fused into the preceding operator.

The files under ``data/`` contain the figures and the source of each.
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
"""Number of input values that one output of a bilinear resize reads."""


@dataclass(frozen=True)
class Machine:
    """The figures of an analytic profile.

    Attributes:
        cores: matrix units that share an operator.
        tile: (rows, depth, columns) of the products that one unit makes in a cycle: outputs
            (pixels), input channels, output channels.
        clock_ghz: cycles per nanosecond.
        gigabytes_per_s: memory bandwidth.
        bytes_per_value: size of a weight or an activation.
        vector_gops: throughput of the vector unit, 10^9 operations per second.
        us_per_operator: duration of a launch, microseconds.
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
    """The work of an operator on a machine.

    Attributes:
        cube_ms: time of the matrix units, milliseconds.
        memory_ms: time of memory traffic, milliseconds.
        vector_mops: 10^6 operations of the vector unit.
        launches: 0 or 1.
    """

    cube_ms: float
    memory_ms: float
    vector_mops: float
    launches: int


def work_of(operator: Operator, machine: Machine) -> Work:
    """Return the work of ``operator`` on ``machine``."""
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
        name: its name in ``processor_version``.
        processor: the processor that it describes.
        machine: the figures.
        quality: its known deviation from measurements, in words.
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
        """Return nothing; see :class:`nasea.cost.profiles.base.Profile`."""
        return []

    def operator_ms(self, operator: Operator) -> float:
        """Return the milliseconds of one operator of a known kind."""
        work = work_of(operator, self.machine)
        return (
            work.cube_ms
            + work.memory_ms
            + work.vector_mops / self.machine.vector_gops
            + work.launches * self.machine.us_per_operator / 1e3
        )
