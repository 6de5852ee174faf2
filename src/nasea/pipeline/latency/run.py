"""``nasea latency run``: measure a search space on a device and make a profile, in one command."""

from __future__ import annotations

import hashlib
import shlex
import statistics
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from nasea.config import load_scenario
from nasea.cost.profiles import profile_path
from nasea.cost.profiles.files import save_profile
from nasea.cost.profiles.interpolation import Estimate
from nasea.cost.profiles.measured import Calibration, calibrate
from nasea.cost.profiles.operator_csv import read_times
from nasea.cost.profiles.table import MeasuredOperator, TableProfile
from nasea.errors import Interrupted, LatencyError, Notice
from nasea.pipeline.latency.bench import MANIFEST, SOURCE, source_digest, write_bench
from nasea.pipeline.latency.build import NETWORKS, held_out_quality
from nasea.pipeline.latency.device.bench_files import BenchFiles, operator_id, read_bench
from nasea.pipeline.latency.device.journal import Journal
from nasea.pipeline.latency.device.measuring import Measuring
from nasea.pipeline.latency.device.rounds import Agreed, Patience, agreed
from nasea.pipeline.latency.device.runners import PYTHON, Runner, runner_of
from nasea.pipeline.latency.device.script import time_file
from nasea.pipeline.latency.device.transports import (
    Adb,
    DeviceError,
    Local,
    LostError,
    Ssh,
    Transport,
)
from nasea.pipeline.latency.importing import NOT_JUDGED, require_name
from nasea.pipeline.session.events import Listener, NullListener, Progress

OVER = ("adb", "ssh", "local")
FOLDERS = {"adb": "/data/local/tmp/nasea", "ssh": "/tmp/nasea"}
"""Where files go on the device, unless ``--folder`` says otherwise."""

_FEWEST_NETWORKS = 4

_UNRELATED = (
    "whole networks took no longer where their operators did, so only the mean of predictions is "
    "right: measure again with --restart while nothing else runs on the device"
)


@dataclass(frozen=True)
class DevicePlan:
    """The options of measuring a device.

    Attributes:
        over: one of :data:`OVER`.
        device: serial number for adb, ``user@host`` for ssh; empty for the only one.
        runner: name of a runner; see :func:`.runner_of`, as for the next three.
        command: command to use instead of the runner's.
        unit: unit of numbers that the command prints without one.
        pattern: regular expression that finds the latency in the output.
        tool: the program, a local file to copy to the device; ``None`` if it is already there.
        files: ``onnx``, ``tflite`` or ``pte``; ``None`` for the runner's default.
        folder: folder on the device; ``None`` for the default.
        threads: number of threads of the program.
        seconds: time limit of one run.
        patience: decides when a file is measured well enough.
    """

    over: str
    device: str = ""
    runner: str | None = None
    command: str | None = None
    unit: str | None = None
    pattern: str | None = None
    tool: Path | None = None
    files: str | None = None
    folder: str | None = None
    threads: int = 1
    seconds: float = 60.0
    patience: Patience = Patience()


@dataclass(frozen=True)
class DeviceProfile:
    """A profile of a device.

    Attributes:
        profile: the profile.
        path: the file it was written to.
        results: the CSV file with the times.
        failed: why files could not be measured, by id.
        unsettled: ids of files whose rounds never agreed.
        rounds: number of rounds, including those of earlier starts.
    """

    profile: TableProfile
    path: Path
    results: Path
    failed: Mapping[str, str]
    unsettled: tuple[str, ...]
    rounds: int


