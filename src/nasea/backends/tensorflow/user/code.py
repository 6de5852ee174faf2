"""The user's TensorFlow module: its interface and every call into it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import tensorflow as tf

from nasea.backends.tensorflow.environment import keras_release
from nasea.backends.tensorflow.training.user_state import attributes_of, user_variables
from nasea.backends.tensorflow.user.classic.importing import import_classic, with_fix
from nasea.backends.tensorflow.user.classic.versions import Expected
from nasea.backends.tensorflow.user.describe import describe
from nasea.backends.tensorflow.user.interface import interface_of
from nasea.backends.tensorflow.user.keras_logits import has_logits, without_logits
from nasea.backends.tensorflow.user.messages import advice, in_short
from nasea.backends.tensorflow.user.schedule import Schedule
from nasea.backends.tensorflow.user.tracing import Traceable
from nasea.backends.user import code
from nasea.backends.user.attributes import Attributes
from nasea.backends.user.labels import advice_on_labels
from nasea.backends.user.module import (
    FILE_NAME,
    accepts,
    check_interface,
    user_code,
)
from nasea.backends.user.reachable import fingerprint
from nasea.errors import (
    NaseaError,
    Notice,
    TrainingError,
    UserCodeError,
    UserModuleError,
)
from nasea.terms import Task

OutOfMemory = tf.errors.ResourceExhaustedError


_TO_INT64 = "tf.cast(label, tf.int64)"


class UserCode(code.UserCode):
    """``user_module.py`` in TensorFlow; see :class:`nasea.backends.user.code.UserCode`.

    Args:
        directory: the directory of the module.
        epochs: passed to ``UserModule``.
        batch_size: passed to ``UserModule``.
        module: an object to use as the user's module; ``None`` imports it.
        file: name of the file, for messages.
        task: the task, which decides the interface of the module.
    """

    def __init__(
        self,
        directory: Path,
        epochs: int,
        batch_size: int,
        module: Any = None,
        file: str = FILE_NAME,
        task: Task = "classification",
    ) -> None:
        self.expected = Expected()
        self._task = task
        super().__init__(directory, epochs, batch_size, module, file)
        self._loss = Traceable(self._raw_loss)
        self._metric = Traceable(self._raw_metric)
        self._schedule = Schedule(self._user, self.file, self.guard)

    def import_module(self) -> ModuleType:
        """Import and return the user's module; find out for which versions it was written."""
        module, self.expected = import_classic(self.directory)
        return module

    def check(self, module: Any) -> None:
        """Raise UserModuleError if the module does not have the expected interface."""
        if isinstance(module, ModuleType):
            self._make_functional(module)
            unwritten = [tf.keras.Model.call, tf.keras.layers.Layer]
            check_interface(module, interface_of(self._task), unwritten)

    def require_memory(self, error: Exception) -> None:
        """Raise ``error`` if it says that memory ran out."""
        if isinstance(error, OutOfMemory):
            raise error

    def in_short(self, trace: str) -> str:
        """See :func:`nasea.backends.tensorflow.user.messages.in_short`."""
        return in_short(trace, self.directory)

    @contextmanager
    def guard(self, doing: str) -> Iterator[None]:
        """Report exceptions in the context as failures of the user's code, except out-of-memory."""
        try:
            with user_code(doing, self.directory):
                yield
        except UserCodeError as error:
            own_error = _wrapped_error(error.__cause__)
            if own_error is not None:
                raise own_error from None
            trace = in_short(error.trace, self.directory)
            short = UserCodeError(error.doing, trace, fix=error.fix or advice(error.trace))
            short.__cause__ = error.__cause__
            raise with_fix(short, self.expected) from error.__cause__

    def held(self) -> tuple[dict[str, tf.Variable], dict[str, tf.Variable]]:
        """Return the variables of UserModule by name: those that are trained, and all others."""
        return user_variables(self._user, self.directory)

    def attributes(self) -> Attributes:
        """Take a snapshot of the plain attributes of UserModule."""
        return attributes_of(self._user, self.directory)

    def require_type(self, class_name: str, network: object) -> None:
        """Raise UserModuleError if a PreNet or PostNet is not a layer of this Keras."""
        if not isinstance(network, tf.keras.layers.Layer):
            kind = next(
                (c for c in type(network).__mro__ if "keras" in c.__module__), type(network)
            )
            raise UserModuleError(
                f"{self.file}: {class_name} must be a tf.keras.Model (Keras "
                f"{keras_release(tf)}), found a {kind.__module__}.{kind.__qualname__}",
                fix="derive it from tf.keras.Model; strategy.keras_version: 3 makes that Keras 3",
            )

    def parts_of(self, network: Any) -> list[object]:
        """Return the layers of a model."""
        return list(network._flatten_layers())

    def _make_functional(self, module: ModuleType) -> None:
        """Instantiate PreNet and PostNet if they may be functional models, which adds ``call``."""
        for name in ("PreNet", "PostNet"):
            kind: Any = getattr(module, name, None)
            model = isinstance(kind, type) and issubclass(kind, tf.keras.Model)
            if model and kind.call is tf.keras.Model.call and "__init__" in vars(kind):
                if accepts(kind, 0):
                    with self.guard(f"{name}()"):
                        kind()

    def build_dataset(self, directory: str, arguments: Mapping[str, bool]) -> object:
        """Call ``build_dataset_search`` and return its result.

        Args:
            directory: the directory, as written in the scenario.
            arguments: the other arguments by name, in order; passed by position.
        """
        others = "".join(f", {name}={value}" for name, value in arguments.items())
        with self.guard(f"UserModule.build_dataset_search({directory!r}{others})"):
            return self._user.build_dataset_search(directory, *arguments.values())

    def learning_rate(self, initial: float, step: int) -> float:
        """Return the learning rate of a step; see :meth:`Schedule.learning_rate`."""
        return self._schedule.learning_rate(initial, step)

    def try_loss(
        self, labels: Any, run: Callable[[], Any], features: list[Any], weights: list[Any]
    ) -> Notice | None:
        """Run the loss on one batch and decide whether it runs as a graph.

        Gradients are checked for features and weights, never for the output: the cross-entropies of
        Keras bypass a softmax (:mod:`nasea.backends.tensorflow.user.keras_logits`).

        Args:
            labels: the labels of the batch.
            run: runs PostNet eagerly on ``features``.
            features: the outputs of the body.
            weights: the weights of PostNet.

        Returns:
            A notice if the loss runs eagerly; ``None`` if it runs as a graph.

        Raises:
            UserCodeError: the loss raises.
            UserModuleError: the loss returns no tensor, or has no gradients.
            TrainingError: the loss is not finite.
        """
        attributes = self.attributes()
        variables = [variable for part in self.held() for variable in part.values()]
        values = [variable.numpy() for variable in variables]
        try:
            return self._try_loss(labels, run, features, weights)
        finally:  # undo what the loss counted and averaged, which must start with the training
            attributes.undo()
            for variable, value in zip(variables, values, strict=True):
                variable.assign(value)

    def _try_loss(
        self, labels: Any, run: Callable[[], Any], features: list[Any], weights: list[Any]
    ) -> Notice | None:
        doing = "UserModule.loss_op(labels, logits)"
        before = fingerprint(self._user, self.directory)
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch([*features, *weights])
            outputs = run()
            given = describe(labels)
            shown = f"loss_op got labels {given}; PostNet's output is {describe(outputs)}"
            advice = advice_on_labels(given, _TO_INT64)
            loss = self._eager_loss(labels, outputs, shown + advice)
        of_features, of_weights = tape.gradient(loss, (features, weights))
        self._require_gradients(of_features, of_weights)
        if not np.isfinite(np.mean(loss)):
            raise TrainingError(
                f"{doing} is {np.mean(loss)} for the first batch of an untrained network",
                fix=f"check loss_op and the labels: {shown}",
            )
        if fingerprint(self._user, self.directory) != before:
            self._loss.stay_eager()  # a graph would freeze the attributes at their current values
            return _eager_notice(self.file, "loss_op", "it changes attributes of UserModule")
        if has_logits(outputs):  # a graph receives the bare tensors only
            outputs = without_logits(outputs)
            with self.guard(doing):
                loss = self._raw_loss(labels, outputs)
        reason = self._loss.settle(loss, labels, outputs)
        return _eager_notice(self.file, "loss_op", reason)

    def _eager_loss(self, labels: Any, outputs: Any, shown: str) -> Any:
        try:
            with self.guard("UserModule.loss_op(labels, logits)"):
                loss = self._raw_loss(labels, outputs)
        except UserCodeError as error:
            raise UserCodeError(error.doing, error.trace, fix=shown) from error
        if not isinstance(loss, tf.Tensor) or not loss.dtype.is_floating:
            raise UserModuleError(
                f"{self.file}: loss_op must return a floating-point tensor, found {describe(loss)}"
            )
        return loss

    def _require_gradients(self, of_features: list[Any], of_weights: list[Any]) -> None:
        """Raise UserModuleError if no weight, or no searched layer, gets a gradient."""
        if any(gradient is not None for gradient in of_features):
            return
        if all(gradient is None for gradient in of_weights):
            raise UserModuleError(
                f"{self.file}: what loss_op returns has no gradient, so nothing can be learned",
                fix="compute it from logits by operations of TensorFlow that have gradients",
            )
        raise UserModuleError(
            f"{self.file}: what loss_op returns has a gradient for the weights of PostNet, but "
            "none for what PostNet gets, so the searched layers cannot learn",
            fix="leave out of PostNet.call what stops gradients between its input and its output: "
            "tf.stop_gradient, argmax, rounding, NumPy",
        )

    def loss(self, labels: Any, outputs: Any) -> Any:
        """Call ``loss_op`` and return the mean of its result; also while a graph is traced."""
        with self.guard("UserModule.loss_op(labels, logits)"):
            return tf.reduce_mean(self._raw_loss(labels, outputs))

    @property
    def loss_is_traced(self) -> bool:
        """Whether ``loss_op`` runs as a graph; known after :meth:`try_loss`."""
        return self._loss.traced

    @property
    def loss_reads_batch_size(self) -> bool:
        """Whether a graph of ``loss_op`` is valid for one batch size only."""
        return self._loss.by_shape

    @property
    def metric_is_settled(self) -> bool:
        """Whether it is decided how ``metrics_op`` runs."""
        return self._metric.settled

    def settle_metric(self, labels: Any, outputs: Any) -> None:
        """Decide on one batch whether the metric runs as a graph.

        Raises:
            CandidateFailed, MetricError: see :meth:`metric_of_batches`.
        """
        with self.measuring() as memory:
            memory.reset()
            before = fingerprint(self._user, self.directory)
            value = self._metric_of_batch(labels, outputs)
            # A graph would freeze the attributes at their current values, and has no Keras logits.
            if fingerprint(self._user, self.directory) != before or has_logits(outputs):
                self._metric.stay_eager()
            else:
                self._metric.settle(value, labels, outputs, memory.reset)

    def metric_of_batches(self, batches: Iterator[tuple[int, Any, Any]]) -> float:
        """Return the mean of ``metrics_op`` over batches, weighted by images.

        It runs in a private working directory.

        Args:
            batches: (number of images, labels, outputs) of each batch.

        Raises:
            CandidateFailed: the metric raised, called ``exit`` or returned a non-finite number.
            MetricError: the metric returned something that is not a number.
        """
        total, images = 0.0, 0
        with self.measuring() as memory:
            for count, labels, outputs in batches:
                memory.reset()
                total += count * self._metric_of_batch(labels, outputs)
                images += count
        return total / images

    def metric_of_all(self, inputs: list[Any], outputs: list[Any]) -> float:
        """Call ``metrics_op`` once for all images and return its value.

        It runs in a private working directory.

        Args:
            inputs: passed on unchanged.
            outputs: passed on unchanged.

        Raises:
            CandidateFailed, MetricError: see :meth:`metric_of_batches`.
        """
        with self.measuring() as memory:
            memory.reset()
            return self.number("metrics_op", lambda: _plain(self._raw_metric(inputs, outputs)))

    def _metric_of_batch(self, labels: Any, outputs: Any) -> float:
        return self.number(
            "metrics_op",
            lambda: _plain(self._metric(labels, outputs)),
            lambda: _arguments(labels, outputs),
        )

    def _raw_loss(self, labels: Any, outputs: Any) -> Any:
        return self._user.loss_op(labels, outputs)

    def _raw_metric(self, labels: Any, outputs: Any) -> Any:
        return _mean_of_images(self._user.metrics_op(labels, outputs), labels)


