"""Recommends networks of a front."""

from __future__ import annotations

from nasea.config.schema.amounts import read_amount
from nasea.errors import ResultsError
from nasea.results.front import Front, FrontMember
from nasea.terms import CostKind


def knee(front: Front) -> FrontMember | None:
    """Return the knee, beyond which accuracy costs much more; ``None`` if the front has none.

    Among the members that no cheaper one equals or beats, it is farthest above the straight line
    from the cheapest to the most expensive, with cost and accuracy scaled to their ranges (the
    distance of Satopää et al. 2011, "Finding a kneedle in a haystack", without smoothing).
    """
    steps = front.steps
    if len(steps) < 3:
        return None
    first, last = steps[0], steps[-1]
    wide = front.cost_of(last) - front.cost_of(first)
    high = last.accuracy - first.accuracy

    def above(member: FrontMember) -> float:
        across = (front.cost_of(member) - front.cost_of(first)) / wide
        return (member.accuracy - first.accuracy) / high - across

    found = max(steps[1:-1], key=above)
    return found if above(found) > 0 else None


def parse_budget(text: str, option: str = "--budget") -> float:
    """Parse a cost in any common notation: ``50000``, ``50k``, ``2.5M``, ``60,000``, ``7.5 ms``.

    Args:
        text: the user's text.
        option: name of the option, for the error message.

    Raises:
        ResultsError: it is not a number greater than 0.
    """
    amount = read_amount(text)
    value = 0.0 if amount is None else amount.value
    if not 0.0 < value < float("inf"):
        raise ResultsError(
            f"{option} must be a number greater than 0, found {text!r}",
            fix="write it in the unit of the constraint: 50000, 50k, 2.5M, or milliseconds",
        )
    return value


def parse_budgets(text: str, kind: CostKind, option: str = "--budget") -> list[float]:
    """Parse costs separated by commas, ``12M,3.2M``; ``60,000`` is one, ``200,100`` ms are two.

    Args:
        text: the user's text.
        kind: what the budgets limit; nobody means thousands of milliseconds by a comma.
        option: name of the option, for the error message.

    Raises:
        ResultsError: one of them is not a number greater than 0.
    """
    single = read_amount(text) is not None and kind != "latency"
    return [parse_budget(part, option) for part in ([text] if single else text.split(","))]


def amount(value: float) -> str:
    """Return a cost in the syntax of :func:`parse_budget`, short: ``3.2M``, ``15k``, ``7.5``."""
    for suffix, factor in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if value >= factor:
            return f"{value / factor:.10g}{suffix}"
    return f"{value:.10g}"


def recommend(front: Front, budget: float | None) -> list[tuple[str, FrontMember]]:
    """Recommend members, with reasons: the best under the budget, and the knee.

    Args:
        front: the front of a search.
        budget: in the unit of the constraint; the search's own by default.

    Raises:
        ResultsError: no member is within the budget.
    """
    limit = front.info.constraint_value if budget is None else budget
    best = front.under(limit)
    if best is None:
        raise ResultsError(
            f"no architecture costs at most {front.unit.phrase(limit)}",
            fix=f"the cheapest costs {front.unit.phrase(front.cost_of(front[0]))}"
            if front.members
            else None,
        )
    named = [(f"most accurate of at most {front.unit.phrase(limit)}", best)]
    bend = knee(front)
    if bend is not None:
        named.append(("knee: beyond it accuracy costs more than before", bend))
    return named
