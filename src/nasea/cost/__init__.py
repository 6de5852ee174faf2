"""Costs: parameters, FLOPs, latency."""

from nasea.cost.counts import Costs, count
from nasea.cost.lowering import operators_of
from nasea.cost.model import (
    COUNTED,
    UNITS,
    ConstraintType,
    CostModel,
    build_cost_model,
    cost_of_kind,
    format_cost,
)
from nasea.cost.operators import Operator, Piece

__all__ = [
    "COUNTED",
    "UNITS",
    "ConstraintType",
    "CostModel",
    "Costs",
    "Operator",
    "Piece",
    "build_cost_model",
    "cost_of_kind",
    "count",
    "format_cost",
    "operators_of",
]
