"""Finds a target by the name passed to ``nasea check --target``."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from nasea.config.reading.suggest import closest
from nasea.cost.targets.target import Target
from nasea.cost.toml import parse_toml
from nasea.errors import NotAvailableError

FOLDER = "targets"
"""Folder of a project's own lists, relative to the project."""


def find_target(name: str, directory: Path) -> Target:
    """Return the list called ``name``: the project's own, else the built-in one.

    Args:
        name: as the user wrote it.
        directory: the project directory.

    Raises:
        NotAvailableError: there is no such list, or it is damaged.
    """
    files = _files(directory)
    if name in files:
        return _read(name, files[name])
    near = closest(name, list(files))
    raise NotAvailableError(
        f"--target: there is no list of operators for {name!r}; there are: {', '.join(files)}",
        fix=(f"did you mean {near!r}? " if near else "")
        + f"a list of your own goes into {directory / FOLDER}/NAME.toml (docs/ship-a-model.md)",
    )


def known_targets(directory: Path) -> list[Target]:
    """Return the names of all targets that a project can use."""
    return [_read(name, text) for name, text in _files(directory).items()]


def _files(directory: Path) -> dict[str, Path | str]:
    """Return project files, or the text of built-in lists, by name; own lists take precedence."""
    found: dict[str, Path | str] = {}
    for file in (resources.files("nasea.cost.targets") / "data").iterdir():
        if file.name.endswith(".toml"):
            found[file.name.removesuffix(".toml")] = file.read_text(encoding="utf-8")
    found.update({path.stem: path for path in sorted((directory / FOLDER).glob("*.toml"))})
    return dict(sorted(found.items()))


def _read(name: str, file: Path | str) -> Target:
    try:
        text = file if isinstance(file, str) else file.read_text(encoding="utf-8")
        return Target.from_dict(name, parse_toml(text))
    except (OSError, ValueError, TypeError) as error:  # a TOMLDecodeError is a ValueError
        raise NotAvailableError(
            f"{file if isinstance(file, Path) else name} is no list of operators: {error}",
            fix="the lists in nasea/cost/targets/data are the pattern",
        ) from error
