"""Whole networks as ONNX: they run, and hold what the architecture holds."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime
import pytest

from nasea.config import load_scenario
from nasea.cost import operators_of
from nasea.pipeline.probe import Built, open_space
from pipeline.project import HOME, Project


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Built:
    project = Project.new(tmp_path_factory.mktemp("deployment") / HOME)
    return open_space(load_scenario(project.home / "scen.yaml").scenario, project.home)


def run(content: bytes, shape: tuple[int, ...]) -> tuple[int, ...]:
    session = onnxruntime.InferenceSession(content)
    [item] = session.get_inputs()
    [output, *_] = session.run(None, {item.name: np.zeros(shape, np.float32)})
    return tuple(output.shape)


def test_networks_take_an_image_to_ten_classes(opened: Built) -> None:
    deployment = opened.backend.deployment()
    choices = opened.space.choices
    for genome in (tuple(0 for _ in choices), tuple(n - 1 for n in choices)):
        content = deployment.network(genome)
        assert run(content, (1, 1, 8, 8)) == (1, 10)
        weights = sum(
            int(np.prod(tensor.dims))
            for tensor in onnx.load_from_string(content).graph.initializer
            if len(tensor.dims) == 4
        )
        body = sum(
            op.weights
            for layer, candidate in zip(
                opened.space.layers, opened.space.decode(genome), strict=True
            )
            for op in operators_of(candidate.program, layer.in_shape)
        )
        assert weights == body + 8 * 9, "the body, and PreNet's convolution"


def test_pieces_run_alone(opened: Built) -> None:
    deployment = opened.backend.deployment()
    assert run(deployment.user_network("PreNet"), (1, 1, 8, 8)) == (1, 8, 8, 8)
    channels, height, width = opened.space.out_shape
    assert run(deployment.user_network("PostNet"), (1, channels, height, width)) == (1, 10)
    layer = opened.space.layers[0]
    program = next(c.program for c in layer.candidates if not c.is_skip)
    assert run(deployment.block(program, layer.in_shape), (1, *layer.in_shape)) == (
        1,
        *layer.out_shape,
    )
    assert run(deployment.nothing(), (1, 1, 1, 1)) == (1, 1, 1, 1)


def test_the_ends_run_what_their_records_say(opened: Built) -> None:
    assert [str(op) for op in opened.pre_net.operators] == ["conv 3x3, 1x8x8 -> 8x8x8"]
    kinds = [op.kind for op in opened.post_net.operators]
    assert kinds == ["global_pool", "dense"]
