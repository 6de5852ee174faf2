"""Validation images with what a network finds in them, for the report."""

from __future__ import annotations

import torch

from nasea.backends.scoring.prediction_images import PredictionImage, of_masks
from nasea.backends.user.nesting import flatten


def masks(
    images: torch.Tensor, labels: object, outputs: object, class_names: object
) -> tuple[PredictionImage, ...]:
    """Draw masks; return none if labels or outputs have another form.

    Args:
        images: (N, C, H, W).
        labels: class numbers of every pixel, (N, H, W) or (N, 1, H, W).
        outputs: of the network.
        class_names: of the user's module.
    """
    scores = _main_output(outputs)
    truth = labels.squeeze(1) if isinstance(labels, torch.Tensor) and labels.dim() == 4 else labels
    if not isinstance(truth, torch.Tensor) or truth.dim() != 3 or scores is None:
        return ()
    return of_masks(
        list(images.permute(0, 2, 3, 1).cpu().numpy()),
        list(truth.long().cpu().numpy()),
        list(scores.permute(0, 2, 3, 1).float().cpu().numpy()),
        class_names,
    )


def _main_output(outputs: object) -> torch.Tensor | None:
    """Return the scores (N, classes, H, W): under ``out``, else the first of that form."""
    if isinstance(outputs, dict) and "out" in outputs:
        outputs = outputs["out"]
    tensors = [tensor for _, tensor in flatten(outputs, torch.Tensor)]
    return next((t for t in tensors if t.dim() == 4 and t.shape[1] > 1), None)
