"""The full default filters at 224 x 224: fifty training updates, or `nasea check`.

    python benchmarks/default_filters.py [--steps 50] [--batch 8]
    python benchmarks/default_filters.py --check pytorch        (or tensorflow)

Random images and labels, the default filters and strides, the classic 11 M parameter budget. The
first trains one path an update by the backend that `nasea search` uses, reading of the images
included. The second runs `nasea check` at a batch of 128, with 10,000 training images and 1,000
validation images. Prints what it took and the peak of resident memory.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from nasea.backends import open_backend
from nasea.backends.records import UpdateReport
from nasea.config import load_scenario
from nasea.space import Genome, build_space, fair_path, select_blocks
from recording import record, recorded

SEED = 0
CHECK_BATCH, CHECK_TRAIN, CHECK_VAL = 128, 10_000, 1_000
SCENARIO = """
scenario:
  strategy:
    name: NASEA
    framework: {framework}
    batch_size: {batch}
    epochs: 1
    seed: {seed}
    constraint:
      application_type: image_classification
      constraint_type: size
      constraint_value: 11e6
    dataset:  # the name of a data set is the number of its images
      train_dir: "{images}"
      val_dir: "{val}"
  resource:
    name: {framework}_standalone
    gpu_id: 0
    device: cpu
    data_workers: 0
"""
USER_MODULE = """
import torch
from torch import nn
from torch.nn import functional as F


class Images(torch.utils.data.Dataset):
    def __init__(self, count):
        self.count = count

    def __len__(self):
        return self.count

    def __getitem__(self, index):
        generator = torch.Generator().manual_seed(index)
        image = torch.randn(3, 224, 224, generator=generator)
        return image, torch.randint(1000, (), generator=generator)


class UserModule:
    def __init__(self, epoch, batch_size):
        pass

    def dataset_define(self, dataset_dir, is_training):
        return Images(int(dataset_dir))

    def scheduler_define(self, optimizer, steps_per_epoch):
        return torch.optim.lr_scheduler.ConstantLR(optimizer, factor=1.0)

    def metrics_func(self, eval_dataloader, eval_function):
        return 0.0

    def loss_func(self, labels, logits):
        return F.cross_entropy(logits, labels)


class PreNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(3, 64, 7, stride=2, padding=3, bias=False),
            nn.BatchNorm2d(64),
            nn.ReLU(),
            nn.MaxPool2d(3, 2, 1),
        )

    def forward(self, inputs):
        return self.layers(inputs)


class PostNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, 1000))

    def forward(self, inputs):
        return self.layers(inputs)
"""

TENSORFLOW_MODULE = """
import tensorflow as tf


class UserModule:
    def __init__(self, epoch, batch_size):
        self.batch_size = batch_size

    def build_dataset_search(self, dataset_dir, is_training):
        count = int(dataset_dir)

        def read(index):
            image = tf.random.stateless_normal((224, 224, 3), tf.stack([index, 0]))
            return image, index % 1000

        dataset = tf.data.Dataset.range(count).map(read, num_parallel_calls=tf.data.AUTOTUNE)
        return dataset.batch(self.batch_size), count

    def lr_scheduler(self, lr_init, global_step):
        return lr_init

    def metrics_op(self, inputs, outputs):
        right = tf.argmax(outputs, 1) == inputs
        return tf.reduce_mean(tf.cast(right, tf.float32))

    def loss_op(self, labels, logits):
        return tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)


class PreNet(tf.keras.Model):
    def __init__(self):
        super().__init__()
        self.conv = tf.keras.layers.Conv2D(64, 7, 2, "same", use_bias=False)
        self.norm = tf.keras.layers.BatchNormalization()
        self.pool = tf.keras.layers.MaxPool2D(3, 2, "same")

    def call(self, inputs, training=True):
        return self.pool(tf.nn.relu(self.norm(self.conv(inputs), training=training)))


class PostNet(tf.keras.Model):
    def __init__(self):
        super().__init__()
        self.classifier = tf.keras.layers.Dense(1000)

    def call(self, inputs, training=True):
        return self.classifier(tf.reduce_mean(inputs, (1, 2)))
"""
MODULES = {"pytorch": USER_MODULE, "tensorflow": TENSORFLOW_MODULE}


def write_project(directory: Path, framework: str, batch: int, images: int, val: int) -> None:
    """The scenario and the user module."""
    (directory / "user_module.py").write_text(MODULES[framework])
    values = {"framework": framework, "batch": batch, "seed": SEED, "images": images, "val": val}
    (directory / "scen.yaml").write_text(SCENARIO.format(**values))


def check(framework: str) -> tuple[dict[str, float], str]:
    """What `nasea check` took, and what it printed."""
    with tempfile.TemporaryDirectory() as name:
        write_project(Path(name), framework, CHECK_BATCH, CHECK_TRAIN, CHECK_VAL)
        start = time.perf_counter()
        command = [sys.executable, "-m", "nasea", "check"]
        done = subprocess.run(command, cwd=name, check=True, capture_output=True, text=True)
        seconds = time.perf_counter() - start
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    found = {
        "seconds": seconds,
        "cpu_seconds": used.ru_utime + used.ru_stime,
        "peak_gib": used.ru_maxrss / 1024**2,
    }
    return found, done.stdout


def train(steps: int, batch: int) -> tuple[list[UpdateReport], float, int]:
    """Reports of one epoch of ``steps`` updates, their seconds, the supernet's parameters."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        write_project(directory, "pytorch", batch, steps * batch, batch)
        scenario = load_scenario(directory / "scen.yaml").scenario
        probed = open_backend(scenario, directory).probe(None)
        shape = probed.pre_net.out_shape
        filters, strides = scenario.supernet.filters, scenario.supernet.strides
        space = build_space(shape, filters, strides, select_blocks(None, "size", {}))
        backend = probed.attach(space, SEED).begin_training(paths_per_update=1, seed=SEED)

        def path(index: int) -> Genome:
            return fair_path(space.choices, SEED, index)

        reports: list[UpdateReport] = []
        start = time.perf_counter()
        backend.train_epoch(0, path, reports.append)
        seconds = time.perf_counter() - start
        stored = sum(parameter.numel() for parameter in backend.supernet.parameters())
        backend.close()
    return reports, seconds, stored


def main() -> None:
    """Print and record."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--check", choices=MODULES)
    arguments = parser.parse_args()
    if arguments.check is not None:
        found, printed = check(arguments.check)
        print(printed)
        print(
            f"nasea check, {arguments.check}: {found['seconds']:.0f} s, "
            f"{found['cpu_seconds']:.0f} s of CPU, peak memory {found['peak_gib']:.1f} GiB"
        )
        earlier = recorded("default_filters_check")
        record("default_filters_check", SEED, earlier | {arguments.check: found})
        return
    reports, seconds, stored = train(arguments.steps, arguments.batch)
    losses = [report.loss for report in reports]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    print(
        f"{len(reports)} updates of {arguments.batch} images: "
        f"{sum(report.images for report in reports) / seconds:.1f} images/s, "
        f"loss {losses[0]:.3f} -> {losses[-1]:.3f}, supernet {stored / 1e6:.1f} M parameters, "
        f"peak memory {peak:.1f} GiB"
    )
    record(
        "default_filters",
        SEED,
        {"steps": len(reports), "seconds": seconds, "losses": losses, "peak_gib": peak},
    )


if __name__ == "__main__":
    main()
