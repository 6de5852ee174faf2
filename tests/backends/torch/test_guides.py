"""Patterns of PyTorch's own tutorials."""

from __future__ import annotations

from pathlib import Path

import pytest

from contracts.guides import GuidesContract

from . import project as small_project

LOSS = """
    class UserModule(UserModule):
        def loss_func(self, labels, logits):
            {}
"""

METRIC = """
    class UserModule(UserModule):
        def metrics_func(self, eval_dataloader, eval_function):
            {}
"""

WORKS = {
    "a sequential": """
        def PreNet():
            return nn.Sequential(nn.Conv2d(1, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU())
        """,
    "a subclass of Sequential": """
        class PreNet(nn.Sequential):
            def __init__(self):
                super().__init__(nn.Conv2d(1, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU())
        """,
    "a stack of linear layers": """
        class PostNet(nn.Module):
            def __init__(self):
                super(PostNet, self).__init__()
                self.flatten = nn.Flatten()
                self.stack = nn.Sequential(nn.Linear(12 * 16, 16), nn.ReLU(), nn.Linear(16, 10))

            def forward(self, x):
                return self.stack(self.flatten(x))
        """,
    "log_softmax and nll_loss": """
        class PostNet(PostNet):
            def forward(self, inputs):
                return F.log_softmax(super().forward(inputs), dim=1)
        """
    + LOSS.format("return F.nll_loss(logits, labels)").replace("\n    ", "\n        "),
    "softmax and cross_entropy": """
        class PostNet(PostNet):
            def forward(self, inputs):
                return super().forward(inputs).softmax(1)
        """,
    "a loss object": """
        class UserModule(UserModule):
            def __init__(self, epoch, batch_size):
                super().__init__(epoch, batch_size)
                self.loss_fn = nn.CrossEntropyLoss(label_smoothing=0.1)

            def loss_func(self, labels, logits):
                return self.loss_fn(logits, labels)
        """,
    "one-hot labels": LOSS.format("return F.mse_loss(logits, F.one_hot(labels, 10).float())"),
    "a schedule of several": """
        class UserModule(UserModule):
            def scheduler_define(self, optimizer, steps_per_epoch):
                warm = torch.optim.lr_scheduler.LinearLR(optimizer, 0.1, total_iters=2)
                cosine = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps_per_epoch)
                return torch.optim.lr_scheduler.SequentialLR(optimizer, [warm, cosine], [2])
        """,
    "a metric under no_grad": METRIC.format(
        "with torch.no_grad():\n                "
        "return super().metrics_func(eval_dataloader, eval_function)"
    ),
    "a tensor data set": """
        class UserModule(UserModule):
            def dataset_define(self, dataset_dir, is_training):
                images = Images(int(dataset_dir))
                return torch.utils.data.TensorDataset(images.images, images.labels)
        """,
}

TOLD = {
    "a loss by name": (
        "UserModule.loss_func = 'cross_entropy'",
        ("UserModule.loss_func must be a method", "loss_func(self, labels, logits)"),
    ),
    "a loss object in its place": (
        "UserModule.loss_func = nn.CrossEntropyLoss()",
        ("the other way round", "self.loss(logits, labels)"),
    ),
    "a loss as a number": (
        LOSS.format("return F.cross_entropy(logits, labels).item()"),
        ("loss_func must return a floating-point tensor, found float",),
    ),
    "a loss without gradient": (
        LOSS.format("return F.cross_entropy(logits.detach(), labels)"),
        ("has no gradient", "without detach()"),
    ),
    "a metric that prints": (
        METRIC.format("print('Accuracy: 10 %')"),
        ("metrics_func must return a number, found NoneType",),
    ),
    "accuracy and loss": (
        METRIC.format("return 0.5, 1.2"),
        ("metrics_func must return a number, found tuple",),
    ),
    "a lazy layer": (
        "class PostNet(PostNet):\n"
        "    def __init__(self):\n"
        "        super().__init__()\n"
        "        self.classifier = nn.LazyLinear(10)\n",
        ("nn.Linear(64, 10) for nn.LazyLinear(10)",),
    ),
    "a loader for a data set": (
        """
        class UserModule(UserModule):
            def dataset_define(self, dataset_dir, is_training):
                return torch.utils.data.DataLoader(Images(int(dataset_dir)), batch_size=8)
        """,
        ("dataset_define must return a torch.utils.data.Dataset", "found DataLoader"),
    ),
    "a schedule that wants the loss": (
        """
        class UserModule(UserModule):
            def scheduler_define(self, optimizer, steps_per_epoch):
                return torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer)
        """,
        ("ReduceLROnPlateau", "CosineAnnealingLR"),
    ),
    "a model that is made already": (
        "PostNet = nn.Sequential(nn.Flatten(), nn.Linear(192, 10))",
        ("PostNet must be a class, or a function", "def PostNet(): return …"),
    ),
}


class TestGuides(GuidesContract):
    kit = small_project

    @pytest.mark.parametrize("changes", WORKS.values(), ids=WORKS)
    def test_it_works(self, project: Path, changes: str) -> None:
        self.expect_works(project, changes)

    @pytest.mark.parametrize("changes, words", TOLD.values(), ids=TOLD)
    def test_what_to_write_is_told(
        self, project: Path, changes: str, words: tuple[str, ...]
    ) -> None:
        self.expect_told(project, changes, words)
