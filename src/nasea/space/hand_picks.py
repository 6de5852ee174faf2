"""Hand picks: a family scaled to a cost, as a chain of layers between PreNet and PostNet.

A hand pick keeps what PreNet and PostNet depend on: the resolutions of the user's body, and the
channels of every layer that PostNet reads. In between it has its own widths and depths. It is a
space with a single architecture, so every function that takes a space accepts it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from nasea.errors import SpaceError
from nasea.space.blocks import Block
from nasea.space.build import build_space
from nasea.space.families import Family
from nasea.space.ops import Program, Shape, rename_slots
from nasea.space.space import Space

TOLERANCE = 0.03
"""Largest relative difference between the cost of a hand pick and the budget."""

_NARROWEST = 4
_WIDEST = 4096
"""Smallest and largest number of channels of a layer of a hand pick."""

_DIVISORS = (8, 4, 2, 1)
_STEPS_OF_WIDTH = 6
"""Widths are multiples of the largest divisor that fits this often into the narrowest layer:
coarser rounding would change the family's proportions.
"""

_HALVINGS = 40
_TUNINGS = 40

Price = Callable[[Space], float]
"""Cost of the only network of a space, including PreNet and PostNet."""


@dataclass(frozen=True)
class Stage:
    """A run of the user's layers at one resolution, at most up to a layer that PostNet reads.

    Attributes:
        stride: stride of its first layer.
        filters: output channels of the user's layers in it.
        halvings: how often the resolution has been halved so far.
        is_read: whether PostNet reads the output of its last layer.
        is_tapped: whether that layer is one of ``supernet.feature_choose``.
    """

    stride: int
    filters: tuple[int, ...]
    halvings: int
    is_read: bool
    is_tapped: bool


def stages_of(filters: Sequence[int], strides: Sequence[int], taps: Sequence[int]) -> list[Stage]:
    """Return the stages of a body.

    Args:
        filters: output channels of each layer.
        strides: 1 or 2 for each layer.
        taps: layers whose outputs PostNet gets in addition to the last one, which may be among
            them.
    """
    stages: list[Stage] = []
    halvings = 0
    for index, (channels, stride) in enumerate(zip(filters, strides, strict=True)):
        halvings += stride == 2
        is_tapped = index in taps
        is_read = is_tapped or index == len(filters) - 1
        if stages and stride == 1 and not stages[-1].is_read:
            before = stages[-1]
            longer = (*before.filters, channels)
            stages[-1] = replace(before, filters=longer, is_read=is_read, is_tapped=is_tapped)
        else:
            stages.append(Stage(stride, (channels,), halvings, is_read, is_tapped))
    return stages


@dataclass(frozen=True)
class HandPick:
    """A network picked by hand.

    Attributes:
        family: the family.
        depth: blocks per resolution; 0 for as many as the user's body has.
        filters: output channels of each layer.
        strides: 1 or 2 for each layer.
        blocks: one block for each layer.
        taps: layers whose outputs PostNet gets in addition to the last one.
    """

    family: Family
    depth: int
    filters: tuple[int, ...]
    strides: tuple[int, ...]
    blocks: tuple[Block, ...]
    taps: tuple[int, ...]

    @property
    def name(self) -> str:
        """Name of the family."""
        return self.family.name

    def space(self, in_shape: Shape) -> Space:
        """Return the space that contains only this network.

        Args:
            in_shape: (channels, height, width) of PreNet's output.

        Raises:
            SpaceError: the family uses a block where it does not apply.
        """
        distinct = list({block.name: block for block in self.blocks}.values())
        shared = build_space(in_shape, self.filters, self.strides, distinct, taps=self.taps)
        return shared.only([_gene(shared, i, block) for i, block in enumerate(self.blocks)])


def _gene(space: Space, index: int, block: Block) -> int:
    """Return the index of the block among a layer's candidates, by name or by what it computes."""
    layer = space.layers[index]
    local = block.build(layer.in_shape[0], layer.out_shape[0], layer.stride)
    if local is None:
        raise SpaceError(
            f"{block.name} does not apply to {layer.in_shape[0]} -> {layer.out_shape[0]} channels "
            f"at stride {layer.stride}"
        )
    wanted = _anonymous(local)
    return next(i for i, c in enumerate(layer.candidates) if _anonymous(c.program) == wanted)


