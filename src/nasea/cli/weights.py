"""``nasea weights``: weights files of a front that the search left out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nasea.cli.terminal.wording import say


def weights(
    results: Annotated[
        Path, typer.Argument(metavar="RESULTS_DIR", help="Results of a search.")
    ] = Path("results"),
    arch: Annotated[
        list[int] | None,
        typer.Option(metavar="N", help="Architecture N of the front. May be repeated."),
    ] = None,
    config: Annotated[
        Path, typer.Option("-c", "--config", metavar="FILE", help="The scenario of the search.")
    ] = Path("scen.yaml"),
) -> None:
    """Write weights files that results lack, by default all of them.

    A search leaves them out where they would take more than resource.weights_limit. They are those
    that it would have written: the supernet is still in checkpoint/.
    """
    from nasea.cli.terminal.listener import RichListener
    from nasea.pipeline.supernet.late_weights import write_weights

    with RichListener() as listener:
        files = write_weights(config, arch or (), results=results, listener=listener)
    for file in files:
        say(f"wrote: {file}")
    if not files:
        say("all of these networks have their weights files")
