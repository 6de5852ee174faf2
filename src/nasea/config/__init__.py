"""The scenario file: what it may say, and how it is read."""

from nasea.config.load import LoadedScenario, ScenarioSource, load_scenario
from nasea.config.schema.scenario import Scenario
from nasea.config.schema.sections import Constraint

__all__ = ["Constraint", "LoadedScenario", "Scenario", "ScenarioSource", "load_scenario"]
