"""Shared beginnings with PyTorch: the contract, and what users' modules do in place."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
import torch

from contracts.sharing import SharingContract
from nasea.backends.base import AttachedBackend
from nasea.backends.scoring.prefix_cache import Digest
from nasea.backends.torch.network.layers import Network
from nasea.backends.torch.scoring import scorer as score
from nasea.backends.torch.scoring.prefix_cache import Outputs, add_outputs, run_from
from nasea.space import Genome

from . import project as small_project
from .project import random_genomes
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

TAPPING = """
    class PostNet(PostNet):
        def forward(self, inputs):
            first, last = inputs
            return super().forward(last) * (1 + first.mean((1, 2, 3))[:, None])
"""


class TestSharing(SharingContract):
    kit = small_project
    score = score
    loss_metric = LOSS_METRIC
    tapping = TAPPING
    habits = {  # noqa: RUF012 - read only
        "none": "",
        "PostNet in place": POST_NET_IN_PLACE,
        "PreNet in place": PRE_NET_IN_PLACE,
        "PreNet returns its input": PRE_NET_RETURNS_ITS_INPUT + METRIC_USES_IMAGES_AGAIN,
        "metric uses images again": METRIC_USES_IMAGES_AGAIN,
        "PreNet and metric": PRE_NET_IN_PLACE + METRIC_USES_IMAGES_AGAIN,
        "drawing": DRAWING,
        "tied": TIED_BY_A_GLOBAL,
        "failing": FAILS_ON_ONE_BATCH,
    }
    tied = ("drawing", "tied")

    def random_genomes(self, backend: AttachedBackend, count: int) -> list[Genome]:
        return random_genomes(backend.supernet.space, count)

    def tensor(self, array: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(array)

    def record(self, digest: Digest, outputs: object) -> None:
        add_outputs(digest, outputs)

    def count_layers(self, monkeypatch: pytest.MonkeyPatch) -> list[int]:
        counts: list[int] = []

        def counting(
            network: Network, images: torch.Tensor, known: Sequence[torch.Tensor], kept: int
        ) -> tuple[object, Outputs]:
            counts.append(len(network.body) - max(0, len(known) - 1))
            return run_from(network, images, known, kept)

        monkeypatch.setattr(score, "run_from", counting)
        return counts

    def crowd(
        self, monkeypatch: pytest.MonkeyPatch, backend: AttachedBackend, in_metric: bool
    ) -> None:
        scorer = backend.scorer

        def crowded(
            network: Network, images: torch.Tensor, known: Sequence[torch.Tensor], kept: int
        ) -> tuple[object, Outputs]:
            estimating = any(module.training for module in network.modules())
            assert scorer.sharing.cache is not None
            if scorer.sharing.cache.is_filled and estimating != in_metric:
                raise torch.OutOfMemoryError("CUDA out of memory")
            return run_from(network, images, known, kept)

        monkeypatch.setattr(score, "run_from", crowded)


def test_a_digest_takes_in_every_type() -> None:
    found, none = Digest(), Digest()
    add_outputs(found, torch.tensor(1.0, dtype=torch.bfloat16))
    assert found.value != none.value
