"""Counts the time of a job, across restarts, and stores the plan that it follows."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from nasea.config import Scenario
from nasea.errors import CheckpointError
from nasea.pipeline.planning.time_plan import TimePlan
from nasea.pipeline.session.checkpoint import CheckpointStore
from nasea.pipeline.session.events import NullListener, Progress

_SAVE_SECONDS = 15.0
"""The time is written down this often; so much is forgotten when a process is killed."""

_KIND = "plan"


def plan_store(home: Path) -> CheckpointStore:
    """Return the store of a directory's plan."""
    return CheckpointStore(home / "checkpoint", _KIND)


def stored_plan(home: Path) -> tuple[TimePlan, float] | None:
    """Return the plan of a directory and the seconds spent; ``None`` if there is no plan.

    Raises:
        CheckpointError: the stored plan is damaged.
    """
    stored = plan_store(home).load([])
    if stored is None:
        return None
    return TimePlan.from_dict(stored.meta["plan"]), float(stored.meta["spent"])


def as_planned(scenario: Scenario, home: Path) -> Scenario:
    """Return the scenario with the epochs of this directory's plan, if there is one."""
    stored = stored_plan(home)
    if stored is None:
        return scenario
    return scenario.model_copy(update={"epochs": stored[0].epochs})


class Clock(NullListener):
    """Clock of a job; as a listener, it saves the time at intervals.

    Args:
        budget: seconds of the whole job.
        home: where ``checkpoint/`` is.
        restart: whether to ignore the time spent by earlier starts.
        now: returns the current time in seconds.

    Attributes:
        plan: the plan; ``None`` before planning.
    """

    def __init__(
        self,
        budget: float,
        home: Path,
        restart: bool = False,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._now = now
        self._began = now()
        self._store = plan_store(home)
        self.plan: TimePlan | None = None
        self._before = 0.0
        self.budget = budget
        stored = None if restart else stored_plan(home)
        if stored is not None:
            plan, self._before = stored
            self.plan = replace(plan, budget=budget)
            if budget != plan.budget:  # the end of the search is computed again
                self.plan = replace(self.plan, search_until=None, retrained=None)
        self._saved_at = self._began

    @property
    def spent(self) -> float:
        """The seconds spent, including those before a restart."""
        return self._before + self._now() - self._began

    @property
    def left(self) -> float:
        """The seconds that remain, without the slack."""
        return self.budget - self.spent

    def update(self, **changes: Any) -> TimePlan:
        """Change the plan and save it."""
        assert self.plan is not None, "it is made first"
        self.plan = replace(self.plan, **changes)
        self.save()
        return self.plan

    def another_search(self) -> None:
        """Settle the end of the search anew; after a finished job, the whole time is there again.

        Called when another search begins on the same supernet, under another constraint for
        example.
        """
        assert self.plan is not None, "it is made first"
        if self.plan.retrained is not None:
            self._before, self._began = 0.0, self._now()
        self.update(search_until=None, retrained=None)

    def save(self) -> None:
        """Save the plan and the time.

        Raises:
            CheckpointError: the file cannot be written.
        """
        if self.plan is None:
            return
        self._store.save({"plan": self.plan.to_dict(), "spent": self.spent})
        self._saved_at = self._now()

    def progress(self, progress: Progress) -> None:
        """Save the time at intervals."""
        if self._now() - self._saved_at > _SAVE_SECONDS:
            with suppress(CheckpointError):  # more important writes report a full disk
                self.save()
