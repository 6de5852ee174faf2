"""The sections of a scenario: every key's type, range, default and meaning, stated once.

The models hold *resolved* values, with all defaults filled in. The
:class:`~nasea.config.schema.keys.Key` beside each field says where the key stands in
``scen.yaml``; the loader, its messages and the generated reference read it from there.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, SerializerFunctionWrapHandler, model_serializer

from nasea.config.schema.keys import TASKS, By, Key
from nasea.config.schema.kinds import (
    Amount,
    Betas,
    Cost,
    CostKind,
    CostKinds,
    Count,
    Counts,
    Fraction,
    Ids,
    Index,
    Indices,
    Multiples,
    Name,
    Names,
    Path,
    Shape,
    Strides,
)

_DENSE_TASKS = ("detection", "segmentation")


class Section(BaseModel):
    """Base of all sections: immutable, strict, and closed to unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Constraint(Section):
    """The budget, of the whole network: PreNet, body and PostNet."""

    type: Annotated[
        Literal["size", "flops", "latency"],
        Key("strategy.constraint.constraint_type", "what the budget limits", required_for=TASKS),
    ]
    value: Annotated[
        Cost,
        Key(
            "strategy.constraint.constraint_value",
            "the budget; size: parameters, flops: FLOPs for one image (2 per multiply-add), "
            "latency: milliseconds at batch 1",
            required_for=TASKS,
        ),
    ]
    processor_version: Annotated[
        Name | None,
        Key(
            "strategy.constraint.processor_version",
            "the processor whose latency counts: `npu_v1` (Kirin 990 5G NPU) or the name of a "
            "latency profile",
            default=By("constraint_type", {"latency": "npu_v1"}),
            applies={"constraint_type": ("latency",)},
        ),
    ]
    also_size: Annotated[
        Cost | None,
        Key(
            "strategy.constraint.also.size",
            "a second budget: parameters; architectures above it are never proposed",
            extension=True,
        ),
    ] = None
    also_flops: Annotated[
        Cost | None,
        Key(
            "strategy.constraint.also.flops",
            "a second budget: FLOPs for one image",
            extension=True,
        ),
    ] = None
    also_latency: Annotated[
        Cost | None,
        Key(
            "strategy.constraint.also.latency",
            "a second budget: milliseconds at batch 1, on the processor of processor_version",
            extension=True,
        ),
    ] = None

    @property
    def also(self) -> dict[CostKind, float]:
        """The budgets beside the constraint's own, by kind."""
        asked: dict[CostKind, float | None] = {
            "size": self.also_size,
            "flops": self.also_flops,
            "latency": self.also_latency,
        }
        return {kind: value for kind, value in asked.items() if value is not None}


