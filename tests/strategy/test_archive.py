import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nasea.strategy import Archive, Record, Score

FINITE = st.floats(allow_nan=False, allow_infinity=False)
SCORES = st.one_of(
    st.builds(Score, FINITE, st.none() | FINITE),
    st.builds(Score.failed, st.text()),
)
RECORDS = st.lists(
    st.builds(
        Record,
        genome=st.lists(st.integers(0, 9), min_size=2, max_size=4).map(tuple),
        cost=FINITE,
        score=SCORES,
        generation=st.integers(0, 5),
    ),
    unique_by=lambda record: record.genome,
)
FEW_VALUES = st.integers(0, 4).map(float)
CROWDED = st.lists(st.tuples(FEW_VALUES, st.none() | FEW_VALUES), max_size=20).map(
    lambda pairs: Archive(
        tuple(
            Record((i,), cost, Score.failed("nan") if q is None else Score(q, q), 0)
            for i, (cost, q) in enumerate(pairs)
        )
    )
)


@given(RECORDS)
@settings(max_examples=30, deadline=None)
def test_round_trip_through_json_is_exact(records: list[Record]) -> None:
    archive = Archive(tuple(records))
    assert Archive.from_dict(json.loads(json.dumps(archive.to_dict()))) == archive


@given(CROWDED, FEW_VALUES)
@settings(deadline=None)
def test_front_is_what_the_definition_says(archive: Archive, budget: float) -> None:
    feasible = [
        (record.cost, -record.score.quality, i)
        for i, record in enumerate(archive)
        if record.score.quality is not None and record.cost <= budget
    ]
    expected = [
        archive.records[i]
        for cost, loss, i in sorted(feasible)
        if not any(
            c <= cost and q <= loss and ((c, q) != (cost, loss) or j < i) for c, q, j in feasible
        )
    ]
    assert archive.front(budget) == expected


def test_a_genome_is_scored_once() -> None:
    record = Record((1, 2), 3.0, Score(0.5, 0.5), 0)
    archive = Archive((record,))
    assert (1, 2) in archive
    assert (2, 1) not in archive
    with pytest.raises(ValueError, match="twice"):
        archive.extended([record])


def test_extending_leaves_the_original_alone() -> None:
    archive = Archive()
    longer = archive.extended([Record((0,), 1.0, Score.failed("loss is not finite"), 2)])
    assert (len(archive), len(longer)) == (0, 1)
    assert [record.score.failure for record in longer.failures] == ["loss is not finite"]


@pytest.mark.parametrize(
    ("quality", "metric", "failure"),
    [
        (None, None, None),
        (0.5, 0.5, "failed"),
        (None, 0.5, "failed"),
        (float("nan"), 0.5, None),
        (0.5, float("inf"), None),
    ],
)
def test_a_score_is_a_number_or_a_failure(
    quality: float | None, metric: float | None, failure: str | None
) -> None:
    with pytest.raises(ValueError):
        Score(quality, metric, failure)
