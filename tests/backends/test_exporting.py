"""Files that take so many images at a time, and exporters that say a lot."""

from __future__ import annotations

import os
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch

from nasea.backends.export.exporter import Array, image_axes, in_batches
from nasea.backends.torch.export.runtimes import load_onnx
from nasea.backends.torch.export.writers import write_onnx
from nasea.backends.user.held_back import held_back


def outputs_of(images: Array) -> list[Array]:
    """Scores, scores by time, three boxes an image in one list, anchors of no image."""
    flat = images.reshape(len(images), -1)
    by_time = np.stack([flat, 2 * flat, 3 * flat])
    return [flat, by_time, np.repeat(flat, 3, 0), np.arange(4.0)]


@pytest.mark.parametrize("batch", [1, 2, 3, 7])
def test_batches_on_any_axis_are_put_together(batch: int) -> None:
    images = np.random.default_rng(0).random((5, 1, 2, 2))

    def only(some: Array) -> list[Array]:
        assert len(some) == batch
        return outputs_of(some)

    axes = image_axes(outputs_of, images)
    assert axes == [(0, 1), (1, 1), (0, 3), None]
    whole = in_batches(only, batch, axes)
    for found, expected in zip(whole(images), outputs_of(images), strict=True):
        np.testing.assert_array_equal(found, expected)


class TimeFirst(torch.nn.Module):
    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return images.mean(2).permute(2, 0, 1)


@pytest.mark.parametrize("batch", [None, 1])
def test_onnx_counts_images_where_the_network_does(tmp_path: Path, batch: int | None) -> None:
    images = torch.rand(4, 2, 3, 5)
    assert write_onnx(TimeFirst().eval(), images, tmp_path / "net.onnx", batch) == ""
    run = load_onnx(tmp_path / "net.onnx")
    given = images[:batch]
    np.testing.assert_allclose(run(given.numpy())[0], TimeFirst()(given), rtol=1e-6)


def test_what_is_held_back_is_kept(capfd: pytest.CaptureFixture[str]) -> None:
    with held_back() as said:
        os.write(1, b"graph of many pages\n")
        os.write(2, b"and errors\n")
        print("and Python")
        warnings.warn("and warnings", stacklevel=1)
    assert capfd.readouterr() == ("", "")
    for part in ("graph of many pages", "and errors", "and Python"):
        assert part in said.text
