"""Scores with shared beginnings are the scores without, to the last bit; and less is computed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
import torch

from nasea.backends.base import Measurement, Slice
from nasea.backends.prefixes import Digest, outputs_within
from nasea.backends.torch import score
from nasea.backends.torch.backend import TorchBackend
from nasea.backends.torch.layers import Network
from nasea.backends.torch.prefixes import Outputs, enter_outputs, run_from
from nasea.space import Genome

from .project import random_genomes, ready, train, write_module
from .test_score import DRAWING, LOSS_METRIC

POST_NET_IN_PLACE = """
    class PostNet(PostNet):
        def forward(self, inputs):
            return super().forward(inputs * 0.5 if self.training else inputs.mul_(0.5))
"""

PRE_NET_IN_PLACE = """
    class PreNet(PreNet):
        def forward(self, inputs):
            return super().forward(inputs.mul_(0.5))
"""

PRE_NET_RETURNS_ITS_INPUT = """
    class PreNet(nn.Module):
        def forward(self, inputs):
            return inputs
"""

METRIC_USES_IMAGES_AGAIN = """
    class UserModule(UserModule):
        def metrics_func(self, eval_dataloader, eval_function):
            total = 0
            for images, labels in eval_dataloader:
                once, twice = eval_function(images), eval_function(images.flip(-1))
                total += ((once + twice) ** 2).sum() + images.sum()
                images.zero_()
            return total
"""

TIED_BY_A_GLOBAL = """
    left = []

    class PreNet(PreNet):
        def forward(self, inputs):
            left[:] = [inputs.mean((1, 2, 3))]
            return super().forward(inputs)

    class PostNet(PostNet):
        def forward(self, inputs):
            return super().forward(inputs) + left[0].mean()
"""

FAILS_ON_ONE_BATCH = """
    class UserModule(UserModule):
        def metrics_func(self, eval_dataloader, eval_function):
            for number, (images, labels) in enumerate(eval_dataloader):
                if eval_function(images).sum() > 0 and number == 1:
                    raise ValueError("no")
            return eval_function(images).sum()
"""


@pytest.fixture
def layers_run(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many layers, PreNet counted, each forward pass had to compute."""
    counts: list[int] = []

    def counting(
        network: Network, images: torch.Tensor, known: Sequence[torch.Tensor], kept: int
    ) -> tuple[object, Outputs]:
        counts.append(1 + len(network.body) - len(known))
        return run_from(network, images, known, kept)

    monkeypatch.setattr(score, "run_from", counting)
    return counts


def together(backend: TorchBackend, genomes: list[Genome], *data: Slice) -> list[Measurement]:
    found: list[Measurement] = []
    jobs = [(genome, each) for genome in genomes for each in (data or (Slice(),))]
    backend.measure_each(jobs, found.append)
    return found


def alone(backend: TorchBackend, genomes: list[Genome], *data: Slice) -> list[Measurement]:
    return [backend.measure(genome, each) for genome in genomes for each in (data or (Slice(),))]


def trained(project: Path, *classes: str, **settings: object) -> tuple[TorchBackend, list[Genome]]:
    write_module(project, LOSS_METRIC + "".join(classes))
    backend = ready(project, **settings)
    train(backend)
    return backend, sorted(random_genomes(backend.supernet.space, 8))


@pytest.mark.parametrize(
    "classes",
    [
        POST_NET_IN_PLACE,
        PRE_NET_IN_PLACE,
        PRE_NET_RETURNS_ITS_INPUT + METRIC_USES_IMAGES_AGAIN,
        METRIC_USES_IMAGES_AGAIN,
        PRE_NET_IN_PLACE + METRIC_USES_IMAGES_AGAIN,
        DRAWING,
        TIED_BY_A_GLOBAL,
        FAILS_ON_ONE_BATCH,
    ],
)
def test_whatever_the_users_code_does_no_score_changes(project: Path, classes: str) -> None:
    backend, genomes = trained(project, classes)
    expected = alone(backend, genomes)
    assert together(backend, genomes) == expected
    assert together(backend, genomes) == expected, "once it is known whether sharing is safe"