class Supernet(Section):
    """The search space and the input of the network."""

    input_shape: Annotated[
        Shape,
        Key(
            "strategy.supernet.input_shape",
            "one image, in the order that data_format says (pixels; channels)",
            default=By(
                "data_format",
                {"channels_first": (3, 224, 224), "channels_last": (224, 224, 3)},
            ),
        ),
    ]
    data_format: Annotated[
        Literal["channels_first", "channels_last"],
        Key(
            "strategy.supernet.data_format",
            "order of the axes: channels, height, width or height, width, channels; PyTorch "
            "accepts channels_first only",
            default=By("framework", {"pytorch": "channels_first", "tensorflow": "channels_last"}),
        ),
    ]
    filters: Annotated[
        Counts,
        Key("strategy.supernet.filters", "output channels of each searched layer"),
    ] = (64, 64, 128, 128, 256, 256, 512, 512)
    strides: Annotated[
        Strides,
        Key(
            "strategy.supernet.strides",
            "stride of each searched layer; as many as filters",
            default=By(
                "task",
                {
                    "classification": (1, 1, 2, 1, 2, 1, 2, 1),
                    "detection": (1, 1, 2, 1, 2, 1, 2, 1),
                    "segmentation": (1, 1, 2, 1, 2, 1, 1, 1),
                },
            ),
        ),
    ]
    feature_choose: Annotated[
        Indices,
        Key(
            "strategy.supernet.feature_choose",
            "searched layers, counted from 0, whose outputs PostNet also gets",
            applies={"task": _DENSE_TASKS},
        ),
    ] = ()
    blocks: Annotated[
        Names | None,
        Key(
            "strategy.supernet.blocks",
            "candidate blocks of each layer, by name or family; none: the default set of the "
            "constraint",
            extension=True,
        ),
    ] = None
    widths: Annotated[
        Multiples | None,
        Key(
            "strategy.supernet.widths",
            "what a layer may put out, as multiples of its filters; layers of equal filters "
            "between two strides choose together, and those that PostNet reads keep their "
            "filters; none: the filters",
            extension=True,
        ),
    ] = None
    divisor: Annotated[
        Count | None,
        Key(
            "strategy.supernet.divisor",
            "what widths are rounded to a multiple of, those inside blocks too; none: 8 for "
            "widths, and blocks as they are",
            extension=True,
        ),
    ] = None
    activation: Annotated[
        Literal["relu", "hswish", "silu"],
        Key(
            "strategy.supernet.activation",
            "the non-linearity of nasea's own blocks: ReLU quantises well and fuses everywhere, "
            "h-swish and SiLU are more accurate where the target runs them fast",
            extension=True,
        ),
    ] = "relu"
    sharing: Annotated[
        Literal["entangled", "independent"],
        Key(
            "strategy.supernet.sharing",
            "whether the candidate blocks of a family share one largest tensor, or have their own",
            extension=True,
        ),
    ] = "entangled"
    paths_per_update: Annotated[
        Count | None,
        Key(
            "strategy.supernet.paths_per_update",
            "architectures trained in one update, in which each tensor gets the mean gradient of "
            "those that use it; none: chosen by nasea",
            extension=True,
        ),
    ] = None

    @model_serializer(mode="wrap")
    def _as_before(self, whole: SerializerFunctionWrapHandler) -> dict[str, object]:
        """Without keys that say nothing: digests of scenarios without them stay what they were."""
        values: dict[str, object] = whole(self)
        unsaid = {"widths": None, "divisor": None, "activation": "relu"}
        return {name: v for name, v in values.items() if name not in unsaid or v != unsaid[name]}

    @property
    def input_chw(self) -> tuple[int, int, int]:
        """``(channels, height, width)`` of one image, whatever the data format."""
        if self.data_format == "channels_first":
            return self.input_shape
        height, width, channels = self.input_shape
        return channels, height, width


class Optimizer(Section):
    """How the weights of the supernet are trained."""

    type: Annotated[
        Literal["sgd", "momentum", "adam"],
        Key(
            "strategy.optimizer.weights_optimizer.type",
            "the optimizer; PyTorch: SGD or Adam. SGD has no momentum",
            default=By(
                "framework",
                {
                    "pytorch": "adam",
                    "tensorflow": By(
                        "task",
                        {
                            "classification": "adam",
                            "detection": "adam",
                            "segmentation": "momentum",
                        },
                    ),
                },
            ),
            spelled={"SGD": "sgd", "Momentum": "momentum", "Adam": "adam"},
            any_case=True,
        ),
    ]
    betas: Annotated[
        Betas,
        Key(
            "strategy.optimizer.weights_optimizer.betas",
            "decay rates of Adam's two moment estimates",
            applies={"optimizer": ("adam",)},
        ),
    ] = (0.9, 0.999)
    learning_rate: Annotated[
        Fraction,
        Key(
            "strategy.optimizer.weights_optimizer.learning_rate",
            "initial learning rate of one device; multiplied by the number of devices",
            default=By("task", {"classification": 1e-4, "detection": 1e-4, "segmentation": 1e-5}),
        ),
    ]
    momentum: Annotated[
        Fraction,
        Key(
            "strategy.optimizer.weights_optimizer.momentum",
            "momentum of the optimizer Momentum",
            applies={"optimizer": ("momentum",)},
        ),
    ] = 0.9