def _anonymous(program: Program) -> Program:
    return rename_slots(program, lambda _: "")


@dataclass(frozen=True)
class _Plan:
    """A family laid out on the user's stages, with widths still to be chosen.

    Attributes:
        family: the family.
        depth: blocks per resolution; 0 for as many as the user's body has.
        stages: the stages of the user's body.
        blocks: the blocks of each stage.
        relative: width of each of these blocks, relative to the family's narrowest.
    """

    family: Family
    depth: int
    stages: tuple[Stage, ...]
    blocks: tuple[tuple[Block, ...], ...]
    relative: tuple[tuple[float, ...], ...]

    def widths(self, scale: float, divisor: int) -> tuple[tuple[int, ...], ...]:
        """Return the channels at a scale, in multiples of the divisor."""
        least = max(divisor, _NARROWEST)
        return tuple(
            tuple(max(least, divisor * round(scale * one / divisor)) for one in stage)
            for stage in self.relative
        )

    def pick(self, widths: Sequence[Sequence[int]]) -> HandPick:
        """Return the network with these widths; layers that PostNet reads keep their channels."""
        filters: list[int] = []
        strides: list[int] = []
        blocks: list[Block] = []
        taps: list[int] = []
        for stage, chosen, channels in zip(self.stages, self.blocks, widths, strict=True):
            filters += channels
            strides += [stage.stride, *([1] * (len(chosen) - 1))]
            blocks += chosen
            if stage.is_read:
                if filters[-1] != stage.filters[-1]:
                    filters.append(stage.filters[-1])
                    strides.append(1)
                    blocks.append(self.family.last)
            if stage.is_tapped:
                taps.append(len(filters) - 1)
        return HandPick(
            self.family, self.depth, tuple(filters), tuple(strides), tuple(blocks), tuple(taps)
        )


def _planned(family: Family, depth: int, stages: Sequence[Stage]) -> _Plan:
    resolutions = 1 + max(stage.halvings for stage in stages) - stages[0].halvings
    blocks: list[tuple[Block, ...]] = []
    relative: list[tuple[float, ...]] = []
    before: dict[int, int] = {}
    for stage in stages:
        level = stage.halvings - stages[0].halvings
        at_level = sum(len(s.filters) for s in stages if s.halvings == stage.halvings)
        size = len(stage.filters)
        count = max(1, round(depth * size / at_level)) if depth else size
        first = before.get(level, 0)
        before[level] = first + count
        chosen = [family.block(level / resolutions, first + n) for n in range(count)]
        blocks.append(tuple(chosen))
        each = [2.0**level] * count if family.doubles else list(map(float, stage.filters))
        relative.append(tuple(each))
    narrowest = min(min(stage) for stage in relative)
    scaled = tuple(tuple(one / narrowest for one in stage) for stage in relative)
    return _Plan(family, depth, tuple(stages), tuple(blocks), scaled)


@dataclass(frozen=True)
class OutOfReach:
    """The reason why a family has no network of a given cost.

    Attributes:
        family: the family.
        reason: the reason in words; ``None`` if only the cost is out of reach.
        least: cost of its smallest network; ``None`` if it has none.
        most: cost of its largest network, if that is below the budget.
        nearest: the nearest cost, if the budget is within the range but is not met.
    """

    family: Family
    reason: str | None = None
    least: float | None = None
    most: float | None = None
    nearest: float | None = None


