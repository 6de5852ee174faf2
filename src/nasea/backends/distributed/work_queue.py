"""A queue of candidates: whichever rank is free takes the next one and returns its score.

A shared counter gives every candidate to exactly one rank, so a fast device takes more of them.
Scores are looked up by the candidate's number, so the result does not depend on who took which.
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
_CANCELLED = str(2**40)


class WorkQueue:
    """The candidates of one call and their scores.

    Args:
        ranks: the ranks that share them.
        serial: identifies the call; the same on all ranks.
        count: number of candidates.
    """

    def __init__(self, ranks: Ranks, serial: str, count: int) -> None:
        self._ranks = ranks
        self._store = ranks.store
        self._counter = f"scoring/{serial}/next"
        self._key = f"scoring/{serial}/score/"
        self._count = count

    def take(self) -> int | None:
        """Take a candidate that no rank has taken; return its number, ``None`` if none is left."""
        number = self._store.add(self._counter, 1) - 1
        return number if number < self._count else None

    def cancel(self) -> None:
        """Hand out no more candidates."""
        self._store.set(self._counter, _CANCELLED)

    def work(self, measure: Callable[[int], Measurement]) -> None:
        """Take candidates and publish their scores until none is left; not called by rank 0.

        A failure that is not the candidate's own is published in place of the score.
        """
        while (number := self.take()) is not None:
            message: dict[str, Any] = {"stop": self._ranks.stop_asked, "rank": self._ranks.rank}
            try:
                message |= {"score": asdict(measure(number))}
            except Exception as error:
                self.cancel()
                message |= {"failure": describe_failure(error)}
            self._store.set(f"{self._key}{number}", json.dumps(message))

    def poll(self, number: int) -> Measurement | None:
        """Return the score that another rank published; ``None`` if there is none yet.

        Raises:
            NaseaError: the failure of the rank that tried to score it.
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
        """Wait for the score that another rank publishes; see :meth:`poll`.

        Raises:
            RankLostError: it is not published in time.
        """
        deadline = time.monotonic() + self._ranks.timeout
        while (score := self.poll(number)) is None:
            self._ranks.require_alive()
            if time.monotonic() > deadline:
                raise self._ranks.lost_error(f"a score took more than {self._ranks.timeout:g} s")
            time.sleep(_POLL_SECONDS)
        return score
