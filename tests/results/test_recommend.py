from __future__ import annotations

import pytest

from nasea.errors import ResultsError
from nasea.results.recommend import knee, parse_budget, parse_budgets, recommend

from .builders import make_front


@pytest.mark.parametrize(
    "accuracies, number",
    [
        ((0.5, 0.8, 0.85, 0.88), 1),
        ((0.5, 0.55, 0.85, 0.88), 2),
        ((0.5, 0.8, 0.7, 0.88), 1),  # 2 is dearer and worse than 1: no step of the front
        ((0.5, 0.6, 0.7, 0.8), None),  # a straight line
        ((0.5, 0.52, 0.6, 0.8), None),  # bends the other way
        ((0.5, 0.8), None),
        ((0.5,), None),
    ],
)
def test_the_knee(accuracies: tuple[float, ...], number: int | None) -> None:
    found = knee(make_front(*accuracies))
    assert (found and found.number) == number


def test_the_best_under_a_budget() -> None:
    front = make_front(0.5, 0.8, 0.85, 0.88)  # of 2, 4, 6, 8 million parameters
    assert [member.number for _, member in recommend(front, None)] == [3, 1]
    assert [member.number for _, member in recommend(front, 7e6)] == [2, 1]
    why, member = recommend(front, 4e6)[0]
    assert (why, member.number) == ("most accurate of at most 4.00 M parameters", 1)


def test_no_network_is_cheap_enough() -> None:
    with pytest.raises(ResultsError, match="at most 1.00 M") as caught:
        recommend(make_front(0.5, 0.8), 1e6)
    assert caught.value.fix == "the cheapest costs 2.00 M parameters"


@pytest.mark.parametrize(
    "text, value",
    [
        ("50000", 5e4),
        ("50k", 5e4),
        ("2.5M", 2.5e6),
        ("60,000", 6e4),
        ("60_000", 6e4),
        ("1.2 G", 1.2e9),
        ("7.5 ms", 7.5),
        ("1e6", 1e6),
    ],
)
def test_budgets_as_people_write_them(text: str, value: float) -> None:
    assert parse_budget(text) == pytest.approx(value)


@pytest.mark.parametrize("text", ["", "k", "cheap", "0", "-3", "nan", "inf", "3 TB"])
def test_what_is_no_budget(text: str) -> None:
    with pytest.raises(ResultsError, match="--budget must be a number greater than 0"):
        parse_budget(text)


@pytest.mark.parametrize(
    ("text", "values"),
    [("12M,3.2M", [12e6, 3.2e6]), ("60,000", [60e3]), ("50k, 15k", [50e3, 15e3]), ("7.5", [7.5])],
)
def test_budgets_are_separated_by_commas(text: str, values: list[float]) -> None:
    assert parse_budgets(text, "flops") == pytest.approx(values)


def test_a_comma_separates_latencies() -> None:
    """Nobody means 200,100 milliseconds by it."""
    assert parse_budgets("200,100", "latency") == [200.0, 100.0]
    assert parse_budgets("16.7", "latency") == [16.7]


def test_each_of_several_budgets_must_be_a_cost() -> None:
    with pytest.raises(ResultsError, match="found ''"):
        parse_budgets("12M,", "flops")
