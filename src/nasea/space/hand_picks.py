"""Hand picks: a family scaled to a cost, as a chain of layers between PreNet and PostNet.

A hand pick keeps what PreNet and PostNet were written for: the resolutions of the user's body, and
the channels of every layer that PostNet reads. Between them it has widths and depths of its own.
It is a space of a single architecture, so everything that works with a space works with it.
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
"""A hand pick may cost so much more or less than the budget, relative to it."""

_NARROWEST = 4
_WIDEST = 4096
"""Channels that a layer of a hand pick has at least, and at most."""

_DIVISORS = (8, 4, 2, 1)
_STEPS_OF_WIDTH = 6
"""Widths are multiples of the largest divisor that the narrowest layer has this often: rounding
coarser would change the family's proportions."""

_HALVINGS = 40
_TUNINGS = 40

Price = Callable[[Space], float]
"""Cost of the only network of a space, PreNet and PostNet included."""


@dataclass(frozen=True)
class Stage:
    """A run of the user's layers at one resolution, at most to a layer that PostNet reads.

    Attributes:
        stride: of its first layer.
        filters: of the user's layers in it.
        halvings: how often the resolution was halved up to here.
        is_read: whether PostNet reads the output of the last of them.
        is_tapped: whether that is one of ``supernet.feature_choose``.
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
        taps: layers whose outputs PostNet gets besides the last one; it may be one of them.
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
        depth: blocks a resolution; 0 for those of the user's body.
        filters: output channels of each layer.
        strides: 1 or 2 for each layer.
        blocks: one a layer.
        taps: layers whose outputs PostNet gets besides the last one.
    """

    family: Family
    depth: int
    filters: tuple[int, ...]
    strides: tuple[int, ...]
    blocks: tuple[Block, ...]
    taps: tuple[int, ...]

    @property
    def name(self) -> str:
        """The family's."""
        return self.family.name

    def space(self, in_shape: Shape) -> Space:
        """Return the space that holds this network alone.

        Args:
            in_shape: (channels, height, width) of PreNet's output.

        Raises:
            SpaceError: a block does not apply where the family puts it.
        """
        distinct = list({block.name: block for block in self.blocks}.values())
        shared = build_space(in_shape, self.filters, self.strides, distinct, taps=self.taps)
        return shared.only([_gene(shared, i, block) for i, block in enumerate(self.blocks)])


def _gene(space: Space, index: int, block: Block) -> int:
    """Return which candidate of a layer is the block: by name, or by what it computes."""
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
    """A family on the user's stages, its widths open.

    Attributes:
        family: which.
        depth: blocks a resolution; 0 for those of the user's body.
        stages: of the user's body.
        blocks: of each stage.
        relative: width of each of these blocks, relative to the family's narrowest.
    """

    family: Family
    depth: int
    stages: tuple[Stage, ...]
    blocks: tuple[tuple[Block, ...], ...]
    relative: tuple[tuple[float, ...], ...]

    def widths(self, scale: float, divisor: int) -> tuple[tuple[int, ...], ...]:
        """Channels at this scale, in multiples of the divisor."""
        least = max(divisor, _NARROWEST)
        return tuple(
            tuple(max(least, divisor * round(scale * one / divisor)) for one in stage)
            for stage in self.relative
        )

    def pick(self, widths: Sequence[Sequence[int]]) -> HandPick:
        """Return the network of these widths; layers that PostNet reads keep their channels."""
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
    """Why a family has no network of a cost.

    Attributes:
        family: which.
        reason: in words; ``None`` where it can be had but for the cost.
        least: what its smallest network costs; ``None`` where it has none.
        most: what its largest costs, where that is too little.
        nearest: what the nearest costs, where it is neither.
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
    """Scale a family to a budget: the network at or just below it.

    Widths grow together, in multiples of a divisor that suits them; then those of single stages
    are moved by one step as long as that brings the cost nearer.

    Args:
        family: which.
        in_shape: (channels, height, width) of PreNet's output.
        stages: of the user's body.
        budget: in the unit of ``price``.
        price: what a network costs.
        tolerance: by how much the cost may differ, relative to the budget.
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
    """Looks for the widths of a plan."""

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
        """Move stages, each by one step, while that brings the cost nearer to the budget."""
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
        """Return the nearest cost below the budget in multiples of the divisor, else above it."""
        slack = self.tolerance * self.budget
        priced = [
            (widths, cost)
            for widths, cost in self.costs.items()
            if all(one % divisor == 0 for stage in widths for one in stage)
        ]
        below = [w for w, c in priced if 0 <= self.budget - c <= slack]
        above = [w for w, c in priced if 0 < c - self.budget <= slack]
        return min(below or above, key=self._distance, default=None)
