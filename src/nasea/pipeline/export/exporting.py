"""``nasea export``: write a network, run the file in its runtime, compare and time it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from nasea.backends.export.calibration import calibrating_images
from nasea.backends.export.exporter import Array, Exporter, Written, image_axes, in_batches
from nasea.backends.export.formats import Format, find_format, formats_of
from nasea.backends.records import Measurement
from nasea.config import ScenarioSource, load_scenario
from nasea.errors import ExportError, MetricError, Notice, ResultsError
from nasea.pipeline.export.comparison import class_axis, compare
from nasea.pipeline.export.describing import Cards
from nasea.pipeline.export.exported import ExportedFile
from nasea.pipeline.export.runtime_errors import guarded, runtime_errors
from nasea.pipeline.opening import Opened, genome_of, open_scenario, require_framework
from nasea.pipeline.search.direction import Direction
from nasea.pipeline.session.events import Listener, NullListener, Progress
from nasea.pipeline.supernet.late_weights import ensure_weights
from nasea.results.picked import Result, pick_result
from nasea.results.storage.exchange import put_in_place
from nasea.results.storage.staging import staging_for

SAME_METRIC = 1e-4
"""A larger difference between the metric and the one in the header causes a notice."""

CALIBRATION_OPTION = "--calibration-images"

_LONGEST_LINE = 160


def export(
    config: ScenarioSource,
    number: int | None,
    formats: Sequence[str] = (),
    *,
    results: Path = Path("results"),
    batch: int | None = None,
    calibration_images: int | None = None,
    licence: str = "",
    directory: Path | None = None,
    listener: Listener | None = None,
) -> list[ExportedFile]:
    """Export a network of a search, or a retrained one, to the folder ``exported`` next to it.

    Each file has a machine-readable card, ``FILE.json``, and a readable one, ``FILE.md``.

    Args:
        config: the scenario of the search; its data is used to check the files.
        number: N of ``model_arch_result_N.py``; may be ``None`` for a retrained network.
        formats: names of formats; ``None`` for the framework's default.
        results: results directory of the search or of the retraining.
        batch: images per call of a file; ``None`` for any number.
        calibration_images: number of training images that calibrate int8; ``searcher.bn_images`` by
            default.
        licence: licence of the weights, for the card.
        directory: where ``user_module.py`` is; the current directory by default.
        listener: receives progress.

    Raises:
        NaseaError: a mistake that the user can fix; files that were already checked are kept.
    """
    listener = listener or NullListener()
    for name, value in (("batch", batch), ("calibration_images", calibration_images)):
        if value is not None and value < 1:
            raise ExportError(
                f"{name} must be a whole number greater than 0, found {value}",
                fix="give another value",
            )
    result = pick_result(results, number)
    framework = result.info.framework.lower()
    wanted = [find_format(name, framework) for name in formats or formats_of(framework)[:1]]
    loaded = load_scenario(config)
    require_framework(loaded.scenario, result)
    listener.begin("export", f"exporting {result.name}")
    for notice in loaded.notices:
        listener.notice(notice)
    home = (directory or Path.cwd()).resolve()
    ensure_weights(result, loaded.scenario, home, listener)
    opened = open_scenario(loaded.scenario, home)
    try:
        for notice in opened.backend.notices:
            listener.notice(notice)
        return export_result(
            opened, result, wanted, batch, listener, calibration_images, licence=licence
        )
    finally:
        opened.backend.close()


def export_result(
    opened: Opened,
    result: Result,
    formats: Sequence[Format],
    batch: int | None,
    listener: Listener,
    calibration_images: int | None = None,
    *,
    licence: str = "",
) -> list[ExportedFile]:
    """Export a network to several formats, given its open scenario; see :func:`export`."""
    genome = genome_of(opened.space, result)
    exporter = opened.backend.exporter(opened.space, genome, result.weights)
    if exporter.parameters != result.member.parameters:
        raise ResultsError(
            f"{result.name} has {exporter.parameters:,} parameters, but the results say "
            f"{result.member.parameters:,}",
            fix="use the user_module.py of the search that found it",
        )
    direction = Direction.of_result(result.info.metric_mode, result.member)
    metric = _metric(exporter.measure(exporter.run), result.name)
    network = direction.accuracy(metric)
    header = result.member.float_accuracy
    if result.info.score_as == "float":
        header = result.member.accuracy
    if header is not None and abs(network - header) > SAME_METRIC:
        text = (
            f"on the present val_dir the accuracy of {result.name} is {network:.4f}, not "
            f"{header:.4f} as in its header: the data or the metric changed since"
        )
        listener.notice(Notice("export", text))
    if exporter.needs_batch and batch is None:
        batch = 1
        text = "PreNet or PostNet reads the number of images, so the files take one image at a time"
        listener.notice(Notice("export", f"{text}; --batch makes it another number"))
    calibration = None
    if any(format.precision == "int8" for format in formats):
        option = "" if calibration_images is None else CALIBRATION_OPTION
        count = calibration_images or opened.scenario.searcher.bn_images
        calibration = calibrating_images(exporter.training_images, count, option)
    cards = Cards(opened, result, exporter, network, metric, licence)
    axes = _class_axes(opened, exporter)
    exported = []
    for done, format in enumerate(formats, start=1):
        shown = calibration if format.precision == "int8" else None
        one = _export(exporter, result, format, batch, shown, direction, network, axes, listener)
        cards.card(one, None if shown is None else len(shown)).save(one.path)
        exported.append(one)
        listener.progress(Progress("export", done, len(formats), "format"))
    return exported


def _class_axes(opened: Opened, exporter: Exporter) -> list[int | None]:
    """Return for each output the axis of its class scores; ``None`` if it has none."""
    outputs = exporter.run(next(iter(exporter.images()))[:1])
    channels_first = opened.scenario.supernet.data_format == "channels_first"
    return [
        class_axis(name, values.ndim, opened.scenario.task, channels_first)
        for name, values in zip(exporter.outputs, outputs, strict=True)
    ]


def _export(
    exporter: Exporter,
    result: Result,
    format: Format,
    batch: int | None,
    calibration: Array | None,
    direction: Direction,
    network: float,
    axes: Sequence[int | None],
    listener: Listener,
) -> ExportedFile:
    if format.fixed and batch is None:
        batch = 1
    fixed = "" if batch is None else f".batch{batch}"
    target = result.exported / f"{result.name}{fixed}{format.suffix}"
    with staging_for(target) as staging:
        path = staging / target.name
        written = exporter.write(format, path, batch, calibration)
        one = ExportedFile(format, target, _size(path), batch)
        if format.runs_here:
            with runtime_errors(format, target.name):
                run = guarded(exporter.load(format, path), format, target.name)
            if batch is not None:
                run = in_batches(run, batch, image_axes(exporter.run, next(exporter.images())))
            comparison = compare(exporter.run, run, exporter.images(), target.name, axes)
            if format.exact:
                comparison.require_same(target.name)
            accuracy = direction.accuracy(_metric(exporter.measure(run), target.name))
            timed = batch or 1
            one = replace(
                one,
                comparison=comparison,
                accuracy=accuracy,
                drop=network - accuracy,
                milliseconds=1000 * exporter.seconds(format, path, timed),
                timed_images=timed,
            )
        _place(path, target, staging / "earlier")
    _tell(written, target, listener)
    if not format.runs_here:
        text = f"{target.name} was converted and not run: {format.runtime} is on other systems only"
        listener.notice(Notice("export", text))
    return one


def _tell(written: Written, target: Path, listener: Listener) -> None:
    if written.log:
        _keep(written.log, target, listener)
    if written.in_float32:
        names = ", ".join(written.in_float32)
        text = f"{target.name} computes {names} in float32: its format has no int8 for it"
        listener.notice(Notice("export", text))


def _keep(output: str, target: Path, listener: Listener) -> None:
    """Write an exporter's output, which may be long, to a log; report its last line."""
    log = target.with_name(f"{target.name}.log")
    log.write_text(output, encoding="utf-8")
    last = output.strip().splitlines()[-1][:_LONGEST_LINE]
    text = f"the first exporter could not write {target.name}, the second did ({last}); see {log}"
    listener.notice(Notice("export", text))


def _metric(measured: Measurement, name: str) -> float:
    if measured.metric is None:
        raise MetricError(f"the metric cannot be measured on {name}: {measured.failure}")
    return measured.metric


def _place(path: Path, target: Path, aside: Path) -> None:
    """Move an exported file or folder to its destination, replacing an earlier one."""
    if path.is_dir() and target.exists():
        put_in_place(path, target, aside)
    else:
        path.replace(target)


def _size(path: Path) -> int:
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file())
