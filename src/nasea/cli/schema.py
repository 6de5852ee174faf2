"""``nasea schema``: the JSON Schema of a scenario, for editors."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nasea.cli.terminal.wording import say


def schema(
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write it to a file.")
    ] = None,
) -> None:
    """Print the JSON Schema of scen.yaml, by which editors complete and check it.

    With `# yaml-language-server: $schema=scen.schema.json` as first line of scen.yaml, VS Code,
    Neovim and others use the file of that name beside it.
    """
    from nasea.config.json_schema import render_json_schema
    from nasea.results.storage.files import write_result

    text = render_json_schema()
    if output is None:
        typer.echo(text, nl=False)
        return
    write_result(output, text)
    say(f"wrote {output}")
