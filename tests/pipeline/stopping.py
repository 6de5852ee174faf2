"""A stop in the middle, as a user makes it."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

from nasea.pipeline.session.events import Progress, Stage

from .project import Recorder


def press_ctrl_c() -> None:
    """What a terminal sends."""
    os.kill(os.getpid(), signal.SIGINT)


class Stops(Recorder):
    """Presses Ctrl-C, or does something else, at a report of progress.

    Attributes:
        when: whether a report is of the kind that counts.
        left: how many of the kind are still to come; the last one is it.
        act: what is done then.
    """

    def __init__(
        self,
        when: Callable[[Progress], bool],
        count: int = 1,
        act: Callable[[], object] = press_ctrl_c,
    ) -> None:
        super().__init__()
        self.when = when
        self.left = count
        self.act = act

    def progress(self, progress: Progress) -> None:
        super().progress(progress)
        if self.when(progress):
            self.left -= 1
            if self.left == 0:
                self.act()


def at(stage: Stage, done: int) -> Callable[[Progress], bool]:
    """Whether a stage has come so far."""
    return lambda progress: (progress.stage, progress.done) == (stage, done)
