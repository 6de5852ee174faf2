"""Profiles as files: what is written is read back, and what is wrong with one is told."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nasea.cost import Operator, Subgraph
from nasea.cost.operators import CONV
from nasea.cost.profiles import (
    UnpricedError,
    find_profile,
    known_profiles,
    packaged_profile,
    profile_path,
)
from nasea.cost.profiles.files import StoredProfile, load_profile, save_profile
from nasea.cost.profiles.measured import (
    Calibration,
    MeasuredProfile,
    MeasuredSubgraph,
    calibrate,
)
from nasea.cost.profiles.operator_csv import manifest_text, read_times, row_of
from nasea.cost.profiles.table import MeasuredOperator, TableProfile
from nasea.errors import LatencyError

CONV_3 = Operator(CONV, (8, 4, 4), (16, 4, 4), (3, 3))
SUBGRAPH = Subgraph("layer 1: basic_x1", (CONV_3, CONV_3))


def measured() -> MeasuredProfile:
    row = MeasuredSubgraph(SUBGRAPH.key, SUBGRAPH.label, 0.25, 0.01, 0.2)
    return MeasuredProfile(
        "host", "a CPU", "a runtime", "2026-01-02", "make it", 0.05, "good", (row,)
    )


def table() -> TableProfile:
    row = MeasuredOperator.of(CONV_3, 0.125)
    return TableProfile("phone", "a phone", "2026", "r.csv", 0.5, 0.0, False, "unknown", (row,))


@pytest.mark.parametrize("profile", [measured(), table()], ids=["measured", "table"])
def test_a_profile_is_read_back_as_it_was_written(profile: StoredProfile, tmp_path: Path) -> None:
    path = profile_path(profile.name, tmp_path)
    save_profile(profile, path)
    found = load_profile(path)
    assert found == profile
    assert found.digest == profile.digest
    assert find_profile(profile.name, tmp_path).name == profile.name
    assert [one.name for one in known_profiles(tmp_path)] == [profile.name, "npu_v1"]


def test_a_measured_subgraph_has_its_price_and_doing_nothing_none() -> None:
    assert measured().latency_ms(SUBGRAPH) == 0.2
    assert measured().latency_ms(Subgraph("skip", ())) == 0.0


def test_a_profile_of_another_space_says_so_and_how_to_measure() -> None:
    with pytest.raises(UnpricedError) as caught:
        measured().latency_ms(Subgraph("layer 0: fused_e2", (CONV_3,)))
    shown = "layer 0: fused_e2 (8x4x4 in): not measured; the table is of another space"
    assert caught.value.message == shown
    assert caught.value.fix == "measure this scenario's space: make it"


def test_an_unknown_processor_lists_the_known(tmp_path: Path) -> None:
    save_profile(table(), profile_path("phone", tmp_path))
    with pytest.raises(LatencyError) as caught:
        find_profile("npu_v2", tmp_path)
    assert "no latency profile is called 'npu_v2'; known: phone, npu_v1" in caught.value.message
    assert "did you mean 'npu_v1'?" in str(caught.value.fix)


def test_a_projects_own_profile_comes_first(tmp_path: Path) -> None:
    save_profile(table(), profile_path("npu_v1", tmp_path))
    assert find_profile("npu_v1", tmp_path).digest == table().digest
    assert (
        find_profile("npu_v1", tmp_path / "elsewhere").digest == packaged_profile("npu_v1").digest
    )


def edited(change: Callable[[dict[str, Any]], object]) -> Callable[[Path], object]:
    def edit(path: Path) -> None:
        content = json.loads(path.read_text())
        change(content)
        path.write_text(json.dumps(content))

    return edit


DAMAGE: dict[str, tuple[Callable[[Path], object], str]] = {
    "not there": (lambda path: path.unlink(), "cannot read"),
    "not JSON": (lambda path: path.write_text("{"), "not readable as JSON"),
    "not a profile": (lambda path: path.write_text("[]"), "is not a latency profile"),
    "newer": (edited(lambda c: c.update(version=2)), "of version 1"),
    "unknown kind": (edited(lambda c: c.update(kind="magic")), "of version 1"),
    "negative": (edited(lambda c: c["rows"][0].update(ms=-1)), "must be > 0 ms"),
    "zero": (edited(lambda c: c["rows"][0].update(ms=0)), "must be > 0 ms"),
    "text": (edited(lambda c: c["rows"][0].update(ms="fast")), "rows.0.ms"),
    "a key too few": (edited(lambda c: c.pop("quality")), "quality"),
}


@pytest.mark.parametrize("change, shown", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_profile(change: Callable[[Path], object], shown: str, tmp_path: Path) -> None:
    path = profile_path("phone", tmp_path)
    save_profile(table(), path)
    change(path)
    with pytest.raises(LatencyError, match=shown) as caught:
        load_profile(path)
    assert str(path) in caught.value.message
    assert caught.value.fix


def test_a_calibration_recovers_what_made_the_times() -> None:
    truth = Calibration(0.3, 1.1, 0.02)
    rng = np.random.default_rng(0)
    alone = [rng.uniform(0.1, 1.0, size=rng.integers(3, 8)).tolist() for _ in range(16)]
    whole = [truth.constant + sum(map(truth.price, subgraphs)) for subgraphs in alone]
    found = calibrate(alone, whole, session=0.015)
    for subgraphs, ms in zip(alone, whole, strict=True):
        assert found.constant + sum(map(found.price, subgraphs)) == pytest.approx(ms, rel=0.01)


def test_a_calibration_on_networks_all_alike_still_fits_them() -> None:
    found = calibrate([[0.1, 0.2]] * 4, [0.25] * 4, session=0.01)
    assert found.constant + sum(map(found.price, [0.1, 0.2])) == pytest.approx(0.25, rel=1e-6)
    assert found.price(1e-4) > 0, "no subgraph is free"


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


HEAD = "id,kind,in_shape,out_shape,kernel,stride,groups,inputs,activation,latency_ms\n"
ROW = "0,conv,8x4x4,16x4x4,3x3,1,1,1,,"


def test_a_filled_in_manifest_is_what_import_reads(tmp_path: Path) -> None:
    text = manifest_text([{"id": "0", "onnx": "onnx/0.onnx", **row_of(CONV_3)}])
    head, row = text.splitlines()
    assert head == HEAD.strip().replace("id,", "id,onnx,")
    assert read_times(write(tmp_path / "r.csv", f"{head}\n{row}0.5\n")) == [(CONV_3, 0.5)]
    micro = head.replace("latency_ms", "latency_us")
    assert read_times(write(tmp_path / "u.csv", f"{micro}\n{row}500\n")) == [(CONV_3, 0.5)]


BAD_TIMES = {
    "negative": (HEAD + ROW + "-1\n", ["r.csv:2: latency_ms: must be > 0, found -1"]),
    "zero": (HEAD + ROW + "0\n", ["must be > 0, found 0"]),
    "infinite": (HEAD + ROW + "inf\n", ["must be > 0, found inf"]),
    "with its unit": (HEAD + ROW + "12 us\n", ["must be a number, found 12 us", "alone"]),
    "two units": (
        HEAD.replace("latency_ms", "latency_ms,latency_us") + ROW + "1,1000\n",
        ["times must stand in one column, in one unit", "latency_ms, latency_us"],
    ),
    "no unit": (HEAD.replace("latency_ms", "time") + ROW + "1\n", ["its name says the unit"]),
    "a column less": (HEAD.replace("groups,", "") + ROW + "1\n", ["groups: the column is"]),
    "nothing measured": (HEAD + ROW + "\n", ["no row has a time"]),
    "unknown kind": (HEAD + ROW.replace("conv", "softplus") + "1\n", ["kind: must be one of conv"]),
    "a shape of two": (HEAD + ROW.replace("8x4x4", "8x4") + "1\n", ["in_shape: must be 3"]),
    "all at once": (
        HEAD + ROW + "-1\n" + ROW.replace("3x3", "3") + "2\n",
        ["2 errors in the measurements", "r.csv:2", "r.csv:3: kernel"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("text, shown", BAD_TIMES.values(), ids=BAD_TIMES)
def test_measurements_that_cannot_be(text: str, shown: list[str], tmp_path: Path) -> None:
    with pytest.raises(LatencyError) as caught:
        read_times(write(tmp_path / "r.csv", text))
    for words in shown:
        assert words in str(caught.value)
