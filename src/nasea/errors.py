"""Errors and notices for users.

Every failure that is not a defect of nasea itself ends as one of these. The command line prints
their text without a traceback and exits with ``exit_code``; anything else that escapes is a bug.

A message says what is wrong, where, which rule is broken, and how to fix it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

EXIT_USER_ERROR = 2
EXIT_INTERRUPTED = 130


class NaseaError(Exception):
    """Base of everything nasea tells a user.

    Args:
        message: what is wrong and where.
        fix: what the user can do about it; printed on its own line.
    """

    exit_code = EXIT_USER_ERROR

    def __init__(self, message: str, *, fix: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.fix = fix

    def __str__(self) -> str:
        return self.message if self.fix is None else f"{self.message}\n  fix: {self.fix}"

    def _render_traceback_(self) -> list[str]:
        """What a notebook shows (IPython asks for it): the text, and no traceback of nasea."""
        return f"{type(self).__name__}: {self}".splitlines()


@dataclass(frozen=True)
class Problem:
    """One thing wrong with an input file.

    Attributes:
        where: ``file:line`` (or ``file`` when no line applies).
        key: dotted path of the key, e.g. ``supernet.strides[3]``; empty for the file itself.
        rule: the rule that is broken, e.g. ``must be 1 or 2``.
        found: what was found instead, as written by the user; ``None`` when nothing was.
        fix: what to write instead; ``None`` when the rule says it all.
    """

    where: str
    key: str
    rule: str
    found: str | None = None
    fix: str | None = None

    def __str__(self) -> str:
        text = ": ".join(part for part in (self.where, self.key, self.rule) if part)
        if self.found is not None:
            text += f", found {self.found}"
        if self.fix is not None:
            text += f"\n    fix: {self.fix}"
        return text


@dataclass(frozen=True)
class Notice:
    """Something nasea corrected, ignored or decided that the user should know; never an error."""

    where: str
    text: str

    def __str__(self) -> str:
        return f"{self.where}: {self.text}" if self.where else self.text


class ConfigError(NaseaError):
    """The scenario file is wrong. Carries every problem found, not only the first."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        count = len(self.problems)
        head = f"{count} error{'s' if count != 1 else ''} in the scenario:"
        super().__init__("\n".join([head, *(f"  {problem}" for problem in self.problems)]))


class UserModuleError(NaseaError):
    """``user_module.py`` or ``blocks.py`` does not have the expected shape."""


class UserCodeError(NaseaError):
    """Code of the user raised an exception.

    Args:
        doing: what nasea was asking the user's code to do, e.g. ``UserModule.loss_func(...)``.
        trace: the traceback, trimmed to the frames of the user's files.
    """

    def __init__(self, doing: str, trace: str, *, fix: str | None = None) -> None:
        self.doing = doing
        self.trace = trace
        super().__init__(f"your code failed in {doing}:\n{trace.rstrip()}", fix=fix)


class DataError(NaseaError):
    """The data set does not hold what the scenario or the network needs."""


class SpaceError(NaseaError):
    """A search space, a block or a genome is malformed."""


class StrategyError(NaseaError):
    """A search strategy is not one, or proposed what it must not."""


class BudgetError(NaseaError):
    """No architecture of the space meets the constraint."""


class TimeBudgetError(NaseaError):
    """The time given for a job is too short for it."""


class LatencyError(NaseaError):
    """A latency profile is unknown or damaged, or cannot price what the networks are made of."""


class TrainingError(NaseaError):
    """Training cannot go on (for example a loss that is not finite)."""


class MetricError(NaseaError):
    """The user's metric returned something that cannot be compared."""


class CheckpointError(NaseaError):
    """A checkpoint is corrupt, foreign, or belongs to another scenario."""


class ResultsError(NaseaError):
    """The results cannot be written or read."""


class NoTeacherError(ResultsError):
    """No network of a search can teach another one."""


class ExportError(NaseaError):
    """A network cannot be written in a format, or the file does not do what the network does."""


class NotAvailableError(NaseaError):
    """The request is valid but this installation or version cannot serve it."""


class RankLostError(NaseaError):
    """A process of a run on several devices died or does not answer; what was saved is intact."""

    exit_code = EXIT_INTERRUPTED


class Interrupted(NaseaError):
    """Ctrl-C: everything is saved; the message says how to go on."""

    exit_code = EXIT_INTERRUPTED
