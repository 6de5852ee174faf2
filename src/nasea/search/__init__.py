"""Evolutionary search over genomes, told of the world only by a ``Problem`` and ``Evaluate``."""

from nasea.search.archive import Archive, Record
from nasea.search.assisted import Assisted
from nasea.search.feasibility import cheapest_within
from nasea.search.nsga import Nsga2
from nasea.search.nsga3 import Nsga3, representatives
from nasea.search.pareto import HypervolumeReference, hypervolume
from nasea.search.problem import Genome, Limit, Objective, Problem
from nasea.search.run import GenerationReport, Mode, SearchOutcome, random_search, run_search
from nasea.search.sampling import dearest_feasible, random_feasible
from nasea.search.score import Evaluate, Score
from nasea.search.state import SearchState

__all__ = [
    "Archive",
    "Assisted",
    "Evaluate",
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
    "dearest_feasible",
    "hypervolume",
    "random_feasible",
    "random_search",
    "representatives",
    "run_search",
]