def scaled(
    family: Family,
    in_shape: Shape,
    stages: Sequence[Stage],
    budget: float,
    price: Price,
    tolerance: float = TOLERANCE,
) -> HandPick | OutOfReach:
    """Scale a family to a budget: return the network at or just below it.

    All widths grow together, in multiples of a suitable divisor. Then the widths of single stages
    change by one step as long as that brings the cost closer to the budget.

    Args:
        family: the family.
        in_shape: (channels, height, width) of PreNet's output.
        stages: the stages of the user's body.
        budget: in the unit of ``price``.
        price: returns the cost of a network.
        tolerance: largest allowed difference in cost, relative to the budget.
    """
    reason = OutOfReach(family, "it has no depth")
    for depth in family.depths or (0,):
        search = _Search(_planned(family, depth, stages), in_shape, budget, price, tolerance)
        try:
            found = search.found()
        except SpaceError as error:
            return OutOfReach(family, error.message)
        if isinstance(found, HandPick):
            return found
        reason = found
    return reason


class _Search:
    """A search for the widths of a plan."""

    def __init__(
        self, plan: _Plan, in_shape: Shape, budget: float, price: Price, tolerance: float
    ) -> None:
        self.plan = plan
        self.in_shape = in_shape
        self.budget = budget
        self.price = price
        self.tolerance = tolerance
        self.costs: dict[tuple[tuple[int, ...], ...], float] = {}

    def found(self) -> HandPick | OutOfReach:
        """Return the widths within the tolerance, or why there are none."""
        family = self.plan.family
        high = self.budget * (1 + self.tolerance)
        least = self._cost(self.plan.widths(0.0, 1))
        if least > high:
            return OutOfReach(family, least=least)
        top = float(_NARROWEST)
        while self._cost(self.plan.widths(top, 1)) <= high:
            top *= 2
            if top > _WIDEST:
                return OutOfReach(family, most=max(self.costs.values()))
        scale = self._crossing(1, top)
        for divisor in _DIVISORS:
            if divisor > 1 and scale < _STEPS_OF_WIDTH * divisor:
                continue
            at = self._crossing(divisor, 2 * top)
            self._tune(self.plan.widths(at, divisor), divisor)
            best = self._best(divisor)
            if best is not None:
                return self.plan.pick(best)
        nearest = min(self.costs.values(), key=lambda cost: abs(cost - self.budget))
        return OutOfReach(family, nearest=nearest)

    def _cost(self, widths: tuple[tuple[int, ...], ...]) -> float:
        if widths not in self.costs:
            self.costs[widths] = self.price(self.plan.pick(widths).space(self.in_shape))
        return self.costs[widths]

    def _crossing(self, divisor: int, top: float) -> float:
        """Return the largest scale that bisection finds within the budget."""
        low, high = 0.0, top
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            if self._cost(self.plan.widths(middle, divisor)) <= self.budget:
                low = middle
            else:
                high = middle
            if math.isclose(low, high, rel_tol=1e-4):
                break
        return low

    def _tune(self, widths: tuple[tuple[int, ...], ...], divisor: int) -> None:
        """Change single stages by one step while that brings the cost closer to the budget."""
        proportional = widths
        for _ in range(_TUNINGS):
            if self._best(divisor) is not None:
                return
            moved = [
                (*widths[:i], tuple(one + step for one in stage), *widths[i + 1 :])
                for i, stage in enumerate(widths)
                for step in (divisor, -divisor)
                if min(stage) + step >= max(divisor, _NARROWEST)
                and abs(stage[0] + step - proportional[i][0]) <= divisor
            ]
            better = min(moved, key=self._distance, default=widths)
            if self._distance(better) >= self._distance(widths):
                return
            widths = better

    def _distance(self, widths: tuple[tuple[int, ...], ...]) -> float:
        return abs(self._cost(widths) - self.budget)

    def _best(self, divisor: int) -> tuple[tuple[int, ...], ...] | None:
        """Return the closest cost below the budget in multiples of the divisor, else above it."""
        slack = self.tolerance * self.budget
        priced = [
            (widths, cost)
            for widths, cost in self.costs.items()
            if all(one % divisor == 0 for stage in widths for one in stage)
        ]
        below = [w for w, c in priced if 0 <= self.budget - c <= slack]
        above = [w for w, c in priced if 0 < c - self.budget <= slack]
        return min(below or above, key=self._distance, default=None)
