"""The exporter for PyTorch."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch

from nasea.backends.export.exporter import Array, Run, Written
from nasea.backends.export.formats import Format
from nasea.backends.export.timing import median_seconds
from nasea.backends.records import Measurement
from nasea.backends.scoring.scorer import measured
from nasea.backends.torch.data.datasets import Data
from nasea.backends.torch.export.files import FILES, ExportRequest
from nasea.backends.torch.export.runtimes import one_thread
from nasea.backends.torch.memory import one_exception
from nasea.backends.torch.network.layers import Network
from nasea.backends.torch.scoring.scorer import metric
from nasea.backends.torch.user.code import UserCode
from nasea.backends.user.nesting import flatten, restore

_EXAMPLES = 3  # two determine shapes, the third proves that any number works


class TorchExporter:
    """See :class:`nasea.backends.export.exporter.Exporter`.

    Args:
        network: in evaluation mode, on the CPU.
        data: validation images, and training images to calibrate int8 with.
        user: the user's metric.
        device: the device on which the user's metric expects outputs.
        seed: restores the random state that the metric has in a search.
    """

    def __init__(
        self, network: Network, data: Data, user: UserCode, device: torch.device, seed: int
    ) -> None:
        self.network = network
        self.data = data
        self.user = user
        self.device = device
        self.seed = seed
        images, _ = next(iter(data.evaluation(None, None)))
        with torch.no_grad(), user.guard("PreNet, PostNet: forward(inputs)"):
            self._structure = network(images[:1].clone())

    @property
    def parameters(self) -> int:
        """See :class:`nasea.backends.export.exporter.Exporter`."""
        return sum(parameter.numel() for parameter in self.network.parameters())

    @property
    def outputs(self) -> tuple[str, ...]:
        """See :class:`nasea.backends.export.exporter.Exporter`."""
        return tuple(name for name, _ in flatten(self._structure, torch.Tensor))

    @property
    def needs_batch(self) -> bool:
        """See :class:`nasea.backends.export.exporter.Exporter`."""
        return False

    @property
    def run(self) -> Run:
        """See :class:`nasea.backends.export.exporter.Exporter`."""

        def run(images: Array) -> list[Array]:
            with torch.no_grad():
                outputs = self.network(torch.from_numpy(images.copy()))
            return [tensor.numpy() for _, tensor in flatten(outputs, torch.Tensor)]

        return run

    def images(self) -> Iterator[Array]:
        """See :class:`nasea.backends.export.exporter.Exporter`."""
        for images, _ in self.data.evaluation(None, None):
            yield np.ascontiguousarray(images.numpy())

    def measure(self, run: Run) -> Measurement:
        """See :class:`nasea.backends.export.exporter.Exporter`."""

        def evaluate(images: torch.Tensor) -> object:
            outputs = iter(run(np.ascontiguousarray(images.cpu().numpy())))
            return restore(self._structure, torch.Tensor, outputs, self._tensor)

        self.data.prepare(None, None)
        loader = self.data.evaluation(None, None)
        return measured(one_exception, lambda: metric(self.user, loader, evaluate, self.seed))

    def training_images(self, count: int) -> Array:
        """See :class:`nasea.backends.export.exporter.Exporter`."""
        return np.concatenate([each.float().numpy() for each in self.data.training_images(count)])

    def write(
        self, format: Format, path: Path, batch: int | None, calibration: Array | None
    ) -> Written:
        """See :class:`nasea.backends.export.exporter.Exporter`."""
        generator = torch.Generator().manual_seed(0)
        count = max(batch or 0, _EXAMPLES)
        shape = self.data.scenario.supernet.input_chw
        example = torch.randn(count, *shape, generator=generator)
        request = ExportRequest(self.network, example, path, batch, calibration, self.outputs)
        return FILES[format.name].write(request)

    def load(self, format: Format, path: Path) -> Run:
        """See :class:`nasea.backends.export.exporter.Exporter`."""
        return self._loaded(format, path, None)

    def seconds(self, format: Format, path: Path, images: int) -> float:
        """See :class:`nasea.backends.export.exporter.Exporter`."""
        shape = self.data.scenario.supernet.input_chw
        noise = np.random.default_rng(0).normal(size=(images, *shape)).astype(np.float32)
        with one_thread():
            run = self._loaded(format, path, 1)
            return median_seconds(lambda: run(noise))

    def _loaded(self, format: Format, path: Path, threads: int | None) -> Run:
        load = FILES[format.name].load
        assert load is not None, "the pipeline asks for what runs here"
        return load(path, threads)

    def _tensor(self, values: Array) -> torch.Tensor:
        return torch.from_numpy(np.array(values)).to(self.device)
