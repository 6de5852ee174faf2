"""TensorFlow's half of a backend."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import tensorflow as tf

from nasea.backends.data.image_cache import ImageCache
from nasea.backends.export.deployment import Deployment
from nasea.backends.framework import Framework
from nasea.backends.memory import Memory, peak_of_process
from nasea.backends.records import DataReport, FileOptions, PreNetReport, Role, UserNetworkReport
from nasea.backends.tensorflow.data.datasets import Batch, Data
from nasea.backends.tensorflow.data.opening import open_data
from nasea.backends.tensorflow.data.sharding import shard_batches, steps_of
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
from nasea.backends.tensorflow.training.schedule import simulate_schedule
from nasea.backends.tensorflow.training.teacher import Teacher
from nasea.backends.tensorflow.training.trainer import Trainer, TrainerSettings
from nasea.backends.tensorflow.user.classic.importing import notices_of
from nasea.backends.tensorflow.user.code import UserCode
from nasea.backends.tensorflow.user.features import low_level_tap, random_features
from nasea.backends.tensorflow.user.network_checks import notices_of_networks, require_feature_map
from nasea.backends.tensorflow.user.networks import UserNetwork
from nasea.backends.tensorflow.user.random_draws import Draws
from nasea.backends.tensorflow.user.variables import count_parameters
from nasea.backends.training.distillation import no_class_scores_error
from nasea.backends.training.pretrained import LoadedPretrained
from nasea.backends.training.trial import Trial
from nasea.backends.user.nesting import first_items
from nasea.config import Scenario
from nasea.space import Genome, Space
from nasea.terms import FRAMEWORKS

_INITIAL_STREAM = 0x11


class TensorFlowFramework(Framework[Data, Batch, Supernet, Teacher, Trainer, Scorer]):
    """See :class:`nasea.backends.framework.Framework`.

    ``tf.data`` loads in threads of its own, so there are no loading processes.

    Args:
        scenario: what to search.
        directory: where ``user_module.py`` is.
        role: what for.
        ranks: the processes that train together; ``None`` where there is only this one.
    """

    user: UserCode
    weights_suffix = FRAMEWORKS["tensorflow"].weights_suffix
    metric_call = "UserModule.metrics_op(inputs, outputs)"
    schedule_call = "UserModule.lr_scheduler(lr_init, global_step)"

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
        self.draws = Draws(scenario.seed)
        self.pre_net = UserNetwork(self.user, "PreNet", layout, self.draws)
        self.post_net = UserNetwork(self.user, "PostNet", layout, self.draws)

    @property
    def peak_memory(self) -> Memory:
        """See :class:`nasea.backends.framework.Framework`."""
        return Memory(peak_of_process())

    @property
    def environment(self) -> dict[str, str]:
        """See :class:`nasea.backends.framework.Framework`."""
        threads = tf.config.threading.get_intra_op_parallelism_threads()
        return {
            "framework": f"TensorFlow {tf.__version__}, Keras {keras_release(tf)}",
            "device": device_name(self.device),
            "threads": str(threads or "all"),
        }

    @property
    def file_options(self) -> FileOptions:
        """See :class:`nasea.backends.framework.Framework`."""
        return FileOptions(
            data_format=self.scenario.supernet.data_format,
            keras_version=self.scenario.keras_version,
            built_in_call=self.pre_net.keeps_layers or self.post_net.keeps_layers,
            reads_batch_size=self.pre_net.reads_batch_size or self.post_net.reads_batch_size,
            tensorflow_version=self.user.expected.version,
            old_keras=self.user.expected.keras if self.scenario.keras_version == 2 else (),
        )

    def open_data(self, cache: ImageCache) -> tuple[Data, Batch]:
        """See :class:`nasea.backends.framework.Framework`."""
        data = open_data(self.scenario, self.user, self.notices, cache)
        return data, data.probe()

    def describe_data(self, data: Data) -> DataReport:
        """See :class:`nasea.backends.framework.Framework`."""
        batches = steps_of(data.batches_per_epoch, self.processes)
        return DataReport(data.train_images, data.val_images, batches)

    def run_pre_net(self, batch: Batch) -> PreNetReport:
        """See :class:`nasea.backends.framework.Framework`."""
        images, _ = batch
        layout = self.scenario.supernet.data_format
        # Data may still have been read, and drawn for, behind the batch that was asked for.
        seed_everything(self.scenario.seed, _INITIAL_STREAM, 1)
        features = self.pre_net.build(images)
        require_feature_map(features, len(images), layout)
        _, height, width, channels = features.shape
        costs, operators = self.pre_net.examine(images[:1])
        return PreNetReport(costs, operators, out_shape=(int(channels), int(height), int(width)))

    def required_taps(self, batch: Batch, space: Space) -> tuple[int, ...]:
        """See :class:`nasea.backends.framework.Framework`."""
        if self.scenario.task != "segmentation" or space.taps:
            return ()
        seed_everything(self.scenario.seed, _INITIAL_STREAM, 4)
        layout, images = self.scenario.supernet.data_format, len(batch[0])
        taps, notices = low_level_tap(self.user, self.draws, layout, space, images)
        self.notices += notices
        return taps

    def attach(
        self, data: Data, batch: Batch, space: Space, seed: int
    ) -> tuple[Supernet, Scorer, UserNetworkReport]:
        """See :class:`nasea.backends.framework.Framework`."""
        images, labels = batch
        seed_everything(self.scenario.seed, _INITIAL_STREAM, 2)
        features = random_features([space.layers[i] for i in (*space.taps, -1)], len(images))
        single = [feature[:1] for feature in features]
        inputs = features if space.taps else features[0]
        self.post_net.build(inputs)
        costs, operators = self.post_net.examine(single if space.taps else single[0])
        with self.post_net.statistics_kept():
            notice = self.user.try_loss(
                labels,
                lambda: self.post_net.apply(inputs, True),
                features,
                self.post_net.variables,
            )
        self.notices += [
            *([notice] if notice is not None else []),
            *own_losses((self.pre_net, self.post_net), self.user.file),
            *notices_of_networks(self.pre_net, self.post_net),
        ]
        seed_everything(seed, _INITIAL_STREAM, 3)
        with tf.device(self.device):
            supernet = Supernet(space, seed)
        networks = self.pre_net, self.post_net
        int8 = self.scenario.searcher.score_as == "int8"
        scorer = Scorer(supernet, *networks, data, self.draws, seed, self.local_processes, int8)
        return supernet, scorer, UserNetworkReport(costs, operators)

    def inherit(self, supernet: Supernet, batch: Batch, genome: Genome, weights: Path) -> None:
        """See :class:`nasea.backends.framework.Framework`."""
        network = self._network(batch, supernet.space, genome, weights)
        adopt(supernet, genome, (self.pre_net.model, self.post_net.model), network)

    def teacher(
        self, batch: Batch, space: Space, genome: Genome, weights: Path, share: float
    ) -> Teacher:
        """See :class:`nasea.backends.framework.Framework`."""
        if self.scenario.task == "detection":
            raise no_class_scores_error("boxes")
        axis = {"channels_last": 3, "channels_first": 1}[self.scenario.supernet.data_format]
        dense_axis = axis if self.scenario.task == "segmentation" else None
        network = self._network(batch, space, genome, weights)
        return Teacher(network, share, self.user, batch[0], dense_axis)

    def pretrained_weights(self, supernet: Supernet) -> bytes:
        """See :class:`nasea.backends.framework.Framework`."""
        return pretrained_weights(supernet, self.pre_net)

    def load_pretrained(self, supernet: Supernet, weights: bytes) -> LoadedPretrained:
        """See :class:`nasea.backends.framework.Framework`."""
        return load_pretrained(supernet, self.pre_net, weights)

    def write_weights(
        self, supernet: Supernet, scorer: Scorer, batch: Batch, genome: Genome, path: Path
    ) -> int:
        """See :class:`nasea.backends.framework.Framework`."""
        with scorer.calibrated(genome) as found:
            network = assemble(
                supernet,
                genome,
                found,
                (self.pre_net.model, self.post_net.model),
                self.scenario.supernet.data_format,
            )
            network(batch[0][:1], training=False)
            network.save_weights(str(path))
        return count_parameters(network)

    def open_trial(
        self, data: Data, supernet: Supernet, teacher: Teacher | None, paths_per_update: int = 1
    ) -> Trial:
        """See :class:`nasea.backends.framework.Framework`; simulates the schedule's end too."""
        settings = self.settings(data, supernet, teacher, paths_per_update)
        trial = Trainer(settings.throughout())
        first = trial.plan_update(0, 0, [])
        trial.rate_at(self.scenario.epochs * trial.data_batches - 1)
        before = trial.state()

        def undo() -> None:
            trial.restore(before)
            self.notices += filter(None, [trial.attributes.notice(self.user.file)])
            trial.attributes.undo()

        whole = "GPU" in self.device
        # The first time it is traced.
        return Trial(trial, first, undo, rounds=2, always_whole=whole)

    def first_images(self, batch: Batch, count: int) -> Batch | None:
        """See :class:`nasea.backends.framework.Framework`."""
        if self.pre_net.reads_batch_size or self.post_net.reads_batch_size:
            return None
        images, labels = batch
        part = first_items(labels, int(images.shape[0]), count)
        return None if part is None else (images[:count], part)

    def rates(self, data: Data, paths_per_update: int) -> tuple[Sequence[float], int]:
        """See :class:`nasea.backends.framework.Framework`."""
        batches = data.batches_per_epoch
        return simulate_schedule(
            self.scenario, self.user, batches, paths_per_update, self.processes
        )

    def make_trainer(
        self, data: Data, supernet: Supernet, teacher: Teacher | None, paths_per_update: int
    ) -> Trainer:
        """See :class:`nasea.backends.framework.Framework`."""
        settings = self.settings(data, supernet, teacher, paths_per_update)
        return Trainer(settings) if self._ranks is None else ParallelTrainer(self._ranks, settings)

    def batches(self, data: Data, trainer: Trainer, epoch: int, done: int) -> Iterator[Any]:
        """See :class:`nasea.backends.framework.Framework`: batches, or shares of several."""
        begun = done * trainer.paths_per_update * self.processes
        if self._ranks is None:
            return data.epoch(epoch, begun)
        batches = data.epoch(epoch, begun, (self._ranks.size, self._ranks.rank))
        return shard_batches(batches, self._ranks.size, self._ranks.rank)

    def exporter(
        self, data: Data, batch: Batch, space: Space, genome: Genome, weights: Path
    ) -> TensorFlowExporter:
        """See :class:`nasea.backends.framework.Framework`."""
        network = self._network(batch, space, genome, weights)
        return TensorFlowExporter(network, data, self.user, self.draws, self.scenario.seed)

    def deployment(self, batch: Batch, space: Space) -> Deployment:
        """See :class:`nasea.backends.framework.Framework`."""
        return TfliteDeployment(self.pre_net, self.post_net, batch[0][:1], space)

    def settings(
        self, data: Data, supernet: Supernet, teacher: Teacher | None, paths_per_update: int
    ) -> TrainerSettings:
        """Return the settings of a trainer."""
        return TrainerSettings(
            scenario=self.scenario,
            batches_per_epoch=data.batches_per_epoch,
            paths_per_update=paths_per_update,
            user=self.user,
            supernet=supernet,
            pre_net=self.pre_net,
            post_net=self.post_net,
            draws=self.draws,
            teacher=teacher,
            int8_from=self.int8_from,
        )

    def _network(self, batch: Batch, space: Space, genome: Genome, weights: Path) -> Network:
        layout = self.scenario.supernet.data_format
        return load_network(self.user, space, genome, weights, layout, batch[0][:1])
