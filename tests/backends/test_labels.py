from __future__ import annotations

import pytest

from nasea.backends.user.labels import advice_on_labels


@pytest.mark.parametrize("kind", ["int8", "int16", "uint16", "uint32"])
def test_labels_that_losses_refuse_come_with_the_fix(kind: str) -> None:
    told = advice_on_labels(f"{kind} (64,) with values 0 to 9", "label.long()")
    assert kind in told and "label.long()" in told and "int64" in told


@pytest.mark.parametrize("shown", ["int64 (64,)", "int32 (64,)", "float32 (64, 10)", "str"])
def test_other_labels_are_not_suspected(shown: str) -> None:
    assert advice_on_labels(shown, "label.long()") == ""
