"""Trains the supernet: a few paths per update, with the user's loss and schedule."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from nasea.backends.tensorflow.data.datasets import Batch
from nasea.backends.tensorflow.data.sharding import steps_of
from nasea.backends.tensorflow.network.supernet import Supernet
from nasea.backends.tensorflow.training.gradients import Gradients
from nasea.backends.tensorflow.training.optimizers import make_optimizer
from nasea.backends.tensorflow.training.state import Arrays, pack, unpack
from nasea.backends.tensorflow.training.teacher import Teacher
from nasea.backends.tensorflow.user.code import OutOfMemory, UserCode
from nasea.backends.tensorflow.user.describe import describe
from nasea.backends.tensorflow.user.networks import UserNetwork
from nasea.backends.tensorflow.user.random_draws import Draws
from nasea.backends.training import trainer
from nasea.backends.training.randomness import generator_state, set_generator_state
from nasea.backends.training.trainer import Update
from nasea.errors import TrainingError, UserCodeError
from nasea.space import Genome

_TRAINING_STREAM = 0x7A
_LOSS = 2  # index among the places that draw; PreNet and PostNet are 0 and 1


@dataclass(frozen=True, kw_only=True)
class TrainerSettings(trainer.TrainerSettings):
    """Settings of a trainer.

    Attributes:
        user: the user's loss and schedule.
        supernet: the supernet to train.
        pre_net: the PreNet to train with it.
        post_net: the PostNet to train with it.
        draws: keys the random operations of the user's code.
        teacher: another network to learn from as well; ``None`` for labels only.
    """

    user: UserCode
    supernet: Supernet
    pre_net: UserNetwork
    post_net: UserNetwork
    draws: Draws
    teacher: Teacher | None = None


class Trainer(trainer.Trainer):
    """A trainer with an optimiser and a schedule.

    Args:
        settings: see :class:`TrainerSettings`; ``batches_per_epoch`` counts batches of one device.
        devices: number of devices that train together.
    """

    loss_name = "loss_op"
    size_name = "batches_per_update"

    def __init__(self, settings: TrainerSettings, *, devices: int = 1) -> None:
        batches = steps_of(settings.batches_per_epoch, devices)
        super().__init__(settings, batches, devices * settings.paths_per_update)
        self.user = user = settings.user
        self.supernet = supernet = settings.supernet
        self.pre_net = pre_net = settings.pre_net
        self.post_net = post_net = settings.post_net
        self.draws = settings.draws
        self.teacher = settings.teacher
        self.devices = devices
        self.data_batches = settings.batches_per_epoch
        self._pre_names = _names("PreNet", pre_net.variables)
        self._post_names = _names("PostNet", post_net.variables)
        of_networks = zip(
            [*self._pre_names, *self._post_names],
            [*pre_net.variables, *post_net.variables],
            strict=True,
        )
        of_user, self._user_state = user.held()
        self._user_names, self._user_variables = list(of_user), list(of_user.values())
        self.variables: dict[str, tf.Variable] = {**supernet.slots, **dict(of_networks), **of_user}
        self.attributes = user.attributes()
        self.optimizer = make_optimizer(self.scenario.optimizer, self.variables)
        fixed = post_net.reads_batch_size or user.loss_reads_batch_size
        self._head = tf.function(self._loss_and_gradients, reduce_retracing=not fixed)

    def begin_epoch(self, epoch: int) -> None:
        """Do nothing: random draws depend on the seed and the number of the batch only."""

    def first_batch(self, epoch: int, step: int) -> int:
        """Return the number of the first batch of a step, from 0, over the whole training."""
        return epoch * self.data_batches + step * self.update_size

    def rate(self, epoch: int, step: int) -> float:
        """Return the learning rate of an update."""
        return self.rate_at(self.first_batch(epoch, step))

    def rate_at(self, batch: int) -> float:
        """Return the learning rate of the update that begins with batch number ``batch``, from 0.

        ``lr_scheduler`` is passed the number of the batch on one device, since users count the
        length of an epoch in these, and not that of the update, which takes several. The initial
        learning rate is multiplied by the number of devices, as is the batch size.
        """
        initial = self.scenario.optimizer.learning_rate * self.devices
        return self.user.learning_rate(initial, batch)

    def learn(self, update: Update, batches: Sequence[Batch]) -> float:
        """See :class:`nasea.backends.training.trainer.Trainer`."""
        first = self.first_batch(update.epoch, update.step)
        numbers = range(first, first + len(update.paths))
        mean, gradients = self.gradients(update.paths, batches, numbers)
        self.require_finite(mean, update.rate)
        self.optimizer.apply(gradients, update.rate)
        return mean

    def gradients(
        self,
        paths: Sequence[Genome],
        batches: Sequence[Batch],
        numbers: Sequence[int],
        weights: Sequence[float] = (),
    ) -> tuple[float, dict[str, Any]]:
        """Compute the mean loss of paths, one batch for each, and the gradients by variable name.

        Args:
            paths: the paths.
            batches: one for each path.
            numbers: numbers of the batches, which key the random operations.
            weights: factors of the losses; 1 by default.

        Raises:
            TrainingError: memory ran out.
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

    def accumulate(self, path: Genome, images: Any, labels: Any, gradients: Gradients) -> Any:
        """Add the gradients of one path on one batch; return its loss."""
        teacher_scores = self.teacher(images) if self.teacher is not None else []
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(self.pre_net.variables)
            x = (self.pre_net.train_int8 if self.int8 else self.pre_net.train)(images)
        outputs, residuals = self.supernet.forward(path, x, self.int8)
        head = self._head if self.user.loss_is_traced else self._loss_and_gradients
        try:
            with self.user.guard("PostNet.call(inputs, training) and UserModule.loss_op"):
                loss, of_outputs, of_post_net = head(outputs, labels, teacher_scores, self.int8)
        except UserCodeError as error:
            fix = f"loss_op got labels {describe(labels)}"
            raise UserCodeError(error.doing, error.trace, fix=fix) from error
        gradients.add_all([*self._post_names, *self._user_names], of_post_net)
        of_x = self.supernet.backward(path, of_outputs, residuals, gradients.add, self.int8)
        with self.user.guard("the gradient of PreNet.call(inputs, training)"):
            of_pre_net = tape.gradient(x, self.pre_net.variables, of_x)
        gradients.add_all(self._pre_names, of_pre_net)
        return loss

    def _loss_and_gradients(
        self, features: list[Any], labels: Any, teacher_scores: list[Any], int8: bool
    ) -> tuple[Any, Any, Any]:
        """Return the loss, the gradients of ``features``, and those of PostNet and UserModule.

        It is traced once for each value of ``int8``, which changes during a training.
        """
        variables = [*self.post_net.variables, *self._user_variables]
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch([*features, *variables])
            given = features if len(features) > 1 else features[0]
            traced = tf.inside_function()
            if int8:
                run = self.post_net.apply_int8 if traced else self.post_net.train_int8
                outputs = run(given)
            else:
                outputs = self.post_net.apply(given, True) if traced else self.post_net.train(given)
            with self.draws.tied(_LOSS):
                loss = self.user.loss(labels, outputs)
            if self.teacher is not None:
                loss = self.teacher.mix_loss(loss, outputs, teacher_scores)
        with self.user.guard("the gradient of UserModule.loss_op(labels, logits)"):
            of_features, of_variables = tape.gradient(loss, (features, variables))
        return (
            loss,
            [_or_zeros(g, x) for g, x in zip(of_features, features, strict=True)],
            [None if g is None else tf.convert_to_tensor(g) for g in of_variables],
        )

    def find_non_finite(self) -> str | None:
        """See :class:`nasea.backends.training.trainer.Trainer`."""
        named = self.variables.items()
        return next((f"weight/{n}" for n, v in named if not np.isfinite(v.numpy()).all()), None)

    def pack_state(self) -> bytes:
        """Serialise weights, optimiser, counts and random generators."""
        weights = {f"weight/{name}": value.numpy() for name, value in self.variables.items()}
        weights |= {f"end/{name}": value.numpy() for name, value in self.kept().items()}
        moments = {f"optimizer/{name}": value for name, value in self.optimizer.state().items()}
        progress: dict[str, Any] = {**self.progress()}
        changed = self.attributes.changed()
        tensors = {name: value for name, value in changed.items() if isinstance(value, tf.Tensor)}
        progress["attributes"] = {n: v for n, v in changed.items() if n not in tensors}
        weights |= {f"attribute/{name}": value.numpy() for name, value in tensors.items()}
        return pack(weights | moments, progress | generator_state())

    def kept(self) -> dict[str, tf.Variable]:
        """Return the variables that change but are not trained, by name."""
        return _kept(self.pre_net) | _kept(self.post_net) | self._user_state

    def unpack_state(self, state: bytes) -> tuple[Arrays, dict[str, Any]]:
        """See :func:`nasea.backends.tensorflow.training.state.unpack`."""
        return unpack(state)

    def load_state(self, stored: tuple[Arrays, dict[str, Any]], done: int) -> int:
        """See :class:`nasea.backends.training.trainer.Trainer`."""
        arrays, plain = stored
        for name, variable in self.variables.items():
            variable.assign(arrays[f"weight/{name}"])
        for name, variable in self.kept().items():
            variable.assign(arrays[f"end/{name}"])
        tensors = {name: tf.constant(v) for name, v in _below("attribute/", arrays).items()}
        self.attributes.put({**plain.get("attributes", {}), **tensors})
        self.optimizer.restore(_below("optimizer/", arrays))
        self.global_step = int(plain["global_step"])
        set_generator_state(plain)
        if int(plain[self.size_name]) != self.update_size:
            self.global_step, done = self.convert_progress(plain, done)
        return done


def _below(beginning: str, arrays: Arrays) -> Arrays:
    """Return the arrays whose names begin with ``beginning``, by the rest of the name."""
    return {n.removeprefix(beginning): v for n, v in arrays.items() if n.startswith(beginning)}


def _names(network: str, variables: list[tf.Variable]) -> list[str]:
    # By position: Keras's names depend on everything else that the process has built.
    return [f"{network}/{index}" for index in range(len(variables))]


def _kept(network: UserNetwork) -> dict[str, tf.Variable]:
    """Return the variables of PreNet or PostNet that change but are not trained, by name."""
    return {f"{network.name}/{index}": value for index, value in enumerate(network.state)}


def _or_zeros(gradient: Any, like: Any) -> Any:
    return tf.zeros_like(like) if gradient is None else tf.convert_to_tensor(gradient)
