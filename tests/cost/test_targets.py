"""Lists of the operators that targets run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from nasea.backends.export.formats import FORMATS
from nasea.cost.lowering import operators_of
from nasea.cost.operators import KINDS, Operator
from nasea.cost.targets import Target, find_target, known_targets
from nasea.errors import NotAvailableError
from nasea.space.blocks import catalogue

CONV = Operator("conv", (8, 16, 16), (8, 16, 16), (3, 3), 2, 1, 1, "relu")
SHIPPED = known_targets(Path("nowhere"))
LIST: dict[str, Any] = {
    "title": "my NPU",
    "source": "https://example.com",
    "otherwise": "fails",
    "operators": {"conv": {"kernel": [1, 3], "stride": [1, 1], "activations": []}},
}


def target(**changes: Any) -> Target:
    return Target.from_dict("mine", {**LIST, **changes})


@pytest.mark.parametrize("shipped", SHIPPED, ids=lambda each: each.name)
def test_shipped_lists_have_sources_and_formats_of_nasea(shipped: Target) -> None:
    assert all(source.startswith("https://") for source in shipped.source)
    assert shipped.title and shipped.otherwise
    assert set(shipped.formats) <= {name for _, name in FORMATS}
    assert set(shipped.rules) <= set(KINDS)
    assert shipped.verdict(CONV) is None, "a convolution with ReLU runs everywhere"


def test_what_the_documentation_says_of_hard_swish() -> None:
    hswish = Operator("activation", (8, 4, 4), (8, 4, 4), activation="hswish")
    runs = {each.name: each.verdict(hswish) is None for each in SHIPPED}
    assert runs == {
        "edge-tpu": False,
        "ethos-u": True,
        "executorch": True,
        "executorch-int8": False,
        "onnx-int8": False,
        "tflite-int8": True,
    }


def test_the_list_of_onnx_int8_is_that_of_onnx_runtime() -> None:
    registry = pytest.importorskip("onnxruntime.quantization.registry")
    known = {*registry.QDQRegistry, *registry.QLinearOpsRegistry}
    names = {"relu": "Relu", "relu6": "Clip", "sigmoid": "Sigmoid", "hswish": "HardSwish",
             "hsigmoid": "HardSigmoid", "tanh": "Tanh", "leaky_relu": "LeakyRelu"}  # fmt: skip
    found = find_target("onnx-int8", Path("nowhere"))
    for kind, onnx in names.items():
        operator = Operator("activation", (8, 4, 4), (8, 4, 4), activation=kind)
        assert (found.verdict(operator) is None) == (onnx in known), kind


@pytest.mark.parametrize(
    "operator, told",
    [
        (Operator("conv", (8, 4, 4), (8, 4, 4), (3, 3)), None),
        (Operator("conv", (8, 4, 4), (8, 4, 4), (5, 5)), "kernel 5 is not in 1 to 3"),
        (Operator("conv", (8, 4, 4), (8, 4, 4), (3, 3), 2), "stride 2 is not in 1 to 1"),
        (Operator("conv", (8, 4, 4), (8, 4, 4), activation="relu6"), "no relu6 fused to it"),
        (Operator("einsum", (8, 4, 4), (8, 4, 4)), "no einsum"),
    ],
)
def test_conditions(operator: Operator, told: str | None) -> None:
    found = target().verdict(operator)
    assert (found and found.reason) == told
    assert found is None or not found.runs


def test_one_rule_of_several_is_enough_and_a_note_is_a_condition() -> None:
    rules = [{"groups": ["dense"], "kernel": [1, 3]}, {"groups": ["depthwise"], "note": "slow"}]
    found = target(operators={"conv": rules})
    assert found.verdict(Operator("conv", (8, 4, 4), (8, 4, 4), (3, 3))) is None
    depthwise = found.verdict(Operator("conv", (8, 4, 4), (8, 4, 4), (7, 7), 1, 8))
    assert depthwise is not None and (depthwise.runs, depthwise.reason) == (True, "slow")
    grouped = found.verdict(Operator("conv", (8, 4, 4), (8, 4, 4), (3, 3), 1, 2))
    assert grouped is not None and grouped.reason == "no grouped convolution"


def test_a_project_has_lists_of_its_own(tmp_path: Path) -> None:
    folder = tmp_path / "targets"
    folder.mkdir()
    text = 'title = "x"\nsource = "y"\notherwise = "z"\n[operators]\nconv = {}\n'
    (folder / "npu.toml").write_text(text)
    (folder / "edge-tpu.toml").write_text(text)
    assert find_target("npu", tmp_path).verdict(CONV) is None
    assert find_target("edge-tpu", tmp_path).title == "x", "its own list wins"
    with pytest.raises(NotAvailableError, match="did you mean 'npu'"):
        find_target("npuu", tmp_path)
    (folder / "npu.toml").write_text("title = ")
    with pytest.raises(NotAvailableError, match="npu.toml is no list of operators"):
        find_target("npu", tmp_path)


@pytest.mark.parametrize(
    "changes, told",
    [
        ({"source": ""}, "source is missing"),
        ({"operators": {}}, r"\[operators\] is missing"),
        ({"sources": "x"}, "unknown key sources"),
        ({"operators": {"convolution": {}}}, "operators.convolution: not one of conv"),
        ({"operators": {"conv": True}}, "must be a table"),
        ({"operators": {"conv": {"kernels": [1, 3]}}}, "unknown key kernels"),
        ({"operators": {"conv": {"activations": "relu"}}}, "conv.activations: must be a list"),
        ({"operators": {"conv": {"kernel": [3, 1]}}}, r"must be \[least, greatest\]"),
        ({"operators": {"conv": {"groups": ["all"]}}}, "of dense, depthwise, grouped"),
    ],
)
def test_a_list_that_is_wrong_is_told(changes: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        target(**changes)


def test_the_npus_run_every_block_of_the_catalogue() -> None:
    for name in ("ethos-u", "edge-tpu", "tflite-int8"):
        npu = find_target(name, Path("nowhere"))
        for block in catalogue().values():
            program = block.build(16, 16, 1)
            for operator in operators_of(program or (), (16, 8, 8)):
                verdict = npu.verdict(operator)
                assert verdict is None or verdict.runs, f"{name}, {block.name}: {operator}"
