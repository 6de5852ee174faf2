"""Bodies of networks as TFLite files, for devices that run networks of PyTorch."""

from __future__ import annotations

import pytest

from nasea.backends.tensorflow.environment import load_tensorflow
from nasea.space import build_space, catalogue

load_tensorflow(keras_version=2)

from nasea.backends.tensorflow.export.deployment import body, nothing  # noqa: E402


@pytest.mark.parametrize(
    "filters, strides, genome, out",
    [
        ([8, 12], [1, 2], (1, 0), (1, 4, 4, 12)),
        ([8], [1], (0,), (1, 8, 8, 8)),
    ],
)
def test_a_body_runs_by_itself(
    filters: list[int], strides: list[int], genome: tuple[int, ...], out: tuple[int, ...]
) -> None:
    interpreter = pytest.importorskip("ai_edge_litert.interpreter").Interpreter
    known = catalogue()
    space = build_space((8, 8, 8), filters, strides, [known["skip"], known["basic_x1"]])
    for content, shape in ((body(space, genome), out), (nothing(), (1, 1))):
        model = interpreter(model_content=content)
        model.allocate_tensors()
        model.invoke()
        [found] = model.get_output_details()
        assert tuple(found["shape"]) == shape
