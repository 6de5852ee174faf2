"""Limits a search to the remaining time by the number of architectures to score."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from nasea.pipeline.planning.clock import Clock
from nasea.pipeline.planning.time_plan import SLACK, TimePlan
from nasea.space import Genome
from nasea.strategy import Strategy, Study

_LEAST_SHARE = 0.05
"""Share of the time that the search may take in any case."""

_LEAST = 2
"""Architectures that are scored in any case, so that there is a front."""


class WithinTime(Strategy):
    """A strategy that proposes only as many architectures as there is time to score.

    Args:
        strategy: the strategy that proposes.
        clock: the clock of the job, with a plan.
    """

    def __init__(self, strategy: Strategy, clock: Clock) -> None:
        self._strategy = strategy
        self._clock = clock
        assert clock.plan is not None, "it is made first"
        self._score_seconds = clock.plan.speeds.score
        self._asked: tuple[float, int, int] | None = None
        self.is_over = False

    @property
    def name(self) -> str:
        """The name of the wrapped strategy."""
        return self._strategy.name

    def ask(self, study: Study) -> Sequence[Genome]:
        """Propose as many architectures as there is time for; none when it is used up."""
        now = time.monotonic()
        plan = self._clock.plan
        assert plan is not None, "it is made first"
        until = plan.search_until or settled_end(self._clock)
        scored = len(study.archive)
        if self._asked is not None and scored > self._asked[1] and self._asked[2]:
            began, before, _ = self._asked
            recent = (now - began) / (scored - before)
            self._score_seconds = 0.5 * (self._score_seconds + recent)
        room = int((until - self._clock.spent) / max(self._score_seconds, 1e-9))
        if scored < _LEAST:
            room = max(room, _LEAST - scored)
        if room < 1:
            self.is_over = True
            return ()
        proposed = list(self._strategy.ask(study))
        kept = proposed[:room]
        self._asked = (now, scored, len(kept))
        return kept

    def tell(self, study: Study) -> None:
        """Pass on."""
        self._strategy.tell(study)

    def state(self) -> Mapping[str, Any]:
        """Return the state of the wrapped strategy."""
        return self._strategy.state()

    def restore(self, state: Mapping[str, Any]) -> None:
        """Pass on."""
        self._strategy.restore(state)

    def describe(self) -> str | None:
        """Return the description of the wrapped strategy."""
        return self._strategy.describe()


def settled_end(clock: Clock) -> float:
    """Return the seconds of the job after which the search ends, computed when it starts.

    Search and retraining share the time that training took more or less than planned, in the
    proportion of the plan.
    """
    plan = clock.plan
    assert plan is not None, "it is made first"
    # If scores are few and cheap, a little more time for them does not matter elsewhere.
    search = max(plan.scores * plan.speeds.score, _LEAST_SHARE * plan.budget)
    retraining = plan.speeds.probing + plan.retraining * plan.speeds.alone_epoch
    writing = writing_seconds(plan)
    free = clock.left - SLACK * clock.budget - writing
    end = clock.spent + max(free, 0.0) * search / (search + retraining)
    clock.update(search_until=end)
    return end


def writing_seconds(plan: TimePlan) -> float:
    """Estimate, generously, the seconds between search and retraining."""
    return 0.5 * plan.speeds.fixed
