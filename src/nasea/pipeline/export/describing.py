"""Gathers the card of an exported file."""

from __future__ import annotations

import platform
import shlex
from importlib.metadata import PackageNotFoundError, version

import numpy as np

from nasea.backends.export.exporter import Exporter, image_axes
from nasea.backends.export.host.runtimes import this_processor
from nasea.pipeline.export.exported import ExportedFile
from nasea.pipeline.opening import Opened
from nasea.results.card import (
    NO_LICENCE,
    UNKNOWN_SCALING,
    Images,
    ModelCard,
    Origin,
    Price,
    Quality,
    Tensor,
)
from nasea.results.picked import Result
from nasea.version import __version__

_INPUT = "images"
"""What both frameworks call the input of their files."""

_LOOKED_AT = 500
"""Validation images that show the range of values."""


class Cards:
    """Writer of the cards for the files of one network.

    Args:
        opened: the scenario.
        result: the network.
        exporter: the network, ready to run.
        network_accuracy: accuracy of the float network on the current val_dir.
        network_metric: value of the user's metric there.
        licence: licence of the weights, in the user's words; empty for none.
    """

    def __init__(
        self,
        opened: Opened,
        result: Result,
        exporter: Exporter,
        network_accuracy: float,
        network_metric: float,
        licence: str = "",
    ) -> None:
        self._opened = opened
        self._result = result
        self._accuracy = network_accuracy
        self._metric = network_metric
        self._licence = licence
        batch = next(iter(exporter.images()))
        outputs = exporter.run(batch[:1])
        axes = [None] * len(outputs) if exporter.needs_batch else image_axes(exporter.run, batch)
        self._outputs = [
            (name, values.shape, str(values.dtype), None if axis is None else axis[0])
            for name, values, axis in zip(exporter.outputs, outputs, axes, strict=True)
        ]
        self._range = _range_of(exporter)

    def card(self, one: ExportedFile, calibration_images: int | None) -> ModelCard:
        """Return the card of a file.

        Args:
            one: the checked file.
            calibration_images: number of training images for calibration, if it is int8.
        """
        return ModelCard(
            file=one.path.name,
            kind=one.format.name,
            runtime=one.format.runtime,
            precision=one.format.precision,
            input=self._images(one.batch),
            outputs=tuple(
                Tensor(name, _with_batch(shape, axis, one.batch), dtype)
                for name, shape, dtype, axis in self._outputs
            ),
            quality=self._quality(one),
            price=self._price(one),
            origin=self._origin(one, calibration_images),
            licence=self._licence or NO_LICENCE,
        )

    def _images(self, batch: int | None) -> Images:
        supernet = self._opened.scenario.supernet
        layout = "NCHW" if supernet.data_format == "channels_first" else "NHWC"
        shape = ("N" if batch is None else batch, *supernet.input_shape)
        low, high, looked_at = self._range
        found = self._opened.backend.normalisation
        return Images(
            tensor=Tensor(_INPUT, shape, "float32"),
            layout=layout,
            low=low,
            high=high,
            looked_at=looked_at,
            mean=found.mean if found else (),
            std=found.std if found else (),
            scaling=found.where if found else UNKNOWN_SCALING,
        )

    def _quality(self, one: ExportedFile) -> Quality:
        scenario, data = self._opened.scenario, self._opened.data
        compared = one.comparison
        return Quality(
            task=self._result.info.task_name,
            accuracy=one.accuracy,
            network_accuracy=self._accuracy,
            metric=self._metric,
            metric_mode=self._result.info.metric_mode,
            predictions=(
                None
                if compared is None
                else (compared.predictions - compared.changed, compared.predictions)
            ),
            val_dir=str(scenario.dataset.val_dir),
            val_images=data.val_images,
            train_dir=str(scenario.dataset.train_dir),
            train_images=data.train_images,
        )

    def _price(self, one: ExportedFile) -> Price:
        member = self._result.member
        return Price(
            parameters=member.parameters,
            flops=member.flops,
            bytes=one.size,
            predicted_ms=member.latency_ms,
            processor=self._result.info.processor,
            measured_ms=one.milliseconds,
            measured_images=one.timed_images,
            machine=this_processor(),
        )

    def _origin(self, one: ExportedFile, calibration_images: int | None) -> Origin:
        result, info, scenario = self._result, self._result.info, self._opened.scenario
        searcher = scenario.searcher
        return Origin(
            network=result.title,
            blocks=result.member.blocks,
            widths=result.member.widths,
            training=result.remark or "of the supernet, as the search left them",
            search={
                info.constraint_type: info.constraint_value,
                "epochs": scenario.epochs,
                "generation_num": searcher.generation_num,
                "pop_size": searcher.pop_size,
                "mode": info.proposer or searcher.mode,
                "evaluations": info.evaluations,
                "seed": info.seed,
            },
            created=info.created,
            config_digest=info.config_digest,
            calibration_images=calibration_images,
            command=_command(result, one, calibration_images, self._licence),
            versions={
                "nasea": __version__,
                "framework": self._opened.backend.environment["framework"],
                "Python": platform.python_version(),
                **{
                    package: found
                    for _, package in one.format.packages
                    if (found := _release(package))
                },
            },
        )


def _range_of(exporter: Exporter) -> tuple[float, float, int]:
    """Return smallest and largest finite value of the first validation images, and their number."""
    low, high, seen = np.inf, -np.inf, 0
    for batch in exporter.images():
        finite = batch[np.isfinite(batch)]
        low = min(low, float(finite.min(initial=np.inf)))
        high = max(high, float(finite.max(initial=-np.inf)))
        seen += len(batch)
        if seen >= _LOOKED_AT:
            break
    return (low, high, seen) if low <= high else (0.0, 0.0, seen)


def _with_batch(
    shape: tuple[int, ...], axis: int | None, batch: int | None
) -> tuple[int | str, ...]:
    if axis is None:
        return shape
    images = "N" if batch is None else batch * shape[axis]
    return (*shape[:axis], images, *shape[axis + 1 :])


def _command(
    result: Result, one: ExportedFile, calibration_images: int | None, licence: str
) -> str:
    words = ["nasea export"]
    if result.remark or result.directory.name != "results":
        words.append(shlex.quote(str(result.directory)))
    words += [f"--arch {result.member.number}", f"--format {one.format.name}"]
    if one.batch is not None and not (one.format.fixed and one.batch == 1):
        words.append(f"--batch {one.batch}")
    if calibration_images is not None:
        words.append(f"--calibration-images {calibration_images}")
    if licence:
        words.append(f"--licence {shlex.quote(licence)}")
    return " ".join(words)


def _release(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
