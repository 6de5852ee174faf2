"""Scoring: exact, repeatable, without a trace in the supernet; failures are told, not raised."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from contracts.keeping import KeepingContract
from contracts.scoring import ScoringContract
from nasea.backends.base import AttachedBackend
from nasea.backends.records import EvaluationSubset
from nasea.backends.torch.network.layers import Network
from nasea.cost import build_cost_model
from nasea.space import Genome

from . import project as small_project
from .project import attached, random_genomes, ready, train, write_module

WHOLE = EvaluationSubset()

LOSS_METRIC = """
    class UserModule(UserModule):
        def metrics_func(self, eval_dataloader, eval_function):
            losses = [
                F.cross_entropy(eval_function(images), labels, reduction="sum")
                for images, labels in eval_dataloader
            ]
            return torch.stack(losses).sum()
"""

DRAWING = """
    class PreNet(PreNet):
        def forward(self, inputs):
            inputs = inputs + 0.05 * torch.rand(())
            return super().forward(inputs)

    class UserModule(UserModule):
        def metrics_func(self, eval_dataloader, eval_function):
            def spoiled():
                for images, labels in eval_dataloader:
                    yield images, labels
                    images.zero_(), labels.zero_()  # no business of the next candidate
            return super().metrics_func(spoiled(), eval_function) + torch.rand(())
"""

FAILS_IN_EVALUATION = """
    class PostNet(PostNet):
        def forward(self, inputs):
            if not self.training and len(inputs) > 1:
                raise ValueError("cannot evaluate batches")
            return super().forward(inputs)
"""

OWN_ACTIVATIONS = """
    class PreNet(PreNet):
        def forward(self, inputs):
            self.features = super().forward(inputs)
            return self.features
"""


SPOILING = """
    class UserModule(UserModule):
        def metrics_func(self, eval_dataloader, eval_function):
            losses = []
            for images, labels in eval_dataloader:
                outputs = eval_function(images)
                losses.append(F.cross_entropy(outputs, labels, reduction="sum"))
                images.zero_(), labels.zero_()
            return torch.stack(losses).sum()
"""

COUNTING = """
    READ = []

    class Counted(Images):
        def __getitem__(self, index):
            READ.append(index)
            return super().__getitem__(index)

    class UserModule(UserModule):
        def dataset_define(self, dataset_dir, is_training):
            return (Images if is_training else Counted)(int(dataset_dir))
"""

OWN_COLLATE = """
    def collated(items):
        images, labels = zip(*items)
        if len(items) == 1:
            return images[0][None], labels[0][None]
        return torch.stack(images), torch.stack(labels)

    class Images(Images):
        collate_fn = staticmethod(collated)

        def __getitem__(self, index):
            image, label = super().__getitem__(index)
            return image.permute(2, 1, 0).contiguous().permute(2, 1, 0), label.clone()
