"""NVIDIA ModelOpt's FastNAS: train a wide network, search narrower ones in it, fine-tune the best.

Needs ``pip install nvidia-modelopt huggingface_hub omegaconf torchprofile==0.0.4``,
best in an environment of its own.
"""

from __future__ import annotations

import math
import tempfile
import time
from pathlib import Path
from typing import Any

import torch
from recipe import BATCH, RATE, Clock, Recipe
from torch import nn

TRAINING_SHARE = 0.4
"""Of the time, for the wide network."""
SEARCH_SHARE = 0.25
WIDTHS = (16, 16, 32, 32, 64, 64)
"""Of the wide network, with kernels 3 and then 5, expansion 6 and SiLU, as the best hand picks."""


class Inverted(nn.Module):
    """An inverted residual (Sandler et al. 2018) with SiLU."""

    def __init__(self, c_in: int, c_out: int, kernel: int, stride: int) -> None:
        super().__init__()
        inner = 6 * c_in
        self.body = nn.Sequential(
            nn.Conv2d(c_in, inner, 1, bias=False), nn.BatchNorm2d(inner), nn.SiLU(),
            nn.Conv2d(inner, inner, kernel, stride, kernel // 2, groups=inner, bias=False),
            nn.BatchNorm2d(inner), nn.SiLU(),
            nn.Conv2d(inner, c_out, 1, bias=False), nn.BatchNorm2d(c_out),
        )  # fmt: skip
        self.shortcut = stride == 1 and c_in == c_out

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, C, H, W) -> (N, C', H / stride, W / stride)."""
        y = self.body(x)
        return x + y if self.shortcut else y


class Wide(nn.Module):
    """The network that FastNAS narrows, between the user's PreNet and PostNet."""

    def __init__(self, module: Any) -> None:
        super().__init__()
        self.pre_net, self.post_net = module.PreNet(), module.PostNet()
        layers, c_in = [], 16
        for index, width in enumerate(WIDTHS):
            layers.append(Inverted(c_in, width, 3 if index < 3 else 5, 1 + (index in (2, 4))))
            c_in = width
        self.body = nn.Sequential(*layers)

    def forward(self, images: torch.Tensor) -> Any:
        """(N, 3, 32, 32) -> logits."""
        return self.post_net(self.body(self.pre_net(images)))


def by_fastnas(recipe: Recipe, flops: float, clock: Clock) -> tuple[Any, float, str]:
    """The network that FastNAS finds within the budget, and how."""
    import modelopt.torch.prune as mtp

    wide, first = recipe.trained(
        lambda: Wide(recipe.module), TRAINING_SHARE * clock.seconds - time.process_time()
    )
    training = recipe.module.Images(f"{recipe.images}/train", augment=True)
    searched_until = (TRAINING_SHARE + SEARCH_SHARE) * clock.seconds
    start = time.process_time()
    scored = 0

    def score(network: Any) -> float:
        nonlocal scored
        scored += 1
        return recipe.accuracy(network, "val")

    loader = torch.utils.data.DataLoader(training, BATCH, shuffle=True, drop_last=True)
    before = time.process_time()
    score(wide)
    each = time.process_time() - before + 0.2
    rounds = max(40, math.floor((searched_until - start) / each))
    with tempfile.TemporaryDirectory() as directory:
        narrow, _ = mtp.prune(
            wide,
            "fastnas",
            constraints={"flops": flops},
            dummy_input=torch.zeros(1, 3, 32, 32),
            config={
                "data_loader": loader,
                "score_func": score,
                "checkpoint": str(Path(directory) / "search.pt"),
                "max_iter_data_loader": 10,
                "num_iters": rounds,
                "verbose": False,
            },
        )
    cost = flops_of(narrow)
    searched = time.process_time() - start
    pace = recipe.pace(narrow)
    updates = len(training) // BATCH
    epochs = max(1, math.floor(clock.left / (pace * updates)))
    recipe.train(narrow, epochs, RATE)
    return (
        narrow,
        cost,
        (f"{first} epochs wide, {scored} scores in {searched:.0f} s, {epochs} epochs"),
    )


def flops_of(network: nn.Module) -> float:
    """FLOPs as nasea counts them: 2 × MACs of convolutions and linear layers, for one image."""
    total = 0.0

    def count(layer: nn.Module, _: Any, out: torch.Tensor) -> None:
        nonlocal total
        weight = layer.weight
        total += 2 * weight[0].numel() * out[0].numel()

    hooks = [
        layer.register_forward_hook(count)
        for layer in network.modules()
        if isinstance(layer, nn.Conv2d | nn.Linear)
    ]
    network.eval()
    with torch.no_grad():
        network(torch.zeros(1, 3, 32, 32))
    for hook in hooks:
        hook.remove()
    return total