def run_on_device(
    config: Path,
    name: str,
    plan: DevicePlan,
    *,
    bench: Path = Path("latency_bench"),
    networks: int = NETWORKS,
    processor: str | None = None,
    extrapolate: bool = False,
    restart: bool = False,
    directory: Path | None = None,
    listener: Listener | None = None,
) -> DeviceProfile:
    """Measure the operators of a search space on a device, and make a profile of them.

    Every round is saved immediately, so the same call resumes after any interruption.

    Args:
        config: the scenario.
        name: name of the profile.
        plan: the measurement options.
        bench: the folder of ``latency bench``; created if missing.
        networks: number of whole networks to calibrate on, if the folder is created.
        processor: description of the device; by default the device's own.
        extrapolate: also predict shapes beyond the measured ones.
        restart: measure everything again; earlier measurements are kept under another name.
        directory: directory of the project; the current one by default.
        listener: receives progress and notices.

    Raises:
        NaseaError: a mistake that the user can fix, or a device that cannot be used.
        Interrupted: Ctrl-C.
    """
    listener = listener or NullListener()
    home = (directory or Path.cwd()).resolve()
    require_name(name)
    runner = runner_of(plan.runner, plan.command, plan.unit, plan.pattern)
    transport = _transport(plan, home)
    device = _opened(transport)
    if not (bench / MANIFEST).is_file():
        write_bench(
            config,
            bench,
            networks=networks,
            executorch=(plan.files or runner.suffix) == "pte",
            directory=home,
            listener=listener,
        )
    elif _is_older(bench, config, home):
        text = f"{bench} was written for another supernet or user_module.py than the present one; "
        text += "move it away, and its files are written anew"
        listener.notice(Notice("latency run", text))
    files = read_bench(bench, plan.files or runner.suffix, plan.runner or "the command")
    identity = {
        "files": files.digest,
        "device": device,
        "command": runner.command,
        "threads": str(plan.threads),
    }
    if plan.tool is not None:
        identity["tool"] = hashlib.sha256(plan.tool.read_bytes()).hexdigest()[:16]
    journal = Journal(bench / "measured" / f"{name}.jsonl", identity, restart=restart)
    listener.begin("latency", f"timing {len(files.tasks)} files on {device}")

    def on_round(done: int, total: int) -> None:
        listener.progress(Progress("latency", done, total, "file"))

    kept = f"what was measured is kept in {journal_path(bench, name)}: the same command goes on"
    try:
        values = placeholders(plan, runner, transport)
        measuring = Measuring(
            transport, runner, values, plan.patience, plan.seconds, journal, on_round
        )
        failed = measuring.run(files.tasks)
    except DeviceError as error:
        raise LatencyError(f"{error.message}; {kept}", fix=error.fix) from error
    except KeyboardInterrupt as stopped:
        raise Interrupted(f"stopped; {kept}") from stopped
    finally:
        journal.close()
    for task, why in failed.items():
        listener.notice(Notice("latency run", f"{_told(files, task)} was not measured: {why}"))
    times = {task: agreed(rounds) for task, rounds in journal.times.items() if task not in failed}
    return _finished(
        name, plan, files, times, failed, device=processor or device, extrapolate=extrapolate,
        home=home, listener=listener,
    )  # fmt: skip


def _is_older(bench: Path, config: Path, home: Path) -> bool:
    """Return whether a folder belongs to another space; ``False`` if that is unknown."""
    source = bench / SOURCE
    if not (source.is_file() and config.is_file()):
        return False
    present = source_digest(load_scenario(config).scenario, home)
    return source.read_text(encoding="utf-8").strip() != present


def journal_path(bench: Path, name: str) -> Path:
    """Return the path of the journal."""
    return bench / "measured" / f"{name}.jsonl"


def _finished(
    name: str,
    plan: DevicePlan,
    files: BenchFiles,
    times: Mapping[str, Agreed],
    failed: Mapping[str, str],
    *,
    device: str,
    extrapolate: bool,
    home: Path,
    listener: Listener,
) -> DeviceProfile:
    ms = {task: found.ms for task, found in times.items()}
    results = files.folder / "measured" / f"{name}.csv"
    results.write_text(files.results(ms), encoding="utf-8")
    measured = read_times(results)
    rows = tuple(MeasuredOperator.of(operator, each) for operator, each in measured)
    plain = TableProfile(
        name=name,
        processor=device,
        created=time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        source=f"{results.name}, {plan.runner or 'own command'} over {plan.over}",
        per_network_ms=0.0,
        per_operator_ms=0.0,
        extrapolate=extrapolate,
        quality=NOT_JUDGED,
        rows=rows,
    )
    profile = _calibrated(plain, files, ms)
    if profile.quality == NOT_JUDGED:
        text = "whole networks were not measured with this runner, so the sum of operators is "
        text += (
            "not calibrated; fit it yourself: nasea latency import --per-network, --per-operator"
        )
        listener.notice(Notice("latency run", text))
    path = profile_path(name, home)
    save_profile(profile, path)
    unsettled = tuple(t for t, found in times.items() if found.spread > plan.patience.spread)
    rounds = sum(found.rounds for found in times.values())
    return DeviceProfile(profile, path, results, failed, unsettled, rounds)


