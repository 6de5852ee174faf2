"""Finds a profile by its name in ``processor_version``."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from nasea.config.reading.suggest import closest
from nasea.cost.profiles.analytic import AnalyticProfile
from nasea.cost.profiles.base import Profile
from nasea.cost.profiles.files import load_profile
from nasea.cost.toml import parse_toml
from nasea.errors import LatencyError

_THIS_MACHINE = "host-"

FOLDER = "profiles"
"""Folder of a project's own profiles, relative to the project."""


def find_profile(name: str, directory: Path) -> Profile:
    """Return the profile called ``name``: the project's own, else the built-in one.

    Args:
        name: ``constraint.processor_version``.
        directory: the project directory.

    Raises:
        LatencyError: there is no such profile, or its file is damaged.
    """
    own = _own(directory)
    if name in own:
        return load_profile(own[name])
    if name in packaged_names():
        return packaged_profile(name)
    known = [*own, *packaged_names()]
    near = closest(name, known)
    guess = f"did you mean {near!r}? " if near else ""
    how = "nasea latency build (this machine), nasea latency bench and import (your device)"
    if name.startswith(_THIS_MACHINE):
        how = f"nasea latency build --processor {name}"
    raise LatencyError(
        f"strategy.constraint.processor_version: no latency profile is called {name!r}; known: "
        f"{', '.join(known)} (looked in {directory / FOLDER} and in nasea itself)",
        fix=f"{guess}write one of these, or make one: {how}",
    )


def known_profiles(directory: Path) -> list[Profile]:
    """Return the names of all profiles that a project can use, its own first."""
    own = _own(directory)
    shipped = [name for name in packaged_names() if name not in own]
    return [*map(load_profile, own.values()), *map(packaged_profile, shipped)]


def profile_path(name: str, directory: Path) -> Path:
    """Return the path of a project's own profile."""
    return directory / FOLDER / f"{name}.json"


def packaged_names() -> list[str]:
    """Return the names of the built-in profiles."""
    files = (resources.files("nasea.cost.profiles") / "data").iterdir()
    return sorted(file.name.removesuffix(".toml") for file in files if file.name.endswith(".toml"))


def packaged_profile(name: str) -> Profile:
    """Return a built-in profile."""
    file = resources.files("nasea.cost.profiles") / "data" / f"{name}.toml"
    return AnalyticProfile.from_dict(parse_toml(file.read_text(encoding="utf-8")))


def _own(directory: Path) -> dict[str, Path]:
    return {path.stem: path for path in sorted((directory / FOLDER).glob("*.json"))}
