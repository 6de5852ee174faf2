"""A device in the loop: from its files to a profile, whatever goes wrong on the way."""

from __future__ import annotations

import json
import os
import re
from dataclasses import replace
from pathlib import Path
from statistics import median

import pytest

from nasea.cost.operators import Subgraph
from nasea.errors import Interrupted, LatencyError
from nasea.pipeline.latency.bench import NETWORKS
from nasea.pipeline.latency.device.journal import Journal
from nasea.pipeline.latency.device.measuring import Measuring, Task
from nasea.pipeline.latency.device.rounds import Patience
from nasea.pipeline.latency.device.runners import runner_of
from nasea.pipeline.latency.device.transports import Completed, Local
from nasea.pipeline.latency.run import DevicePlan, DeviceProfile, run_on_device

from .fake_device import OPERATORS, START_US, Device, fake
from .project import Recorder

__all__ = ["fake"]

FILES = len(OPERATORS) + 7


def plan_of(device: Device, over: str = "local") -> DevicePlan:
    where = {"adb": "R5CT", "ssh": "me@board", "local": ""}[over]
    return DevicePlan(
        over, where, command=device.command, folder=str(device.folder),
        patience=Patience(least=3, most=5), seconds=1.0,
    )  # fmt: skip


def run(device: Device, over: str = "local", **changes: object) -> DeviceProfile:
    plan = plan_of(device, over)
    keep = {key: changes.pop(key) for key in ("restart", "listener") if key in changes}
    name = str(changes.pop("name", "phone"))
    plan = replace(plan, **changes)  # type: ignore[arg-type]
    return run_on_device(
        Path("scen.yaml"),
        name,
        plan,
        bench=device.bench,
        directory=device.home,
        **keep,  # type: ignore[arg-type]
    )


def assert_true(found: DeviceProfile) -> None:
    """A network costs what its operators and one start take."""
    profile = found.profile
    subgraph = Subgraph("body", tuple(OPERATORS))
    ms = profile.per_network_ms + profile.latency_ms(subgraph)
    assert ms == pytest.approx((sum(OPERATORS.values()) + START_US) / 1000, rel=0.01)
    assert "over 6 random networks" in profile.describe()


@pytest.mark.parametrize("over", ["local", "adb", "ssh"])
def test_a_device_becomes_a_profile(fake: Device, over: str) -> None:
    found = run(fake, over)
    assert_true(found)
    assert found.path == fake.home / "profiles" / "phone.json"
    assert (found.failed, found.unsettled, found.rounds) == ({}, (), 3 * FILES)
    assert fake.ran[:FILES] != fake.ran[:1] * FILES, "in turns"
    if over == "adb":
        assert found.profile.processor.startswith("Pixel 4 13")
    if over != "local":
        assert not [*fake.folder.iterdir()], "nothing is left on the device"
    before = len(fake.ran)
    assert run(fake, over).profile.rows == found.profile.rows
    assert len(fake.ran) == before, "nothing is measured twice"


def test_outliers_move_nothing(fake: Device) -> None:
    for name in ("000.onnx", "nothing.onnx"):
        fake.switch(f"outlier_{name}")
    found = run(fake)
    assert_true(found)
    assert found.rounds > 3 * FILES


@pytest.mark.parametrize(
    "over, fault, told",
    [("adb", "hang", "hung: stopped after 1 s"), ("local", "crash", "signal 11")],
)
def test_a_file_that_cannot_run_is_left_out_and_tried_again(
    fake: Device, over: str, fault: str, told: str
) -> None:
    fake.switch(f"{fault}_operator_003.onnx" if over == "adb" else f"{fault}_003.onnx")
    fake.switch(f"{fault}_operator_004.onnx" if over == "adb" else f"{fault}_nothing.onnx")
    recorder = Recorder()
    found = run(fake, over, listener=recorder)
    assert "operator 003" in found.failed
    assert f"operator 003 (add 1x1, 8x16x16 -> 8x16x16) was not measured: it {told}" in (
        recorder.text.replace("crashed (signal 11)", "signal 11")
    )
    assert len(found.profile.rows) < len(OPERATORS)
    for switch in fake.switches.glob(f"{fault}_*"):
        switch.unlink()
    again = run(fake, over)
    assert not again.failed
    assert_true(again)


@pytest.mark.parametrize("over", ["adb", "ssh"])
def test_a_connection_that_comes_back_is_taken_up(fake: Device, over: str) -> None:
    fake.switch("unplug_at", "7")
    fake.switch("comes_back")
    assert_true(run(fake, over))


