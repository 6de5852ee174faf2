"""``nasea export``: a result as a file for the device."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nasea.cli.terminal.wording import say

if TYPE_CHECKING:
    from rich.table import Table

    from nasea.pipeline.export.exported import ExportedFile


def export(
    results: Annotated[
        Path,
        typer.Argument(
            metavar="RESULTS_DIR", help="Results of a search, or of a retraining inside them."
        ),
    ] = Path("results"),
    arch: Annotated[
        int | None, typer.Option(metavar="N", help="Architecture N of the front.")
    ] = None,
    formats: Annotated[
        list[str] | None,
        typer.Option(
            "--format",
            metavar="FORMAT",
            help="PyTorch: onnx, onnx-float16, onnx-int8, pt2, tflite, tflite-int8, executorch, "
            "executorch-int8, coreml, coreml-float16, openvino, openvino-int8. TensorFlow: pb, "
            "savedmodel, tflite, tflite-float16, tflite-int8. May be repeated.",
        ),
    ] = None,
    batch: Annotated[
        int | None,
        typer.Option(min=1, metavar="B", help="Fixed batch size; any size by default."),
    ] = None,
    calibration_images: Annotated[
        int | None,
        typer.Option(
            min=1,
            metavar="K",
            help="For int8: training images that settle the ranges of activations. Default: "
            "searcher.bn_images.",
        ),
    ] = None,
    licence: Annotated[
        str, typer.Option(metavar="TEXT", help="Licence of the weights, for the model card.")
    ] = "",
    config: Annotated[
        Path, typer.Option("-c", "--config", metavar="FILE", help="The scenario of the search.")
    ] = Path("scen.yaml"),
) -> None:
    """Export a network for other runtimes; check and time each file there.

    Every file is loaded in its runtime and compared with the network on all validation images.
    Files are written to the folder exported/ beside the model file, each with a model card,
    FILE.json and FILE.md.
    """
    from nasea.cli.terminal.console import results_console
    from nasea.cli.terminal.listener import RichListener
    from nasea.pipeline.export.exporting import export as run

    with RichListener() as listener:
        files = run(
            config,
            arch,
            formats or (),
            results=results,
            batch=batch,
            calibration_images=calibration_images,
            licence=licence,
            listener=listener,
        )
    results_console().print(exported_table(files))
    for one in files:
        say(f"wrote: {one.path}")


def exported_table(files: list[ExportedFile]) -> Table:
    """Return exported files as a table, a row a file."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD)
    table.add_column("format", style="cyan", no_wrap=True)
    for title in (
        "images",
        "kB",
        "difference",
        "predictions",
        "accuracy",
        "change",
        "latency (ms)",
    ):
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column("runtime", overflow="fold")
    for one in files:
        images = "any" if one.batch is None else str(one.batch)
        size = f"{one.size / 1000:,.1f}"
        table.add_row(one.format.name, images, size, *_measured(one), one.format.runtime)
    return table


def _measured(one: ExportedFile) -> tuple[str, ...]:
    """Return the columns that only a file has which was run."""
    found = one.comparison
    if found is None or one.accuracy is None or one.drop is None or one.milliseconds is None:
        return ("not run", "", "", "", "")
    same = f"{found.predictions - found.changed}/{found.predictions}"
    ties = f" +{found.ties} ties" if one.format.exact and found.ties else ""
    return (
        f"{found.difference:.1e}",
        f"{same}{ties}" if found.predictions else "",
        f"{one.accuracy:.4f}",
        f"{0.0 - one.drop:+.4f}",
        f"{one.milliseconds:.3g}",
    )