def _calibrated(plain: TableProfile, files: BenchFiles, ms: Mapping[str, float]) -> TableProfile:
    """Calibrate the profile on the measured networks, if there are any."""
    alone = {
        operator_id(row["id"]): estimate.ms
        for row, operator in zip(_timed(files, ms), plain.rows, strict=True)
        if isinstance(estimate := plain.estimate(operator.operator), Estimate)
    }
    complete = {
        network: [alone[operator] for operator in operators]
        for network, operators in files.networks.items()
        if network in ms and all(operator in alone for operator in operators)
    }
    if len(complete) < _FEWEST_NETWORKS:
        return plain
    whole = [ms[network] for network in complete]
    parts = list(complete.values())
    session = ms.get(files.nothing, 0.0)
    found = calibrate(parts, whole, session)
    if not found.factor > 0:
        ratios = [time / sum(operators) for time, operators in zip(whole, parts, strict=True)]
        return replace(plain, factor=statistics.median(ratios), quality=_UNRELATED)
    return _with(plain, found, held_out_quality(parts, whole, session))


def _with(plain: TableProfile, found: Calibration, quality: str) -> TableProfile:
    return replace(
        plain,
        per_network_ms=found.constant,
        per_operator_ms=-found.session,
        factor=found.factor,
        quality=quality,
    )


def _timed(files: BenchFiles, ms: Mapping[str, float]) -> list[Mapping[str, str]]:
    return [row for row in files.rows if operator_id(row["id"]) in ms]


def _told(files: BenchFiles, task: str) -> str:
    for row in files.rows:
        if operator_id(row["id"]) == task:
            shapes = f"{row['in_shape']} -> {row['out_shape']}"
            return f"{task} ({row['kind']} {row['kernel']}, {shapes})"
    return task


def _transport(plan: DevicePlan, home: Path) -> Transport:
    if plan.over not in OVER:
        raise LatencyError(f"--over: one of {', '.join(OVER)}, found {plan.over!r}")
    if plan.tool is not None and not plan.tool.is_file():
        raise LatencyError(f"--tool: there is no file {plan.tool}")
    if plan.over == "local":
        return Local(home)
    if plan.over == "ssh" and not plan.device:
        raise LatencyError("--over ssh needs a host", fix="--device user@host")
    folder = plan.folder or FOLDERS[plan.over]
    if not folder.startswith("/"):
        raise LatencyError(
            f"--folder: must be a full path on the device, found {folder!r}",
            fix=f"for example --folder {FOLDERS[plan.over]}",
        )
    return (Adb if plan.over == "adb" else Ssh)(plan.device, folder)


def _opened(transport: Transport) -> str:
    try:
        return transport.open()
    except LostError as error:
        raise LatencyError(error.message, fix=error.fix) from error


def placeholders(plan: DevicePlan, runner: Runner, transport: Transport) -> dict[str, str]:
    """Return the values of the command's placeholders, except the file."""
    tool = runner.tool
    if runner.name == PYTHON and plan.over == "local":
        tool = sys.executable
    if plan.tool is not None:
        tool = transport.put(plan.tool, plan.tool.name, executable=True)
    values = {"tool": shlex.quote(tool), "threads": str(plan.threads)}
    if "{script}" in runner.command:
        script = Path(time_file.__file__)
        values["script"] = shlex.quote(transport.put(script, script.name))
    return values
