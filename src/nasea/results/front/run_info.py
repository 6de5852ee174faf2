"""The settings and the course of a search, as ``front.json`` keeps them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal, TypeAlias

from nasea.results.units import ACCURACY_TITLES
from nasea.terms import FRAMEWORKS, CostKind

if TYPE_CHECKING:
    from pydantic import ConfigDict

# Strict: a file with "3" instead of 3, or with an unknown key, is not valid.
STRICT: ConfigDict = {"strict": True, "extra": "forbid", "allow_inf_nan": False}

Trunks: TypeAlias = tuple[tuple[int, ...], ...]
"""Output channels of every layer, by the value of the width gene."""


@dataclass(frozen=True)
class Unfinished:
    """The progress of a search that is not finished.

    Attributes:
        generation: number of finished generations.
        generations: number of generations at most.
        begun: number of architectures scored in the generation after these; the front contains
            them.
    """

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    generation: int
    generations: int
    begun: int = 0

    @property
    def words(self) -> str:
        """The progress in words: ``generation 7 of at most 100``."""
        begun = f", {self.begun} scored of the next" if self.begun else ""
        return f"generation {self.generation} of at most {self.generations}{begun}"


@dataclass(frozen=True)
class Separated:
    """Whether the supernet can tell architectures apart, measured before the search.

    Attributes:
        ratio: variance between architectures over the variance of one architecture's scores;
            ``None`` if its scores did not vary at all.
        enough: ratio below which the user is warned.
        noise: standard deviation of a score; ``None`` if it is unknown.
    """

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    ratio: float | None
    enough: float
    noise: float | None = None

    @property
    def holds(self) -> bool:
        """Whether scores separate architectures clearly."""
        return self.ratio is None or self.ratio >= self.enough


@dataclass(frozen=True)
class RunInfo:
    """The settings of a search, as needed to repeat it.

    Attributes:
        task: e.g. ``image_classification``.
        framework: PyTorch or TensorFlow, in any letter case.
        constraint_type: what the budget limits.
        constraint_value: the budget: parameters, FLOPs, or milliseconds.
        metric_mode: whether a larger or a smaller metric is better.
        seed: seed of the run.
        config_digest: digest of the resolved scenario.
        nasea_version: version that wrote this.
        created: ISO 8601 time of writing.
        evaluations: number of scored architectures, failed ones included.
        hypervolumes: hypervolume of the front after each generation.
        notes: warnings to show with the results.
        also: further budgets that every member meets, as (quantity, value).
        processor: the processor of the latency and the accuracy of its profile; ``None`` without
            latency.
        objectives: costs that were objectives, besides that of the constraint.
        proposer: name of the strategy: ``searcher.mode``, or the name of an object passed from
            Python; ``None`` in results of earlier versions.
        trunks: output channels of every layer, for each value of the last gene; empty if widths
            were not searched, and in results of earlier versions.
        ended: why the search ended, in a sentence; empty in results of earlier versions.
        scored_again: number of repeated measurements of members of the front, on other images.
        score_as: whether accuracies are those of float networks or of their simulated int8 files.
        unfinished: the progress of the search, if it is not finished; accuracies are then those of
            the search, with inherited weights, on ``images[0]`` images.
        images: number of validation images of a score in the search, and of all; ``None`` in
            results of earlier versions.
        separation: whether the supernet can tell architectures apart; ``None`` if it could not be
            measured, and in results of earlier versions.
        losses: mean training loss of the supernet in each epoch; ``None`` where it is unknown.
        supernet: digest of the checkpoint with the weights of the supernet; empty in results of
            earlier versions.
        weights: name and SHA-256 of the weights files that were written with the results.
    """

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    task: str
    framework: str
    constraint_type: CostKind
    constraint_value: float
    metric_mode: Literal["max", "min"]
    seed: int
    config_digest: str
    nasea_version: str
    created: str
    evaluations: int
    hypervolumes: tuple[float, ...] = ()
    notes: tuple[str, ...] = ()
    also: tuple[tuple[CostKind, float], ...] = ()
    processor: str | None = None
    objectives: tuple[CostKind, ...] = ()
    proposer: str | None = None
    trunks: Trunks = ()
    ended: str = ""
    scored_again: int = 0
    score_as: Literal["float", "int8"] = "float"
    unfinished: Unfinished | None = None
    images: tuple[int, int] | None = None
    separation: Separated | None = None
    losses: tuple[float | None, ...] = ()
    supernet: str = ""
    weights: tuple[tuple[str, str], ...] = ()

    @property
    def accuracy_title(self) -> str:
        """The name of the accuracy: ``accuracy`` or ``int8 accuracy``."""
        return ACCURACY_TITLES[self.score_as]

    @property
    def on_images(self) -> str:
        """The images of the scores of the search: ``on 500 of 5,000 validation images``."""
        if self.images is None:
            return "on the images of the search"
        scored, all_of_them = self.images
        if scored == all_of_them:
            return f"on all {all_of_them:,} validation images"
        return f"on {scored:,} of {all_of_them:,} validation images"

    @property
    def unfinished_note(self) -> str:
        """What a reader of an unfinished front must know; empty for a finished one."""
        if self.unfinished is None:
            return ""
        return (
            f"unfinished: {self.unfinished.words}, written {self.created}. Accuracies are those of "
            f"the search, with weights inherited from the supernet, {self.on_images}. Weights and "
            "model files are written when the search ends; the same command continues it"
        )

    @property
    def task_name(self) -> str:
        """The task in words: ``image classification``."""
        return self.task.replace("_", " ")

    @property
    def framework_name(self) -> str:
        """The official spelling of the framework."""
        found = FRAMEWORKS.get(self.framework.lower())
        return self.framework if found is None else found.title

    @property
    def weights_suffix(self) -> str:
        """The suffix of weights files."""
        return FRAMEWORKS.get(self.framework.lower(), FRAMEWORKS["pytorch"]).weights_suffix
