"""Training the supernet: a few paths an update, the user's loss, the user's schedule."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import tensorflow as tf

from nasea.backends.base import UpdateReport
from nasea.backends.randomness import generator_state, set_generator_state
from nasea.backends.tensorflow.data import Batch
from nasea.backends.tensorflow.describe import describe
from nasea.backends.tensorflow.draws import Draws
from nasea.backends.tensorflow.ends import End
from nasea.backends.tensorflow.optimizers import make_optimizer
from nasea.backends.tensorflow.state import pack, unpack
from nasea.backends.tensorflow.supernet import Supernet
from nasea.backends.tensorflow.teacher import Teacher
from nasea.backends.tensorflow.user import OutOfMemory, UserCode
from nasea.config import Scenario
from nasea.errors import CheckpointError, TrainingError, UserCodeError
from nasea.space import Genome

_TRAINING_STREAM = 0x7A
_LOSS = 2  # among the places that draw; the ends are 0 and 1


class Trainer:
    """Optimiser, schedule and the step.

    Args:
        scenario: optimiser settings.
        user: the user's loss and schedule.
        supernet: what is trained.
        pre_net: what is trained before it,
        post_net: and behind it.
        draws: what random operations of the user draw by.
        batches_per_epoch: batches of one pass over the training images.
        paths_per_update: paths whose gradients make one update, a batch each.
        teacher: another network to learn from as well.
    """

    def __init__(
        self,
        scenario: Scenario,
        user: UserCode,
        supernet: Supernet,
        pre_net: End,
        post_net: End,
        draws: Draws,
        batches_per_epoch: int,
        paths_per_update: int,
        teacher: Teacher | None = None,
    ) -> None:
        self.scenario = scenario
        self.user = user
        self.supernet = supernet
        self.pre_net = pre_net
        self.post_net = post_net
        self.draws = draws
        self.paths_per_update = paths_per_update
        self.teacher = teacher
        self.batches_per_epoch = batches_per_epoch
        self.steps_per_epoch = -(-batches_per_epoch // paths_per_update)
        self._pre_names = _names("PreNet", pre_net.variables)
        self._post_names = _names("PostNet", post_net.variables)
        ends = zip(
            [*self._pre_names, *self._post_names],
            [*pre_net.variables, *post_net.variables],
            strict=True,
        )
        self.variables: dict[str, tf.Variable] = {**supernet.slots, **dict(ends)}
        self.optimizer = make_optimizer(scenario.optimizer, self.variables)
        self.global_step = 0
        self._head = tf.function(self._loss_and_gradients, reduce_retracing=True)

    def epoch(
        self,
        epoch: int,
        batches: Iterable[Batch],
        path: Callable[[int], Genome],
        on_update: Callable[[UpdateReport], None],
        done: int,
    ) -> None:
        """One epoch; see :meth:`nasea.backends.base.Backend.train_epoch`."""
        stream = iter(batches)
        start = time.perf_counter()
        for step in range(done, self.steps_per_epoch):
            group = list(itertools.islice(stream, self.paths_per_update))
            first = epoch * self.batches_per_epoch + step * self.paths_per_update
            paths = [path(first + i) for i in range(len(group))]
            rate = self.rate(first)
            loss = self.learn(paths, group, rate, first)
            self.global_step += 1
            images = sum(int(images.shape[0]) for images, _ in group)
            now = time.perf_counter()
            on_update(UpdateReport(self.global_step, step + 1, loss, rate, images, now - start))
            start = now

    def rate(self, batch: int) -> float:
        """Learning rate of the update that begins with batch number ``batch``, from 0.

        ``lr_scheduler`` is handed batches, by which users count the length of an epoch, and not
        updates, which take several: so a schedule lasts as long as the training.
        """
        return self.user.learning_rate(self.scenario.optimizer.learning_rate, batch)

    def learn(
        self, paths: list[Genome], batches: list[Batch], rate: float, first: int = 0
    ) -> float:
        """One update from one batch a path, the first of this number; returns the mean loss."""
        gradients = _Gradients()
        pairs = zip(paths, batches, strict=True)
        try:
            losses = []
            for number, (path, batch) in enumerate(pairs, first):
                self.draws.begin(_TRAINING_STREAM, number)
                losses.append(self.accumulate(path, *batch, gradients))
            mean = float(tf.add_n(losses)) / len(losses)
        except OutOfMemory as error:
            raise TrainingError(
                f"out of memory at update {self.global_step + 1}: {error.message.splitlines()[0]}",
                fix="lower strategy.batch_size; the last checkpoint is intact",
            ) from error
        if not np.isfinite(mean):
            raise TrainingError(
                f"the loss became {mean} at update {self.global_step + 1} (learning rate {rate:g})",
                fix="lower optimizer.weights_optimizer.learning_rate, or check loss_op and the "
                "labels; the last checkpoint is intact",
            )
        self.optimizer.apply(gradients.means(), rate)
        return mean

    def accumulate(self, path: Genome, images: Any, labels: Any, gradients: _Gradients) -> Any:
        """Add the gradients of one path on one batch; returns its loss."""
        taught = self.teacher(images) if self.teacher is not None else []
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(self.pre_net.variables)
            x = self.pre_net.train(images)
        outputs, residuals = self.supernet.forward(path, x)
        head = self._head if self.user.loss_is_traced else self._loss_and_gradients
        try:
            with self.user.guard("PostNet.call(inputs, training) and UserModule.loss_op"):
                loss, of_outputs, of_post_net = head(outputs, labels, taught)
        except UserCodeError as error:
            fix = f"loss_op got labels {describe(labels)}"
            raise UserCodeError(error.doing, error.trace, fix=fix) from error
        gradients.add_all(self._post_names, of_post_net)
        of_x = self.supernet.backward(path, of_outputs, residuals, gradients.add)
        with self.user.guard("the gradient of PreNet.call(inputs, training)"):
            of_pre_net = tape.gradient(x, self.pre_net.variables, of_x)
        gradients.add_all(self._pre_names, of_pre_net)
        return loss

    def _loss_and_gradients(
        self, features: list[Any], labels: Any, taught: list[Any]
    ) -> tuple[Any, Any, Any]:
        """Loss of what the body gives; gradients of that and of PostNet's variables."""
        variables = self.post_net.variables
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch([*features, *variables])
            given = features if len(features) > 1 else features[0]
            traced = tf.inside_function()
            outputs = self.post_net.apply(given, True) if traced else self.post_net.train(given)
            with self.draws.tied(_LOSS):
                loss = self.user.loss(labels, outputs)
            if self.teacher is not None:
                loss = self.teacher.mixed(loss, outputs, taught)
        with self.user.guard("the gradient of UserModule.loss_op(labels, logits)"):
            of_features, of_variables = tape.gradient(loss, (features, variables))
        return (
            loss,
            [_or_zeros(g, x) for g, x in zip(of_features, features, strict=True)],
            [None if g is None else tf.convert_to_tensor(g) for g in of_variables],
        )

    def state(self) -> bytes:
        """All that training needs to go on, as one file image.

        Raises:
            TrainingError: a weight is not finite, so that the last good state is the one to keep.
        """
        weights = {f"weight/{name}": value.numpy() for name, value in self.variables.items()}
        for name, value in weights.items():
            if not np.isfinite(value).all():
                raise TrainingError(
                    f"{name} is not finite after update {self.global_step}",
                    fix="lower optimizer.weights_optimizer.learning_rate; the last checkpoint is "
                    "intact",
                )
        for end in (self.pre_net, self.post_net):
            weights |= {f"end/{n}": v.numpy() for n, v in _kept(end).items()}
        moments = {f"optimizer/{name}": value for name, value in self.optimizer.state().items()}
        return pack(weights | moments, {"global_step": self.global_step} | generator_state())

    def restore(self, state: bytes) -> None:
        """Take over what :meth:`state` gave; refuses anything but arrays and plain values."""
        arrays, plain = unpack(state)
        try:
            for name, variable in self.variables.items():
                variable.assign(arrays[f"weight/{name}"])
            for end in (self.pre_net, self.post_net):
                for name, variable in _kept(end).items():
                    variable.assign(arrays[f"end/{name}"])
            begins = "optimizer/"
            self.optimizer.restore(
                {n.removeprefix(begins): v for n, v in arrays.items() if n.startswith(begins)}
            )
            self.global_step = int(plain["global_step"])
            set_generator_state(plain)
        except Exception as error:
            raise CheckpointError(
                f"the training state in the checkpoint does not fit this run: {error}",
                fix="start anew with --restart",
            ) from error


