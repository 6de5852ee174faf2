import json

import pytest

from nasea.strategy.predictor.predictor_state import PredictorState


def fitted(correlation: float, cost_correlation: float, compared: int) -> PredictorState:
    return PredictorState((0.5, -1.25), 1000, correlation, cost_correlation, compared)


@pytest.mark.parametrize(
    ("correlation", "cost_correlation", "compared", "trusted"),
    [
        (0.9, 0.5, 40, True),
        (0.5, 0.9, 40, False),
        # Forty scores do not tell 0.88 from 0.90; four hundred tell 0.80 from 0.90.
        (0.88, 0.90, 40, True),
        (0.80, 0.90, 400, False),
        (0.999, 1.0, 200, False),
        (-0.3, 0.4, 40, False),
        (1.0, 1.0, 8, True),
    ],
)
def test_it_is_trusted_unless_cost_ranks_clearly_better(
    correlation: float, cost_correlation: float, compared: int, trusted: bool
) -> None:
    assert fitted(correlation, cost_correlation, compared).trusted is trusted


def test_it_comes_back_from_json_as_it_was() -> None:
    one = fitted(0.1 + 0.2, 1 / 3, 40)
    assert PredictorState.from_dict(json.loads(json.dumps(one.to_dict()))) == one


def test_earlier_versions_compared_all_that_was_fitted_to() -> None:
    data = fitted(0.5, 0.4, 30).to_dict()
    del data["compared"]
    assert PredictorState.from_dict(data).compared == 1000
