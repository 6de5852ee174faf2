"""Evolutionary search over genomes, told of the world only by a ``Problem`` and ``Evaluate``."""

from nasea.strategy.archive import Archive, Record
from nasea.strategy.evolution.nsga2 import Nsga2
from nasea.strategy.evolution.nsga3 import Nsga3, representatives
from nasea.strategy.feasibility import cheapest_within
from nasea.strategy.pareto import HypervolumeReference, hypervolume
from nasea.strategy.predictor.assisted import Assisted
from nasea.strategy.problem import CostFeature, Genome, Limit, Objective, Problem
from nasea.strategy.run import GenerationReport, Mode, SearchOutcome, random_search, run_search
from nasea.strategy.sampling import _most_expensive, random_feasible
from nasea.strategy.archive import Evaluate, Score
from nasea.strategy.state import SearchState

__all__ = [
    "Archive",
    "Assisted",
    "Evaluate",
    "CostFeature",
    "Genome",
    "GenerationReport",
    "HypervolumeReference",
    "Limit",
    "Mode",
    "Nsga2",
    "Nsga3",
    "Objective",
    "Problem",
    "Record",
    "Score",
    "SearchOutcome",
    "SearchState",
    "cheapest_within",
    "_most_expensive",
    "hypervolume",
    "random_feasible",
    "random_search",
    "representatives",
    "run_search",
]
