"""The frameworks, tasks and kinds of cost that nasea supports: one record each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

Framework = Literal["pytorch", "tensorflow"]
Task = Literal["classification", "detection", "segmentation"]
CostKind = Literal["size", "flops", "latency"]
Reporter = Literal["tensorboard", "mlflow", "wandb"]
"""What shows the curves of a run."""


@dataclass(frozen=True)
class FrameworkTerms:
    """A framework.

    Attributes:
        title: as its makers spell it.
        weights_suffix: what the name of a weights file ends with.
    """

    title: str
    weights_suffix: str


@dataclass(frozen=True)
class TaskTerms:
    """What a network is for.

    Attributes:
        application_type: its name in scenarios and results.
        strides: default of ``supernet.strides``.
        learning_rate: default of ``weights_optimizer.learning_rate``.
        tensorflow_optimizer: default of ``weights_optimizer.type`` with TensorFlow; with PyTorch it
            is Adam.
    """

    application_type: str
    strides: tuple[int, ...]
    learning_rate: float
    tensorflow_optimizer: str


class HasCosts(Protocol):
    """A network, or a part of one, whose costs are known."""

    @property
    def parameters(self) -> int:
        """Learned values."""

    @property
    def flops(self) -> int:
        """FLOPs (2 x MACs) for one image."""

    @property
    def latency_ms(self) -> float | None:
        """Milliseconds at batch 1; ``None`` when latency was not modelled."""


@dataclass(frozen=True)
class CostTerms:
    """A kind of cost.

    Attributes:
        noun: its name in running text, before a unit or in place of one.
        unit: what its amounts are counted in.
        attribute: where a record with costs has it; see :class:`HasCosts`.
        always_known: whether it is known for every architecture, even without a budget for it.
    """

    noun: str
    unit: str
    attribute: str
    always_known: bool


FRAMEWORKS: dict[str, FrameworkTerms] = {
    "tensorflow": FrameworkTerms("TensorFlow", ".weights.h5"),
    "pytorch": FrameworkTerms("PyTorch", ".pt"),
}

TASKS: dict[Task, TaskTerms] = {
    "classification": TaskTerms(
        "image_classification", (1, 1, 2, 1, 2, 1, 2, 1), 1e-4, tensorflow_optimizer="adam"
    ),
    "detection": TaskTerms(
        "object_detection", (1, 1, 2, 1, 2, 1, 2, 1), 1e-4, tensorflow_optimizer="adam"
    ),
    "segmentation": TaskTerms(
        "semantic_segmentation", (1, 1, 2, 1, 2, 1, 1, 1), 1e-5, tensorflow_optimizer="momentum"
    ),
}

DENSE_TASKS: tuple[Task, ...] = ("detection", "segmentation")
"""Tasks whose PostNet may read several layers, and which pre-train."""

COSTS: dict[CostKind, CostTerms] = {
    "size": CostTerms("parameters", "parameters", "parameters", always_known=True),
    "flops": CostTerms("FLOPs", "FLOPs", "flops", always_known=True),
    "latency": CostTerms("latency", "ms", "latency_ms", always_known=False),
}


def cost_of(item: HasCosts, kind: CostKind) -> float | None:
    """Return one of the costs: parameters, FLOPs or milliseconds; ``None`` if unknown."""
    value: float | None = getattr(item, COSTS[kind].attribute)
    return value


def cost_of_kind(item: HasCosts, kind: CostKind) -> float:
    """Return the same where it is known."""
    value = cost_of(item, kind)
    assert value is not None, "modelled where the budget limits it"
    return float(value)
