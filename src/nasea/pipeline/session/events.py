"""Events of the pipeline, and the listeners that receive them: terminal, log file, notebook."""

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
    """The progress of a stage.

    Attributes:
        stage: the stage.
        done: completed units.
        total: all units.
        unit: name of a unit: ``update``, ``architecture``, ``candidate``.
        seconds_left: estimated remaining time; ``None`` while it is unknown.
        figures: other values to show, by label, ready to print, e.g. ``{"loss": "0.412"}``.
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
        """Receive a notice: something was corrected, ignored or decided, or is a warning."""

    def begin(self, stage: Stage, title: str) -> None:
        """Receive the beginning of a stage."""

    def progress(self, progress: Progress) -> None:
        """Receive the progress of a stage; called often."""

    def line(self, text: str) -> None:
        """Receive one line, e.g. the summary of an epoch or a generation."""


class NullListener:
    """A listener that ignores all events."""

    def notice(self, notice: Notice) -> None:
        """Ignore."""

    def begin(self, stage: Stage, title: str) -> None:
        """Ignore."""

    def progress(self, progress: Progress) -> None:
        """Ignore."""

    def line(self, text: str) -> None:
        """Ignore."""


class Listeners:
    """Passes all events on to several listeners."""

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
    """A message in one line.

    Attributes:
        text: the message.
    """

    text: str


Event: TypeAlias = Notice | Began | Progress | Line
"""A call of a listener as a value."""


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
