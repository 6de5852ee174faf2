"""Knowledge distillation: training with the outputs of another network as well as the labels."""

from __future__ import annotations

import torch
from torch.nn import functional as F

from nasea.backends.torch.network.layers import Network
from nasea.backends.torch.user.code import UserCode
from nasea.backends.torch.user.describe import describe
from nasea.backends.training import teacher
from nasea.backends.training.distillation import TEMPERATURE
from nasea.backends.user.nesting import flatten

_SMALLEST = 1e-8


class Teacher(teacher.Teacher):
    """See :class:`nasea.backends.training.teacher.Teacher`.

    Args:
        network: the network, in evaluation mode, on the device; not changed.
        share: weight of the teacher in the loss, from 0 to 1.
        user: guards calls of the user's PreNet and PostNet.
        example: (N, C, H, W) images, run to find the class scores among the outputs.
        dense: whether outputs (N, classes, H, W) are class scores of pixels.
    """

    def __init__(
        self,
        network: Network,
        share: float,
        user: UserCode,
        example: torch.Tensor,
        dense: bool = False,
    ) -> None:
        self.network = network
        self.user = user
        self.dense = dense
        super().__init__(share, self._run(example))

    def __call__(self, images: torch.Tensor) -> list[torch.Tensor]:
        """See :class:`nasea.backends.training.teacher.Teacher`."""
        return [scores for _, scores in self.named_scores(self._run(images))]

    def _run(self, images: torch.Tensor) -> object:
        with torch.no_grad(), self.user.guard("PreNet, PostNet: forward(inputs)"):
            return self.network(images.clone())  # a PreNet may change its input in place

    describe = staticmethod(describe)

    def named_scores(self, outputs: object) -> list[tuple[str, torch.Tensor]]:
        """See :class:`nasea.backends.training.teacher.Teacher`."""
        ranks = (2, 4) if self.dense else (2,)
        return [
            (name, tensor.movedim(1, -1).flatten(0, -2))
            for name, tensor in flatten(outputs, torch.Tensor)
            if tensor.dim() in ranks and tensor.shape[1] > 1 and tensor.is_floating_point()
        ]

    @staticmethod
    def are_probabilities(scores: torch.Tensor) -> bool:
        """See :class:`nasea.backends.training.teacher.Teacher`."""
        sums = scores.sum(1)
        return bool((scores >= 0).all() and torch.allclose(sums, torch.ones_like(sums), atol=1e-3))

    @staticmethod
    def add_divergence(
        total: torch.Tensor,
        weight: float,
        student: torch.Tensor,
        teacher: torch.Tensor,
        are_probabilities: bool,
    ) -> torch.Tensor:
        """See :class:`nasea.backends.training.teacher.Teacher`."""
        ours, theirs = (_softened(scores, are_probabilities) for scores in (student, teacher))
        return total + weight * F.kl_div(ours, theirs, reduction="batchmean", log_target=True)


def _softened(scores: torch.Tensor, are_probabilities: bool) -> torch.Tensor:
    """Return the logarithms of the softened class probabilities."""
    logits = scores.clamp_min(_SMALLEST).log() if are_probabilities else scores
    return F.log_softmax(logits / TEMPERATURE, dim=1)
