"""What is said of the package in several places says the same everywhere."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
import tomllib
from ruamel.yaml import YAML

from nasea.version import __version__

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
PINNED = "\n".join(
    path.read_text("utf-8") for path in sorted((ROOT / "requirements").glob("*.txt"))
)


def test_this_python_is_one_of_those_that_are_named() -> None:
    named = {one.split(" :: ")[-1] for one in PROJECT["classifiers"] if "Python :: 3." in one}
    assert f"{sys.version_info[0]}.{sys.version_info[1]}" in named
    least = PROJECT["requires-python"].removeprefix(">=")
    assert least in named and all(_pair(one) >= _pair(least) for one in named)
    assert named == set(_workflow()["jobs"]["wheel"]["strategy"]["matrix"]["python-version"])


def _pair(version: str) -> tuple[int, int]:
    major, minor = version.split(".")
    return int(major), int(minor)


def test_citation_and_addresses_agree() -> None:
    citation = YAML(typ="safe").load(ROOT / "CITATION.cff")
    assert citation["version"] == __version__
    assert citation["license"] == PROJECT["license"]
    assert citation.get("repository-code") == PROJECT.get("urls", {}).get("Repository")


@pytest.mark.parametrize(
    "name", ["pyproject.toml", "CITATION.cff", "SECURITY.md", "mkdocs.yml", "README.md"]
)
def test_no_address_stands_for_one_that_is_to_come(name: str) -> None:
    assert not re.search(r"https?://[^/\s]*\bexample\b", (ROOT / name).read_text("utf-8"))


@pytest.mark.parametrize("group", ["test", "docs"])
def test_optional_groups_are_pinned_for_development(group: str) -> None:
    for requirement in PROJECT["optional-dependencies"][group]:
        name = re.split(r"[=><\[]", requirement)[0]
        assert re.search(rf"^{re.escape(name)}(\[\w+\])?==", PINNED, re.MULTILINE), name


def test_dependencies_are_pinned_for_development() -> None:
    for requirement in PROJECT["dependencies"]:
        name = re.split(r"[=><\[]", requirement)[0]
        assert re.search(rf"^{re.escape(name)}==", PINNED, re.MULTILINE), name


def test_hosted_ci_runs_what_a_developer_runs() -> None:
    text = (ROOT / ".github" / "workflows" / "ci.yml").read_text("utf-8")
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    assert {"check", "wheel"} <= set(re.findall(r"run: make ([a-z]+)", text)) <= targets


def _workflow() -> dict[str, dict[str, dict[str, dict[str, dict[str, list[str]]]]]]:
    found = YAML(typ="safe").load(ROOT / ".github" / "workflows" / "ci.yml")
    assert isinstance(found, dict)
    return found
