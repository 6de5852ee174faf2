"""A queue of candidates: free ranks take them and return their scores.

A counter that all ranks reach gives every candidate to one of them; a fast device takes more. The
scores are called for by the number of the candidate, so nothing depends on who took which.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from nasea.backends.distributed.failures import describe_failure, rebuild_failure
from nasea.backends.distributed.ranks import Ranks
from nasea.backends.records import Measurement

_POLL_SECONDS = 0.002
_CALLED_OFF = str(2**40)


class WorkQueue:
    """The candidates of one call and their scores.

    Args:
        ranks: who shares them.
        serial: number of the call, the same everywhere.
        count: how many candidates.
    """

    def __init__(self, ranks: Ranks, serial: str, count: int) -> None:
        self._ranks = ranks
        self._store = ranks.store
        self._counter = f"scoring/{serial}/next"
        self._key = f"scoring/{serial}/score/"
        self._count = count

    def take(self) -> int | None:
        """The number of a candidate that no rank has taken; ``None`` when none is left."""
        number = self._store.add(self._counter, 1) - 1
        return number if number < self._count else None

    def call_off(self) -> None:
        """Hand out no more candidates."""
        self._store.set(self._counter, _CALLED_OFF)

    def work(self, measure: Callable[[int], Measurement]) -> None:
        """Take candidates and put their scores, until none is left; for ranks other than 0.

        A failure that is not the candidate's own is put in place of the score.
        """
        while (number := self.take()) is not None:
            message: dict[str, Any] = {"stop": self._ranks.stop_asked, "rank": self._ranks.rank}
            try:
                message |= {"score": asdict(measure(number))}
            except Exception as error:
                self.call_off()
                message |= {"failure": describe_failure(error)}
            self._store.set(f"{self._key}{number}", json.dumps(message))

    def found(self, number: int) -> Measurement | None:
        """The score that another rank has put; ``None`` where there is none as yet.

        Raises:
            NaseaError: what kept that rank from scoring.
        """
        key = f"{self._key}{number}"
        if not self._store.check([key]):
            return None
        message = json.loads(self._store.get(key))
        self._store.delete_key(key)
        if message["stop"]:
            self._ranks.on_stop()
        if "failure" in message:
            raise rebuild_failure(message["rank"], message["failure"])
        return Measurement(**message["score"])

    def await_score(self, number: int) -> Measurement:
        """The same, as soon as it is there.

        Raises:
            RankLostError: it does not come.
        """
        deadline = time.monotonic() + self._ranks.timeout
        while (score := self.found(number)) is None:
            self._ranks.require_all()
            if time.monotonic() > deadline:
                raise self._ranks.lost(f"a score took more than {self._ranks.timeout:g} s")
            time.sleep(_POLL_SECONDS)
        return score