@pytest.mark.parametrize("over", ["adb", "ssh"])
def test_after_a_disconnection_the_same_command_goes_on(fake: Device, over: str) -> None:
    fake.switch("unplug_at", "20")
    with pytest.raises(LatencyError) as lost:
        run(fake, over)
    assert "R5CT: " in str(lost.value) or "me@board: " in str(lost.value)
    assert re.search(r"kept in .*phone\.jsonl: the same command goes on", str(lost.value))
    with pytest.raises(LatencyError, match="not found|refused"):
        run(fake, over)
    fake.off("unplugged")
    fake.off("unplug_at")
    assert_true(run(fake, over))
    assert len(fake.ran) == 3 * FILES + 1, "nineteen were kept"


def test_a_connection_that_hangs_is_no_fault_of_the_files(
    fake: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("_SHORT", "_PUSH"):
        monkeypatch.setattr(f"nasea.pipeline.latency.device.transports.{name}", 0.3)
    fake.switch("dies_at", "7")
    with pytest.raises(LatencyError, match=r"adb R5CT: .*kept in"):
        run(fake, "adb")
    with pytest.raises(LatencyError, match=r"adb R5CT: the device did not answer for 0\.3 s"):
        run(fake, "adb")
    fake.off("dies_at")
    fake.off("dead")
    monkeypatch.undo()
    monkeypatch.setenv("SWITCHES", str(fake.switches))
    monkeypatch.setenv("PATH", f"{fake.runner.parent}:{os.environ['PATH']}")
    found = run(fake, "adb")
    assert not found.failed
    assert_true(found)


def test_a_stop_ends_what_runs_on_the_device(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended: list[str] = []

    class Stopped(Local):
        def run(self, command: str, seconds: float) -> Completed:
            raise KeyboardInterrupt

        def stop(self, name: str) -> None:
            ended.append(name)

    journal = Journal(tmp_path / "rounds.jsonl", {})
    runner = runner_of(None, "prog {file}", None, None)
    measuring = Measuring(Stopped(tmp_path), runner, {}, Patience(), 1.0, journal)
    with pytest.raises(KeyboardInterrupt):
        measuring.run([Task("operator 001", tmp_path / "001.onnx")])
    journal.close()
    assert ended == ["operator_001.onnx"]


def test_a_full_device_is_told(fake: Device) -> None:
    fake.switch("full")
    with pytest.raises(LatencyError, match=r"adb R5CT: no space is left.*kept in") as full:
        run(fake, "adb")
    assert "--folder DIR" in str(full.value)
    fake.off("full")
    assert_true(run(fake, "adb"))


@pytest.mark.parametrize("over", ["local", "adb", "ssh"])
def test_a_program_that_finds_no_space_is_told(fake: Device, over: str) -> None:
    script = fake.home / "full.sh"
    script.write_text('echo "write cache: No space left on device" >&2\nexit 1\n')
    with pytest.raises(LatencyError, match="no space is left.*kept in") as caught:
        run(fake, over, command=f"sh {script} {{file}}")
    assert "free some" in str(caught.value.fix)
    assert "--folder" not in str(caught.value.fix) or over != "local"


@pytest.mark.parametrize("over", ["local", "adb", "ssh"])
def test_a_program_for_another_processor_is_told(fake: Device, over: str, tmp_path: Path) -> None:
    tool = tmp_path / "benchmark_model"
    tool.write_bytes(b"\x7fELF\x02\x01\x01" + bytes(64))
    tool.chmod(0o755)
    with pytest.raises(LatencyError, match="built for another processor"):
        run(fake, over, tool=tool, command="{tool} {file}")


@pytest.mark.parametrize("over", ["local", "adb"])
def test_a_program_that_is_not_there_is_told(fake: Device, over: str) -> None:
    with pytest.raises(LatencyError, match="cannot be started.*not found"):
        run(fake, over, command="benchmark_model_ --graph={file}")


def test_another_unit_is_read_and_an_impossible_one_told(fake: Device) -> None:
    fake.switch("unit", "ns")
    found = run(fake, name="fast")
    assert found.profile.rows[0].ms == pytest.approx(210e-6)
    fake.switch("unit", "s")
    with pytest.raises(LatencyError, match="yet the whole command took .* say which with --unit"):
        run(fake, name="slow")
    fake.switch("unit", "")
    with pytest.raises(LatencyError, match="no number with a unit"):
        run(fake, name="silent")
    assert run(fake, name="named", unit="us").profile.rows[0].ms == pytest.approx(0.21)


def test_a_command_that_always_fails_stops_soon(fake: Device) -> None:
    fake.switch("crash_all")
    with pytest.raises(LatencyError, match="fails on every file.*\n.*status 3: unsupported op"):
        run(fake)
    assert len(fake.ran) == 6


@pytest.mark.parametrize(
    "said",
    [
        "[ONNXRuntimeError] Load model failed: Unsupported model IR version: 13, max supported IR "
        "version: 10",
        "ERROR: Didn't find op for builtin opcode 'CONV_2D' version '9'. An older version of this "
        "builtin might be supported. Are you using an old TFLite binary with a newer model?",
        "E program.cpp:98] Program identifier 'ET13' != expected 'ET12'",
    ],
)
def test_a_runtime_older_than_the_files_is_told(fake: Device, said: str) -> None:
    script = fake.home / "old.sh"
    script.write_text(f'echo "loading $1"\necho "{said}"\necho "giving up"\nexit 1\n')
    with pytest.raises(LatencyError, match="runtime on the device is older than") as caught:
        run(fake, command=f"sh {script} {{file}}")
    assert said in str(caught.value)
    assert "newer release of the runtime" in str(caught.value.fix)


def test_measurements_of_something_else_are_not_mixed(fake: Device) -> None:
    run(fake, "adb")
    fake.switch("another")
    with pytest.raises(LatencyError, match="device: now 'Pixel 9.*then 'Pixel 4"):
        run(fake, "adb")
    assert run(fake, "adb", restart=True).rounds == 3 * FILES
    assert (fake.bench / "measured" / "phone.jsonl.1").is_file()
    with pytest.raises(LatencyError, match="command: now"):
        run(fake, "adb", command=f"{fake.command} ")


def test_a_torn_line_costs_one_round(fake: Device) -> None:
    run(fake)
    kept = fake.bench / "measured" / "phone.jsonl"
    kept.write_bytes(kept.read_bytes()[:-4])
    before = len(fake.ran)
    assert_true(run(fake))
    assert len(fake.ran) == before + 1
    kept.write_text("{}\n")
    with pytest.raises(LatencyError, match="is damaged.*\n.*--restart"):
        run(fake)


def test_a_stop_keeps_what_was_measured(fake: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(done: int, total: int) -> None:
        if len(fake.ran) >= FILES:
            raise KeyboardInterrupt

    original = Measuring.run

    def stopping(self: Measuring, tasks: object) -> dict[str, str]:
        self.on_round = stop
        return original(self, tasks)  # type: ignore[arg-type]

    monkeypatch.setattr(Measuring, "run", stopping)
    with pytest.raises(Interrupted, match="kept in"):
        run(fake)
    monkeypatch.undo()
    before = len(fake.ran)
    monkeypatch.setenv("SWITCHES", str(fake.switches))
    run(fake)
    assert len(fake.ran) == before + 2 * FILES


@pytest.mark.parametrize(
    "changes, told",
    [
        ({"over": "usb"}, "--over: one of adb, ssh, local"),
        ({"over": "ssh", "device": ""}, "--over ssh needs a host"),
        ({"over": "ssh", "device": "me@board", "folder": "nasea"}, "--folder: must be a full path"),
        ({"tool": Path("nothing")}, "--tool: there is no file nothing"),
        ({"files": "tflite"}, "lists no .tflite files"),
        ({"runner": "executorch", "command": None}, "lists no .pte files, which executorch takes"),
    ],
)
def test_what_cannot_be_asked_for(fake: Device, changes: dict[str, object], told: str) -> None:
    plan = replace(plan_of(fake), **changes)  # type: ignore[arg-type]
    with pytest.raises(LatencyError, match=told):
        run_on_device(Path("scen.yaml"), "phone", plan, bench=fake.bench, directory=fake.home)


def test_missing_files_are_told(fake: Device) -> None:
    (fake.bench / "onnx" / "001.onnx").unlink()
    with pytest.raises(LatencyError, match="1 files of .* are missing"):
        run(fake)


def test_without_adb_it_says_so(fake: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(LatencyError, match="adb is not installed here"):
        run(fake, "adb")


def test_networks_that_contradict_their_operators_calibrate_the_mean(fake: Device) -> None:
    whole = (900, 60, 1000, 50, 900, 60)
    for number, us in enumerate(whole):
        (fake.bench / f"networks/{number:03d}.onnx").write_text(str(us))
    content = json.loads((fake.bench / NETWORKS).read_text())
    short, long = ["004"], [f"{number:03d}" for number in range(5)] * 2
    for number, item in enumerate(content["onnx"]["networks"]):
        item["operators"] = long if number % 2 else short
    (fake.bench / NETWORKS).write_text(json.dumps(content))
    found = run(fake)
    assert "only the mean of predictions is right" in found.profile.describe()
    alone = {name: float((fake.bench / f"onnx/{name}.onnx").read_text()) for name in set(long)}
    ratios = [
        us / sum(alone[name] for name in (long if number % 2 else short))
        for number, us in enumerate(whole)
    ]
    assert found.profile.factor == pytest.approx(median(ratios), rel=0.05)
    assert found.profile.per_network_ms == 0.0


def test_rounds_of_another_program_are_not_mixed(fake: Device, tmp_path: Path) -> None:
    tool = tmp_path / "tool"
    tool.write_text(fake.runner.read_text())
    options = {"tool": tool, "command": "{tool} {file}"}
    run(fake, "adb", **options)
    tool.write_text(fake.runner.read_text() + "# the next version\n")
    with pytest.raises(LatencyError, match="tool: now"):
        run(fake, "adb", **options)
