"""Costs: parameters, FLOPs, latency."""

from nasea.cost.counts import Costs, count
from nasea.cost.model import UNITS, CostModel, build_cost_model, format_cost

__all__ = ["UNITS", "CostModel", "Costs", "build_cost_model", "count", "format_cost"]
