"""PyTorch's half of a backend."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from pathlib import Path

import torch

from nasea.backends.data.image_cache import ImageCache
from nasea.backends.export.deployment import Deployment
from nasea.backends.framework import Framework
from nasea.backends.memory import Memory, peak_of_process
from nasea.backends.records import FileOptions, PreNetReport, Role, UserNetworkReport
from nasea.backends.torch.data.datasets import Batch, Data
from nasea.backends.torch.devices import open_device, seed_everything
from nasea.backends.torch.distributed.ranks import TorchRanks
from nasea.backends.torch.distributed.trainer import ParallelTrainer
from nasea.backends.torch.export.exporter import TorchExporter
from nasea.backends.torch.network.standalone import load_network
from nasea.backends.torch.network.supernet import Supernet
from nasea.backends.torch.scoring.scorer import Scorer
from nasea.backends.torch.training.pretrained import (
    classification_code,
    load_pretrained,
    pretrained_weights,
)
from nasea.backends.torch.training.schedule import simulate_schedule
from nasea.backends.torch.training.state import random_state, set_random_state
from nasea.backends.torch.training.teacher import Teacher
from nasea.backends.torch.training.trainer import Trainer, TrainerSettings
from nasea.backends.torch.user.code import UserCode
from nasea.backends.torch.user.networks import (
    accepts_channels_last,
    examine_post_net,
    examine_pre_net,
    run_post_net,
    run_pre_net,
)
from nasea.backends.training.pretrained import LoadedPretrained
from nasea.backends.training.trial import Trial
from nasea.backends.user.nesting import first_items
from nasea.config import Scenario
from nasea.errors import NotAvailableError
from nasea.install import install_line
from nasea.space import Genome, Space
from nasea.terms import FRAMEWORKS

_INITIAL_STREAM = 0x11


class TorchFramework(Framework[Data, Batch, Supernet, Teacher, Trainer, Scorer]):
    """See :class:`nasea.backends.framework.Framework`.

    Args:
        scenario: what to search.
        directory: where ``user_module.py`` is.
        role: what for.
        ranks: the processes that train together; ``None`` where there is only this one.
    """

    user: UserCode
    weights_suffix = FRAMEWORKS["pytorch"].weights_suffix
    file_options = FileOptions()
    metric_call = "UserModule.metrics_func(eval_dataloader, eval_function)"
    schedule_call = "UserModule.scheduler_define(optimizer, steps_per_epoch)"

    def __init__(
        self,
        scenario: Scenario,
        directory: Path,
        role: Role = "search",
        ranks: TorchRanks | None = None,
    ) -> None:
        super().__init__(scenario, ranks)
        self.device = open_device(scenario, self.notices, 0 if ranks is None else ranks.local_rank)
        self._ranks = ranks
        seed_everything(scenario.seed, _INITIAL_STREAM)
        if role == "pre-training":
            self.user = classification_code(scenario, directory)
        else:
            self.user = UserCode(directory, scenario.epochs, scenario.batch_size)
        self.pre_net = self.user.make_network("PreNet").to(self.device)
        self.post_net = self.user.make_network("PostNet").to(self.device)

    @property
    def environment(self) -> dict[str, str]:
        """See :class:`nasea.backends.framework.Framework`."""
        name = torch.cuda.get_device_name() if self.device.type == "cuda" else "CPU"
        return {
            "framework": f"PyTorch {torch.__version__}",
            "device": name,
            "threads": str(torch.get_num_threads()),
        }

    @property
    def peak_memory(self) -> Memory:
        """See :class:`nasea.backends.framework.Framework`."""
        on_gpu = self.device.type == "cuda"
        return Memory(peak_of_process(), torch.cuda.max_memory_allocated() if on_gpu else None)

    def open_data(self, cache: ImageCache) -> tuple[Data, Batch]:
        """See :class:`nasea.backends.framework.Framework`."""
        ranks = self._ranks
        among = (1, 0, 1) if ranks is None else (ranks.size, ranks.rank, ranks.local_size)
        data = Data(self.scenario, self.user, cache, *among, pinned=self.device.type == "cuda")
        (images, labels), _ = data.probe()
        return data, (images.to(self.device), labels)

    def load_with(self, data: Data, workers: int) -> None:
        """See :class:`nasea.backends.framework.Framework`."""
        data.workers = workers

    def choose_workers(self, data: Data, step_seconds: float) -> None:
        """See :class:`nasea.backends.framework.Framework`."""
        if self.scenario.resource.data_workers is None:
            data.choose_workers(step_seconds)

    def run_pre_net(self, batch: Batch) -> PreNetReport:
        """See :class:`nasea.backends.framework.Framework`."""
        images, _ = batch
        shape = run_pre_net(self.user, self.pre_net, images)
        costs, operators = examine_pre_net(self.user, self.pre_net, images[:1].clone())
        return PreNetReport(costs, operators, out_shape=shape)

    def required_taps(self, batch: Batch, space: Space) -> tuple[int, ...]:
        """See :class:`nasea.backends.framework.Framework`."""
        return ()

    def attach(
        self, data: Data, batch: Batch, space: Space, seed: int
    ) -> tuple[Supernet, Scorer, UserNetworkReport]:
        """See :class:`nasea.backends.framework.Framework`."""
        images, _ = batch
        features: list[torch.Tensor] = [
            torch.randn(len(images), *space.layers[i].out_shape, device=self.device)
            for i in (*space.taps, -1)
        ]
        single = [feature[:1] for feature in features]
        outputs = run_post_net(self.user, self.post_net, features if space.taps else features[0])
        costs, operators = examine_post_net(
            self.user,
            self.post_net,
            single if space.taps else single[0],
            outputs,
            len(images),
        )
        layout = torch.contiguous_format
        if accepts_channels_last(self.pre_net, images) and accepts_channels_last(
            self.post_net, features if space.taps else features[0]
        ):
            layout = torch.channels_last
        seed_everything(seed, _INITIAL_STREAM, 1)
        supernet = Supernet(space, self.pre_net, self.post_net, layout).to(self.device)
        supernet.held = self.user.held().to(self.device)
        int8 = self.scenario.searcher.score_as == "int8"
        scorer = Scorer(supernet, data, self.user, self.device, seed, self.local_processes, int8)
        return supernet, scorer, UserNetworkReport(costs, operators)

    def inherit(self, supernet: Supernet, batch: Batch, genome: Genome, weights: Path) -> None:
        """See :class:`nasea.backends.framework.Framework`."""
        network = load_network(self.user, supernet.space, genome, weights)
        supernet.adopt(genome, network.to(self.device))

    def teacher(
        self, batch: Batch, space: Space, genome: Genome, weights: Path, share: float
    ) -> Teacher:
        """See :class:`nasea.backends.framework.Framework`."""
        network = load_network(self.user, space, genome, weights).to(self.device)
        dense = self.scenario.task == "segmentation"
        return Teacher(network, share, self.user, batch[0], dense)

    def pretrained_weights(self, supernet: Supernet) -> bytes:
        """See :class:`nasea.backends.framework.Framework`."""
        return pretrained_weights(supernet)

    def load_pretrained(self, supernet: Supernet, weights: bytes) -> LoadedPretrained:
        """See :class:`nasea.backends.framework.Framework`."""
        return load_pretrained(supernet, weights)

    def write_weights(
        self, supernet: Supernet, scorer: Scorer, batch: Batch, genome: Genome, path: Path
    ) -> int:
        """See :class:`nasea.backends.framework.Framework`."""
        network = scorer.calibrated(genome)
        weights = {
            name: tensor.detach().cpu().contiguous()
            for name, tensor in network.state_dict().items()
        }
        torch.save(weights, path)
        return sum(parameter.numel() for parameter in network.parameters())

    def open_trial(
        self, data: Data, supernet: Supernet, teacher: Teacher | None, paths_per_update: int = 1
    ) -> Trial:
        """See :class:`nasea.backends.framework.Framework`."""
        before = copy.deepcopy(supernet.state_dict())
        attributes = self.user.attributes()
        settings = self.settings(data, supernet, teacher, paths_per_update)
        trial = Trainer(settings.throughout())

        def undo() -> None:
            supernet.load_state_dict(before)
            self.notices += filter(None, [attributes.notice(self.user.file)])
            attributes.undo()
            supernet.zero_grad(set_to_none=True)

        whole = self.device.type == "cuda"
        return Trial(trial, trial.plan_update(0, 0, []), undo, always_whole=whole)

    def first_images(self, batch: Batch, count: int) -> Batch | None:
        """See :class:`nasea.backends.framework.Framework`."""
        images, labels = batch
        part = first_items(labels, len(images), count)
        return None if part is None else (images[:count], part)

    def rates(self, data: Data, paths_per_update: int) -> tuple[Sequence[float], int]:
        """See :class:`nasea.backends.framework.Framework`."""
        steps = -(-data.batches_per_epoch // paths_per_update)
        attributes = self.user.attributes()
        before = random_state()
        try:
            rates = simulate_schedule(self.scenario, self.user, steps, self.processes)
            return rates, steps * self.scenario.epochs
        finally:
            attributes.undo()
            set_random_state(before)

    def make_trainer(
        self, data: Data, supernet: Supernet, teacher: Teacher | None, paths_per_update: int
    ) -> Trainer:
        """See :class:`nasea.backends.framework.Framework`."""
        settings = self.settings(data, supernet, teacher, paths_per_update)
        if self._ranks is None:
            return Trainer(settings)
        return ParallelTrainer(self._ranks, data.sharding, settings)

    def batches(self, data: Data, trainer: Trainer, epoch: int, done: int) -> Iterator[Batch]:
        """See :class:`nasea.backends.framework.Framework`."""
        return data.epoch(epoch, done * trainer.paths_per_update)

    def exporter(
        self, data: Data, batch: Batch, space: Space, genome: Genome, weights: Path
    ) -> TorchExporter:
        """See :class:`nasea.backends.framework.Framework`."""
        network = load_network(self.user, space, genome, weights)
        return TorchExporter(network, data, self.user, self.device, self.scenario.seed)

    def deployment(self, batch: Batch, space: Space) -> Deployment:
        """See :class:`nasea.backends.framework.Framework`."""
        try:
            from nasea.backends.torch.export.deployment import OnnxDeployment
        except ImportError as error:
            raise NotAvailableError(
                f"ONNX cannot be imported: {error}", fix=install_line("torch")
            ) from error
        return OnnxDeployment(self.user, self.pre_net, self.post_net, batch[0][:1], space)

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
            device=self.device,
            teacher=teacher,
            int8_from=self.int8_from,
        )
