"""``nasea latency``: profiles of processors, made and listed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nasea.cli.terminal.failure import reports_failures
from nasea.cli.terminal.summary import summary
from nasea.cli.terminal.wording import say

latency = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Make latency profiles: how long operators take on a processor.",
)

_Scenario = Annotated[Path, typer.Option("-c", "--config", metavar="FILE", help="The scenario.")]


def build(
    processor: Annotated[
        str, typer.Option(metavar="NAME", help="host-onnxruntime or host-litert.")
    ],
    config: _Scenario = Path("scen.yaml"),
    name: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Name of the profile; the processor's by default."),
    ] = None,
    networks: Annotated[
        int, typer.Option(min=4, metavar="N", help="Number of whole networks to calibrate on.")
    ] = 16,
) -> None:
    """Measure every candidate block of a scenario, and some whole networks, on this machine.

    Writes profiles/NAME.json; use it with processor_version: NAME.
    """
    from nasea.cli.tables.latency import subgraphs_table
    from nasea.cli.terminal.console import results_console
    from nasea.cli.terminal.listener import RichListener
    from nasea.pipeline.latency.build import build as run

    with RichListener() as listener:
        built = run(config, processor, name=name, networks=networks, listener=listener)
    results_console().print(subgraphs_table(built.profile))
    say(built.profile.describe())
    if built.unsettled:
        say(
            f"note: the machine was busy; {len(built.unsettled)} measurements did not settle: "
            f"{', '.join(built.unsettled[:4])}"
        )
    say(f"wrote {built.path}; use it with processor_version: {built.profile.name}")


def bench(
    config: _Scenario = Path("scen.yaml"),
    out: Annotated[Path, typer.Option(metavar="DIR", help="Directory for the files.")] = Path(
        "latency_bench"
    ),
    networks: Annotated[
        int,
        typer.Option(min=0, metavar="N", help="Whole networks to write too, to calibrate on."),
    ] = 0,
    executorch: Annotated[
        bool, typer.Option("--executorch", help="Write ExecuTorch files too; seconds each.")
    ] = False,
) -> None:
    """Write the operators of a scenario's networks as files to measure on your device.

    nasea latency run measures them. By hand: DIR/operators.csv lists them; fill in latency_ms
    there, then: nasea latency import.
    """
    from nasea.cli.terminal.listener import RichListener
    from nasea.pipeline.latency.bench import MANIFEST, formats_in_words, write_bench

    with RichListener() as listener:
        bench = write_bench(
            config, out, networks=networks, executorch=executorch, listener=listener
        )
    say(f"wrote {bench.operators} operators as {formats_in_words(bench.formats)} to {out}")
    say(
        "next:  nasea latency run, or\n"
        f"       measure each at batch 1, fill in latency_ms in {out / MANIFEST}, then\n"
        f"       nasea latency import {out / MANIFEST} --name my_phone"
    )


def import_(
    results: Annotated[Path, typer.Argument(metavar="RESULTS.csv", help="The measured times.")],
    name: Annotated[
        str, typer.Option(metavar="NAME", help="Name of the profile, for processor_version.")
    ],
    processor: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Description of the device.")
    ] = None,
    per_network: Annotated[
        float, typer.Option(metavar="MS", help="Time of a network in addition to its operators.")
    ] = 0.0,
    per_operator: Annotated[
        float, typer.Option(metavar="MS", help="Time added to each operator.")
    ] = 0.0,
    extrapolate: Annotated[
        bool, typer.Option("--extrapolate", help="Also estimate shapes outside the measured range.")
    ] = False,
) -> None:
    """Make a profile, profiles/NAME.json, from times measured on a device."""
    from nasea.pipeline.latency.importing import import_times

    profile, path = import_times(
        results,
        name,
        processor=processor,
        per_network_ms=per_network,
        per_operator_ms=per_operator,
        extrapolate=extrapolate,
    )
    say(profile.describe())
    say(f"wrote {path}; use it with processor_version: {profile.name}")


def run(
    name: Annotated[
        str, typer.Option(metavar="NAME", help="Name of the profile, for processor_version.")
    ],
    over: Annotated[
        str, typer.Option(metavar="HOW", help="How the device is reached: adb, ssh or local.")
    ],
    runner: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="What times a file there: litert (benchmark_model), onnxruntime "
            "(onnxruntime_perf_test), executorch (executor_runner), python (a script).",
        ),
    ] = None,
    command: Annotated[
        str | None,
        typer.Option(metavar="TEXT", help="Command of your own, with {file} for the file's path."),
    ] = None,
    device: Annotated[
        str, typer.Option(metavar="TEXT", help="adb: serial number; ssh: user@host.")
    ] = "",
    tool: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The program, built for the device; it is copied there."),
    ] = None,
    unit: Annotated[
        str | None,
        typer.Option(metavar="UNIT", help="ns, us, ms or s, where the command prints none."),
    ] = None,
    pattern: Annotated[
        str | None,
        typer.Option(metavar="REGEX", help="Where the command prints the time: the first group."),
    ] = None,
    files: Annotated[
        str | None,
        typer.Option(metavar="KIND", help="onnx, tflite or pte; what the runner takes by default."),
    ] = None,
    folder: Annotated[
        str | None, typer.Option(metavar="DIR", help="Directory on the device for the files.")
    ] = None,
    threads: Annotated[int, typer.Option(min=1, metavar="N", help="Threads of the program.")] = 1,
    timeout: Annotated[
        float, typer.Option(min=0.1, metavar="S", help="Seconds that one run may take.")
    ] = 60.0,
    spread: Annotated[
        float,
        typer.Option(
            min=0.001, metavar="F", help="A file is done when half of its runs agree this closely."
        ),
    ] = 0.03,
    rounds: Annotated[int, typer.Option(min=3, metavar="N", help="Runs of a file at most.")] = 15,
    bench_: Annotated[
        Path,
        typer.Option(
            "--bench", metavar="DIR", help="What latency bench wrote; else it is written."
        ),
    ] = Path("latency_bench"),
    networks: Annotated[
        int,
        typer.Option(
            min=0, metavar="N", help="Whole networks to calibrate on, where it is written."
        ),
    ] = 16,
    processor: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Description of the device.")
    ] = None,
    extrapolate: Annotated[
        bool, typer.Option("--extrapolate", help="Also estimate shapes outside the measured range.")
    ] = False,
    restart: Annotated[bool, typer.Option("--restart", help="Measure everything anew.")] = False,
    config: _Scenario = Path("scen.yaml"),
) -> None:
    """Time a scenario's operators on your device and make a profile, profiles/NAME.json.

    Writes the files if need be, copies them there, repeats until the times agree. What was
    measured is kept: after a disconnection or Ctrl-C the same command goes on.
    """
    from nasea.cli.terminal.listener import RichListener
    from nasea.pipeline.latency.device.rounds import Patience
    from nasea.pipeline.latency.run import DevicePlan, run_on_device

    plan = DevicePlan(
        over,
        device=device,
        runner=runner,
        command=command,
        unit=unit,
        pattern=pattern,
        tool=tool,
        files=files,
        folder=folder,
        threads=threads,
        seconds=timeout,
        patience=Patience(most=rounds, spread=spread),
    )
    with RichListener() as listener:
        found = run_on_device(
            config,
            name,
            plan,
            bench=bench_,
            networks=networks,
            processor=processor,
            extrapolate=extrapolate,
            restart=restart,
            listener=listener,
        )
    say(found.profile.describe())
    if found.unsettled:
        say(
            f"note: the runs of {len(found.unsettled)} files did not agree within {spread:.0%}: "
            f"{', '.join(found.unsettled[:4])}"
        )
    if found.failed:
        say(
            f"note: {len(found.failed)} files were not measured, see above; the same command "
            "tries them again"
        )
    say(f"{found.rounds} runs; times: {found.results}")
    say(f"wrote {found.path}; use it with processor_version: {found.profile.name}")


def measure(
    files: Annotated[list[Path], typer.Argument(metavar="FILE", help=".onnx or .tflite.")],
    results: Annotated[
        Path, typer.Option(metavar="DIR", help="Where a search wrote its results.")
    ] = Path("results"),
) -> None:
    """Time exported networks end to end on this machine, and compare with the prediction.

    Times of files named model_arch_result_N are added to DIR/report.html and front.json.
    """
    from nasea.cli.tables.latency import measured_table
    from nasea.cli.terminal.console import results_console
    from nasea.cli.terminal.listener import RichListener
    from nasea.pipeline.latency.measure import measure as run

    with RichListener() as listener:
        found = run(files, results, listener=listener)
    results_console().print(measured_table(found))


def list_() -> None:
    """List the profiles that processor_version can name here, with their accuracy."""
    from nasea.cost.profiles import known_profiles

    for profile in known_profiles(Path.cwd()):
        say(profile.describe())


_VERBS = {
    "build": build,
    "bench": bench,
    "run": run,
    "import": import_,
    "measure": measure,
    "list": list_,
}
for _name, _verb in _VERBS.items():
    latency.command(_name, short_help=summary(_verb))(reports_failures(_verb))  # type: ignore[arg-type]  # verbs of several signatures
