"""Knowledge distillation in either framework: a loss of labels and of a teacher's outputs."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from nasea.backends.training.distillation import (
    TEMPERATURE,
    match_outputs,
    no_class_scores_error,
    no_matching_outputs_error,
)


class Teacher(ABC):
    """A trained network whose class scores a student learns to match.

    In segmentation every pixel has class scores, and counts as an image has.

    Args:
        share: weight of the teacher in the loss, from 0 to 1.
        example: outputs of the teacher for a batch, to find the class scores among them.

    Raises:
        NotAvailableError: no output holds class scores.
    """

    def __init__(self, share: float, example: Any) -> None:
        self.share = share
        named = self.named_scores(example)
        self._described = self.describe(example)
        if not named:
            raise no_class_scores_error(self._described)
        self._names = [name for name, _ in named]
        self._are_probabilities = [self.are_probabilities(scores) for _, scores in named]

    # --- implemented by a framework ---

    @abstractmethod
    def __call__(self, images: Any) -> list[Any]:
        """Return the teacher's class scores for images, (N, classes) each."""

    @staticmethod
    @abstractmethod
    def describe(value: object) -> str:
        """Describe outputs for a message."""

    @abstractmethod
    def named_scores(self, outputs: Any) -> list[tuple[str, Any]]:
        """Return the class scores among outputs, (images or pixels, classes), with their names."""

    @staticmethod
    @abstractmethod
    def are_probabilities(scores: Any) -> bool:
        """Return whether class scores are probabilities rather than logits."""

    @staticmethod
    @abstractmethod
    def add_divergence(
        total: Any, weight: float, student: Any, teacher: Any, are_probabilities: bool
    ) -> Any:
        """Return ``total`` plus ``weight`` times the divergence of softened class scores."""

    # --- the same in all frameworks ---

    def mix_loss(self, loss: Any, outputs: Any, teacher_scores: list[Any]) -> Any:
        """Return (1 - share) times the user's loss plus share times the distillation loss.

        The distillation loss is the Kullback-Leibler divergence of the student's softened class
        probabilities from the teacher's, times the squared temperature (Hinton et al. 2015,
        arXiv:1503.02531), summed over the outputs. TensorFlow calls it while a graph is traced.

        Args:
            loss: the user's loss, a scalar.
            outputs: the student's outputs.
            teacher_scores: what calling the teacher on the same images returned.

        Raises:
            NotAvailableError: no output of the student matches one of the teacher's.
        """
        total = (1.0 - self.share) * loss
        given = self.named_scores(outputs)
        pairs = match_outputs(
            given, list(zip(self._names, teacher_scores, strict=True)), lambda t: t.shape[1]
        )
        if not pairs:
            raise no_matching_outputs_error(self.describe(outputs), self._described)
        weight = self.share * TEMPERATURE**2
        for mine, its in pairs:
            total = self.add_divergence(
                total, weight, given[mine][1], teacher_scores[its], self._are_probabilities[its]
            )
        return total
