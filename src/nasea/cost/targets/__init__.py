"""The operators that a format or a processor can run, as lists with their sources."""

from nasea.cost.targets.find import find_target, known_targets
from nasea.cost.targets.target import Rule, Target, Verdict

__all__ = ["Rule", "Target", "Verdict", "find_target", "known_targets"]
