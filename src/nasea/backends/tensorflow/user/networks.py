"""Runs the user's PreNet and PostNet: builds, traces, counts, estimates statistics."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Literal

import tensorflow as tf

from nasea.backends.records import DataFormat
from nasea.backends.tensorflow.export.flops_profiler import count_flops
from nasea.backends.tensorflow.export.operators import operators_of_function
from nasea.backends.tensorflow.network.fake_quantisation import (
    OwnRanges,
    Ranges,
    fake_quantised,
    observed,
    over_batches,
    rounded,
)
from nasea.backends.tensorflow.user.built_in_call import keeping_layers
from nasea.backends.tensorflow.user.code import UserCode
from nasea.backends.tensorflow.user.constant_images import on_constant_images
from nasea.backends.tensorflow.user.describe import describe
from nasea.backends.tensorflow.user.keras_logits import attach_logits, logits_of
from nasea.backends.tensorflow.user.random_draws import Draws
from nasea.backends.tensorflow.user.variables import (
    batch_normalisations,
    count_parameters,
    gathered,
    layers_of,
    unused_layers,
)
from nasea.backends.user.batch_size import Size, require_outputs_of_one, require_same_number
from nasea.backends.user.nesting import copied, flatten
from nasea.cost import Costs, Operator
from nasea.errors import UserCodeError

Values = list[Any]
_TO_LAST, _TO_FIRST = (0, 2, 3, 1), (0, 3, 1, 2)


class UserNetwork:
    """PreNet or PostNet; converts between the user's layout and that of the body, (N, H, W, C).

    Args:
        user: makes the model and guards its calls.
        name: ``PreNet`` or ``PostNet``.
        data_format: the layout of the user's models.
        draws: keys the random operations of the user's code.
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
        self.model = user.make_network(name)
        self._transposes = data_format == "channels_first"
        self._doing = f"{name}.call(inputs, training)"
        self.reads_batch_size = False
        self._unused: tuple[str, ...] = ()
        self._normalised_by_batch: set[int] = set()
        self._built: tuple[int, list[Size]] = (0, [])
        self._make_graphs()

    @property
    def variables(self) -> Values:
        """The trainable variables."""
        return gathered(self.model, "trainable_variables")

    @property
    def state(self) -> Values:
        """The variables that change but are not trained: statistics, generator states."""
        generators = [
            generator.state
            for layer in layers_of(self.model)
            if isinstance(generator := _generator(layer), tf.random.Generator)
        ]
        return [*gathered(self.model, "non_trainable_variables"), *generators]

    @property
    def unused(self) -> tuple[str, ...]:
        """Layers that :meth:`build` did not call, each with its number of weights."""
        return self._unused

    @property
    def keeps_layers(self) -> bool:
        """Whether ``call`` builds layers with weights, or a layer requires one batch size."""
        built = bool(getattr(self.model, "layers_built_in_call", ()))
        return built or getattr(self.model, "has_freed_batch", False)

    def apply(self, inputs: Any, training: bool) -> Any:
        """Return the output for images, or for features of the body; also while tracing."""
        if self._transposes and self.name == "PostNet":
            inputs = tf.nest.map_structure(lambda x: tf.transpose(x, _TO_FIRST), inputs)
        place = ("PreNet", "PostNet").index(self.name)
        with (
            self.user.guard(self._doing),
            keeping_layers(self.model),
            self.draws.tied(place),
        ):
            outputs = copied(self.model(inputs, training=training))
        if self._transposes and self.name == "PreNet":
            outputs = tf.nest.map_structure(lambda x: tf.transpose(x, _TO_LAST), outputs)
        return outputs

    def apply_int8(self, inputs: Any) -> Any:
        """Return the output in training, rounded to int8; while tracing only."""
        return fake_quantised(lambda x: self.apply(x, True), OwnRanges, inputs)

    def build(self, inputs: Any) -> Any:
        """Run eagerly, which creates the variables, then as a graph; return the output.

        Raises:
            UserCodeError: either run fails.
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
            with tf.GradientTape(watch_accessed_variables=True) as tape:
                outputs = self.apply(inputs, True)
        except UserCodeError as error:
            if self._transposes and "NHWC" in error.trace:
                fix = (
                    "this device cannot compute convolutions in channels_first; use data_format: "
                    "channels_last, or transpose in PreNet and PostNet"
                )
            elif "new elements of state" in error.trace:
                fix = (
                    f"{self.name} builds layers with weights while it is called, which Keras 3 "
                    "does not keep: build them in __init__, or use strategy.keras_version: 2"
                )
            raise UserCodeError(error.doing, error.trace, fix=fix) from error
        self._unused = unused_layers(self.model, tape.watched_variables())
        layers = [layer for layer in batch_normalisations(self.model) if layer.trainable]
        if layers:
            with _watching(layers, self._normalised_by_batch):
                self.apply(inputs, True)
        self._settle_batch_size(inputs, outputs)
        self._built = len(tf.nest.flatten(inputs)[0]), _sizes(outputs)
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
        """Return costs and operators; parameters include frozen ones but not statistics.

        Args:
            inputs: the inputs, with a batch of one.

        Raises:
            UserModuleError: it returns outputs of a whole batch for one image.
        """
        sizes: list[Size] = []

        def apply(x: Any) -> Any:
            outputs = self.apply(x, False)
            sizes[:] = _sizes(outputs)
            return outputs

        costs = Costs(count_parameters(self.model), count_flops(apply, inputs))
        images, of_batch = self._built
        method = f"{self.name}.call"
        if self.name == "PostNet":
            require_outputs_of_one(self.user.file, method, images, of_batch, sizes)
        else:
            for size in sizes:
                found = size[0] if size else None
                require_same_number(self.user.file, method, 1, 1 if found is None else found)
        return costs, operators_of_function(apply, inputs, self.name)

    @contextmanager
    def statistics_kept(self) -> Iterator[None]:
        """Restore the variables that are not trained when the context exits."""
        before = self.copied_state()
        try:
            yield
        finally:
            self.put_state(before)

    def copied_state(self) -> Values:
        """Return copies of the variables that are not trained."""
        return [tf.identity(variable) for variable in self.state]

    def put_state(self, values: Values) -> None:
        """Restore what :meth:`copied_state` returned."""
        for variable, value in zip(self.state, values, strict=True):
            variable.assign(value)

    def estimate(self, batches: Sequence[Any]) -> Values:
        """Replace the statistics with their mean over batches.

        Args:
            batches: the inputs, batch by batch.

        Returns:
            The output for each batch: with batch statistics, otherwise in inference mode.
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

    def observe(self, batches: Sequence[Any]) -> tuple[Values, Ranges]:
        """Run in inference mode and take the ranges of all activations.

        Args:
            batches: the inputs, batch by batch.

        Returns:
            The output for each batch; the ranges.
        """
        outputs, limits = [], []
        for inputs in batches:
            self.draws.go_on()
            output, lows, highs = self._observe(inputs)
            outputs.append(output)
            limits.append((lows, highs))
        return outputs, over_batches(limits)

    def evaluate_int8(self, inputs: Any, ranges: Ranges) -> Any:
        """Return the output in inference mode, computed as in int8."""
        return self._round(inputs, *ranges)

    def _infer(self, inputs: Any) -> Any:
        return self.apply(inputs, False)

    def _make_graphs(self) -> None:
        # Autograph is on: ``call`` may branch on tensors.
        self._train_graph = self._graph(lambda inputs: self.apply(inputs, True))
        self._evaluation_graph = self._graph(lambda inputs: self.apply(inputs, False))
        self.train = self._guarded(self._train_graph)
        self.train_int8 = self._guarded(self._graph(self.apply_int8))
        if self.name == "PreNet":
            self.train, self.train_int8 = (
                on_constant_images(apply, lambda f: self._guarded(self._graph(f)))
                for apply in (lambda x: self.apply(x, True), self.apply_int8)
            )
        self.evaluate = self._guarded(self._evaluation_graph)
        self._estimate = self._guarded(self._graph(self._estimated))
        self._observe = self._guarded(self._graph(lambda x: observed(self._infer, x)))
        self._round = self._guarded(self._graph(lambda x, *r: rounded(self._infer, x, *r)))

    def _graph(self, function: Callable[..., Any]) -> Any:
        def with_logits(*inputs: Any) -> Any:
            outputs = function(*inputs)
            return outputs, logits_of(outputs)

        return tf.function(with_logits, reduce_retracing=not self.reads_batch_size)

    def _guarded(self, graph: Any) -> Callable[..., Any]:
        """Wrap a graph so that its runtime errors count as failures of the user's code."""

        def run(*inputs: Any) -> Any:
            with self.user.guard(self._doing):
                outputs, logits = graph(*inputs)
            attach_logits(outputs, logits)
            return outputs

        return run

    def _settle_batch_size(self, inputs: Any, outputs: Any) -> None:
        """Find out whether one graph works for any batch size.

        ``call`` may read ``inputs.shape[0]``, or make a constant of that size. In a graph for any
        batch size it is ``None``; in that case each batch size gets a graph of its own.
        """
        spec = tf.nest.map_structure(lambda x: tf.TensorSpec((None, *x.shape[1:]), x.dtype), inputs)
        expected = [x.shape for x in tf.nest.flatten(outputs) if hasattr(x, "shape")]
        try:
            for graph in (self._train_graph, self._evaluation_graph):
                found, _ = graph.get_concrete_function(spec).structured_outputs
                shapes = [x.shape for x in tf.nest.flatten(found) if hasattr(x, "shape")]
                same = all(a.is_compatible_with(b) for a, b in zip(shapes, expected, strict=True))
                self.reads_batch_size |= not same  # as from ``inputs.shape[0] or 1``
        except Exception:  # reported later if it also fails with a fixed batch size
            self.reads_batch_size = True
        if self.reads_batch_size:
            self._make_graphs()

    def _estimated(self, inputs: Any, momentum: Any) -> Any:
        with _estimating(self._normalisations(), momentum):
            return self.apply(inputs, False)

    def _normalisations(self) -> Values:
        """Return the layers that use batch statistics in training.

        Those that the user freezes, or calls with ``training=False``, keep their statistics.
        """
        by_batch = self._normalised_by_batch
        return [layer for layer in batch_normalisations(self.model) if id(layer) in by_batch]


@contextmanager
def _estimating(layers: Values, momentum: Any) -> Iterator[None]:
    """Make ``layers`` use batch statistics and average them with weight ``momentum`` on the old."""
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
    """Add the ids of the layers that are called in training mode to ``found``."""

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


def _sizes(outputs: Any) -> list[Size]:
    """Return the shapes of the tensors, as far as they are known."""
    tensors = [tensor for _, tensor in flatten(outputs, tf.Tensor)]
    return [None if x.shape.rank is None else tuple(x.shape) for x in tensors]


def _generator(layer: Any) -> Any:
    """Return the generator that augmentation layers of Keras 2 keep apart from their variables."""
    return getattr(getattr(layer, "_random_generator", None), "_generator", None)
