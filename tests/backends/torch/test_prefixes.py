"""Scores with shared beginnings are the scores without, to the last bit; and less is computed."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from nasea.backends.base import Slice
from nasea.backends.torch import prefixes
from nasea.backends.torch.backend import TorchBackend
from nasea.backends.torch.layers import Network
from nasea.backends.torch.prefixes import outputs_within, run_from
from nasea.backends.torch.score import Scorer
from nasea.space import Genome

from .project import random_genomes, ready, train, write_module
from .test_score import LOSS_METRIC

IN_PLACE = """
    class PostNet(PostNet):
        def forward(self, inputs):
            return super().forward(inputs * 0.5 if self.training else inputs.mul_(0.5))
"""

TIED_BY_A_GLOBAL = """
    left = []

    class PreNet(PreNet):
        def forward(self, inputs):
            left[:] = [inputs.mean((1, 2, 3))]
            return super().forward(inputs)

    class PostNet(PostNet):
        def forward(self, inputs):
            return super().forward(inputs) + left[0][:, None]
"""


@pytest.fixture
def layers_run(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many layers, PreNet counted, each forward pass had to compute."""
    counts: list[int] = []

    def counting(network: Network, images: torch.Tensor, known: list[torch.Tensor], kept: int):  # type: ignore[no-untyped-def]
        counts.append(1 + len(network.body) - len(known))
        return run_from(network, images, known, kept)

    monkeypatch.setattr("nasea.backends.torch.score.run_from", counting)
    return counts


def metrics(backend: TorchBackend, genomes: list[Genome]) -> list[float | None]:
    return [backend.measure(genome, Slice()).metric for genome in genomes]


def alone(backend: TorchBackend, genomes: list[Genome]) -> list[float | None]:
    found = []
    for genome in genomes:
        scorer = Scorer(backend.supernet, backend.data, backend.user, backend.device, 0)
        found.append(scorer.measure(genome, Slice()).metric)
    return found


def trained(project: Path, *classes: str) -> tuple[TorchBackend, list[Genome]]:
    write_module(project, LOSS_METRIC + "".join(classes))
    backend = ready(project)
    train(backend)
    return backend, sorted(random_genomes(backend.supernet.space, 8))


@pytest.mark.parametrize("classes", ["", IN_PLACE])
def test_shared_beginnings_change_no_score(
    project: Path, layers_run: list[int], classes: str
) -> None:
    backend, genomes = trained(project, classes)
    expected = alone(backend, genomes)
    whole = sum(layers_run)
    layers_run.clear()
    assert metrics(backend, genomes) == expected
    assert sum(layers_run) < 0.7 * whole
    again = metrics(backend, genomes[-1:])
    assert again == expected[-1:]
    assert layers_run[-1] == 0, "of the same architecture nothing but PostNet"


def test_nothing_is_shared_once_the_weights_changed(project: Path, layers_run: list[int]) -> None:
    backend, genomes = trained(project)
    before = metrics(backend, genomes[:1])
    train(backend, [1])
    layers_run.clear()
    after = metrics(backend, genomes[:1])
    assert after == alone(backend, genomes[:1]) != before
    assert min(layers_run) > len(genomes[0])


def test_ends_that_are_tied_run_for_every_architecture(
    project: Path, layers_run: list[int]
) -> None:
    backend, genomes = trained(project, TIED_BY_A_GLOBAL)
    assert metrics(backend, genomes[:3]) == alone(backend, genomes[:3])


def test_only_what_fits_is_kept(
    project: Path, layers_run: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    backend, genomes = trained(project)
    space = backend.supernet.space
    sizes = [torch.Size(s).numel() for s in (space.layers[0].in_shape, space.layers[0].out_shape)]
    assert outputs_within(space, 10, 40 * sum(sizes)) == 2
    assert outputs_within(space, 10, 40 * sum(sizes) - 1) == 1
    assert outputs_within(space, 10, 40 * sizes[0] - 1) == 0
    expected = alone(backend, genomes)
    for kept in (0, 1, 2):
        monkeypatch.setattr("nasea.backends.torch.score.outputs_within", lambda *_, kept=kept: kept)
        layers_run.clear()
        backend._scoring().forget()
        assert metrics(backend, genomes) == expected
        assert min(layers_run) >= len(space.layers) + 1 - kept


def test_memory_is_given_back_before_a_candidate_fails(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend, genomes = trained(project)
    expected = alone(backend, genomes[:2])
    assert metrics(backend, genomes[:1]) == expected[:1]

    def crowded(
        network: Network, images: torch.Tensor, known: list[torch.Tensor], kept: int
    ) -> tuple[object, prefixes.Outputs]:
        if backend._scoring()._last._path is not None:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return run_from(network, images, known, kept)

    monkeypatch.setattr("nasea.backends.torch.score.run_from", crowded)
    assert metrics(backend, genomes[1:2]) == expected[1:]
