"""The sections of a scenario: every key's type, range, default and meaning, stated once.

The models hold *resolved* values, with all defaults filled in. The
:class:`~nasea.config.schema.keys.Key` beside each field says where the key stands in
``scen.yaml``; the loader, its messages and the generated reference read it from there.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import SerializerFunctionWrapHandler, model_serializer

from nasea import terms
from nasea.config.schema.keys import TASKS, By, Key
from nasea.config.schema.kinds import (
    Amount,
    Betas,
    Cost,
    CostKinds,
    Count,
    Fraction,
    Ids,
    Index,
    Name,
    Networks,
    NotNegative,
    Path,
)
from nasea.config.schema.section import Section
from nasea.terms import DENSE_TASKS, CostKind


class Constraint(Section):
    """The budget, of the whole network: PreNet, body and PostNet."""

    type: Annotated[
        CostKind,
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
                        {t: task.tensorflow_optimizer for t, task in terms.TASKS.items()},
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
            default=By("task", {t: task.learning_rate for t, task in terms.TASKS.items()}),
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
            required_for=DENSE_TASKS,
            applies={"task": DENSE_TASKS},
        ),
    ] = None
    train_dir: Annotated[
        Path, Key("strategy.dataset.train_dir", "the training data", required_for=TASKS)
    ]
    val_dir: Annotated[
        Path, Key("strategy.dataset.val_dir", "the evaluation data", required_for=TASKS)
    ]
    test_dir: Annotated[
        Path | None,
        Key(
            "strategy.dataset.test_dir",
            "images that choose nothing: the retrained network is measured on them in the end; "
            "none: there are none",
            extension=True,
        ),
    ] = None

    @model_serializer(mode="wrap")
    def _as_before(self, whole: SerializerFunctionWrapHandler) -> dict[str, object]:
        """Without a key that says nothing: digests of scenarios without it stay what they were."""
        values: dict[str, object] = whole(self)
        return {name: v for name, v in values.items() if name != "test_dir" or v is not None}

    @property
    def pre_training(self) -> str | None:
        """``pre_train_dir``; ``None`` where nothing is to be pre-trained."""
        return None if self.pre_train_dir == "none" else self.pre_train_dir


class Searcher(Section):
    """The search."""

    generation_num: Annotated[
        Count, Key("strategy.searcher.generation_num", "generations of the search, at most")
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
    score_as: Annotated[
        Literal["float", "int8"],
        Key(
            "strategy.searcher.score_as",
            "what an architecture is scored as: the float network, or its int8 file, whose "
            "rounding is imitated",
            extension=True,
        ),
    ] = "float"
    stall_generations: Annotated[
        Index | None,
        Key(
            "strategy.searcher.stall_generations",
            "stop after this many generations that raised the hypervolume by no more than the "
            "noise of scores; 0: never; none: when the latter half of all scores did not",
            extension=True,
        ),
    ] = None

    initial: Annotated[
        Networks,
        Key(
            "strategy.searcher.initial",
            "networks of yours that the first generation scores, each a list of one block a layer; "
            "where widths are searched, the list ends with `widths 8-16-32`",
            extension=True,
        ),
    ] = ()

    @model_serializer(mode="wrap")
    def _as_before(self, whole: SerializerFunctionWrapHandler) -> dict[str, object]:
        """Without keys that say nothing: digests of scenarios without them stay what they were."""
        values: dict[str, object] = whole(self)
        said = {"initial": bool(self.initial), "score_as": self.score_as != "float"}
        return {name: v for name, v in values.items() if said.get(name, True)}

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
            default=By(
                "framework",
                {"pytorch": "pytorch_standalone", "tensorflow": "tensorflow_standalone"},
            ),
            any_case=True,
        ),
    ]
    gpu_ids: Annotated[Ids, Key("resource.gpu_id", "devices to use, one process each")] = (0,)
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
    image_cache: Annotated[
        NotNegative | None,
        Key(
            "resource.image_cache",
            "GiB that decoded evaluation images may take in a temporary file, which all processes "
            "of a machine share; 0: none are kept; none: half of the memory and of the disk that "
            "are free",
            extension=True,
        ),
    ] = None
    weights_limit: Annotated[
        NotNegative | None,
        Key(
            "resource.weights_limit",
            "GiB that weights files of a front may take; the other networks get theirs when "
            "export, retrain or `nasea weights` need them; none: 4, and no more than half of the "
            "free disk",
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

    @property
    def image_cache_bytes(self) -> int | None:
        """``image_cache`` in bytes."""
        return None if self.image_cache is None else int(self.image_cache * 1024**3)

    @property
    def weights_limit_bytes(self) -> int | None:
        """``weights_limit`` in bytes."""
        return None if self.weights_limit is None else int(self.weights_limit * 1024**3)
