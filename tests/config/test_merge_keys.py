"""Merge keys mean what YAML says, and sections that they replace as a whole are named."""

from __future__ import annotations

import pytest

from .builders import Load, Refusals, line_of

_DEFAULTS = """\
defaults: &defaults
  name: NASEA
  framework: PyTorch
  batch_size: 32
  epochs: 99
  optimizer: {weights_optimizer: {type: SGD, learning_rate: 0.01}}
"""


def with_defaults(minimal: str, merge: str = "<<: *defaults") -> str:
    text = minimal.replace("    name: NASEA\n    framework: PyTorch\n    batch_size: 64\n", "")
    return _DEFAULTS + text.replace("  strategy:\n", f"  strategy:\n    {merge}\n")


def test_what_is_written_wins_over_what_is_merged(load: Load, minimal: str) -> None:
    loaded = load(with_defaults(minimal))
    scenario = loaded.scenario
    assert (scenario.framework, scenario.batch_size, scenario.epochs) == ("pytorch", 32, 10)
    assert (scenario.optimizer.type, scenario.optimizer.learning_rate) == ("sgd", 0.01)
    assert loaded.notices == ()


def test_letter_case_does_not_turn_an_override_into_a_duplicate(load: Load, minimal: str) -> None:
    text = with_defaults(minimal).replace("    epochs: 10", "    Epochs: 10")
    assert load(text).scenario.epochs == 10


def test_of_several_sections_the_first_wins(load: Load, minimal: str) -> None:
    first = "fast: &fast {batch_size: 8}\n"
    text = first + with_defaults(minimal, "<<: [*fast, *defaults]")
    scenario = load(text).scenario
    assert (scenario.batch_size, scenario.optimizer.type) == (8, "sgd")


def test_a_merged_section_may_merge_another(load: Load, minimal: str) -> None:
    text = with_defaults(minimal).replace(
        "  strategy:\n    <<: *defaults", "  strategy:\n    <<: *b"
    )
    text = text.replace("scenario:\n", "b: &b {<<: *defaults, batch_size: 5}\nscenario:\n")
    scenario = load(text).scenario
    assert (scenario.batch_size, scenario.optimizer.type) == (5, "sgd")


def test_a_section_that_replaces_a_merged_one_is_named(load: Load, minimal: str) -> None:
    own = "    optimizer: {weights_optimizer: {learning_rate: 0.02}}\n    epochs: 10\n"
    loaded = load(with_defaults(minimal).replace("    epochs: 10\n", own))
    assert loaded.scenario.optimizer.type == "adam"
    (notice,) = loaded.notices
    assert line_of(notice.where) == 10
    assert "replaces the one in line 6" in notice.text


def test_a_fault_in_what_is_merged_is_told_where_it_stands(
    refusals: Refusals, minimal: str
) -> None:
    (problem,) = refusals(with_defaults(minimal).replace("batch_size: 32", "batch_size: x"))
    assert (problem.key, line_of(problem.where)) == ("strategy.batch_size", 4)


@pytest.mark.parametrize("merged", ["5", "[1]", "text", "", "[*defaults, 2]"])
def test_only_sections_can_be_merged(refusals: Refusals, minimal: str, merged: str) -> None:
    (problem,) = refusals(with_defaults(minimal, f"<<: {merged}"))
    assert "'<<' must be followed by a section" in problem.rule


def test_a_section_at_the_top_that_nothing_uses_is_refused(
    refusals: Refusals, minimal: str
) -> None:
    (problem,) = refusals("unused: &u {epochs: 1}\n" + minimal)
    assert problem.key == "unused"


def test_x_marks_keys_of_the_users_own(load: Load, minimal: str) -> None:
    assert load("x-notes: [anything]\n" + minimal).notices == ()


def test_merge_keys_do_not_explode(refusals: Refusals) -> None:
    keys = ", ".join(f"k{i}: 1" for i in range(1500))
    bomb = f"a0: &a0 {{{keys}}}\n" + "".join(f"a{i}: {{<<: *a0}}\n" for i in range(1, 900))
    (problem,) = refusals(bomb)
    assert "more than 4096 keys" in problem.rule


def test_a_key_given_twice_names_both_lines(refusals: Refusals, minimal: str) -> None:
    text = with_defaults(minimal).replace("    epochs: 10\n", "    epochs: 10\n    epochs: 9\n")
    (problem,) = refusals(text)
    assert line_of(problem.where) == 11
    assert problem.rule == "given twice, first in line 10"
    assert problem.fix == "delete one of the two lines"


def test_a_section_given_twice_is_to_be_one(refusals: Refusals, minimal: str) -> None:
    for text, first in ((minimal + minimal, 1), (f"{minimal}  resource: {{}}\n", None)):
        problem = refusals(text)[-1]
        at = line_of(problem.where)
        first = first or next(n for n, x in enumerate(text.split("\n"), 1) if "resource:" in x)
        assert problem.rule == f"given twice, first in line {first}"
        assert problem.fix == f"move what is below line {at} into the section of line {first}"
