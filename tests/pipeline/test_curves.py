from __future__ import annotations

import pytest

from nasea.pipeline.epochs import CURVE_POINTS, on_curve


@pytest.mark.parametrize("total", [1, 30, CURVE_POINTS, CURVE_POINTS + 1, 600_011])
def test_a_curve_has_the_first_and_the_last_update_and_not_too_many(total: int) -> None:
    shown = [step for step in range(1, total + 1) if on_curve(step, total)]
    assert shown[0] == 1 and shown[-1] == total
    assert len(shown) <= CURVE_POINTS + 2
    if total <= CURVE_POINTS:
        assert len(shown) == total
    else:
        assert len(shown) > CURVE_POINTS / 2 - 2
        gaps = {later - earlier for earlier, later in zip(shown[1:-1], shown[2:-1], strict=False)}
        assert len(gaps) == 1