def _arguments(labels: Any, outputs: Any) -> str:
    given = describe(labels)
    advice = advice_on_labels(given, _TO_INT64)
    return f" on labels {given}, outputs {describe(outputs)}{advice}"


def _mean_of_images(value: Any, labels: Any) -> Any:
    """Return the mean of a metric with one value per image, as Keras's functions return.

    In a graph the number of images is unknown; the result of the earlier eager call decides.
    """
    first = next((leaf for leaf in tf.nest.flatten(labels) if isinstance(leaf, tf.Tensor)), None)
    if first is None or not isinstance(value, tf.Tensor | np.ndarray):
        return value
    if not first.shape.rank or not value.shape or len(value.shape) == 0:
        return value
    images, values = first.shape[0], value.shape[0]
    if images is None or values is None or images == values:
        return tf.reduce_mean(tf.cast(value, tf.float32))
    return value


def _plain(value: Any) -> Any:
    return value.numpy() if isinstance(value, tf.Tensor | tf.Variable) else value


def _wrapped_error(error: BaseException | None) -> Exception | None:
    """Return nasea's own error inside the one autograph made of it; ``None`` if there is none."""
    while error is not None:
        if isinstance(error, NaseaError | OutOfMemory):
            return error
        error = error.__cause__ or error.__context__
    return None


def _eager_notice(file: str, name: str, reason: str | None) -> Notice | None:
    if reason is None:
        return None
    return Notice(file, f"{name} runs eagerly, as it cannot be made a graph: {reason}")