class _Gradients:
    """Gradients of one update: of every variable the mean over the paths that used it.

    What a learning rate means then does not depend on how many paths share an update.
    """

    def __init__(self) -> None:
        self._sums: dict[str, Any] = {}
        self._counts: dict[str, int] = {}

    def add(self, name: str, gradient: Any) -> None:
        """Count in what one path gives."""
        known = self._sums.get(name)
        self._sums[name] = gradient if known is None else known + gradient
        self._counts[name] = self._counts.get(name, 0) + 1

    def add_all(self, names: list[str], gradients: list[Any]) -> None:
        """Count in several, ``None`` for those that the path did not use."""
        for name, gradient in zip(names, gradients, strict=True):
            if gradient is not None:
                self.add(name, tf.convert_to_tensor(gradient))

    def means(self) -> dict[str, Any]:
        """The mean of each."""
        return {
            name: total if self._counts[name] == 1 else total / float(self._counts[name])
            for name, total in self._sums.items()
        }


def _names(end: str, variables: list[tf.Variable]) -> list[str]:
    # By position: names that Keras gives depend on what else the process has made.
    return [f"{end}/{index}" for index in range(len(variables))]


def _kept(end: End) -> dict[str, tf.Variable]:
    """What is not trained but changes, by name."""
    return {f"{end.name}/{index}": value for index, value in enumerate(end.state)}


def _or_zeros(gradient: Any, like: Any) -> Any:
    return tf.zeros_like(like) if gradient is None else tf.convert_to_tensor(gradient)