class Dataset(Section):
    """Where the data is; handed to the user's data set function as it stands."""

    pre_train_dir: Annotated[
        Path | None,
        Key(
            "strategy.dataset.pre_train_dir",
            "a directory that holds a checkpoint, else a classification data set to pre-train on; "
            "none: no pre-training",
            required_for=_DENSE_TASKS,
            applies={"task": _DENSE_TASKS},
        ),
    ] = None
    train_dir: Annotated[
        Path, Key("strategy.dataset.train_dir", "the training data", required_for=TASKS)
    ]
    val_dir: Annotated[
        Path, Key("strategy.dataset.val_dir", "the evaluation data", required_for=TASKS)
    ]

    @property
    def pre_training(self) -> str | None:
        """``pre_train_dir``; ``None`` where nothing is to be pre-trained."""
        return None if self.pre_train_dir == "none" else self.pre_train_dir


class Searcher(Section):
    """The search."""

    generation_num: Annotated[
        Count, Key("strategy.searcher.generation_num", "generations of the search")
    ] = 100
    pop_size: Annotated[
        Count, Key("strategy.searcher.pop_size", "architectures in a generation")
    ] = 40
    mode: Annotated[
        Literal["auto", "assisted", "evolutionary"],
        Key(
            "strategy.searcher.mode",
            "what proposes architectures: a predictor fitted to the scores so far, or NSGA-II "
            "(NSGA-III with objectives); auto: the predictor, where there are no objectives",
            extension=True,
        ),
    ] = "auto"
    objectives: Annotated[
        CostKinds,
        Key(
            "strategy.searcher.objectives",
            "further costs to minimise, beside that of constraint_type; NSGA-III then searches "
            "the trade-offs between all of them",
            extension=True,
        ),
    ] = ()
    metric_mode: Annotated[
        Literal["auto", "max", "min"],
        Key(
            "strategy.searcher.metric_mode",
            "whether a larger or a smaller metric is better; auto: measured, before the search",
            extension=True,
        ),
    ] = "auto"
    eval_images: Annotated[
        Count | None,
        Key(
            "strategy.searcher.eval_images",
            "number of validation images that score an architecture; none: all",
            extension=True,
        ),
    ] = None
    bn_images: Annotated[
        Count,
        Key(
            "strategy.searcher.bn_images",
            "number of training images that re-estimate an architecture's batch-norm statistics",
            extension=True,
        ),
    ] = 512
    stall_generations: Annotated[
        Count | None,
        Key(
            "strategy.searcher.stall_generations",
            "stop after this many generations without a gain in hypervolume; none: never",
            extension=True,
        ),
    ] = None

    @property
    def proposer(self) -> Literal["assisted", "evolutionary"]:
        """``mode``, with ``auto`` decided: a predictor trades accuracy and one cost only."""
        if self.mode != "auto":
            return self.mode
        return "evolutionary" if self.objectives else "assisted"


class Resource(Section):
    """The machine. The section may also stand under ``strategy``."""

    name: Annotated[
        Literal["tensorflow_standalone", "pytorch_standalone"],
        Key(
            "resource.name",
            "how it runs; must match the framework",
            required_for=TASKS,
            any_case=True,
        ),
    ]
    gpu_ids: Annotated[
        Ids, Key("resource.gpu_id", "devices to use, one process each", required_for=TASKS)
    ]
    device: Annotated[
        Literal["auto", "cpu", "cuda"],
        Key("resource.device", "auto: CUDA where there is one, else the CPU", extension=True),
    ] = "auto"
    precision: Annotated[
        Literal["float32", "auto"],
        Key("resource.precision", "auto: mixed precision where CUDA has it", extension=True),
    ] = "float32"
    data_workers: Annotated[
        Index | None,
        Key(
            "resource.data_workers",
            "data loading processes of each device; none: chosen by nasea",
            extension=True,
        ),
    ] = None
    threads: Annotated[
        Count | None,
        Key(
            "resource.threads",
            "CPU threads of each process; none: chosen by nasea",
            extension=True,
        ),
    ] = None
    batch_norm: Annotated[
        Literal["per_device", "synchronised"],
        Key(
            "resource.batch_norm",
            "batch normalisation in training: over the batch of each device, or of all (PyTorch)",
            extension=True,
        ),
    ] = "per_device"
    timeout: Annotated[
        Amount,
        Key(
            "resource.timeout",
            "seconds that one device may keep the others waiting before the run ends",
            extension=True,
        ),
    ] = 1800.0
