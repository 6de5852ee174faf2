"""The card of an exported file: its inputs, its outputs, and how it was made."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from nasea.results.storage.files import write_result

_FORMAT = "nasea-model-card"
_VERSION = 1

UNKNOWN_SCALING = "as your data set gives it: user_module.py names no mean and std"
NO_LICENCE = (
    "not stated (nasea export --licence TEXT states it); weights are made from your training "
    "data, whose licence may bind them"
)


@dataclass(frozen=True)
class Tensor:
    """An input or output.

    Attributes:
        name: its name in the file, if the format stores names.
        shape: its shape; ``N`` stands for any number of images.
        dtype: e.g. ``float32``.
    """

    name: str
    shape: tuple[int | str, ...]
    dtype: str

    def __str__(self) -> str:
        return f"`{self.name}`: {self.dtype} ({', '.join(map(str, self.shape))})"


@dataclass(frozen=True)
class Images:
    """The required format of the input images.

    Attributes:
        tensor: name, shape and dtype.
        layout: order of the axes, e.g. ``NCHW``.
        low: smallest value in the inspected images.
        high: largest value in the inspected images.
        looked_at: number of inspected validation images.
        mean: mean that user_module.py subtracts, a number or one per channel; empty if unknown.
        std: standard deviation by which it divides.
        scaling: where mean and std are defined, or that they are unknown.
    """

    tensor: Tensor
    layout: str
    low: float
    high: float
    looked_at: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
    scaling: str


@dataclass(frozen=True)
class Quality:
    """The accuracy of the file on all of val_dir, and its data.

    Attributes:
        task: e.g. ``image classification``.
        accuracy: accuracy of the file, higher is better; ``None`` if no runtime here runs it.
        network_accuracy: accuracy of the exported network.
        metric: value of the user's metric of that network.
        metric_mode: whether a larger (``max``) or a smaller (``min``) metric is better.
        predictions: (equal to the network's, compared); ``None`` without a comparison.
        val_dir: path of the validation data in the scenario.
        val_images: number of validation images.
        train_dir: path of the training data.
        train_images: number of training images.
    """

    task: str
    accuracy: float | None
    network_accuracy: float
    metric: float
    metric_mode: str
    predictions: tuple[int, int] | None
    val_dir: str
    val_images: int
    train_dir: str
    train_images: int


@dataclass(frozen=True)
class Price:
    """The cost of running the file.

    Attributes:
        parameters: weights of the network.
        flops: FLOPs (2 x MACs) for one image.
        bytes: size of the file; that of all files if it is a folder.
        predicted_ms: latency for one image that the search predicted, if any.
        processor: the processor of that prediction.
        measured_ms: median latency on one thread of the exporting machine, if it ran there.
        measured_images: images per measured run.
        machine: description of the exporting machine.
    """

    parameters: int
    flops: int
    bytes: int
    predicted_ms: float | None
    processor: str | None
    measured_ms: float | None
    measured_images: int | None
    machine: str


@dataclass(frozen=True)
class Origin:
    """How the file was made.

    Attributes:
        network: e.g. ``architecture 3 retrained``.
        blocks: block of each searched layer.
        widths: output channels of each layer, if they were searched.
        training: how the weights were trained.
        search: settings of the search, by key.
        created: when the search ended, ISO 8601.
        config_digest: digest of the resolved scenario.
        calibration_images: number of training images for calibration, if it is int8.
        command: the command that creates the file again.
        versions: {name: version} of the software that made it.
    """

    network: str
    blocks: tuple[str, ...]
    widths: tuple[int, ...]
    training: str
    search: Mapping[str, object]
    created: str
    config_digest: str
    calibration_images: int | None
    command: str
    versions: Mapping[str, str]


@dataclass(frozen=True)
class ModelCard:
    """The description of an exported file for app developers.

    Attributes:
        file: its name.
        kind: name of the format.
        runtime: the runtime that runs it.
        precision: the number format of its computations.
        input: its input.
        outputs: its outputs.
        quality: its accuracy.
        price: the cost of running it.
        origin: how it was made.
        licence: licence of the weights, in the user's words.
    """

    file: str
    kind: str
    runtime: str
    precision: str
    input: Images
    outputs: tuple[Tensor, ...]
    quality: Quality
    price: Price
    origin: Origin
    licence: str

    def json(self) -> str:
        """Return the machine-readable card; keys never change their meaning within a version."""
        content = {"format": _FORMAT, "version": _VERSION, **asdict(self)}
        return json.dumps(content, indent=1, allow_nan=False) + "\n"

    def markdown(self) -> str:
        """Return the card as readable text."""
        sections = [
            ("Input", self._input()),
            ("Output", [str(tensor) for tensor in self.outputs]),
            ("Quality", self._quality()),
            ("Cost", self._cost()),
            ("How it was made", self._origin()),
            ("Licence", [self.licence]),
        ]
        lines = [
            f"# {self.file}",
            "",
            f"{self.kind} for {self.runtime}, computes in {self.precision}.",
        ]
        for title, items in sections:
            lines += ["", f"## {title}", "", *(f"- {item}" for item in items)]
        return "\n".join(lines) + "\n"

    def save(self, file: Path) -> tuple[Path, Path]:
        """Write ``FILE.json`` and ``FILE.md`` beside the file.

        Raises:
            ResultsError: they cannot be written.
        """
        paths = card_paths(file)
        write_result(paths[0], self.json())
        write_result(paths[1], self.markdown())
        return paths

    def _input(self) -> list[str]:
        images = self.input
        scaled = (
            f"scaled by {images.scaling}: mean {_numbers(images.mean)}, std {_numbers(images.std)}"
            if images.mean
            else f"scaling: {images.scaling}"
        )
        return [
            f"{images.tensor}, {images.layout}",
            f"values from {images.low:.4g} to {images.high:.4g} in {images.looked_at} "
            "validation images",
            scaled,
        ]

    def _quality(self) -> list[str]:
        found = self.quality
        better = "higher" if found.metric_mode == "max" else "lower"
        lines = [f"task: {found.task}"]
        if found.accuracy is None:
            lines.append("accuracy of the file: not measured, as nothing here runs it")
        else:
            lines.append(f"accuracy of the file: {found.accuracy:.4f} (higher is better)")
        lines.append(f"accuracy of the network: {found.network_accuracy:.4f}")
        lines.append(f"your metric returned {found.metric:.6g} for the network; {better} is better")
        if found.predictions and found.predictions[1]:
            lines.append("{} of {} predictions are the network's".format(*found.predictions))
        lines.append(f"measured on {found.val_images} images of {found.val_dir}")
        lines.append(f"trained on {found.train_images} images of {found.train_dir}")
        return lines

    def _cost(self) -> list[str]:
        price = self.price
        lines = [
            f"{price.parameters:,} parameters, {price.flops:,} FLOPs (2 × MACs) for one image",
            f"{price.bytes / 1000:,.1f} kB",
        ]
        if price.predicted_ms is not None:
            lines.append(f"predicted latency {price.predicted_ms:.4g} ms: {price.processor}")
        if price.measured_ms is not None:
            images = "1 image" if price.measured_images == 1 else f"{price.measured_images} images"
            lines.append(
                f"measured {price.measured_ms:.3g} ms for {images} on one thread of {price.machine}"
            )
        return lines

    def _origin(self) -> list[str]:
        made = self.origin
        lines = [f"{made.network}: {', '.join(made.blocks)}"]
        if made.widths:
            lines.append(f"output channels of the layers: {', '.join(map(str, made.widths))}")
        lines.append(f"weights: {made.training}")
        lines.append("search: " + ", ".join(f"{k} {_setting(v)}" for k, v in made.search.items()))
        lines.append(f"searched {made.created}, scenario {made.config_digest[:12]}")
        if made.calibration_images is not None:
            lines.append(f"int8 ranges from {made.calibration_images} training images")
        lines.append("versions: " + ", ".join(f"{k} {v}" for k, v in made.versions.items()))
        lines.append(f"command: `{made.command}`")
        return lines


def card_paths(file: Path) -> tuple[Path, Path]:
    """Return the paths of an exported file's cards: machine-readable, readable."""
    return file.with_name(f"{file.name}.json"), file.with_name(f"{file.name}.md")


def _numbers(values: tuple[float, ...]) -> str:
    return ", ".join(f"{value:g}" for value in values)


def _setting(value: object) -> str:
    return f"{value:,.12g}" if isinstance(value, float) else str(value)
