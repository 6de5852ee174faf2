"""A teacher of a network whose outputs differ between training and evaluation."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any, cast

import pytest
import torch
from torch import nn

from nasea.backends.torch.training.teacher import Teacher
from nasea.errors import NotAvailableError

IMAGES = torch.rand(4, 1, 2, 2)


class User:
    def guard(self, doing: str) -> Any:
        return nullcontext()


def test_the_main_output_is_taught_and_auxiliary_ones_are_left_alone() -> None:
    network = cast(Any, nn.Sequential(nn.Flatten(), nn.Linear(4, 10)))
    teacher = Teacher(network, 0.5, cast(Any, User()), IMAGES)
    main, other, loss = torch.rand(4, 10), torch.rand(4, 10), torch.tensor(1.0)
    alone = teacher.mix_loss(loss, main, teacher(IMAGES))
    assert torch.equal(alone, teacher.mix_loss(loss, (main, other), teacher(IMAGES)))
    assert torch.equal(alone, teacher.mix_loss(loss, {"out": main, "aux": other}, teacher(IMAGES)))
    with pytest.raises(NotAvailableError, match="no scores of the same classes"):
        teacher.mix_loss(loss, (torch.rand(4, 7), other), teacher(IMAGES))


def test_pixels_are_taught_as_images_are() -> None:
    network = cast(Any, nn.Conv2d(1, 5, 1))
    teacher = Teacher(network, 0.5, cast(Any, User()), IMAGES, dense=True)
    student, loss = torch.rand(4, 5, 2, 2), torch.tensor(1.0)
    found = teacher.mix_loss(loss, student, teacher(IMAGES))

    flat = cast(Any, nn.Linear(1, 5))  # the same network, for pixels that are images
    flat.weight.data, flat.bias.data = network.weight.data[:, :, 0, 0], network.bias.data
    pixels, scores = IMAGES.reshape(-1, 1), student.permute(0, 2, 3, 1).reshape(-1, 5)
    one_by_one = Teacher(flat, 0.5, cast(Any, User()), pixels)
    expected = one_by_one.mix_loss(loss, scores, one_by_one(pixels))
    torch.testing.assert_close(found, expected)
    with pytest.raises(NotAvailableError, match=r"scores of classes.*\(4, 5, 2, 2\)"):
        Teacher(network, 0.5, cast(Any, User()), IMAGES)
