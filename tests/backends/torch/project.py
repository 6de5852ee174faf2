"""A small project: a user module over made-up images, its scenario, and a backend at any stage.

Tests change the module by appending Python to it, which may subclass what stands before.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from contracts.kit import Arrays
from nasea.backends.base import AttachedBackend, Backend, TrainingBackend
from nasea.backends.torch.framework import TorchFramework
from nasea.backends.torch.user.code import INTERFACE
from nasea.config import Scenario
from user_files.pytorch import CLASSIFYING, IMPORTS, PRE_NET, user_module

from .. import driving
from ..driving import PATHS_PER_UPDATE, random_genomes, space_of, train

__all__ = ["INTERFACE", "PATHS_PER_UPDATE", "random_genomes", "space_of", "train"]

LOSS = "loss_func(self, labels, logits)"
METRIC = "metrics_func(self, eval_dataloader, eval_function)"
DATA = "dataset_define(self, dataset_dir, is_training)"

# Images of ten classes, 1×8×8. The directory of a data set is the number of its images.
_IMAGES = """

class Images(torch.utils.data.Dataset):
    def __init__(self, n):
        generator = torch.Generator().manual_seed(n)
        classes = torch.rand(10, 1, 8, 8, generator=torch.Generator().manual_seed(0))
        self.labels = torch.randint(0, 10, (n,), generator=generator)
        self.images = classes[self.labels] + 0.3 * torch.rand(n, 1, 8, 8, generator=generator)

    def __len__(self):
        return len(self.images)

    def __getitem__(self, index):
        return self.images[index], self.labels[index]
"""

_STEPS = """\
    def scheduler_define(self, optimizer, steps_per_epoch):
        return torch.optim.lr_scheduler.StepLR(optimizer, 3, 0.9)
"""

_POST_NET = """

class PostNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.classifier = nn.Linear(12, 10)

    def forward(self, inputs):
        return self.classifier(inputs.mean((2, 3)))
"""

USER_MODULE = (
    user_module(IMPORTS + _IMAGES, "Images(int(dataset_dir))", _STEPS, CLASSIFYING)
    + PRE_NET
    + _POST_NET
)


def write_module(directory: Path, changes: str = "") -> None:
    """Write ``user_module.py``: the one above, then ``changes``."""
    driving.write_module(directory, USER_MODULE, changes)


def scenario(**changes: Any) -> Scenario:
    """A scenario with some of its keys, ``section__key`` or ``key``, replaced."""
    return driving.scenario("pytorch", **changes)


def opened(directory: Path, **changes: Any) -> Backend:
    """A backend that has imported the user's module."""
    return Backend(TorchFramework(scenario(**changes), directory))


def attached(directory: Path, **changes: Any) -> AttachedBackend:
    """A backend with data open and the supernet built."""
    return driving.attach(opened(directory, **changes))


def ready(directory: Path, **changes: Any) -> TrainingBackend:
    """A backend that can train and measure."""
    return driving.ready(opened(directory, **changes))


def weights(backend: AttachedBackend) -> Arrays:
    """Copies of all variables of supernet, PreNet and PostNet, statistics included."""
    return {name: t.numpy().copy() for name, t in backend.supernet.state_dict().items()}


def slots(backend: AttachedBackend) -> Arrays:
    """Copies of the slots."""
    supernet = backend.supernet
    return {name: supernet.slot(name).detach().numpy().copy() for name in supernet.space.slots}


def held(backend: AttachedBackend) -> Arrays:
    """Copies of all variables that UserModule holds."""
    return {name: t.numpy().copy() for name, t in backend.supernet.held.state_dict().items()}
