"""Knowledge distillation: training with the outputs of another network as well as the labels."""

from __future__ import annotations

import torch
from torch.nn import functional as F

from nasea.backends.torch.network.layers import Network
from nasea.backends.torch.user.code import UserCode
from nasea.backends.torch.user.describe import describe
from nasea.backends.training.distillation import (
    TEMPERATURE,
    match_outputs,
    no_class_scores_error,
    no_matching_outputs_error,
)
from nasea.backends.user.nesting import flatten

_SMALLEST = 1e-8


class Teacher:
    """A trained network whose class scores a student learns to match.

    Args:
        network: the network, in evaluation mode, on the device; not changed.
        share: weight of the teacher in the loss, from 0 to 1.
        user: guards calls of the user's PreNet and PostNet.
        example: (N, C, H, W) images, run to find the class scores among the outputs.

    Raises:
        NotAvailableError: no output holds class scores.
    """

    def __init__(
        self, network: Network, share: float, user: UserCode, example: torch.Tensor
    ) -> None:
        self.network = network
        self.share = share
        self.user = user
        outputs = self(example)
        if not outputs:
            with torch.no_grad():
                raise no_class_scores_error(describe(network(example.clone())))
        with torch.no_grad():
            example_output = network(example.clone())
        self._names = [name for name, _ in _named_scores(example_output)]
        self._described = describe(example_output)
        self._are_probabilities = [_are_probabilities(scores) for scores in outputs]

    def __call__(self, images: torch.Tensor) -> list[torch.Tensor]:
        """Return the teacher's class scores for images, (N, classes) each."""
        with torch.no_grad(), self.user.guard("PreNet, PostNet: forward(inputs)"):
            return _scores(self.network(images.clone()))  # a PreNet may change its input in place

    def mix_loss(
        self, loss: torch.Tensor, outputs: object, teacher_scores: list[torch.Tensor]
    ) -> torch.Tensor:
        """Return (1 - share) times the user's loss plus share times the distillation loss.

        The distillation loss is the Kullback-Leibler divergence of the student's softened class
        probabilities from the teacher's, times the squared temperature (Hinton et al. 2015,
        arXiv:1503.02531), summed over the outputs.

        Args:
            loss: the user's loss, a scalar.
            outputs: the student's outputs.
            teacher_scores: what calling the teacher on the same images returned.

        Raises:
            NotAvailableError: no output of the student matches one of the teacher's.
        """
        total = (1.0 - self.share) * loss
        given = _named_scores(outputs)
        pairs = match_outputs(
            given, list(zip(self._names, teacher_scores, strict=True)), lambda t: t.shape[1]
        )
        if not pairs:
            raise no_matching_outputs_error(describe(outputs), self._described)
        for mine, its in pairs:
            student, teacher = given[mine][1], teacher_scores[its]
            probabilities = self._are_probabilities[its]
            ours, theirs = (_softened(s, probabilities) for s in (student, teacher))
            divergence = F.kl_div(ours, theirs, reduction="batchmean", log_target=True)
            total = total + self.share * TEMPERATURE**2 * divergence
        return total


def _scores(outputs: object) -> list[torch.Tensor]:
    return [tensor for _, tensor in _named_scores(outputs)]


def _named_scores(outputs: object) -> list[tuple[str, torch.Tensor]]:
    return [
        (name, tensor)
        for name, tensor in flatten(outputs, torch.Tensor)
        if tensor.dim() == 2 and tensor.shape[1] > 1 and tensor.is_floating_point()
    ]


def _are_probabilities(scores: torch.Tensor) -> bool:
    sums = scores.sum(1)
    return bool((scores >= 0).all() and torch.allclose(sums, torch.ones_like(sums), atol=1e-3))


def _softened(scores: torch.Tensor, are_probabilities: bool) -> torch.Tensor:
    """Return the logarithms of the softened class probabilities."""
    logits = scores.clamp_min(_SMALLEST).log() if are_probabilities else scores
    return F.log_softmax(logits / TEMPERATURE, dim=1)
