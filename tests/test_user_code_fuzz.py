"""Odd modules, a fixed sample of them; ``benchmarks/user_code_fuzz.py`` tries as many as asked."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings

from fuzz.frameworks import fuzzed
from fuzz.mutations import Mutation


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty directory, which is also the current one."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield tmp_path
    sys.modules.pop("user_module", None)


@pytest.mark.parametrize(
    "framework, task, inputs, number",
    [
        ("pytorch", "classification", 60, 3),
        ("pytorch", "segmentation", 30, 4),
        ("pytorch", "detection", 30, 5),
        ("tensorflow", "classification", 12, 3),
        ("tensorflow", "segmentation", 5, 4),
        ("tensorflow", "detection", 5, 5),
    ],
)
def test_who_is_blamed_and_which_numbers_are_wrong(
    elsewhere: Path, framework: str, task: str, inputs: int, number: int
) -> None:
    suite = fuzzed(framework, task)

    @seed(number)
    @settings(
        max_examples=inputs,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(suite.inputs)
    def check(mutation: Mutation) -> None:
        assert not (fault := suite.try_mutation(mutation, elsewhere).fault), f"{mutation}\n{fault}"

    check()
