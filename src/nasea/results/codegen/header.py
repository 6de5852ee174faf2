"""What a generated file says about its architecture, readable without running it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from nasea.results.codegen.source import assignment


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
        genome: integer encoding, one gene a layer.
        blocks: name of the block of each layer.
        seed: seed of the run.
        config_digest: digest of the resolved scenario.
        nasea_version: version that wrote the file.
        framework_version: name and version of the framework it was found with.
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

    @property
    def name(self) -> str:
        """Name of the generated file without its suffix."""
        return f"model_arch_result_{int(self.number)}"


def facts(header: ModelHeader) -> str:
    """The header as assignments of literals, one for each fact."""
    latency = None if header.latency_ms is None else float(header.latency_ms)
    return "\n".join(
        [
            assignment("model_param_size", int(header.parameters), "weights of the network"),
            assignment("accuracy", float(header.accuracy), "on all of val_dir, higher is better"),
            assignment("metric", float(header.metric), "as the user's metric returned it"),
            assignment("metric_mode", str(header.metric_mode), "which way the metric is better"),
            assignment("search_metric", float(header.search_metric), "the metric in the search"),
            assignment("flops", int(header.flops), "2 x MACs, one image"),
            assignment("latency_ms", latency, "at batch 1, where it was modelled"),
            assignment("genome", tuple(map(int, header.genome))),
            assignment("blocks", tuple(map(str, header.blocks))),
            assignment("seed", int(header.seed)),
            assignment("config_digest", str(header.config_digest)),
            assignment("nasea_version", str(header.nasea_version)),
            assignment("framework_version", str(header.framework_version)),
        ]
    )
