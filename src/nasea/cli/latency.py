"""``nasea latency``: profiles of processors, made and listed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nasea.cli.failure import told

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
        str | None, typer.Option(metavar="NAME", help="Of the profile; the processor's by default.")
    ] = None,
    networks: Annotated[
        int, typer.Option(min=4, metavar="N", help="Whole networks to calibrate on.")
    ] = 16,
) -> None:
    """Measure this machine: every block of a scenario's space, and some whole networks.

    Writes profiles/NAME.json, which processor_version: NAME then uses.
    """
    from nasea.cli.console import results_console
    from nasea.cli.latency_table import pieces_table
    from nasea.cli.listener import RichListener
    from nasea.pipeline.latency_build import build as run

    with RichListener() as listener:
        built = run(config, processor, name=name, networks=networks, listener=listener)
    results_console().print(pieces_table(built.profile))
    typer.echo(built.profile.describe())
    if built.unsettled:
        typer.echo(
            f"note: the machine was busy; {len(built.unsettled)} times never settled: "
            f"{', '.join(built.unsettled[:4])}"
        )
    typer.echo(f"wrote {built.path}; use it with processor_version: {built.profile.name}")


for _verb in (build,):
    latency.command(_verb.__name__)(told(_verb))
