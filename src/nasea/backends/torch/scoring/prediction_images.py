"""Validation images with what a network finds in them, for the report."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch

from nasea.backends.scoring.prediction_images import Picture, of_masks, read_pictures
from nasea.backends.torch.user.code import UserCode
from nasea.backends.user.nesting import flatten


def take_pictures(
    user: UserCode,
    batches: Iterable[Any],
    evaluate: Callable[[torch.Tensor], object],
    count: int,
    masks: bool,
) -> tuple[Picture, ...]:
    """Pictures of the first ``count`` images, drawn by the user's module or as masks.

    Args:
        user: the user's code.
        batches: (images (N, C, H, W), labels).
        evaluate: images -> outputs.
        count: how many images.
        masks: whether labels are class numbers of every pixel.
    """
    taken: tuple[Picture, ...] = ()
    for images, labels in batches:
        outputs = evaluate(images)
        if user.draws_pictures:
            returned = user.pictures(images, labels, outputs)
            taken += read_pictures(returned, user.class_names, count - len(taken))
        elif masks:
            drawn = _masks(images, labels, outputs, user.class_names)
            taken += drawn[: count - len(taken)]
        if len(taken) >= count or not taken:
            break
    return taken


def _masks(
    images: torch.Tensor, labels: object, outputs: object, class_names: object
) -> tuple[Picture, ...]:
    """Pictures of masks; none where labels or outputs are of another form."""
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
    """The scores (N, classes, H, W): under ``out`` in a dict, else the first that looks so."""
    if isinstance(outputs, dict) and "out" in outputs:
        outputs = outputs["out"]
    tensors = [tensor for _, tensor in flatten(outputs, torch.Tensor)]
    return next((t for t in tensors if t.dim() == 4 and t.shape[1] > 1), None)
