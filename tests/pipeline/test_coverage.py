"""What of a search space a target runs, and what to change."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from nasea.cli.main import main
from nasea.cost import Operator, Subgraph
from nasea.cost.targets import Target, find_target
from nasea.pipeline.diagnosis.coverage import Coverage, coverage
from nasea.pipeline.probe import Built
from nasea.space import build_space, catalogue

from .project import Project

pytest_plugins = ["pipeline.fixtures"]

STEM = Operator("conv", (3, 16, 16), (8, 8, 8), (3, 3), 2)
HEAD = Operator("dense", (8, 1, 1), (10, 1, 1))


def covered(
    target: str | Target, *blocks: str, head: Operator = HEAD, activation: Any = "relu"
) -> Coverage:
    known = catalogue(activation)
    space = build_space((8, 8, 8), [8, 12], [1, 2], [known[name] for name in blocks])
    ends = (Subgraph("PreNet", (STEM,)), Subgraph("PostNet", (head,)))
    built = cast(Built, SimpleNamespace(user_subgraphs=ends, space=space))
    found = find_target(target, Path("nowhere")) if isinstance(target, str) else target
    return coverage(found, built)


def test_a_space_that_runs_is_said_to() -> None:
    found = covered("edge-tpu", "skip", "basic_x1", "separable_k3")
    assert (found.runs, found.uncovered, found.fix, found.stuck) == (True, (), "", ())


def test_blocks_that_do_not_run_are_named_with_the_scenario_without_them() -> None:
    found = covered("onnx-int8", "skip", "basic_x1", "inverted_k3_e3_se")
    assert not found.runs
    [lacking] = [each for each in found.uncovered if not each.runs]
    assert (lacking.part, lacking.layers) == ("inverted_k3_e3_se", (0, 1))
    assert "activation hsigmoid: no hsigmoid" in lacking.reasons
    assert found.fix == "supernet.blocks: [skip, basic_x1]"


def test_conditions_that_cannot_be_seen_do_not_refuse() -> None:
    found = covered("edge-tpu", "basic_x1", "inverted_k3_e3_se")
    assert found.runs
    [conditional] = found.uncovered
    assert (conditional.part, conditional.runs) == ("inverted_k3_e3_se", True)


def test_where_nothing_runs_the_activation_is_at_fault() -> None:
    found = covered("edge-tpu", "skip", "basic_x1", activation="hswish")
    assert found.stuck == (0, 1), "a skipped layer is no network"
    assert "another supernet.activation" in found.fix


def test_ends_count_too() -> None:
    found = covered("edge-tpu", "basic_x1", head=Operator("einsum", (8, 1, 1), (10, 1, 1)))
    [end] = found.uncovered
    assert (end.part, end.layers, end.reasons) == ("PostNet", (), ("einsum: no einsum",))
    assert found.fix == "use other operations in PostNet"


def test_check_says_it_before_the_search(
    fresh: Project, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(fresh.home)
    with pytest.raises(SystemExit) as unknown:
        main(["check", "--target", "edgetpu"])
    assert unknown.value.code == 2
    assert "did you mean 'edge-tpu'" in capsys.readouterr().err
    (fresh.home / "targets").mkdir()
    (fresh.home / "targets" / "npu.toml").write_text(
        'title = "My NPU"\nsource = "its manual"\notherwise = "fails"\n[operators]\nconv = {}\n'
    )
    with pytest.raises(SystemExit) as told:
        main(["check", "--target", "npu", "--target", "tflite-int8"])
    out, err = capsys.readouterr()
    assert told.value.code == 2
    assert "npu: My NPU" in out and "PostNet" in out
    assert "an operator that it does not run fails; by its manual" in out
    assert "not all networks of this space run on npu\n" in err
    assert "runs every network of this space, by https://ai.google.dev" in out
