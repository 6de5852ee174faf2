"""Training the supernet: a few paths an update, the user's loss, the user's schedule."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from nasea.backends.records import UpdateReport
from nasea.backends.tensorflow.data.datasets import Batch
from nasea.backends.tensorflow.data.sharding import steps_of
from nasea.backends.tensorflow.network.supernet import Supernet
from nasea.backends.tensorflow.training.gradients import Gradients
from nasea.backends.tensorflow.training.optimizers import make_optimizer
from nasea.backends.tensorflow.training.state import pack, unpack
from nasea.backends.tensorflow.training.teacher import Teacher
from nasea.backends.tensorflow.user.code import OutOfMemory, UserCode
from nasea.backends.tensorflow.user.describe import describe
from nasea.backends.tensorflow.user.ends import End
from nasea.backends.tensorflow.user.random_draws import Draws
from nasea.backends.training.randomness import generator_state, set_generator_state
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
        batches_per_epoch: batches of one pass over the training images, of one device.
        paths_per_update: paths whose gradients make one update, a batch each.
        teacher: another network to learn from as well.
        devices: how many train together.
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
        *,
        devices: int = 1,
    ) -> None:
        self.scenario = scenario
        self.user = user
        self.supernet = supernet
        self.pre_net = pre_net
        self.post_net = post_net
        self.draws = draws
        self.paths_per_update = paths_per_update
        self.teacher = teacher
        self.devices = devices
        self.data_batches = batches_per_epoch
        self.batches_per_epoch = steps_of(batches_per_epoch, devices)
        self.steps_per_epoch = steps_of(self.batches_per_epoch, paths_per_update)
        self._pre_names = _names("PreNet", pre_net.variables)
        self._post_names = _names("PostNet", post_net.variables)
        ends = zip(
            [*self._pre_names, *self._post_names],
            [*pre_net.variables, *post_net.variables],
            strict=True,
        )
        of_user, self._user_state = user.held()
        self._user_names, self._user_variables = list(of_user), list(of_user.values())
        self.variables: dict[str, tf.Variable] = {**supernet.slots, **dict(ends), **of_user}
        self.attributes = user.attributes()
        self.optimizer = make_optimizer(scenario.optimizer, self.variables)
        self.global_step = 0
        fixed = post_net.reads_batch_size or user.loss_reads_batch_size
        self._head = tf.function(self._loss_and_gradients, reduce_retracing=not fixed)

    def epoch(
        self,
        epoch: int,
        batches: Iterable[Any],
        path: Callable[[int], Genome],
        on_update: Callable[[UpdateReport], None],
        done: int,
    ) -> None:
        """One epoch; see :meth:`nasea.backends.base.Backend.train_epoch`."""
        stream = iter(batches)
        start = time.perf_counter()
        for step in range(done, self.steps_per_epoch):
            first = step * self.paths_per_update
            last = min(first + self.paths_per_update, self.batches_per_epoch)
            paths = [path(epoch * self.batches_per_epoch + i) for i in range(first, last)]
            number = self.first_batch(epoch, step)
            rate = self.rate(number)
            loss, images = self.update(paths, stream, rate, number)
            self.global_step += 1
            now = time.perf_counter()
            on_update(UpdateReport(self.global_step, step + 1, loss, rate, images, now - start))
            start = now

    def first_batch(self, epoch: int, step: int) -> int:
        """The number, from 0 in the whole training, of the batch that a step begins with."""
        return epoch * self.data_batches + step * self.paths_per_update * self.devices

    def rate(self, batch: int) -> float:
        """Learning rate of the update that begins with batch number ``batch``, from 0.

        ``lr_scheduler`` is handed batches of one device, by which users count the length of an
        epoch, and not updates, which take several: so a schedule lasts as long as the training.
        What it starts from is multiplied by the number of devices: so much larger is the batch.
        """
        initial = self.scenario.optimizer.learning_rate * self.devices
        return self.user.learning_rate(initial, batch)

    def update(
        self, paths: list[Genome], stream: Iterator[Any], rate: float, first: int
    ) -> tuple[float, int]:
        """One update.

        Args:
            paths: what to train.
            stream: gives a batch for each.
            rate: the learning rate.
            first: number of the first batch.

        Returns:
            The mean loss, and how many images went into it.
        """
        batches = list(itertools.islice(stream, len(paths)))
        mean = self.learn(paths, batches, rate, first)
        return mean, sum(int(images.shape[0]) for images, _ in batches)

    def learn(
        self, paths: list[Genome], batches: list[Batch], rate: float, first: int = 0
    ) -> float:
        """One update from one batch a path, the first of this number; returns the mean loss."""
        mean, gradients = self.gradients(paths, batches, range(first, first + len(paths)))
        self.require_finite(mean, rate)
        self.optimizer.apply(gradients, rate)
        return mean

    def gradients(
        self,
        paths: list[Genome],
        batches: list[Batch],
        numbers: Sequence[int],
        weights: Sequence[float] = (),
    ) -> tuple[float, dict[str, Any]]:
        """The mean loss of paths, a batch each, and the gradients of what they use.

        Args:
            paths: the paths.
            batches: one for each.
            numbers: of the batches, which random operations draw by.
            weights: what to multiply the loss of each with; 1 by default.
        """
        gradients = Gradients()
        try:
            losses = []
            for path, batch, number, weight in zip(
                paths, batches, numbers, weights or [1.0] * len(paths), strict=True
            ):
                self.draws.begin(_TRAINING_STREAM, number)
                gradients.weight = weight
                loss = self.accumulate(path, *batch, gradients)
                losses.append(loss if weight == 1.0 else weight * loss)
            mean = float(tf.add_n(losses)) / len(losses)
        except OutOfMemory as error:
            raise TrainingError(
                f"out of memory at update {self.global_step + 1}: {error.message.splitlines()[0]}",
                fix="lower strategy.batch_size; the last checkpoint is intact",
            ) from error
        return mean, gradients.means()

    def require_finite(self, mean: float, rate: float) -> None:
        """Raise TrainingError where a loss is not a number."""
        if not np.isfinite(mean):
            raise TrainingError(
                f"the loss became {mean} at update {self.global_step + 1} (learning rate {rate:g})",
                fix="lower optimizer.weights_optimizer.learning_rate, or check loss_op and the "
                "labels; the last checkpoint is intact",
            )

    def accumulate(self, path: Genome, images: Any, labels: Any, gradients: Gradients) -> Any:
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
        gradients.add_all([*self._post_names, *self._user_names], of_post_net)
        of_x = self.supernet.backward(path, of_outputs, residuals, gradients.add)
        with self.user.guard("the gradient of PreNet.call(inputs, training)"):
            of_pre_net = tape.gradient(x, self.pre_net.variables, of_x)
        gradients.add_all(self._pre_names, of_pre_net)
        return loss

    def _loss_and_gradients(
        self, features: list[Any], labels: Any, taught: list[Any]
    ) -> tuple[Any, Any, Any]:
        """Loss of what the body gives; gradients of that and of PostNet's and UserModule's."""
        variables = [*self.post_net.variables, *self._user_variables]
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
        weights |= {f"end/{name}": value.numpy() for name, value in self.kept().items()}
        moments = {f"optimizer/{name}": value for name, value in self.optimizer.state().items()}
        progress: dict[str, Any] = {
            "global_step": self.global_step,
            "steps_per_epoch": self.steps_per_epoch,
            "batches_per_update": self.devices * self.paths_per_update,
        }
        changed = self.attributes.changed()
        tensors = {name: value for name, value in changed.items() if isinstance(value, tf.Tensor)}
        progress["attributes"] = {n: v for n, v in changed.items() if n not in tensors}
        weights |= {f"attribute/{name}": value.numpy() for name, value in tensors.items()}
        return pack(weights | moments, progress | generator_state())

    def kept(self) -> dict[str, tf.Variable]:
        """What of the ends is not trained but changes, by name."""
        return _kept(self.pre_net) | _kept(self.post_net) | self._user_state

    def restore(self, state: bytes, done: int = 0) -> int:
        """See :meth:`nasea.backends.base.Backend.restore`; refuses all but plain values."""
        arrays, plain = unpack(state)
        try:
            for name, variable in self.variables.items():
                variable.assign(arrays[f"weight/{name}"])
            for name, variable in self.kept().items():
                variable.assign(arrays[f"end/{name}"])
            begins = "attribute/"
            tensors = {
                n.removeprefix(begins): tf.constant(v)
                for n, v in arrays.items()
                if n.startswith(begins)
            }
            self.attributes.put({**plain.get("attributes", {}), **tensors})
            begins = "optimizer/"
            self.optimizer.restore(
                {n.removeprefix(begins): v for n, v in arrays.items() if n.startswith(begins)}
            )
            self.global_step = int(plain["global_step"])
            set_generator_state(plain)
            taken = int(plain["batches_per_update"])
            if taken == self.devices * self.paths_per_update:
                return done
            return self._rescale(taken, int(plain["steps_per_epoch"]), done)
        except Exception as error:
            raise CheckpointError(
                f"the training state in the checkpoint does not fit this run: {error}",
                fix="start anew with --restart",
            ) from error

    def _rescale(self, taken: int, steps_per_epoch: int, done: int) -> int:
        """Go on with another number of devices, whose updates take more batches, or fewer.

        Images of the present epoch that do not fill an update are read again.
        """
        epochs = (self.global_step - done) // steps_per_epoch
        done = done * taken // (self.devices * self.paths_per_update)
        done = min(done, self.steps_per_epoch)
        self.global_step = epochs * self.steps_per_epoch + done
        return done


def _names(end: str, variables: list[tf.Variable]) -> list[str]:
    # By position: names that Keras gives depend on what else the process has made.
    return [f"{end}/{index}" for index in range(len(variables))]


def _kept(end: End) -> dict[str, tf.Variable]:
    """What is not trained but changes, by name."""
    return {f"{end.name}/{index}": value for index, value in enumerate(end.state)}


def _or_zeros(gradient: Any, like: Any) -> Any:
    return tf.zeros_like(like) if gradient is None else tf.convert_to_tensor(gradient)
