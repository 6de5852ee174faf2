"""The analytic profile against its formula by hand, and the shipped one against its benchmark."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nasea.cost import Subgraph
from nasea.cost.operators import ADD, CONV, DENSE, KINDS, RESHAPE, Operator
from nasea.cost.profiles import UnpricedError, packaged_names, packaged_profile
from nasea.cost.profiles.analytic import AnalyticProfile, Machine

RECORD = Path(__file__).parents[2] / "benchmarks" / "records" / "npu_v1.json"
MACHINE = Machine(2, (4, 16, 16), 0.5, 10.0, 2, 20.0, 30.0)
PROFILE = AnalyticProfile("test", "a test", MACHINE, "good")


def npu() -> AnalyticProfile:
    profile = packaged_profile("npu_v1")
    assert isinstance(profile, AnalyticProfile)
    return profile


def test_a_dense_convolution_by_hand() -> None:
    conv = Operator(CONV, (20, 6, 5), (40, 6, 5), (3, 3))
    cube = 8 * 2 * 9 * 3 / 2 / 0.5e6  # whole tiles: 30 pixels, 20 and 40 channels
    memory = 2 * (40 * 20 * 9 + 20 * 30 + 40 * 30) / 10e6
    assert PROFILE.operator_ms(conv) == pytest.approx(cube + memory + 0.030)


def test_a_depthwise_convolution_is_work_of_the_vector_unit() -> None:
    conv = Operator(CONV, (20, 6, 5), (20, 6, 5), (3, 3), groups=20)
    vector = 20 * 9 * 30 / 20e6
    memory = 2 * (20 * 9 + 2 * 20 * 30) / 10e6
    assert PROFILE.operator_ms(conv) == pytest.approx(vector + memory + 0.030)


def test_an_addition_runs_on_the_way_out_of_what_is_before_it() -> None:
    add = Operator(ADD, (20, 6, 5), (20, 6, 5), inputs=2)
    assert PROFILE.operator_ms(add) == pytest.approx(600 / 20e6)
    assert PROFILE.operator_ms(Operator(RESHAPE, (20, 6, 5), (600, 1, 1))) == 0


SIZES = st.integers(1, 70)


@given(
    kind=st.sampled_from([k for k in KINDS if k != RESHAPE]),
    sizes=st.tuples(SIZES, SIZES, SIZES, SIZES),
    grow=st.integers(0, 3),
)
def test_more_is_never_faster(kind: str, sizes: tuple[int, int, int, int], grow: int) -> None:
    def price(c_in: int, c_out: int, side: int, kernel: int) -> float:
        if kind not in (CONV, DENSE):
            c_out = c_in
        plane = side if kind != DENSE else 1
        shapes = (c_in, plane, plane), (c_out, plane, plane)
        return npu().operator_ms(Operator(kind, *shapes, (kernel, kernel)))

    larger = list(sizes)
    larger[grow] += 9
    assert 0 < price(*sizes) <= price(larger[0], larger[1], larger[2], larger[3])


def test_an_unknown_operator_is_named_never_free() -> None:
    odd = Operator("torch.softplus", (8, 4, 4), (8, 4, 4), name="PostNet, softplus")
    with pytest.raises(UnpricedError) as caught:
        npu().latency_ms(Subgraph("PostNet", (odd,)))
    assert "torch.softplus, 8x4x4 (PostNet, softplus)" in caught.value.message
    assert caught.value.fix


def test_the_digest_follows_the_figures() -> None:
    other = replace(PROFILE, machine=replace(MACHINE, cores=1))
    assert PROFILE.digest != other.digest
    assert PROFILE.digest == replace(PROFILE, quality="other words").digest


def test_the_shipped_figures_are_those_of_the_benchmark() -> None:
    results = json.loads(RECORD.read_text())["results"]
    assert packaged_names() == ["npu_v1"]
    machine = npu().machine
    assert machine.vector_gops == pytest.approx(results["fitted"]["vector_gops"], abs=0.05)
    assert machine.us_per_operator == pytest.approx(results["fitted"]["us_per_operator"], abs=0.05)
    judged = results["judged"]["held out"]
    assert f"error {judged['mean']:.1%} on average, {judged['largest']:.1%}" in npu().quality
    assert f"tau {judged['tau']:.2f}" in npu().describe()
    assert judged["mean"] < results["judged"]["MACs only, held out"]["mean"]
