"""From ``scen.yaml`` to a resolved scenario, or to the list of everything wrong with it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from nasea.config.reading.files import read_text
from nasea.config.reading.legacy import parse_mended
from nasea.config.reading.report import Report
from nasea.config.reading.resolve import resolve
from nasea.config.reading.walk import walk
from nasea.config.schema.scenario import Scenario
from nasea.errors import Notice


@dataclass(frozen=True)
class LoadedScenario:
    """A scenario and what the user should know about how it was read.

    Attributes:
        scenario: the resolved scenario.
        notices: what was mended, ignored or decided, in the order of the file.
        path: the file it came from.
    """

    scenario: Scenario
    notices: tuple[Notice, ...]
    path: Path


def load_scenario(path: str | Path) -> LoadedScenario:
    """Read and check a scenario file.

    Args:
        path: the YAML file, UTF-8, at most 64 KiB.

    Raises:
        ConfigError: the file cannot be read or is wrong; carries every problem found.
    """
    report = Report(str(path))
    document = parse_mended(read_text(Path(path)), report)
    scenario = resolve(walk(document.root, report, document.shared), report)
    return LoadedScenario(scenario, report.notices, Path(path))
