"""From ``scen.yaml`` to a resolved scenario, or to the list of everything wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from nasea.config.reading.files import read_text
from nasea.config.reading.legacy import parse_mended
from nasea.config.reading.objects import FROM_PYTHON, tree_of
from nasea.config.reading.report import Report
from nasea.config.reading.resolve import resolve
from nasea.config.reading.walk import Found, walk
from nasea.config.schema.scenario import Scenario
from nasea.errors import Notice

ScenarioSource: TypeAlias = str | Path | Mapping[str, object] | Scenario
"""A scenario as people give it: a file, a dict with the keys of ``scen.yaml``, or a scenario."""


@dataclass(frozen=True)
class LoadedScenario:
    """A scenario and what the user should know about how it was read.

    Attributes:
        scenario: the resolved scenario.
        notices: what was corrected, ignored or decided, in the order of the file.
        path: the file it came from; ``(from Python)`` where there is none.
    """

    scenario: Scenario
    notices: tuple[Notice, ...]
    path: Path


def load_scenario(source: ScenarioSource) -> LoadedScenario:
    """Read and check a scenario.

    Args:
        source: a YAML file, UTF-8, at most 64 KiB; a dict with the same keys and checks, in which
            ``scenario`` at the top may be left out; or a scenario, which is taken as it is.

    Raises:
        ConfigError: the file cannot be read or is wrong; carries every problem found.
    """
    if isinstance(source, Scenario):
        return LoadedScenario(source, (), Path(FROM_PYTHON))
    if isinstance(source, Mapping):
        report = Report(FROM_PYTHON, lines=False)
        return _loaded(walk(tree_of(source, report), report), report)
    path = Path(source)
    report = Report(str(source))
    document = parse_mended(read_text(path), report)
    return _loaded(walk(document.root, report, document.shared), report)


def _loaded(found: Found, report: Report) -> LoadedScenario:
    scenario = resolve(found, report)
    return LoadedScenario(scenario, report.notices, Path(report.file))


def _of_keys(content: Mapping[str, object]) -> Scenario:
    return load_scenario(content).scenario


Scenario.resolve = _of_keys
