from __future__ import annotations

import numpy as np
import pytest

from nasea.backends.export.exporter import Array, Run, in_batches
from nasea.errors import ExportError
from nasea.pipeline.export.comparison import TIE, Comparison, class_axis, compare

BATCHES = [np.arange(6.0).reshape(3, 2), np.arange(2.0).reshape(1, 2)]


def scores(images: Array) -> list[Array]:
    """Three classes, the first leading by far."""
    return [np.stack([images[:, 0] + 4, images[:, 0], images[:, 1]], axis=1)]


def moved(by: Array) -> Run:
    return lambda images: [scores(images)[0] + by]


def found(file: Run, network: Run = scores) -> Comparison:
    return compare(network, file, BATCHES, "it.onnx", [1])


def test_the_same() -> None:
    same = found(scores)
    assert same == Comparison(4, 0.0, 8.0, 4, 0, 0)
    same.require_same("it.onnx")


@pytest.mark.parametrize("axis, shape", [(1, (2, 3, 4, 5)), (3, (2, 4, 5, 3))])
def test_classes_of_pixels_are_where_the_layout_has_channels(
    axis: int, shape: tuple[int, ...]
) -> None:
    maps = np.random.default_rng(0).normal(size=shape)
    other = np.flip(maps, axis)  # 3 classes: the middle one stays
    batches: list[Array] = [np.zeros((2, 1))]
    assert class_axis("output", 4, "segmentation", axis == 1) == axis
    result = compare(lambda images: [maps], lambda images: [other], batches, "it", [axis])
    assert result.predictions == 2 * 4 * 5
    assert result.changed == (maps.argmax(axis) != 1).sum()


def test_places_of_objects_are_no_classes() -> None:
    detectors: dict[str, int | None] = {
        "output.classes": 2, "output.scores": 2, "output.offsets": None, "output.boxes": None,
    }  # fmt: skip
    for name, axis in detectors.items():
        assert class_axis(name, 3, "detection", True) == axis
        assert class_axis(name, 4, "detection", True) is None  # scores and places in one map
        assert class_axis(name, 2, "classification", False) == 1
    assert class_axis("output", 1, "classification", True) is None
    outputs = [np.ones((2, 5, 4))]
    nothing = compare(lambda _: outputs, lambda _: outputs, [np.zeros((2, 1))], "it", [None])
    assert nothing.predictions == nothing.changed == 0


def test_rounding_is_the_same() -> None:
    near = found(moved(np.array([1e-6, -1e-6, 0])))
    assert near.difference == pytest.approx(1e-6)
    near.require_same("it.onnx")


def test_a_tie_may_fall_the_other_way() -> None:
    def tied(images: Array) -> list[Array]:
        return [np.stack([images[:, 0] + TIE / 2, images[:, 0]], axis=1)]

    fallen = found(lambda images: [tied(images)[0][:, ::-1]], tied)
    assert (fallen.changed, fallen.ties) == (4, 4)
    fallen.require_same("it.onnx")


def test_another_prediction_is_refused() -> None:
    other = found(moved(np.array([-5.0, 0, 0])))
    assert (other.changed, other.ties) == (4, 0)
    with pytest.raises(ExportError, match="4 of 4 predictions differ from the network's"):
        other.require_same("it.onnx")


def test_other_values_are_refused_though_the_predictions_are_the_same() -> None:
    with pytest.raises(ExportError, match="differ by up to 1.0e-01"):
        found(moved(np.array([0.1, 0, 0]))).require_same("it.onnx")


@pytest.mark.parametrize(
    "file, message",
    [
        (moved(np.array([np.nan, 0, 0])), "not finite"),
        (lambda images: [scores(images)[0][:, :2]], r"\(3, 2\), not \(3, 3\)"),
    ],
)
def test_what_is_no_output_is_refused(file: Run, message: str) -> None:
    with pytest.raises(ExportError, match=message):
        found(file)


def test_a_fixed_batch_serves_any_number() -> None:
    sizes = []

    def three(images: Array) -> list[Array]:
        sizes.append(len(images))
        return [images * 2, images.sum(1)]

    for count in (1, 3, 4, 7):
        images = np.random.default_rng(0).normal(size=(count, 2))
        doubled, sums = in_batches(three, 3, [(0, 1), (0, 1)])(images)
        assert np.array_equal(doubled, images * 2)
        assert np.array_equal(sums, images.sum(1))
    assert set(sizes) == {3}
