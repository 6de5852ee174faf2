"""The scenario: its sections together, as JSON, and as digests."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import SerializerFunctionWrapHandler, ValidationError, model_serializer
from typing_extensions import Self

from nasea import terms
from nasea.config.schema.keys import TASKS, Key
from nasea.config.schema.kinds import Count, KerasVersion, Reporters, Seed, Span
from nasea.config.schema.section import Section
from nasea.config.schema.sections import (
    Constraint,
    Dataset,
    Optimizer,
    Resource,
    Searcher,
)
from nasea.config.schema.supernet import Supernet
from nasea.errors import ConfigError, Problem
from nasea.terms import FRAMEWORKS, Framework, Task

_MAY_CHANGE = {"gpu_ids", "timeout", "image_cache", "weights_limit"}
"""Keys of ``resource`` that shape nothing that is trained."""


class Scenario(Section):
    """A resolved scenario: what to search, on which data, under which budget.

    Made of the keys of ``scen.yaml``, which are checked as those of a file are: ``strategy`` and
    ``resource``, or the keys of ``strategy`` themselves.

        Scenario(framework="PyTorch", batch_size=64, epochs=20, constraint={…}, supernet={…}, …)

    Raises:
        ConfigError: a key or a value is wrong; carries every problem found.
    """

    name: Annotated[Literal["NASEA"], Key("strategy.name", "the search strategy")] = "NASEA"
    framework: Annotated[
        Framework,
        Key(
            "strategy.framework",
            "the framework of user_module.py",
            required_for=TASKS,
            spelled={found.title: name for name, found in FRAMEWORKS.items()},
            any_case=True,
        ),
    ]
    task: Annotated[
        Task,
        Key(
            "strategy.constraint.application_type",
            "what the network is for",
            required_for=TASKS,
            spelled={found.application_type: task for task, found in terms.TASKS.items()},
        ),
    ]
    batch_size: Annotated[
        Count, Key("strategy.batch_size", "training images per device", required_for=TASKS)
    ]
    epochs: Annotated[
        Count,
        Key(
            "strategy.epochs",
            "training epochs of the supernet; planned, and to be left out, with time_budget",
            required_for=TASKS,
        ),
    ]
    time_budget: Annotated[
        Span | None,
        Key(
            "strategy.time_budget",
            "time for the whole job, such as `90m`, `2h` or `1h30m`: epochs, scores and the "
            "retraining of networks near the constraint are planned to fit; none: epochs and "
            "generations as they are given",
            extension=True,
        ),
    ] = None
    seed: Annotated[
        Seed, Key("strategy.seed", "seed of every random generator", extension=True)
    ] = 0
    report_to: Annotated[
        Reporters,
        Key(
            "strategy.report_to",
            "what gets curves, figures and the log: TensorBoard's files, MLflow (pip install "
            "mlflow), Weights & Biases (pip install wandb)",
            extension=True,
        ),
    ] = ("tensorboard",)
    keras_version: Annotated[
        KerasVersion,
        Key(
            "strategy.keras_version",
            "the Keras behind tf.keras; 2: the package tf-keras, which runs modules written for "
            "TensorFlow 2.8 and earlier",
            applies={"framework": ("tensorflow",)},
            extension=True,
        ),
    ] = 2
    constraint: Constraint
    supernet: Supernet
    optimizer: Optimizer
    dataset: Dataset
    searcher: Searcher
    resource: Resource

    resolve: ClassVar[Callable[[Mapping[str, object]], Scenario]]
    """Checks the content of a scenario file; :mod:`nasea.config.load`, which needs it, sets it."""

    def __init__(self, /, **keys: object) -> None:
        content = keys if keys.keys() & {"scenario", "strategy"} else {"strategy": keys}
        resolved = Scenario.resolve(content)
        super().__init__(**{name: getattr(resolved, name) for name in Scenario.model_fields})

    # Validation, which makes scenarios of values that are resolved already, must not call it.
    __init__.__pydantic_base_init__ = True  # type: ignore[attr-defined]

    @model_serializer(mode="wrap")
    def _as_before(self, whole: SerializerFunctionWrapHandler) -> dict[str, object]:
        """Without keys that say nothing: digests of scenarios without them stay what they were."""
        values: dict[str, object] = whole(self)
        if values.get("time_budget", 0) is None:
            del values["time_budget"]
        if values.get("report_to") in (("tensorboard",), ["tensorboard"]):
            del values["report_to"]
        return values

    @property
    def counts_latency(self) -> bool:
        """Whether a budget limits latency, or the search trades it."""
        constraint = self.constraint
        asked = {constraint.type, *constraint.also, *self.searcher.objectives}
        return "latency" in asked

    @property
    def on_test_images(self) -> Self | None:
        """The scenario with ``test_dir`` for ``val_dir``; ``None`` where there is none."""
        test = self.dataset.test_dir
        if test is None:
            return None
        dataset = self.dataset.model_copy(update={"val_dir": test, "test_dir": None})
        return self.model_copy(update={"dataset": dataset})

    def to_dict(self) -> dict[str, object]:
        """Return the scenario as JSON values; :meth:`from_dict` is its inverse."""
        return self.model_dump(mode="json")

    @classmethod
    def from_dict(cls, stored: dict[str, object]) -> Self:
        """Rebuild a scenario from :meth:`to_dict`'s result.

        Raises:
            ConfigError: it is not one.
        """
        try:
            return cls.model_validate_json(json.dumps(stored))
        except ValidationError as error:
            raise ConfigError(
                [
                    Problem("stored scenario", ".".join(map(str, one["loc"])), one["msg"])
                    for one in error.errors()
                ]
            ) from None

    def digest(self) -> str:
        """SHA-256, in hexadecimal, of the whole scenario."""
        return _sha256(self.to_dict())

    def training_digest(self) -> str:
        """SHA-256, in hexadecimal, of what shapes the trained supernet.

        The search, the budgets, the device ids and the test images are left out: they may change
        between a training and the searches that reuse it. The constraint's type counts only where
        it chooses the blocks.
        """
        content = self.model_dump(
            mode="json",
            exclude={
                "time_budget": True,
                "report_to": True,
                "searcher": True,
                "constraint": True,
                "dataset": {"test_dir"},
                "resource": _MAY_CHANGE,
            },
        )
        if self.supernet.blocks is None:
            content["constraint"] = {"type": self.constraint.type}
        return _sha256(content)


def _sha256(content: dict[str, object]) -> str:
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()
