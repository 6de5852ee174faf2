"""Scoring: exact, repeatable, without a trace in the supernet; failures are told, not raised."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from nasea.backends.base import Slice
from nasea.backends.torch.backend import TorchBackend
from nasea.backends.torch.layers import Network
from nasea.cost import build_cost_model

from .project import attached, random_genomes, ready, space_of, train, write_module

WHOLE = Slice()

# A metric that sees far more than a few right answers would tell.
LOSS_METRIC = """
    class UserModule(UserModule):
        def metrics_func(self, eval_dataloader, eval_function):
            losses = [
                F.cross_entropy(eval_function(images), labels, reduction="sum")
                for images, labels in eval_dataloader
            ]
            return torch.stack(losses).sum()
"""


def test_measuring_changes_nothing(project: Path) -> None:
    write_module(project, LOSS_METRIC)
    measured, untouched = ready(project), ready(project)
    genomes = random_genomes(measured.supernet.space, 4)
    for epoch in range(2):
        train(measured, [epoch])
        train(untouched, [epoch])
        state = copy.deepcopy(measured.supernet.state_dict())
        gradients = [copy.deepcopy(p.grad) for p in measured.supernet.parameters()]
        for genome in genomes:
            assert measured.measure(genome, WHOLE).metric is not None
        for name, tensor in measured.supernet.state_dict().items():
            assert torch.equal(tensor, state[name])
        for parameter, gradient in zip(measured.supernet.parameters(), gradients, strict=True):
            assert (parameter.grad is None) == (gradient is None)
            assert gradient is None or torch.equal(parameter.grad, gradient)  # type: ignore[arg-type]
    for name, tensor in measured.supernet.state_dict().items():
        assert torch.equal(tensor, untouched.supernet.state_dict()[name])


def test_the_same_result_in_any_order(project: Path) -> None:
    write_module(
        project,
        LOSS_METRIC
        + """
    class PreNet(PreNet):
        def forward(self, inputs):
            inputs = inputs + 0.05 * torch.rand(())  # draws in evaluation too
            return super().forward(inputs)

    class UserModule(UserModule):
        def metrics_func(self, eval_dataloader, eval_function):
            def spoiled():
                for images, labels in eval_dataloader:
                    yield images, labels
                    images.zero_(), labels.zero_()  # no business of the next candidate
            return super().metrics_func(spoiled(), eval_function) + torch.rand(())
        """,
    )
    backend = ready(project)
    train(backend)
    genomes = random_genomes(backend.supernet.space, 3)
    slices = [WHOLE, Slice(images=10, half=1), Slice(statistics=1)]
    jobs = [(genome, data) for genome in genomes for data in slices]
    forwards = [backend.measure(*job).metric for job in jobs]
    backwards = [backend.measure(*job).metric for job in reversed(jobs)]
    assert forwards == backwards[::-1]
    assert len(set(forwards)) == len(jobs)


def test_statistics_are_re_estimated_on_training_images(project: Path) -> None:
    backend = ready(project)
    train(backend)
    genome = backend.supernet.space.encode(["basic_x1"] * 3)
    network = backend._scoring().calibrated(genome)
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


@pytest.mark.parametrize(
    "bn_images, batches", [(17, [8, 8]), (18, [8, 8, 2]), (1, [2]), (99, [8] * 5 + [4])]
)
def test_no_statistics_from_a_single_image(
    project: Path, bn_images: int, batches: list[int]
) -> None:
    backend = attached(project, searcher__bn_images=bn_images)
    for draw in (0, 1):
        assert [len(images) for images in backend.data.statistics(draw)] == batches


def test_planes_of_one_pixel_can_be_scored_when_one_image_is_left_over(project: Path) -> None:
    backend = ready(
        project,
        searcher__bn_images=17,
        supernet__filters=[8, 8, 8, 12],
        supernet__strides=[2, 2, 2, 1],
    )
    assert backend.supernet.space.out_shape == (12, 1, 1)
    train(backend)
    for genome in random_genomes(backend.supernet.space, 3):
        assert backend.measure(genome, WHOLE).failure is None


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
    network = backend._scoring().calibrated(random_genomes(backend.supernet.space, 1)[0])
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
    network = backend._scoring().calibrated(random_genomes(backend.supernet.space, 1)[0])
    norm = network.post_net.norm
    assert isinstance(norm, nn.BatchNorm1d) and norm.running_mean is not None
    last = network.post_net.last  # of the only batch
    assert isinstance(last, torch.Tensor)
    torch.testing.assert_close(norm.running_mean, last.mean(0))


def test_written_weights_reproduce_the_metric(project: Path) -> None:
    write_module(project, LOSS_METRIC)
    backend = ready(project)
    train(backend, [0, 1])
    for number, genome in enumerate(random_genomes(backend.supernet.space, 3)):
        path = project / f"{number}.pt"
        metric = backend.measure(genome, WHOLE).metric
        parameters = backend.write_weights(genome, path)
        network = fresh_network(backend, genome)
        assert parameters == sum(p.numel() for p in network.parameters())
        network.load_state_dict(torch.load(path, weights_only=True), strict=True)
        network.eval()
        with torch.no_grad():
            own = backend.user._user.metrics_func(backend.data.evaluation(None, None), network)
        assert float(own) == pytest.approx(metric, rel=1e-6)
        assert backend.measure(genome, WHOLE).metric == metric


def fresh_network(backend: TorchBackend, genome: tuple[int, ...]) -> Network:
    """The stand-alone network with other weights, as a user builds it."""
    module = backend.user._module
    untrained = attached(backend.user.directory, seed=99).supernet
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
    pre_net = backend.probe_pre_net()
    space = space_of(backend)
    post_net = backend.attach(space, 0)
    model = build_cost_model(space, "size", (pre_net.costs, post_net.costs))
    for genome in [model.cheapest, model.dearest, *random_genomes(space, 5)]:
        network = fresh_network(backend, genome).eval()
        with torch.no_grad(), FlopCounterMode(display=False) as counter:
            network(torch.zeros(1, 1, 8, 8))
        costs = model.costs(genome)
        assert costs.parameters == sum(p.numel() for p in network.parameters())
        assert costs.flops == counter.get_total_flops()


def test_activations_kept_in_attributes_do_not_stop_scoring(project: Path) -> None:
    write_module(
        project,
        """
        class PreNet(PreNet):
            def forward(self, inputs):
                self.features = super().forward(inputs)
                return self.features
        """,
    )
    backend = ready(project)
    train(backend)
    features = backend.supernet.pre_net.features
    assert isinstance(features, torch.Tensor) and features.grad_fn is not None
    assert backend.measure(random_genomes(backend.supernet.space, 1)[0], WHOLE).failure is None
    assert backend.supernet.pre_net.features is features
