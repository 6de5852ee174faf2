"""A small search on synthetic images, to try devices with."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from nasea.config import Scenario
from nasea.terms import Framework

STEPS = 10
"""Updates of an epoch."""

_PYTORCH = """\
import torch
from torch import nn
from torch.nn import functional as F


class Images(torch.utils.data.Dataset):
    def __init__(self, count):
        self.images = torch.rand(count, 3, 32, 32, generator=torch.Generator().manual_seed(count))

    def __len__(self):
        return len(self.images)

    def __getitem__(self, index):
        return self.images[index], index % 10


class UserModule:
    def __init__(self, epoch, batch_size):
        pass

    def dataset_define(self, dataset_dir, is_training):
        return Images(int(dataset_dir))

    def scheduler_define(self, optimizer, steps_per_epoch):
        return torch.optim.lr_scheduler.ConstantLR(optimizer, 1.0)

    def metrics_func(self, eval_dataloader, eval_function):
        right = total = 0
        for images, labels in eval_dataloader:
            right += (eval_function(images).argmax(1).cpu() == labels).sum().item()
            total += len(labels)
        return right / total

    def loss_func(self, labels, logits):
        return F.cross_entropy(logits, labels)


class PreNet(nn.Sequential):
    def __init__(self):
        super().__init__(nn.Conv2d(3, 16, 3, 2, 1), nn.BatchNorm2d(16), nn.ReLU())

    def forward(self, inputs):
        return super().forward(inputs)


class PostNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.classifier = nn.Linear(64, 10)

    def forward(self, inputs):
        return self.classifier(inputs.mean((2, 3)))
"""

_TENSORFLOW = """\
import tensorflow as tf


class UserModule:
    def __init__(self, epoch, batch_size):
        self.batch_size = batch_size

    def build_dataset_search(self, dataset_dir, is_training):
        count = int(dataset_dir)
        images = tf.random.stateless_uniform((count, 32, 32, 3), (count, 0))
        dataset = tf.data.Dataset.from_tensor_slices((images, tf.range(count) % 10))
        return dataset.batch(self.batch_size), count

    def lr_scheduler(self, lr_init, global_step):
        return lr_init

    def metrics_op(self, inputs, outputs):
        right = tf.argmax(outputs, 1, tf.int32) == inputs
        return tf.reduce_mean(tf.cast(right, tf.float32))

    def loss_op(self, labels, logits):
        return tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)


class PreNet(tf.keras.Model):
    def __init__(self):
        super().__init__()
        self.conv = tf.keras.layers.Conv2D(16, 3, 2, "same")
        self.norm = tf.keras.layers.BatchNormalization()

    def call(self, inputs, training=True):
        return tf.nn.relu(self.norm(self.conv(inputs), training=training))


class PostNet(tf.keras.Model):
    def __init__(self):
        super().__init__()
        self.classifier = tf.keras.layers.Dense(10)

    def call(self, inputs, training=True):
        return self.classifier(tf.reduce_mean(inputs, (1, 2)))
"""

_MODULES: dict[Framework, str] = {"pytorch": _PYTORCH, "tensorflow": _TENSORFLOW}


def trial_scenario(
    gpu_ids: Sequence[int], device: str, framework: Framework = "pytorch"
) -> Scenario:
    """Return a scenario with 32×32 images and a batch of 32 on each device.

    Args:
        gpu_ids: as ``resource.gpu_id``.
        device: as ``resource.device``.
        framework: the framework to use.
    """
    first = framework == "pytorch"
    return Scenario.from_dict(
        {
            "framework": framework,
            "task": "classification",
            "batch_size": 32,
            "epochs": 1,
            "constraint": {"type": "size", "value": 1e9, "processor_version": None},
            "supernet": {
                "input_shape": [3, 32, 32] if first else [32, 32, 3],
                "data_format": "channels_first" if first else "channels_last",
                "filters": [32, 32, 64, 64],
                "strides": [1, 1, 2, 1],
                "blocks": ["basic_x0.5", "basic_x1", "inverted_k3_e3"],
            },
            "optimizer": {"type": "sgd", "learning_rate": 0.01},
            "dataset": {"train_dir": str(32 * STEPS * len(gpu_ids)), "val_dir": "200"},
            "searcher": {"bn_images": 64},
            "resource": {
                "name": f"{framework}_standalone",
                "gpu_ids": list(gpu_ids),
                "device": device,
                "data_workers": 0,
                "timeout": 120.0,
            },
        }
    )


@contextmanager
def trial_project(framework: Framework = "pytorch") -> Iterator[Path]:
    """Make a temporary directory with the user module of the trial."""
    with tempfile.TemporaryDirectory(prefix="nasea-doctor-") as folder:
        home = Path(folder)
        (home / "user_module.py").write_text(_MODULES[framework], encoding="utf-8")
        yield home
