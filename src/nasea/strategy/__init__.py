"""The search over genomes: strategies that propose, and the loop that scores the proposals."""

from nasea.strategy.archive import Archive, Evaluate, Record, Score
from nasea.strategy.budget.feasibility import cheapest_within
from nasea.strategy.evolution.nsga2 import Nsga2
from nasea.strategy.evolution.nsga3 import Nsga3, representatives
from nasea.strategy.pareto import HypervolumeReference, hypervolume
from nasea.strategy.predictor.assisted import Assisted
from nasea.strategy.problem import CostFeature, Genome, Limit, Objective, Problem
from nasea.strategy.proposals import Proposals
from nasea.strategy.protocol import Strategy, Study, require_strategy
from nasea.strategy.registry import STRATEGIES, strategy_for, title_of
from nasea.strategy.rescoring import Rescoring
from nasea.strategy.run import GenerationReport, SearchOutcome, random_search, run_search
from nasea.strategy.sampling import random_feasible
from nasea.strategy.state import SearchState
from nasea.strategy.stopping import Patience

__all__ = [
    "STRATEGIES",
    "Archive",
    "Assisted",
    "CostFeature",
    "Evaluate",
    "Genome",
    "GenerationReport",
    "HypervolumeReference",
    "Limit",
    "Nsga2",
    "Nsga3",
    "Objective",
    "Patience",
    "Problem",
    "Proposals",
    "Record",
    "Rescoring",
    "Score",
    "SearchOutcome",
    "SearchState",
    "Strategy",
    "Study",
    "cheapest_within",
    "hypervolume",
    "random_feasible",
    "random_search",
    "representatives",
    "require_strategy",
    "run_search",
    "strategy_for",
    "title_of",
]
