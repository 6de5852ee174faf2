"""Finding a target by the name that ``nasea check --target`` gives."""

from __future__ import annotations

import tomllib
from importlib import resources
from pathlib import Path

from nasea.config.reading.suggest import closest
from nasea.cost.targets.target import Target
from nasea.errors import NotAvailableError

FOLDER = "targets"
"""Where a project keeps lists of its own, below its directory."""


def find_target(name: str, directory: Path) -> Target:
    """The list called ``name``: the project's own one, else the one in the package.

    Args:
        name: as the user wrote it.
        directory: the project's.

    Raises:
        NotAvailableError: there is none, or it is damaged.
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
    """Every target that a project can name."""
    return [_read(name, text) for name, text in _files(directory).items()]


def _files(directory: Path) -> dict[str, Path | str]:
    """Name -> file of the project, or text of the package; own ones win."""
    found: dict[str, Path | str] = {}
    for file in (resources.files("nasea.cost.targets") / "data").iterdir():
        if file.name.endswith(".toml"):
            found[file.name.removesuffix(".toml")] = file.read_text(encoding="utf-8")
    found.update({path.stem: path for path in sorted((directory / FOLDER).glob("*.toml"))})
    return dict(sorted(found.items()))


def _read(name: str, file: Path | str) -> Target:
    try:
        text = file if isinstance(file, str) else file.read_text(encoding="utf-8")
        return Target.from_dict(name, tomllib.loads(text))
    except (OSError, ValueError, TypeError) as error:  # a TOMLDecodeError is a ValueError
        raise NotAvailableError(
            f"{file if isinstance(file, Path) else name} is no list of operators: {error}",
            fix="the lists in nasea/cost/targets/data are the pattern",
        ) from error
