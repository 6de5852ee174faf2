"""Whether an amount is written in the unit of its budget, and what a doubtful one was read as."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from nasea.config.reading.nodes import Scalar
from nasea.config.reading.report import shorten
from nasea.config.reading.values import Given
from nasea.config.schema.amounts import read_amount, written
from nasea.config.schema.fields import Location
from nasea.config.schema.rules import RuleReport
from nasea.terms import COSTS, CostKind


def check_costs(
    given: Mapping[Location, Given], kind: str | None, report: RuleReport
) -> set[Location]:
    """Check the amounts of all budgets that stand in the file.

    Args:
        given: what the file holds.
        kind: ``constraint_type``; ``None`` where it is not known.
        report: takes each amount of another unit, and each that was open to doubt.

    Returns:
        The budgets that were refused.
    """
    budgets: dict[Location, str | None] = {("constraint", "value"): kind}
    budgets |= {("constraint", f"also_{one}"): one for one in COSTS}
    refused: set[Location] = set()
    for location, what in budgets.items():
        node = given[location].node if location in given else None
        if not isinstance(node, Scalar) or what is None:
            continue
        amount = read_amount(node.text)
        if amount is None:
            continue
        if what == "latency" and amount.unit == "multiple":
            report.refuse(location, "must be milliseconds", fix="write the number alone, as in 7.5")
            refused.add(location)
        elif what != "latency" and amount.unit == "ms":
            unit = COSTS[cast(CostKind, what)].unit
            report.refuse(location, f"must be {unit}", fix="write it as 2500000, 2.5M or 2.5e6")
            refused.add(location)
        elif amount.doubt is not None and not (what == "latency" and "point" in amount.doubt):
            read = f"{shorten(node.text)} read as {written(amount.value)}"
            report.notice(location, f"{read}: {amount.doubt}")
    return refused
