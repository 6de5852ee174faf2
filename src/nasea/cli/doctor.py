"""``nasea doctor``: what is installed, and whether devices work together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from nasea.cli.terminal.wording import say, say_row
from nasea.errors import NaseaError

if TYPE_CHECKING:
    from nasea.terms import Framework


def doctor(
    devices: Annotated[
        str | None,
        typer.Option("--devices", metavar="IDS", help="Test these devices together, e.g. 0,1."),
    ] = None,
    cpu: Annotated[
        bool, typer.Option("--cpu", help="Use the CPU instead of GPUs, one process for each id.")
    ] = False,
    framework: Annotated[
        str, typer.Option("--framework", metavar="NAME", help="pytorch or tensorflow.")
    ] = "pytorch",
) -> None:
    """Check the installation; with --devices, train and score on them.

    Prints versions; with --devices also runs an all-reduce and ten data-parallel steps, and
    measures the throughput of one device and of all. Takes a minute at most; writes no files.
    """
    from nasea.pipeline.diagnosis.doctor import examine_devices, require_framework, versions

    ids = None if devices is None else _ids(devices)
    asked = _framework(framework)
    for label, text in versions():
        say_row(label, text, 16)
    require_framework(None if ids is None else asked)
    if ids is not None:
        for label, text in examine_devices(ids, "cpu" if cpu else "auto", asked):
            say_row(label, text, 16)
    say("all checks passed")


def _framework(text: str) -> Framework:
    known: dict[str, Framework] = {"pytorch": "pytorch", "tensorflow": "tensorflow"}
    found = known.get(text.lower())
    if found is None:
        raise NaseaError(
            f"--framework must be pytorch or tensorflow, found {text!r}", fix="write one of them"
        )
    return found


def _ids(text: str) -> list[int]:
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isdecimal() and part.isascii() for part in parts):
        raise NaseaError(
            f"--devices must be device ids separated by commas, found {text!r}",
            fix="write --devices 0,1",
        )
    ids = [int(part) for part in parts]
    if len(set(ids)) < len(ids):
        raise NaseaError(
            f"--devices must not name a device twice, found {text!r}", fix="write each id once"
        )
    return ids
