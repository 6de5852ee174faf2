"""Collects errors and notices about a scenario, to report them all at once."""

from __future__ import annotations

from nasea.errors import ConfigError, Notice, Problem


class Report:
    """The problems and notices of one file.

    Args:
        file: name of the file, for messages.
        lines: whether it has lines; a scenario given as a dict has none.
    """

    def __init__(self, file: str, lines: bool = True) -> None:
        self.file = file
        self._lines = lines
        self._problems: list[tuple[int, Problem]] = []
        self._notices: list[tuple[int, Notice]] = []

    def problem(
        self, line: int, key: str, rule: str, *, found: str | None = None, fix: str | None = None
    ) -> None:
        """Record an error; ``key`` and ``found`` are shortened to one line."""
        shown = None if found is None else shorten(found)
        problem = Problem(self._place(line), shorten(key), rule, shown, fix)
        self._problems.append((line, problem))

    def notice(self, line: int, text: str) -> None:
        """Record something that was corrected, ignored or decided."""
        self._notices.append((line, Notice(self._place(line), text)))

    def _place(self, line: int) -> str:
        return f"{self.file}:{line}" if self._lines else self.file

    @property
    def notices(self) -> tuple[Notice, ...]:
        """All notices, in file order."""
        return tuple(notice for _, notice in sorted(self._notices, key=lambda one: one[0]))

    def settle(self) -> None:
        """Raise all problems, in file order, if there are any.

        Raises:
            ConfigError: there are problems.
        """
        if self._problems:
            ordered = sorted(self._problems, key=lambda one: one[0])
            raise ConfigError([problem for _, problem in ordered])


def shorten(text: str, longest: int = 60) -> str:
    """Return a text as one line of printable characters; ``nothing`` for an empty one."""
    line = " ".join(text[: 4 * longest].split()) or "nothing"
    line = "".join(char if char.isprintable() else ascii(char)[1:-1] for char in line)
    return line if len(line) <= longest else line[: longest - 1] + "…"
