"""TensorFlow behind the backend protocol."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import tensorflow as tf

from nasea.backends.base import Deployment
from nasea.backends.core import BackendCore, Trial
from nasea.backends.memory import Memory, peak_of_process
from nasea.backends.records import (
    DataReport,
    EndReport,
    FileOptions,
    Role,
)
from nasea.backends.tensorflow.data.datasets import Batch, Data
from nasea.backends.tensorflow.data.opening import open_data
from nasea.backends.tensorflow.data.sharding import deal, steps_of
from nasea.backends.tensorflow.devices import device_name, open_device, seed_everything
from nasea.backends.tensorflow.distributed.ranks import TensorFlowRanks
from nasea.backends.tensorflow.distributed.trainer import ParallelTrainer
from nasea.backends.tensorflow.environment import keras_release
from nasea.backends.tensorflow.export.deployment import TfliteDeployment
from nasea.backends.tensorflow.export.exporter import TensorFlowExporter
from nasea.backends.tensorflow.network.layers import Network
from nasea.backends.tensorflow.network.standalone import load_network
from nasea.backends.tensorflow.network.supernet import Supernet
from nasea.backends.tensorflow.network.weights import adopt, assemble
from nasea.backends.tensorflow.scoring.scorer import Scorer
from nasea.backends.tensorflow.training.own_losses import own_losses
from nasea.backends.tensorflow.training.pretrained import (
    classification_code,
    load_pretrained,
    pretrained_weights,
)
from nasea.backends.tensorflow.training.schedule import play
from nasea.backends.tensorflow.training.teacher import Teacher
from nasea.backends.tensorflow.training.trainer import Trainer, TrainerSettings
from nasea.backends.tensorflow.user.classic.importing import notices_of
from nasea.backends.tensorflow.user.code import UserCode
from nasea.backends.tensorflow.user.ends import End, notices_of_ends, require_feature_map
from nasea.backends.tensorflow.user.features import low_level_tap, made_up
from nasea.backends.tensorflow.user.random_draws import Draws
from nasea.backends.tensorflow.user.variables import count_parameters
from nasea.backends.training.distillation import nothing_to_learn
from nasea.backends.training.pretrained import LoadedPretrained
from nasea.config import Scenario
from nasea.space import Genome, Space

_INITIAL_STREAM = 0x11


class TensorFlowBackend(BackendCore[Data, Batch, Supernet, Trainer, Scorer]):
    """See :class:`nasea.backends.base.Backend`.

    ``tf.data`` loads in threads of its own, so there are no loading processes.

    Args:
        scenario: what to search.
        directory: where ``user_module.py`` is.
        role: what for.
        ranks: the processes that train together; ``None`` where there is only this one.
    """

    user: UserCode
    weights_suffix = ".weights.h5"
    metric_call = "UserModule.metrics_op(inputs, outputs)"
    schedule_call = "UserModule.lr_scheduler(lr_init, global_step)"
    workers = 0

    def __init__(
        self,
        scenario: Scenario,
        directory: Path,
        role: Role = "search",
        ranks: TensorFlowRanks | None = None,
    ) -> None:
        super().__init__(scenario, ranks)
        self._ranks = ranks
        tf.get_logger().setLevel("ERROR")  # it takes many functions for one that is traced anew
        place = (0, 1) if ranks is None else (ranks.local_rank, ranks.local_size)
        self.device = open_device(scenario, self.notices, *place)
        seed_everything(scenario.seed, _INITIAL_STREAM)
        if role == "pre-training":
            self.user = classification_code(scenario, directory)
        else:
            self.user = UserCode(
                directory, scenario.epochs, scenario.batch_size, task=scenario.task
            )
        self.notices += notices_of(self.user.expected)
        layout = scenario.supernet.data_format
        self._draws = Draws(scenario.seed)
        self._pre_net = End(self.user, "PreNet", layout, self._draws)
        self._post_net = End(self.user, "PostNet", layout, self._draws)
        self._teacher: Teacher | None = None

    @property
    def peak_memory(self) -> Memory:
        """See :meth:`nasea.backends.base.Backend.peak_memory`."""
        return Memory(peak_of_process())

    @property
    def environment(self) -> dict[str, str]:
        """Framework version, device, threads."""
        threads = tf.config.threading.get_intra_op_parallelism_threads()
        return {
            "framework": f"TensorFlow {tf.__version__}, Keras {keras_release(tf)}",
            "device": device_name(self.device),
            "threads": str(threads or "all"),
        }

    @property
    def file_options(self) -> FileOptions:
        """See :meth:`nasea.backends.base.Backend.file_options`."""
        return FileOptions(
            data_format=self.scenario.supernet.data_format,
            keras_version=self.scenario.keras_version,
            built_in_call=self._pre_net.keeps_layers or self._post_net.keeps_layers,
            reads_batch_size=self._pre_net.reads_batch_size or self._post_net.reads_batch_size,
            tensorflow_version=self.user.expected.version,
            old_keras=self.user.expected.keras if self.scenario.keras_version == 2 else (),
        )

    def load_data(self, workers: int | None) -> DataReport:
        """See :meth:`nasea.backends.base.Backend.load_data`."""
        self._data = open_data(self.scenario, self.user, self.notices)
        self._batch = self._data.probe()
        batches = steps_of(self._data.batches_per_epoch, self._processes)
        return DataReport(self._data.train_images, self._data.val_images, batches)

    def probe_pre_net(self) -> EndReport:
        """See :meth:`nasea.backends.base.Backend.probe_pre_net`."""
        images, _ = self._probe_batch()
        layout = self.scenario.supernet.data_format
        # Data may still have been read, and drawn for, behind the batch that was asked for.
        seed_everything(self.scenario.seed, _INITIAL_STREAM, 1)
        features = self._pre_net.build(images)
        require_feature_map(features, len(images), layout)
        _, height, width, channels = features.shape
        costs, operators = self._pre_net.examine(images[:1])
        return EndReport(costs, (int(channels), int(height), int(width)), operators)

    def wanted_taps(self, space: Space) -> tuple[int, ...]:
        """See :meth:`nasea.backends.base.Backend.wanted_taps`."""
        if self.scenario.task != "segmentation" or space.taps:
            return ()
        seed_everything(self.scenario.seed, _INITIAL_STREAM, 4)
        layout, images = self.scenario.supernet.data_format, len(self._probe_batch()[0])
        taps, notices = low_level_tap(self.user, self._draws, layout, space, images)
        self.notices += notices
        return taps

    def attach(self, space: Space, seed: int) -> EndReport:
        """See :meth:`nasea.backends.base.Backend.attach`."""
        images, labels = self._probe_batch()
        self.require_planes(space)
        seed_everything(self.scenario.seed, _INITIAL_STREAM, 2)
        features = made_up([space.layers[i] for i in (*space.taps, -1)], len(images))
        single = [feature[:1] for feature in features]
        inputs = features if space.taps else features[0]
        self._post_net.build(inputs)
        costs, operators = self._post_net.examine(single if space.taps else single[0])
        with self._post_net.statistics_kept():
            notice = self.user.try_loss(
                labels,
                lambda: self._post_net.apply(inputs, True),
                features,
                self._post_net.variables,
            )
        self.notices += [
            *([notice] if notice is not None else []),
            *own_losses((self._pre_net, self._post_net), self.user.file),
            *notices_of_ends(self._pre_net, self._post_net),
        ]
        seed_everything(seed, _INITIAL_STREAM, 3)
        with tf.device(self.device):
            self._supernet = Supernet(space, seed)
        ends = self._pre_net, self._post_net
        self._scorer = Scorer(
            self._supernet, *ends, self.data, self._draws, seed, self._local_processes
        )
        return EndReport(costs, operators=operators)

    def inherit(self, genome: Genome, weights: Path) -> None:
        """See :meth:`nasea.backends.base.Backend.inherit`."""
        network = self._network(self.supernet.space, genome, weights)
        adopt(self.supernet, genome, (self._pre_net.model, self._post_net.model), network)

    def learn_from(self, space: Space, genome: Genome, weights: Path, share: float) -> None:
        """See :meth:`nasea.backends.base.Backend.learn_from`."""
        if self.scenario.task == "detection":
            raise nothing_to_learn("boxes")
        network = self._network(space, genome, weights)
        self._teacher = Teacher(network, share, self.user, self._probe_batch()[0])

    def pretrained_weights(self) -> bytes:
        """See :meth:`nasea.backends.base.Backend.pretrained_weights`."""
        return pretrained_weights(self.supernet, self._pre_net)

    def load_pretrained(self, weights: bytes) -> LoadedPretrained:
        """See :meth:`nasea.backends.base.Backend.load_pretrained`."""
        return load_pretrained(self.supernet, self._pre_net, weights)

    def open_trial(self) -> Trial:
        """See :class:`nasea.backends.core.BackendCore`; plays the end of the schedule, too."""
        trial = Trainer(self._settings(paths_per_update=1))
        first = trial.planned(0, 0, [])
        trial.rate_at(self.scenario.epochs * trial.data_batches - 1)
        before = trial.state()

        def undo() -> None:
            trial.restore(before)
            self.notices += filter(None, [trial.attributes.notice(self.user.file)])
            trial.attributes.undo()

        return Trial(trial, first, undo, rounds=2)  # the first time it is traced

    def rates(self, paths_per_update: int) -> tuple[Sequence[float], int]:
        """See :meth:`nasea.backends.base.Backend.rates`."""
        return play(
            self.scenario,
            self.user,
            self.data.batches_per_epoch,
            paths_per_update,
            self._processes,
        )

    def settle_workers(self, step_seconds: float) -> None:
        """See :meth:`nasea.backends.base.Backend.settle_workers`."""

    def make_trainer(self, paths_per_update: int) -> Trainer:
        """See :class:`nasea.backends.core.BackendCore`."""
        settings = self._settings(paths_per_update)
        return Trainer(settings) if self._ranks is None else ParallelTrainer(self._ranks, settings)

    def load_with(self, workers: int) -> None:
        """See :class:`nasea.backends.distributed.leader.DividedBackend`."""

    def write_weights(self, genome: Genome, path: Path) -> int:
        """See :meth:`nasea.backends.base.Backend.write_weights`."""
        with self._scoring().calibrated(genome) as found:
            network = assemble(
                self.supernet,
                genome,
                found,
                (self._pre_net.model, self._post_net.model),
                self.scenario.supernet.data_format,
            )
            network(self._probe_batch()[0][:1], training=False)
            network.save_weights(str(path))
        return count_parameters(network)

    def exporter(self, space: Space, genome: Genome, weights: Path) -> TensorFlowExporter:
        """See :meth:`nasea.backends.base.Backend.exporter`."""
        network = self._network(space, genome, weights)
        return TensorFlowExporter(network, self.data, self.user, self._draws, self.scenario.seed)

    def deployment(self) -> Deployment:
        """See :meth:`nasea.backends.base.Backend.deployment`."""
        image = self._probe_batch()[0][:1]
        return TfliteDeployment(self._pre_net, self._post_net, image, self.supernet.space)

    def _network(self, space: Space, genome: Genome, weights: Path) -> Network:
        layout = self.scenario.supernet.data_format
        example = self._probe_batch()[0][:1]
        return load_network(self.user, space, genome, weights, layout, example)

    def batches(self, epoch: int, done: int) -> Iterator[Any]:
        """Batches, or shares of several."""
        taken = done * self.trainer.paths_per_update * self._processes
        batches = self.data.epoch(epoch, taken)
        if self._ranks is None:
            return batches
        return deal(batches, self._ranks.size, self._ranks.rank)

    def _settings(self, paths_per_update: int) -> TrainerSettings:
        """What a trainer needs."""
        return TrainerSettings(
            scenario=self.scenario,
            batches_per_epoch=self.data.batches_per_epoch,
            paths_per_update=paths_per_update,
            user=self.user,
            supernet=self.supernet,
            pre_net=self._pre_net,
            post_net=self._post_net,
            draws=self._draws,
            teacher=self._teacher,
        )
