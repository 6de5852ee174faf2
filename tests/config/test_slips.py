"""Slips of indentation name their line; keys in the wrong place are led home, all at once."""

from __future__ import annotations

import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nasea.errors import ConfigError

from .builders import Load, Refusals, line_of

_FLAT = """\
scenario:
    strategy:
      name: NASEA
      framework: PyTorch
      batch_size: 64
      epochs: 4
      application_type: image_classification
      constraint_type: size
      constraint_value: 60000
      supernet:
      - input_shape: [1, 8, 8]
      - filters: [16, 32, 32]
      - strides: [1, 2, 1]
      optimizer: Adam
      learning_rate: 0.005
      dataset:
        train_dir: digits
         val_dir: digits
      search:
        generations: 1
        population: 4
    resource:
      name: pytorch_standalone
      gpu_id: 0
"""


def test_a_slip_is_told_with_its_line(refusals: Refusals) -> None:
    (problem,) = refusals(_FLAT)
    assert line_of(problem.where) == 18
    assert problem.rule == "is indented by 9 spaces, unlike any key above it"
    assert problem.fix == "indent it by 8, as line 17"


def test_all_structural_faults_come_at_once_with_their_places(refusals: Refusals) -> None:
    problems = refusals(_FLAT.replace("         val_dir", "        val_dir"))
    assert [(line_of(one.where), one.key, one.fix) for one in problems] == [
        (7, "strategy.application_type", "belongs under strategy.constraint"),
        (8, "strategy.constraint_type", "belongs under strategy.constraint"),
        (9, "strategy.constraint_value", "belongs under strategy.constraint"),
        (10, "strategy.supernet", "write the keys below it without '- '"),
        (14, "strategy.optimizer", "write it as weights_optimizer.type, below strategy.optimizer"),
        (15, "strategy.learning_rate", "belongs under strategy.optimizer.weights_optimizer"),
        (19, "strategy.search", "did you mean 'searcher'?"),
        (20, "searcher.generations", "did you mean 'generation_num'?"),
        (21, "searcher.population", "did you mean 'pop_size'?"),
    ]


def test_values_in_the_wrong_place_are_checked_too(refusals: Refusals, minimal: str) -> None:
    text = minimal.replace("    constraint:\n", "").replace("      application", "    application")
    text = text.replace("      constraint_", "    constraint_").replace("2.5e6", "11MB")
    assert [(one.key, one.rule) for one in refusals(text)] == [
        ("strategy.application_type", "misplaced key"),
        ("strategy.constraint_type", "misplaced key"),
        ("strategy.constraint_value", "misplaced key"),
        ("constraint.constraint_value", "must be a number > 0"),
    ]


def test_a_key_in_both_places_counts_where_it_belongs(refusals: Refusals, minimal: str) -> None:
    problems = refusals(minimal.replace("    epochs: 10\n", "    epochs: 10\n    train_dir: 5\n"))
    assert [one.key for one in problems] == ["strategy.train_dir"]


def test_a_file_without_the_scenario_line_is_still_read(refusals: Refusals, minimal: str) -> None:
    text = "\n".join(line.removeprefix("  ") for line in minimal.split("\n")[1:])
    problems = refusals(text.replace("epochs: 10", "epochs: x"))
    assert [(one.key, one.fix) for one in problems] == [
        ("strategy", "put it under 'scenario:'"),
        ("strategy.epochs", None),
        ("resource", "put it under 'scenario:'"),
    ]


@pytest.mark.parametrize(
    ("section", "value", "fix"),
    [
        ("constraint", "size", "write it as constraint_type, below strategy.constraint"),
        ("dataset", "/data", "known here: pre_train_dir, train_dir, val_dir, test_dir"),
    ],
)
def test_a_value_in_the_place_of_a_section(
    refusals: Refusals, minimal: str, section: str, value: str, fix: str
) -> None:
    lines, inside = [], False
    for line in minimal.split("\n"):
        inside = line.startswith("      ") and (
            inside or lines[-1].endswith(f" {section}: {value}")
        )
        if not inside:
            lines.append(line.replace(f" {section}:", f" {section}: {value}"))
    (problem,) = refusals("\n".join(lines))
    assert problem.fix == fix


def test_a_comma_within_braces_is_explained(refusals: Refusals, minimal: str) -> None:
    head = minimal.partition("  resource:\n")[0]
    (problem,) = refusals(f"{head}  resource: {{name: pytorch_standalone, gpu_id: 0,1}}\n")
    assert problem.key == "resource.1"
    assert "write lists in brackets" in str(problem.fix)


@given(st.integers(2, 16), st.sampled_from([-3, -1, 1, 2, 3]))
@settings(
    max_examples=75, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
def test_wherever_a_line_slips_it_is_named(load: Load, minimal: str, number: int, by: int) -> None:
    lines = minimal.split("\n")
    line = lines[number - 1]
    indent = len(line) - len(line.lstrip())
    lines[number - 1] = " " * max(0, indent + by) + line.lstrip()
    try:
        slipped = load("\n".join(lines))
    except ConfigError as error:
        # Its own line, or a neighbour: which of two lines slipped may be open.
        named = {int(one) for one in re.findall(r"(?:line |scen.yaml:)([0-9]+)", str(error))}
        assert named & {number, number + 1, number - 1}, str(error)
    else:
        assert slipped.scenario == load(minimal).scenario
