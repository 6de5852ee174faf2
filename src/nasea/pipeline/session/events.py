"""Events of the pipeline; terminal, log file and notebook are listeners."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeAlias

from nasea.errors import Notice

Stage = Literal[
    "latency",
    "probe",
    "pretrain",
    "train",
    "separation",
    "search",
    "results",
    "retrain",
    "export",
    "fidelity",
    "compare",
]


@dataclass(frozen=True)
class Progress:
    """How far a stage is.

    Attributes:
        stage: which one.
        done: units done.
        total: units in all.
        unit: what a unit is: ``update``, ``architecture``, ``candidate``.
        seconds_left: estimate; ``None`` while there is nothing to base one on.
        figures: what else is worth showing, by label, ready to print, e.g. ``{"loss": "0.412"}``.
    """

    stage: Stage
    done: int
    total: int
    unit: str
    seconds_left: float | None = None
    figures: Mapping[str, str] = field(default_factory=dict)


class Listener(Protocol):
    """Receives all events; must return quickly and must not raise."""

    def notice(self, notice: Notice) -> None:
        """Something was mended, ignored or decided; or a warning."""

    def begin(self, stage: Stage, title: str) -> None:
        """A stage begins."""

    def progress(self, progress: Progress) -> None:
        """A stage advances; called often."""

    def line(self, text: str) -> None:
        """A finding in one line, e.g. the summary of an epoch or a generation."""


class Silence:
    """A listener that ignores everything."""

    def notice(self, notice: Notice) -> None:
        """Ignore."""

    def begin(self, stage: Stage, title: str) -> None:
        """Ignore."""

    def progress(self, progress: Progress) -> None:
        """Ignore."""

    def line(self, text: str) -> None:
        """Ignore."""


class Listeners:
    """Several listeners as one."""

    def __init__(self, listeners: Sequence[Listener]) -> None:
        self._listeners = tuple(listeners)

    def notice(self, notice: Notice) -> None:
        """Pass on."""
        for listener in self._listeners:
            listener.notice(notice)

    def begin(self, stage: Stage, title: str) -> None:
        """Pass on."""
        for listener in self._listeners:
            listener.begin(stage, title)

    def progress(self, progress: Progress) -> None:
        """Pass on."""
        for listener in self._listeners:
            listener.progress(progress)

    def line(self, text: str) -> None:
        """Pass on."""
        for listener in self._listeners:
            listener.line(text)


@dataclass(frozen=True)
class Began:
    """A stage began.

    Attributes:
        stage: which one.
        title: what it does, in words.
    """

    stage: Stage
    title: str


@dataclass(frozen=True)
class Line:
    """A finding in one line.

    Attributes:
        text: what was found.
    """

    text: str


Event: TypeAlias = Notice | Began | Progress | Line
"""What a listener hears, as a value."""


class OnEvent:
    """A listener that hands every event to one function.

    Args:
        function: called with each event; what it raises ends the run.
    """

    def __init__(self, function: Callable[[Event], object]) -> None:
        self._function = function

    def notice(self, notice: Notice) -> None:
        """Hand it over."""
        self._function(notice)

    def begin(self, stage: Stage, title: str) -> None:
        """Hand it over."""
        self._function(Began(stage, title))

    def progress(self, progress: Progress) -> None:
        """Hand it over."""
        self._function(progress)

    def line(self, text: str) -> None:
        """Hand it over."""
        self._function(Line(text))
