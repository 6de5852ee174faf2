"""Networks of nasea's vocabulary between the user's PreNet and PostNet."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nasea.backends.torch.network.layers import Network, build_body
from nasea.config import load_scenario
from nasea.cost import CostModel, Costs, build_cost_model
from nasea.pipeline.hand_picks.contenders import costs_of
from nasea.pipeline.probe import open_space
from nasea.space import Space
from nasea.space.families import known_families
from nasea.space.hand_picks import HandPick, scaled, stages_of


class Bench:
    """A project's data and vocabulary.

    Args:
        project: its directory.
        module: the user module, loaded.
    """

    def __init__(self, project: Path, module: Any) -> None:
        self._module = module
        self._scenario = load_scenario(project / "scen.yaml").scenario
        self._opened = open_space(self._scenario, project)
        self._opened.backend.close()

    @property
    def space(self) -> Space:
        """The search space of the scenario."""
        return self._opened.space

    @property
    def model(self) -> CostModel:
        """Costs of the search space, the ends included."""
        ends = (self._opened.pre_net.costs, self._opened.post_net.costs)
        return build_cost_model(self.space, "flops", ends)

    def costs(self, space: Space) -> Costs:
        """Costs of the only network of a space, the ends included."""
        return costs_of(space, self._opened, None)

    def by_hand(self, name: str, flops: float) -> tuple[HandPick, Space]:
        """A known family, scaled to so many FLOPs, and the space that is this network only."""
        family = next(one for one in known_families() if one.name == name)
        supernet = self._scenario.supernet
        stages = stages_of(supernet.filters, supernet.strides, self.space.taps)
        shape = self.space.layers[0].in_shape
        found = scaled(family, shape, stages, flops, lambda space: self.costs(space).flops)
        if not isinstance(found, HandPick):
            raise SystemExit(f"{name} has no network of {flops:g} FLOPs")
        return found, found.space(shape)

    def network(self, space: Space) -> Network:
        """Build the only network of a space, with initial values."""
        body = build_body(space.decode((0,) * len(space.layers)))
        return Network(self._module.PreNet(), body, self._module.PostNet(), space.taps)