def test_halves_and_draws_do_not_mix(project: Path) -> None:
    backend, genomes = trained(project)
    slices = [Slice(half=half, statistics=draw) for draw in (0, 1) for half in (0, 1)]
    assert together(backend, genomes, *slices) == alone(backend, genomes, *slices)


def test_less_is_computed(project: Path, layers_run: list[int]) -> None:
    backend, genomes = trained(project)
    together(backend, genomes)
    assert backend._scoring()._proof.is_complete
    layers_run.clear()
    together(backend, [*genomes, genomes[-1]])
    batches = len(layers_run) // (len(genomes) + 1)
    whole = len(layers_run) * (1 + len(genomes[0]))
    assert sum(layers_run) < 0.7 * whole
    assert set(layers_run[-batches:]) == {0}, "of the same architecture nothing but PostNet"
    assert backend._scoring()._last is None, "nothing is kept when the weights may change"


def test_ends_that_are_tied_run_for_every_architecture(project: Path) -> None:
    backend, genomes = trained(project, TIED_BY_A_GLOBAL)
    together(backend, genomes)
    assert backend._scoring()._proof.failed


def test_a_digest_tells_outputs_apart() -> None:
    def digest(*outputs: object) -> bytes:
        found = Digest()
        for each in outputs:
            enter_outputs(found, each)
        return found.value

    one = torch.arange(6.0)
    same = {"a": [one.reshape(2, 3).t()]}
    assert digest(same) == digest({"a": [one.reshape(2, 3).t().contiguous()]})
    others = [{"b": [one.reshape(2, 3).t()]}, {"a": [one.reshape(3, 2)]}, {"a": [one.half()]}, {}]
    assert len({digest(each) for each in (same, *others)}) == 5
    assert digest(torch.tensor(1.0, dtype=torch.bfloat16)) != digest()


def test_only_what_fits_is_kept(
    project: Path, layers_run: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    backend, genomes = trained(project)
    space = backend.supernet.space
    sizes = [torch.Size(s).numel() for s in (space.layers[0].in_shape, space.layers[0].out_shape)]
    assert outputs_within(space, 10, 40 * sum(sizes)) == 2
    assert outputs_within(space, 10, 40 * sum(sizes) - 1) == 1
    assert outputs_within(space, 10, 40 * sizes[0] - 1) == 0
    assert outputs_within(space, 10, 40 * sum(sizes), image=1) == 1
    expected = alone(backend, genomes)
    together(backend, genomes)
    for of_statistics, of_validation in ((0, 0), (1, 1), (3, 0), (0, 3), (2, 1)):
        kept = {False: of_statistics, True: of_validation}
        monkeypatch.setattr(score, "outputs_within", lambda *_, image=0, kept=kept: kept[image > 0])
        layers_run.clear()
        assert together(backend, genomes) == expected
        most = max(of_statistics, of_validation if of_statistics else 0)
        assert min(layers_run) >= len(space.layers) + 1 - most


@pytest.mark.parametrize("in_metric", [False, True])
def test_memory_is_given_back_before_a_candidate_fails(
    project: Path, monkeypatch: pytest.MonkeyPatch, in_metric: bool
) -> None:
    backend, genomes = trained(project)
    expected = alone(backend, genomes)
    scorer = backend._scoring()

    def crowded(
        network: Network, images: torch.Tensor, known: Sequence[torch.Tensor], kept: int
    ) -> tuple[object, Outputs]:
        estimating = any(module.training for module in network.modules())
        assert scorer._last is not None
        if scorer._last.is_kept and estimating != in_metric:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return run_from(network, images, known, kept)

    monkeypatch.setattr(score, "run_from", crowded)
    assert together(backend, genomes) == expected
