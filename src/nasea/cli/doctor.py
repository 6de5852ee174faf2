"""``nasea doctor``: what is installed, and whether devices work together."""

from __future__ import annotations

from typing import Annotated

import typer

from nasea.errors import NaseaError


def doctor(
    devices: Annotated[
        str | None,
        typer.Option("--devices", metavar="IDS", help="Try these devices together, e.g. 0,1."),
    ] = None,
    cpu: Annotated[
        bool, typer.Option("--cpu", help="Processes on the CPU instead of GPUs, one for each id.")
    ] = False,
) -> None:
    """Check the installation; with --devices, train and score on them with PyTorch.

    Tells versions, then an all-reduce, ten data-parallel steps, and the throughput of one device
    and of all. Takes a minute at most; writes nothing here.
    """
    from nasea.pipeline.doctor import examine_devices, versions

    ids = None if devices is None else _ids(devices)
    for label, text in versions():
        typer.echo(f"{label:<16}{text}")
    if ids is not None:
        for label, text in examine_devices(ids, "cpu" if cpu else "auto"):
            typer.echo(f"{label:<16}{text}")
    typer.echo("everything asked for works")


def _ids(text: str) -> list[int]:
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isdecimal() and part.isascii() for part in parts):
        raise NaseaError(
            f"--devices must be device ids separated by commas, found {text!r}",
            fix="write --devices 0,1",
        )
    ids = [int(part) for part in parts]
    if len(set(ids)) < len(ids):
        raise NaseaError(f"--devices must not name a device twice, found {text!r}", fix="once each")
    return ids
