"""The scenario file: what it may say, and how it is read."""

from nasea.config.load import LoadedScenario, load_scenario
from nasea.config.schema import Scenario

__all__ = ["LoadedScenario", "Scenario", "load_scenario"]
