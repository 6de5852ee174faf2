"""Events of the pipeline, and the listeners that receive them: terminal, log file, notebook."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeAlias

from typing_extensions import Self

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
        seconds_left: estimated remaining time of the stage; ``None`` while it is unknown.
        figures: other values to show, by label, ready to print, e.g. ``{"loss": "0.412"}``.
        run_seconds_left: estimated remaining time of the whole run; ``None`` while it is unknown.
    """

    stage: Stage
    done: int
    total: int
    unit: str
    seconds_left: float | None = None
    figures: Mapping[str, str] = field(default_factory=dict)
    run_seconds_left: float | None = None


class Round(str):
    """A line about an epoch or a generation; a display may replace it by that of the next one.

    Args:
        text: the line.
        number: number of the round, from 1.
        total: number of all rounds.
        about: what is repeated; of lines about the same, a display may keep the last only.
    """

    number: int
    total: int
    about: str

    def __new__(cls, text: str, number: int, total: int, about: str) -> Self:
        """Create the line."""
        line = super().__new__(cls, text)
        line.number, line.total, line.about = number, total, about
        return line

    def __getnewargs__(self) -> tuple[str, int, int, str]:  # type: ignore[override]
        """Return what a copy is made from."""
        return str(self), self.number, self.total, self.about


class Listener(Protocol):
    """Receives all events; must return quickly and must not raise."""

    def notice(self, notice: Notice) -> None:
        """Receive a notice: something was corrected, ignored or decided, or is a warning."""

    def begin(self, stage: Stage, title: str) -> None:
        """Receive the beginning of a stage."""

    def progress(self, progress: Progress) -> None:
        """Receive the progress of a stage; called often."""

    def line(self, text: str) -> None:
        """Receive one line; a :class:`Round` if it is about an epoch or a generation."""


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


class NoticesOnce:
    """Passes all events on, but each notice only once: for runs of several sessions.

    Args:
        listener: receives the events.
    """

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._given: set[Notice] = set()
        self.begin, self.progress, self.line = listener.begin, listener.progress, listener.line

    def notice(self, notice: Notice) -> None:
        """Pass on what is new."""
        if notice not in self._given:
            self._given.add(notice)
            self._listener.notice(notice)


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
