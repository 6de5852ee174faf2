"""The user's PreNet and PostNet at work: built, traced, counted, their statistics estimated."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Literal

import numpy as np
import tensorflow as tf

from nasea.backends.base import DataFormat
from nasea.backends.tensorflow.export.flops_profiler import count_flops
from nasea.backends.tensorflow.export.operators import operators_of_function
from nasea.backends.tensorflow.user.built_in_call import keeping_layers
from nasea.backends.tensorflow.user.code import UserCode
from nasea.backends.tensorflow.user.constant_images import on_constant_images
from nasea.backends.tensorflow.user.describe import describe
from nasea.backends.tensorflow.user.random_draws import Draws
from nasea.cost import Costs, Operator
from nasea.errors import UserCodeError, UserModuleError

Values = list[Any]
_TO_LAST, _TO_FIRST = (0, 2, 3, 1), (0, 3, 1, 2)


class End:
    """PreNet or PostNet between its own layout and that of the body, (N, H, W, C).

    Args:
        user: the user's code.
        name: ``PreNet`` or ``PostNet``.
        data_format: the layout that the user's module works in.
        draws: what random operations draw by.
    """

    def __init__(
        self,
        user: UserCode,
        name: Literal["PreNet", "PostNet"],
        data_format: DataFormat,
        draws: Draws,
    ) -> None:
        self.user = user
        self.draws = draws
        self.name = name
        self.model = user.end(name)
        self._turns = data_format == "channels_first"
        self._doing = f"{name}.call(inputs, training)"
        # Autograph is on: ``call`` may branch on tensors.
        self.train = self._traced(lambda inputs: self.apply(inputs, True))
        if name == "PreNet":
            self.train = on_constant_images(self.apply, self._traced)
        self.evaluate = self._traced(lambda inputs: self.apply(inputs, False))
        self._estimate = self._traced(self._estimated)
        self._normalised_by_batch: set[int] = set()

    @property
    def variables(self) -> Values:
        """What is trained."""
        return [raw(variable) for variable in self.model.trainable_variables]

    @property
    def state(self) -> Values:
        """What is not trained but changes: statistics, seeds."""
        generators = [
            generator.state
            for layer in _layers(self.model)
            if isinstance(generator := _generator(layer), tf.random.Generator)
        ]
        return [*(raw(variable) for variable in self.model.non_trainable_variables), *generators]

    @property
    def keeps_layers(self) -> bool:
        """Whether ``call`` builds layers with weights."""
        return bool(getattr(self.model, "layers_built_in_call", ()))

    def apply(self, inputs: Any, training: bool) -> Any:
        """The output for the images, or for the features of the body; also while traced."""
        if self._turns and self.name == "PostNet":
            inputs = tf.nest.map_structure(lambda x: tf.transpose(x, _TO_FIRST), inputs)
        place = ("PreNet", "PostNet").index(self.name)
        with (
            self.user.guard(self._doing),
            keeping_layers(self.model),
            self.draws.tied(place),
        ):
            outputs = self.model(inputs, training=training)
        if self._turns and self.name == "PreNet":
            outputs = tf.nest.map_structure(lambda x: tf.transpose(x, _TO_LAST), outputs)
        return outputs

    def build(self, inputs: Any) -> Any:
        """Run once eagerly, which makes the variables, then as a graph; returns the output.

        Raises:
            UserCodeError: it fails, in either way.
        """
        shape = tf.nest.map_structure(lambda x: tuple(x.shape), inputs)
        made = "what the last searched layer makes"
        if isinstance(inputs, list):
            made = "a list of what the chosen layers and the last one make"
        fix = (
            f"{self.name} must accept {describe(inputs)}"
            if self.name == "PreNet"
            else f"PostNet must accept {made}: {shape} (the last of "
            "supernet.filters is the number of channels)"
        )
        try:
            outputs = self.apply(inputs, True)
        except UserCodeError as error:
            if self._turns and "NHWC" in str(error.__cause__):
                fix = (
                    "this device cannot compute convolutions in channels_first; use data_format: "
                    "channels_last, or transpose in PreNet and PostNet"
                )
            elif "new elements of state" in str(error.__cause__):
                fix = (
                    f"{self.name} builds layers with weights while it is called, which Keras 3 "
                    "does not keep: build them in __init__, or use strategy.keras_version: 2"
                )
            raise UserCodeError(error.doing, error.trace, fix=fix) from error
        layers = [layer for layer in _batch_normalisations(self.model) if layer.trainable]
        if layers:
            with _watching(layers, self._normalised_by_batch):
                self.apply(inputs, True)
        try:
            self.evaluate(inputs)
        except UserCodeError as error:
            raise UserCodeError(
                f"{self.name}.call(inputs, training) as a graph",
                error.trace,
                fix=f"{self.name} runs, but not as a graph, which model files are made of: leave "
                ".numpy() and Python values of tensors out of call",
            ) from error
        return outputs

    def examine(self, inputs: Any) -> tuple[Costs, tuple[Operator, ...]]:
        """Parameters (frozen ones included, statistics not), FLOPs and operators.

        Args:
            inputs: what the end gets, with a batch of one.
        """

        def apply(x: Any) -> Any:
            return self.apply(x, False)

        costs = Costs(count_parameters(self.model), count_flops(apply, inputs))
        return costs, operators_of_function(apply, inputs, self.name)

    @contextmanager
    def statistics_kept(self) -> Iterator[None]:
        """Put what is not trained back afterwards."""
        before = self.copied_state()
        try:
            yield
        finally:
            self.put_state(before)

    def copied_state(self) -> Values:
        """What is not trained, as it is now."""
        return [tf.identity(variable) for variable in self.state]

    def put_state(self, values: Values) -> None:
        """Put back what :meth:`copied_state` gave."""
        for variable, value in zip(self.state, values, strict=True):
            variable.assign(value)

    def estimate(self, batches: Sequence[Any]) -> Values:
        """Replace the statistics by their mean over batches.

        Args:
            batches: what the end gets.

        Returns:
            Its output for each batch: normalised by the batch, in inference mode otherwise.
        """
        normalised = bool(self._normalisations())
        outputs = []
        for done, inputs in enumerate(batches):
            self.draws.go_on()
            if normalised:
                momentum = tf.constant(done / (done + 1.0), tf.float32)
                outputs.append(self._estimate(inputs, momentum))
            else:
                outputs.append(self.evaluate(inputs))
        return outputs

    def _traced(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """As a graph; what goes wrong in it while it runs is the user's failure too."""
        graph = tf.function(function, reduce_retracing=True)

        def run(*inputs: Any) -> Any:
            with self.user.guard(self._doing):
                return graph(*inputs)

        return run

    def _estimated(self, inputs: Any, momentum: Any) -> Any:
        with _estimating(self._normalisations(), momentum):
            return self.apply(inputs, False)

    def _normalisations(self) -> Values:
        """The layers that training normalises by the batch.

        Those that the user freezes, or calls with ``training=False``, hold on to their statistics.
        """
        by_batch = self._normalised_by_batch
        return [layer for layer in _batch_normalisations(self.model) if id(layer) in by_batch]


