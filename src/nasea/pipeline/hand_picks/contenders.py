"""The networks that are compared: hand picks scaled to a budget, and results of a search."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from nasea.config import Scenario
from nasea.cost import Costs, build_cost_model
from nasea.cost.profiles import Profile
from nasea.errors import LatencyError, NaseaError, Notice, ResultsError
from nasea.pipeline.opening import Opened, chosen_blocks, genome_of, only, require_framework
from nasea.pipeline.probe import Built, open_profile, open_space
from nasea.pipeline.retraining.shortlist import NEAR, SLACK
from nasea.pipeline.session.session import Session
from nasea.pipeline.supernet.late_weights import ensure_weights
from nasea.results.front import Front, FrontMember
from nasea.results.front.places import FRONT_FILE
from nasea.results.near import trained_choice
from nasea.results.picked import Result, load_finished, pick_result
from nasea.results.standings import Excluded, Kind
from nasea.results.teachers import Distilled, distilled
from nasea.results.units import Unit, unit_for
from nasea.space import Genome, Space, load_user_blocks
from nasea.space.families import Family, known_families, uniform_families
from nasea.space.hand_picks import TOLERANCE, HandPick, OutOfReach, scaled, stages_of
from nasea.terms import CostKind, cost_of_kind


@dataclass(frozen=True)
class ContenderSelection:
    """A selection of networks to compare.

    Attributes:
        budget: in the constraint's unit; ``None`` for the scenario's.
        architectures: numbers of results. If empty, after a search: the results that ``nasea
            retrain --budget`` chose for the budget, with and without ``--from-scratch``, or else
            the result of the front that suits it.
        families: names of families, or prefixes of several names; all families if empty.
    """

    budget: float | None = None
    architectures: tuple[int, ...] = ()
    families: tuple[str, ...] = ()


@dataclass(frozen=True)
class ContenderSpec:
    """A network to train and compare.

    Attributes:
        name: unique in the comparison.
        kind: hand pick or result, and the kind of initial weights.
        title: a description.
        costs: costs of the whole network.
        filters: output channels of each layer.
        strides: stride of each layer.
        blocks: block of each layer.
        space: builds the space of this one network from the scenario's opened data.
        weights: file of the initial weights; ``None`` for the framework's initial values.
        teacher: a network to learn from as well, and its share of the loss; if any.
    """

    name: str
    kind: Kind
    title: str
    costs: Costs
    filters: tuple[int, ...]
    strides: tuple[int, ...]
    blocks: tuple[str, ...]
    space: Callable[[Opened], Space]
    weights: Path | None = None
    teacher: tuple[Result, float] | None = None

    @property
    def identity(self) -> str:
        """What identifies the network independently of its name."""
        layers = zip(self.blocks, self.filters, self.strides, strict=True)
        return " ".join(f"{block}:{width}/{stride}" for block, width, stride in layers)

    def in_words(self, unit: Unit) -> str:
        """Return cost and widths in one line."""
        cost = unit.phrase(self.cost(unit.quantity))
        return f"{cost}, filters {'-'.join(map(str, self.filters))}"

    def cost(self, quantity: CostKind) -> float:
        """Return one of the costs."""
        return cost_of_kind(self.costs, quantity)


@dataclass(frozen=True)
class PlannedComparison:
    """The networks of a comparison.

    Attributes:
        opened: the scenario with its data; the caller closes its backend.
        budget: the budget, in the constraint's unit.
        specs: results of the search first, from scratch and with inherited weights; before a
            search there are none.
        excluded: families that have no network of this cost.
    """

    opened: Built
    budget: float
    specs: tuple[ContenderSpec, ...]
    excluded: tuple[Excluded, ...]

    @property
    def unit(self) -> Unit:
        """The unit of the costs."""
        return unit_for(self.opened.scenario.constraint.type, [self.budget])


def plan_comparison(
    scenario: Scenario, home: Path, selection: ContenderSelection, ready: Session
) -> PlannedComparison:
    """Open the data, scale the hand picks and look up the results.

    Args:
        scenario: the scenario of the search.
        home: the directory of the search.
        selection: the networks to compare.
        ready: the session.

    Raises:
        NaseaError: any fault that the user can fix.
    """
    results = home / "results"
    front = load_finished(results) if selection.architectures else finished_search(results)
    if front is not None and front.info.constraint_type != scenario.constraint.type:
        raise ResultsError(
            f"the results are of a search under {front.info.constraint_type}, but the scenario "
            f"limits {scenario.constraint.type}",
            fix="name the scenario they were searched with: -c FILE",
        )
    budget = float(scenario.constraint.value if selection.budget is None else selection.budget)
    asked = [(one, one) for one in (pick_result(results, n) for n in selection.architectures)]
    if front is not None:
        asked = asked or [_chosen(results, scenario.constraint.type, budget, front)]
    families = _families(scenario, home, selection.families)
    for _, inheriting in asked:
        require_framework(scenario, inheriting)
        ensure_weights(inheriting, scenario, home, ready.listener, ready.group)
    profile = open_profile(scenario, home)
    opened = open_space(scenario, home, group=ready.group)
    try:
        if scenario.constraint.also:
            text = "hand picks are scaled to the first budget alone, not to those under also"
            ready.listener.notice(Notice("compare", text))
        specs: list[ContenderSpec] = []
        for alone, inheriting in asked:
            specs += [_from_scratch(alone, opened.space), _inherited(inheriting, opened.space)]
        if front is not None:
            made = _distilled(results, selection, budget, front)
            specs += [_taught(one, opened.space) for one in made]
        picker = _Picker(opened, budget, profile)
        excluded: list[Excluded] = []
        for family in families:
            found = picker.spec(family)
            if isinstance(found, ContenderSpec):
                specs.append(found)
            else:
                excluded.append(found)
    except BaseException:
        opened.backend.close()
        raise
    return PlannedComparison(opened, budget, tuple(specs), tuple(excluded))


def finished_search(results: Path) -> Front | None:
    """Return the front of the search that ended here; ``None`` before a search.

    Raises:
        ResultsError: the front is damaged.
    """
    return load_finished(results) if (results / FRONT_FILE).exists() else None


def suited(front: Front, budget: float) -> FrontMember:
    """Return the most accurate result within a budget, for comparison with hand picks.

    If all exceed the budget, return the cheapest. The tolerance is the same as for hand picks.
    """
    best = front.under(budget * (1 + TOLERANCE))
    if best is not None:
        return best
    return min(front.members, key=front.cost_of)


def _families(scenario: Scenario, home: Path, names: Sequence[str]) -> list[Family]:
    """Return the selected families, in the order of the table."""
    blocks = chosen_blocks(scenario, load_user_blocks(home))
    known = [*known_families(), *uniform_families(blocks)]
    if not names:
        return known
    for name in names:
        if not any(family.name.startswith(name) for family in known):
            listed = [family.name for family in known]
            close = difflib.get_close_matches(name, listed)
            raise NaseaError(
                f"--families: no family is called {name!r}, and none begins with it",
                fix=f"did you mean {close[0]!r}?" if close else f"choose from {', '.join(listed)}",
            )
    return [family for family in known if family.name.startswith(tuple(names))]


def _chosen(
    results: Path, quantity: CostKind, budget: float, front: Front
) -> tuple[Result, Result]:
    """Return the results to train from scratch and from inherited weights."""
    inheriting = trained_choice(results, quantity, budget)
    alone = trained_choice(results, quantity, budget, from_scratch=True)
    usual = alone or inheriting or pick_result(results, suited(front, budget).number)
    return alone or usual, inheriting or usual


def _from_scratch(result: Result, space: Space) -> ContenderSpec:
    member = result.member
    return ContenderSpec(
        result.title,
        "searched",
        f"{result.title} of the search, from scratch",
        Costs(member.parameters, member.flops, member.latency_ms),
        tuple(layer.c_out for layer in member.layers),
        tuple(layer.stride for layer in member.layers),
        member.blocks,
        partial(only, genome_of(space, result)),
    )


def _inherited(result: Result, space: Space) -> ContenderSpec:
    return replace(
        _from_scratch(result, space),
        name=f"{result.title}, inherited",
        kind="searched, inherited",
        title=f"{result.title}, from the search's weights",
        weights=result.weights,
    )


def _distilled(
    results: Path, selection: ContenderSelection, budget: float, front: Front
) -> list[Distilled]:
    """Return the selected results that a retraining has taught, or the best one for the budget."""
    made = distilled(results)
    if selection.architectures:
        asked = {front.architecture(number).genome for number in selection.architectures}
        return [one for one in made if one.student.member.genome in asked]
    near = [
        one for one in made if NEAR * budget <= front.cost_of(one.student.member) <= SLACK * budget
    ]
    return sorted(near, key=lambda one: -one.retrained.member.accuracy)[:1]


def _taught(made: Distilled, space: Space) -> ContenderSpec:
    from_scratch = made.retrained.plan.from_scratch
    start = "from scratch" if from_scratch else "from the search's weights"
    return replace(
        _from_scratch(made.student, space),
        name=f"{made.student.title}, taught",
        kind="searched, taught",
        title=f"{made.student.title}, {start}, taught by {made.teacher.title}",
        weights=None if from_scratch else made.student.weights,
        teacher=(made.teacher, made.retrained.plan.teacher_share),
    )


def from_space(
    opened: Built,
    genome: Genome,
    name: str,
    kind: Kind,
    title: str,
    profile: Profile | None = None,
) -> ContenderSpec:
    """Return the specification of any network of the search space, trained from scratch.

    Args:
        opened: the scenario.
        genome: the network.
        name: unique in the comparison.
        kind: the kind under which it is compared.
        title: a description.
        profile: latency profile, if the budget limits latency.
    """
    space = opened.space.only(genome)
    return ContenderSpec(
        name,
        kind,
        title,
        costs_of(space, opened, profile),
        tuple(layer.out_shape[0] for layer in space.layers),
        tuple(layer.stride for layer in space.layers),
        opened.space.blocks(genome),
        partial(only, genome),
    )


def costs_of(space: Space, opened: Built, profile: Profile | None) -> Costs:
    """Return the costs of the only network of a space, PreNet and PostNet included."""
    kind = opened.scenario.constraint.type
    user_networks = (opened.pre_net.costs, opened.post_net.costs)
    model = build_cost_model(space, kind, user_networks, profile, opened.user_subgraphs)
    return model.costs((0,) * len(space.layers))


class _Picker:
    """Scaling of families to a budget, for the PreNet and PostNet of an opened scenario."""

    def __init__(self, opened: Built, budget: float, profile: Profile | None) -> None:
        self.opened = opened
        self.budget = budget
        self.profile = profile
        supernet = opened.scenario.supernet
        self.stages = stages_of(supernet.filters, supernet.strides, opened.space.taps)
        self.in_shape = opened.space.layers[0].in_shape
        self.unit = unit_for(opened.scenario.constraint.type, [budget])

    def costs(self, space: Space) -> Costs:
        """Return the costs of the only network of a space."""
        return costs_of(space, self.opened, self.profile)

    def price(self, space: Space) -> float:
        """Return the constrained cost."""
        kind = self.opened.scenario.constraint.type
        return cost_of_kind(self.costs(space), kind)

    def spec(self, family: Family) -> ContenderSpec | Excluded:
        """Return the family's network, or the reason why it has none."""
        try:
            found = scaled(family, self.in_shape, self.stages, self.budget, self.price)
        except LatencyError as error:  # the profile may lack operators of a hand pick
            return Excluded(family.name, family.title, error.message)
        if isinstance(found, OutOfReach):
            return Excluded(family.name, family.title, self._reason(found))
        kind: Kind = "hand pick" if family.doubles else "uniform"
        return ContenderSpec(
            found.name,
            kind,
            family.title,
            self.costs(found.space(self.in_shape)),
            found.filters,
            found.strides,
            tuple(block.name for block in found.blocks),
            partial(_picked, found),
        )

    def _reason(self, found: OutOfReach) -> str:
        budget = self.unit.phrase(self.budget)
        if found.reason is not None:
            return found.reason
        if found.least is not None:
            return (
                f"its smallest network costs {self._in_words(found.least)}, the budget is {budget}"
            )
        if found.most is not None:
            return f"its largest network costs {self._in_words(found.most)}, the budget is {budget}"
        assert found.nearest is not None
        return (
            f"its nearest network costs {self._in_words(found.nearest)}, which is not within "
            f"{TOLERANCE:.0%} of {budget}"
        )

    def _in_words(self, cost: float) -> str:
        return unit_for(self.unit.quantity, [cost]).phrase(cost)


def _picked(pick: HandPick, opened: Opened) -> Space:
    return pick.space(opened.space.layers[0].in_shape)
