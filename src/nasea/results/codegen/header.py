"""What a generated file says about its architecture, readable without running it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from nasea.results.codegen.source import assignment


@dataclass(frozen=True)
class Origin:
    """Where weights are from that are not the search's own.

    Attributes:
        name: of the generated file, without its suffix.
        folder: where it goes, from the directory of ``user_module.py``.
        words: how the weights were trained, in a line.
    """

    name: str
    folder: str
    words: str


@dataclass(frozen=True)
class ModelHeader:
    """Facts about one architecture of the front; its costs are of the whole network.

    Attributes:
        number: N of ``model_arch_result_N.py``.
        parameters: weights of the network.
        accuracy: higher is better; on the whole of val_dir.
        metric: what the user's metric returned, on the whole of val_dir.
        metric_mode: whether the user's metric is better large or small.
        search_metric: what the user's metric returned during the search.
        flops: FLOPs (2 x MACs) for one image.
        latency_ms: milliseconds at batch 1; ``None`` when latency was not modelled.
        genome: integer encoding, one gene a layer; where widths were searched, one a stage follows.
        blocks: name of the block of each layer.
        seed: seed of the run.
        config_digest: digest of the resolved scenario.
        nasea_version: version that wrote the file.
        framework_version: name and version of the framework it was found with.
        origin: where the weights are from; ``None`` for those of the search.
        widths: what each layer puts out, where that was searched.
    """

    number: int
    parameters: int
    accuracy: float
    metric: float
    metric_mode: Literal["max", "min"]
    search_metric: float
    flops: int
    latency_ms: float | None
    genome: tuple[int, ...]
    blocks: tuple[str, ...]
    seed: int
    config_digest: str
    nasea_version: str
    framework_version: str
    origin: Origin | None = None
    widths: tuple[int, ...] = ()

    @property
    def name(self) -> str:
        """Name of the generated file without its suffix."""
        return self.origin.name if self.origin else f"model_arch_result_{int(self.number)}"

    @property
    def folder(self) -> str:
        """Where the file goes, from the directory of ``user_module.py``."""
        return self.origin.folder if self.origin else "results"


def facts(header: ModelHeader) -> str:
    """The header as assignments of literals, one for each fact."""
    latency = None if header.latency_ms is None else float(header.latency_ms)
    widths = [assignment("widths", tuple(map(int, header.widths)))] if header.widths else []
    origin = [assignment("training", header.origin.words)] if header.origin else []
    return "\n".join(
        [
            assignment("model_param_size", int(header.parameters), "weights of the network"),
            assignment("accuracy", float(header.accuracy), "on all of val_dir, higher is better"),
            assignment("metric", float(header.metric), "as the user's metric returned it"),
            assignment("metric_mode", str(header.metric_mode), "which way the metric is better"),
            assignment("search_metric", float(header.search_metric), "the metric in the search"),
            *origin,
            assignment("flops", int(header.flops), "2 x MACs, one image"),
            assignment("latency_ms", latency, "at batch 1, where it was modelled"),
            assignment("genome", tuple(map(int, header.genome))),
            assignment("blocks", tuple(map(str, header.blocks))),
            *widths,
            assignment("seed", int(header.seed)),
            assignment("config_digest", str(header.config_digest)),
            assignment("nasea_version", str(header.nasea_version)),
            assignment("framework_version", str(header.framework_version)),
        ]
    )