@contextmanager
def _estimating(layers: Values, momentum: Any) -> Iterator[None]:
    """Have ``layers`` normalise by the batch and average with weight ``momentum`` on the old."""
    before = [layer.momentum for layer in layers]
    for layer in layers:
        layer.momentum = momentum
        object.__setattr__(layer, "call", _always_training(layer.call))
    try:
        yield
    finally:
        for layer, value in zip(layers, before, strict=True):
            layer.momentum = value
            object.__delattr__(layer, "call")


def _always_training(call: Callable[..., Any]) -> Callable[..., Any]:
    def training(inputs: Any, *_: Any, mask: Any = None, **__: Any) -> Any:
        return call(inputs, training=True) if mask is None else call(inputs, True, mask=mask)

    return training


@contextmanager
def _watching(layers: Values, found: set[int]) -> Iterator[None]:
    """Note the ids of the layers that are called in training mode."""

    def watched(layer: Any, call: Callable[..., Any]) -> Callable[..., Any]:
        def noting(inputs: Any, training: Any = None, **options: Any) -> Any:
            if training is None or training:
                found.add(id(layer))
            return call(inputs, training=training, **options)

        return noting

    for layer in layers:
        object.__setattr__(layer, "call", watched(layer, layer.call))
    try:
        yield
    finally:
        for layer in layers:
            object.__delattr__(layer, "call")


def raw(variable: Any) -> tf.Variable:
    """The variable of TensorFlow behind one of Keras 3."""
    return variable if isinstance(variable, tf.Variable) else variable.value


def count_parameters(model: Any) -> int:
    """Weights of a model without the statistics of its normalisations, frozen ones included."""
    statistics = {
        id(raw(variable))
        for layer in _batch_normalisations(model)
        for variable in (layer.moving_mean, layer.moving_variance)
    }
    weights = {id(raw(v)): raw(v) for v in model.variables if _is_weight(raw(v))}
    return sum(int(np.prod(v.shape)) for key, v in weights.items() if key not in statistics)


def _layers(model: Any) -> Iterator[Any]:
    """The model and every layer below it."""
    layers: Iterator[Any] = model._flatten_layers(include_self=True, recursive=True)
    return layers


def _batch_normalisations(model: Any) -> Values:
    kind = tf.keras.layers.BatchNormalization
    return [layer for layer in _layers(model) if isinstance(layer, kind)]


def _generator(layer: Any) -> Any:
    """The generator that layers of Keras 2 which augment keep apart from their variables."""
    return getattr(getattr(layer, "_random_generator", None), "_generator", None)


def _is_weight(variable: tf.Variable) -> bool:
    return variable.dtype.is_floating  # not a counter or the state of a random generator


def require_feature_map(outputs: Any, images: int, data_format: str) -> None:
    """Raise UserModuleError where PreNet's output, as the body gets it, is no feature map."""
    axes = "(N, H, W, C)" if data_format == "channels_last" else "(N, C, H, W)"
    if not isinstance(outputs, tf.Tensor) or outputs.shape.rank != 4:
        raise UserModuleError(
            f"user_module.py: PreNet.call must return one tensor {axes}, found {describe(outputs)}"
        )
    if outputs.dtype != tf.float32:
        raise UserModuleError(
            f"user_module.py: PreNet.call must return float32, found {describe(outputs)}",
            fix="end it with tf.cast(outputs, tf.float32)",
        )
    if 0 in outputs.shape:
        raise UserModuleError(
            f"user_module.py: PreNet.call returns a tensor without values, {describe(outputs)}"
        )
    if outputs.shape[0] != images:
        raise UserModuleError(
            f"user_module.py: PreNet.call changed the number of images from {images} "
            f"to {outputs.shape[0]}"
        )
