"""Operations that TensorFlow is taught from outside."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from nasea.backends.network.operations import LayerCall
from nasea.space import Space, part

from .added_operation import GENOME, AddedOperationContract
from .added_operation import Gain as GainOp
from .added_operation import Shuffle as ShuffleOp
from .network import BackendKit, Images, Weights
from .test_tensorflow import TensorFlowKit, tf

from nasea.backends.tensorflow.network.operations import (  # isort: skip  # after Keras is chosen
    OPERATIONS,
    slot_layout,
)
from nasea.backends.tensorflow.network.supernet import Supernet  # isort: skip

layers = tf.keras.layers


class Shuffle(layers.Layer):
    """Channels of groups in turn."""

    def __init__(self, groups: int) -> None:
        super().__init__()
        self.groups = groups

    def call(self, x: tf.Tensor) -> tf.Tensor:
        _, height, width, channels = x.shape
        x = tf.reshape(x, (-1, height, width, self.groups, channels // self.groups))
        return tf.reshape(tf.transpose(x, (0, 1, 2, 4, 3)), (-1, height, width, channels))


class Gain(layers.Layer):
    """A learned factor for each channel."""

    def build(self, shape: tf.TensorShape) -> None:
        self.scale = self.add_weight(name="scale", shape=(shape[-1],), initializer="ones")
        super().build(shape)

    def call(self, x: tf.Tensor) -> tf.Tensor:
        return x * self.scale


def _gain(op: GainOp, x: Any, weights: dict[str, Any], normalise: Any) -> Any:
    return x * weights[f"{op.slot}/scale"]


OPERATIONS.add(ShuffleOp, lambda op, fresh: [LayerCall(Shuffle, (op.groups,))])
OPERATIONS.add(GainOp, lambda op, fresh: [LayerCall(Gain)], _gain)


def _last(images: Images) -> Any:
    return tf.constant(images.transpose(0, 2, 3, 1))


def _first(output: Any) -> Images:
    result: Images = output.numpy().transpose(0, 3, 1, 2)
    return result


class TestAddedOperation(AddedOperationContract):
    framework = "tensorflow"

    @pytest.fixture(scope="class")
    @classmethod
    def backend_kit(cls) -> BackendKit[Any]:
        return TensorFlowKit()

    def run_path(self, space: Space, weights: Weights, images: Images) -> Images:
        supernet = Supernet(space, 1)
        for name, value in weights.items():
            where = slot_layout(part(space.slots[name].shape, value.shape))
            laid = value.transpose(2, 3, 1, 0) if value.ndim == 4 else value
            supernet.slots[name][where].assign(np.ascontiguousarray(laid))
        [output], residuals = supernet.forward(GENOME, _last(images))
        gradients: dict[str, Any] = {}
        supernet.backward(GENOME, [tf.ones_like(output)], residuals, gradients.__setitem__)
        assert gradients.keys() == weights.keys()
        return _first(output)

    def run_file(self, text: str, network: Any, images: Images) -> Images:
        module: dict[str, Any] = {"__name__": "generated"}
        exec(compile(text, "generated.py", "exec"), module)
        ends = SimpleNamespace(PreNet=_Same, PostNet=_Same)
        module["import_user_module"] = lambda: ends
        model = module["Model"]()
        model(_last(images))
        for mine, theirs in zip(model.body, network, strict=True):
            mine.set_weights(theirs.get_weights())
        return _first(model(_last(images)))


class _Same(tf.keras.Model):
    def call(self, inputs: Any, training: bool = True) -> Any:
        return inputs