"""


class TestKeeping(KeepingContract):
    kit = small_project
    loss_metric = SPOILING
    counting = COUNTING


class TestKeepingWithOwnCollate(KeepingContract):
    kit = small_project
    loss_metric = OWN_COLLATE + SPOILING
    counting = COUNTING


def test_what_has_no_room_is_read_by_workers(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_module(project, SPOILING)
    for module in ("cached_items", "evaluation_loader"):
        monkeypatch.setattr(f"nasea.backends.torch.data.{module}._IN_ONE_PROCESS", -1.0)
    alone = attached(project)
    backend = attached(
        project,
        resource__image_cache=4000 / 1024**3,
        resource__data_workers=2,
        searcher__bn_images=2,
    )
    alone.data._statistics = backend.data._statistics = {0: alone.data.statistics(0)}
    genome = random_genomes(alone.supernet.space, 1)[0]
    for data in (WHOLE, EvaluationSubset(images=10), WHOLE):
        expected = alone.measure(genome, data)
        assert [backend.measure(genome, data) for _ in range(2)] == [expected] * 2
    assert backend.data._items.each([], len) == []  # another process has read them meanwhile
    loader = backend.data.evaluation(None, None)
    assert 0 < len(backend.data._items.missing(range(20))) < 20
    assert loader._loader is not None and loader._loader.num_workers == 2
    whole = [labels.tolist() for _, labels in loader]
    pairs = [(a.tolist(), b.tolist()) for _, a in loader for _, b in loader]
    assert pairs == [(a, b) for a in whole for b in whole]
    assert next(iter(loader))[1].tolist() == whole[0]
    assert [labels.tolist() for _, labels in loader] == whole
    backend.close()
    assert loader._loader is None


class TestScoring(ScoringContract):
    kit = small_project
    loss_metric = LOSS_METRIC
    drawing = DRAWING
    fails_in_evaluation = FAILS_IN_EVALUATION
    own_activations = OWN_ACTIVATIONS

    def metric_of_file(self, backend: AttachedBackend, genome: Genome, path: Path) -> float:
        network = fresh_network(backend, genome)
        stored = torch.load(path, weights_only=True)
        network.load_state_dict(stored, strict=True)
        assert backend.write_weights(genome, path) == sum(p.numel() for p in network.parameters())
        network.eval()
        with torch.no_grad():
            data = backend.data.evaluation(None, None)
            return float(backend.user._user.metrics_func(data, network))


def test_statistics_are_re_estimated_on_training_images(project: Path) -> None:
    backend = ready(project)
    train(backend)
    genome = backend.supernet.space.encode(["basic_x1"] * 3)
    network = backend.scorer.calibrated(genome)
    assert not any(module.training for module in network.modules())
    images = torch.cat(backend.data.statistics(0))
    assert len(images) == backend.scenario.searcher.bn_images
    norm = network.pre_net.norm
    assert isinstance(norm, nn.BatchNorm2d) and norm.running_mean is not None
    assert norm.momentum == 0.1
    with torch.no_grad():
        features = network.pre_net.conv(images)  # type: ignore[operator]
    # The mean over batches of 8, 8 and 4 images.
    batches = [part.mean((0, 2, 3)) for part in features.split(8)]
    torch.testing.assert_close(norm.running_mean, torch.stack(batches).mean(0))
    plain = backend.supernet.network(
        genome, copy.deepcopy(backend.supernet.pre_net), copy.deepcopy(backend.supernet.post_net)
    ).eval()
    with torch.no_grad():
        assert not torch.allclose(output_of(plain, images), output_of(network, images), atol=1e-3)


def output_of(network: Network, images: torch.Tensor) -> torch.Tensor:
    output = network(images)
    assert isinstance(output, torch.Tensor)
    return output


def test_normalisation_that_the_user_keeps_frozen_keeps_its_statistics(project: Path) -> None:
    write_module(
        project,
        """
        class PreNet(PreNet):
            def __init__(self):
                super().__init__()
                self.norm.running_mean.fill_(0.25)

            def train(self, mode=True):
                super().train(mode)
                self.norm.eval()
                return self
        """,
    )
    backend = ready(project)
    train(backend)
    network = backend.scorer.calibrated(random_genomes(backend.supernet.space, 1)[0])
    mean = network.pre_net.norm.running_mean  # type: ignore[union-attr]
    assert isinstance(mean, torch.Tensor) and torch.all(mean == 0.25)


def test_dropout_is_off_while_statistics_are_estimated(project: Path) -> None:
    write_module(
        project,
        """
        class PostNet(nn.Module):
            def __init__(self):
                super().__init__()
                self.drop, self.norm = nn.Dropout(0.9), nn.BatchNorm1d(12)
                self.classifier = nn.Linear(12, 10)

            def forward(self, inputs):
                pooled = self.drop(inputs.mean((2, 3)))
                if not self.drop.training:
                    self.last = pooled
                return self.classifier(self.norm(pooled))
        """,
    )
    backend = ready(project, batch_size=20)
    train(backend)
    network = backend.scorer.calibrated(random_genomes(backend.supernet.space, 1)[0])
    norm = network.post_net.norm
    assert isinstance(norm, nn.BatchNorm1d) and norm.running_mean is not None
    last = network.post_net.last  # of the only batch
    assert isinstance(last, torch.Tensor)
    torch.testing.assert_close(norm.running_mean, last.mean(0))


def fresh_network(backend: AttachedBackend, genome: tuple[int, ...]) -> Network:
    """The stand-alone network with other weights, as a user builds it."""
    module = backend.user._module
    supernet = backend.scenario.supernet.model_dump(mode="json")
    untrained = attached(backend.user.directory, seed=99, supernet=supernet).supernet
    return untrained.network(genome, module.PreNet(), module.PostNet())


def test_costs_are_what_the_framework_counts_for_the_network(project: Path) -> None:
    write_module(
        project,
        """
        class PreNet(PreNet):
            def __init__(self):
                super().__init__()
                self.conv.weight.requires_grad_(False)  # counts all the same
        """,
    )
    backend = attached(project)
    space = backend.space
    user_networks = (backend.pre_net.costs, backend.post_net.costs)
    model = build_cost_model(space, "size", user_networks)
    for genome in [model.cheapest, model.most_expensive, *random_genomes(space, 5)]:
        network = fresh_network(backend, genome).eval()
        with torch.no_grad(), FlopCounterMode(display=False) as counter:
            network(torch.zeros(1, 1, 8, 8))
        costs = model.costs(genome)
        assert costs.parameters == sum(p.numel() for p in network.parameters())
        assert costs.flops == counter.get_total_flops()


def test_activations_kept_in_attributes_stay(project: Path) -> None:
    write_module(project, OWN_ACTIVATIONS)
    backend = ready(project)
    train(backend)
    features = backend.supernet.pre_net.features
    assert isinstance(features, torch.Tensor) and features.grad_fn is not None
    assert backend.measure(random_genomes(backend.supernet.space, 1)[0], WHOLE).failure is None
    assert backend.supernet.pre_net.features is features


def test_gradients_stay(project: Path) -> None:
    backend = ready(project)
    train(backend)
    before = [copy.deepcopy(p.grad) for p in backend.supernet.parameters()]
    backend.measure(random_genomes(backend.supernet.space, 1)[0], WHOLE)
    for parameter, gradient in zip(backend.supernet.parameters(), before, strict=True):
        assert (parameter.grad is None) == (gradient is None)
        assert gradient is None or torch.equal(parameter.grad, gradient)  # type: ignore[arg-type]
