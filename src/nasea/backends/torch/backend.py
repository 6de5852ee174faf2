"""PyTorch behind the backend protocol."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from pathlib import Path

import torch

from nasea.backends.base import Deployment
from nasea.backends.core import BackendCore, Trial
from nasea.backends.memory import Memory, peak_of_process
from nasea.backends.records import (
    DataReport,
    EndReport,
    FileOptions,
    Role,
)
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
from nasea.backends.torch.training.schedule import play
from nasea.backends.torch.training.state import random_state, set_random_state
from nasea.backends.torch.training.teacher import Teacher
from nasea.backends.torch.training.trainer import Trainer, TrainerSettings
from nasea.backends.torch.user.code import UserCode
from nasea.backends.torch.user.ends import (
    accepts_channels_last,
    examine_post_net,
    examine_pre_net,
    run_post_net,
    run_pre_net,
)
from nasea.backends.training.pretrained import LoadedPretrained
from nasea.config import Scenario
from nasea.errors import NotAvailableError
from nasea.space import Genome, Space

_INITIAL_STREAM = 0x11


class TorchBackend(BackendCore[Data, Batch, Supernet, Trainer, Scorer]):
    """See :class:`nasea.backends.base.Backend`.

    Args:
        scenario: what to search.
        directory: where ``user_module.py`` is.
        role: what for.
        ranks: the processes that train together; ``None`` where there is only this one.
    """

    user: UserCode
    weights_suffix = ".pt"
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
        self._pre_net = self.user.end("PreNet").to(self.device)
        self._post_net = self.user.end("PostNet").to(self.device)
        self._teacher: Teacher | None = None

    @property
    def environment(self) -> dict[str, str]:
        """Framework version, device, threads."""
        name = torch.cuda.get_device_name() if self.device.type == "cuda" else "CPU"
        return {
            "framework": f"PyTorch {torch.__version__}",
            "device": name,
            "threads": str(torch.get_num_threads()),
        }

    @property
    def peak_memory(self) -> Memory:
        """See :meth:`nasea.backends.base.Backend.peak_memory`."""
        on_gpu = self.device.type == "cuda"
        return Memory(peak_of_process(), torch.cuda.max_memory_allocated() if on_gpu else None)

    @property
    def workers(self) -> int:
        """See :meth:`nasea.backends.base.Backend.workers`."""
        return self.data.workers

    def load_data(self, workers: int | None) -> DataReport:
        """See :meth:`nasea.backends.base.Backend.load_data`."""
        self._data = self._open_data()
        (images, labels), _ = self._data.probe()
        self._batch = (images.to(self.device), labels)
        wanted = self.scenario.resource.data_workers
        self._data.workers = wanted if wanted is not None else workers or 0
        return DataReport(
            self._data.train_images,
            self._data.val_images,
            self._data.batches_per_epoch,
        )

    def probe_pre_net(self) -> EndReport:
        """See :meth:`nasea.backends.base.Backend.probe_pre_net`."""
        images, _ = self._probe_batch()
        shape = run_pre_net(self.user, self._pre_net, images)
        costs, operators = examine_pre_net(self.user, self._pre_net, images[:1].clone())
        return EndReport(costs, shape, operators)

    def wanted_taps(self, space: Space) -> tuple[int, ...]:
        """See :meth:`nasea.backends.base.Backend.wanted_taps`."""
        return ()

    def attach(self, space: Space, seed: int) -> EndReport:
        """See :meth:`nasea.backends.base.Backend.attach`."""
        images, _ = self._probe_batch()
        self.require_planes(space)
        features: list[torch.Tensor] = [
            torch.randn(len(images), *space.layers[i].out_shape, device=self.device)
            for i in (*space.taps, -1)
        ]
        single = [feature[:1] for feature in features]
        outputs = run_post_net(self.user, self._post_net, features if space.taps else features[0])
        costs, operators = examine_post_net(
            self.user,
            self._post_net,
            single if space.taps else single[0],
            outputs,
            len(images),
        )
        layout = torch.contiguous_format
        if accepts_channels_last(self._pre_net, images) and accepts_channels_last(
            self._post_net, features if space.taps else features[0]
        ):
            layout = torch.channels_last
        seed_everything(seed, _INITIAL_STREAM, 1)
        self._supernet = Supernet(space, self._pre_net, self._post_net, layout).to(self.device)
        self._supernet.held = self.user.held().to(self.device)
        parts = self._supernet, self.data, self.user, self.device
        self._scorer = Scorer(*parts, seed, self._local_processes)
        return EndReport(costs, operators=operators)

    def inherit(self, genome: Genome, weights: Path) -> None:
        """See :meth:`nasea.backends.base.Backend.inherit`."""
        network = load_network(self.user, self.supernet.space, genome, weights)
        self.supernet.adopt(genome, network.to(self.device))

    def learn_from(self, space: Space, genome: Genome, weights: Path, share: float) -> None:
        """See :meth:`nasea.backends.base.Backend.learn_from`."""
        network = load_network(self.user, space, genome, weights).to(self.device)
        images, _ = self._probe_batch()
        self._teacher = Teacher(network, share, self.user, images)

    def pretrained_weights(self) -> bytes:
        """See :meth:`nasea.backends.base.Backend.pretrained_weights`."""
        return pretrained_weights(self.supernet)

    def load_pretrained(self, weights: bytes) -> LoadedPretrained:
        """See :meth:`nasea.backends.base.Backend.load_pretrained`."""
        return load_pretrained(self.supernet, weights)

    def open_trial(self) -> Trial:
        """See :class:`nasea.backends.core.BackendCore`."""
        before = copy.deepcopy(self.supernet.state_dict())
        attributes = self.user.attributes()
        trial = Trainer(self._settings(paths_per_update=1))

        def undo() -> None:
            self.supernet.load_state_dict(before)
            self.notices += filter(None, [attributes.notice(self.user.file)])
            attributes.undo()
            self.supernet.zero_grad(set_to_none=True)

        return Trial(trial, trial.planned(0, 0, []), undo)

    def rates(self, paths_per_update: int) -> tuple[Sequence[float], int]:
        """See :meth:`nasea.backends.base.Backend.rates`."""
        steps = -(-self.data.batches_per_epoch // paths_per_update)
        attributes = self.user.attributes()
        before = random_state()
        try:
            rates = play(self.scenario, self.user, steps, self._processes)
            return rates, steps * self.scenario.epochs
        finally:
            attributes.undo()
            set_random_state(before)

    def settle_workers(self, step_seconds: float) -> None:
        """See :meth:`nasea.backends.base.Backend.settle_workers`."""
        if self.scenario.resource.data_workers is None:
            self.data.settle_workers(step_seconds, torch.get_num_threads())

    def make_trainer(self, paths_per_update: int) -> Trainer:
        """See :class:`nasea.backends.core.BackendCore`."""
        settings = self._settings(paths_per_update)
        if self._ranks is None:
            return Trainer(settings)
        return ParallelTrainer(self._ranks, self.data.deal, settings)

    def batches(self, epoch: int, done: int) -> Iterator[Batch]:
        """See :class:`nasea.backends.core.BackendCore`."""
        return self.data.epoch(epoch, done * self.trainer.paths_per_update)

    def load_with(self, workers: int) -> None:
        """See :class:`nasea.backends.distributed.leader.DividedBackend`."""
        self.data.workers = workers

    def write_weights(self, genome: Genome, path: Path) -> int:
        """See :meth:`nasea.backends.base.Backend.write_weights`."""
        network = self._scoring().calibrated(genome)
        weights = {
            name: tensor.detach().cpu().contiguous()
            for name, tensor in network.state_dict().items()
        }
        torch.save(weights, path)
        return sum(parameter.numel() for parameter in network.parameters())

    def exporter(self, space: Space, genome: Genome, weights: Path) -> TorchExporter:
        """See :meth:`nasea.backends.base.Backend.exporter`."""
        network = load_network(self.user, space, genome, weights)
        return TorchExporter(network, self.data, self.user, self.device, self.scenario.seed)

    def deployment(self) -> Deployment:
        """See :meth:`nasea.backends.base.Backend.deployment`."""
        try:
            from nasea.backends.torch.export.deployment import OnnxDeployment
        except ImportError as error:
            raise NotAvailableError(
                f"ONNX cannot be imported: {error}", fix="pip install 'nasea[torch]'"
            ) from error
        image = self._probe_batch()[0][:1]
        return OnnxDeployment(self.user, self._pre_net, self._post_net, image, self.supernet.space)

    def close(self) -> None:
        """See :meth:`nasea.backends.base.Backend.close`."""
        super().close()
        self._trainer = self._scorer = self._supernet = self._data = self._batch = None

    def _open_data(self) -> Data:
        if self._ranks is None:
            return Data(self.scenario, self.user)
        ranks = self._ranks
        return Data(self.scenario, self.user, ranks.size, ranks.rank, ranks.local_size)

    def _settings(self, paths_per_update: int) -> TrainerSettings:
        """What a trainer needs."""
        return TrainerSettings(
            scenario=self.scenario,
            batches_per_epoch=self.data.batches_per_epoch,
            paths_per_update=paths_per_update,
            user=self.user,
            supernet=self.supernet,
            device=self.device,
            teacher=self._teacher,
        )
