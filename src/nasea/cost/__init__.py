"""Costs: parameters, FLOPs, latency."""

from nasea.cost.counts import Costs, count
from nasea.cost.lowering import operators_of
from nasea.cost.model import (
    COUNTED,
    CostModel,
    build_cost_model,
    format_cost,
)
from nasea.cost.operators import Operator, Subgraph

__all__ = [
    "COUNTED",
    "CostModel",
    "Costs",
    "Operator",
    "Subgraph",
    "build_cost_model",
    "count",
    "format_cost",
    "operators_of",
]
