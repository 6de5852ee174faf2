"""The user's files of the tiny project, for each framework: the same digits, ends and training.

Where tests edit them, both have the same text: ``return correct / count``, ``Dropout(0.1)`` and
so on.
"""

from __future__ import annotations

FRAMEWORKS = ("pytorch", "tensorflow")

_SCENARIO = """\
scenario:
  strategy:
    name: NASEA
    framework: PyTorch
    batch_size: 32
    epochs: 6
    seed: 0
    constraint:
      application_type: image_classification
      constraint_type: size
      constraint_value: 12000
    supernet:
      data_format: channels_first
      input_shape: [1, 8, 8]
      filters: [8, 8, 16]
      strides: [1, 1, 2]
      blocks: [separable_k3, inverted_k3_e3, basic_x0.5, basic_x1]
    optimizer:
      weights_optimizer:
        type: Adam
        learning_rate: 0.03
    dataset:
      train_dir: digits/train
      val_dir: digits/val
    searcher:
      generation_num: 3
      pop_size: 6
      bn_images: 64
      metric_mode: auto
  resource:
    name: pytorch_standalone
    gpu_id: 0
    device: cpu
    threads: 1
    data_workers: 0
"""

_PYTORCH = """\
from pathlib import Path

import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch import nn

SPLITS = {"train": slice(0, 280), "val": slice(300, 500)}


class Digits(torch.utils.data.Dataset):
    def __init__(self, folder):
        digits = load_digits()
        chosen = SPLITS[Path(folder).name]
        self.images = torch.tensor(digits.images[chosen] / 16, dtype=torch.float32)[:, None]
        self.labels = torch.tensor(digits.target[chosen])
        self.noise = 0.05 if "train" in folder else 0.0

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, index):
        image = self.images[index]
        return image + self.noise * torch.randn_like(image), self.labels[index]


class UserModule:
    def __init__(self, epoch, batch_size):
        self.epoch = epoch

    def dataset_define(self, dataset_dir, is_training):
        return Digits(dataset_dir)

    def scheduler_define(self, optimizer, steps_per_epoch):
        total = self.epoch * steps_per_epoch
        return torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, total)

    def metrics_func(self, eval_dataloader, eval_function):
        correct = count = 0
        for images, labels in eval_dataloader:
            logits = eval_function(images)
            correct += (logits.argmax(1) == labels).sum().item()
            count += len(labels)
        return correct / count

    def loss_func(self, labels, logits):
        return F.cross_entropy(logits, labels)


class PreNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 8, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(8)

    def forward(self, inputs):
        return F.relu(self.norm(self.conv(inputs)))


class PostNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.dropout = nn.Dropout(0.1)
        self.classifier = nn.Linear(16, 10)

    def forward(self, inputs):
        return self.classifier(self.dropout(inputs.mean((2, 3))))
"""

_TENSORFLOW = """\
from pathlib import Path

import tensorflow as tf
from sklearn.datasets import load_digits

SPLITS = {"train": slice(0, 280), "val": slice(300, 500)}


class UserModule:
    def __init__(self, epoch, batch_size):
        self.epoch = epoch
        self.batch_size = batch_size

    def build_dataset_search(self, dataset_dir, is_training):
        digits = load_digits()
        chosen = SPLITS[Path(dataset_dir).name]
        images = tf.cast(digits.images[chosen] / 16, tf.float32)[..., None]
        labels = tf.constant(digits.target[chosen])
        dataset = tf.data.Dataset.from_tensor_slices((images, labels))
        if is_training:
            self.batches = -(-len(labels) // self.batch_size)
            dataset = dataset.shuffle(len(labels)).map(self.noisy)
        return dataset.batch(self.batch_size), len(labels)

    def noisy(self, image, label):
        return image + 0.05 * tf.random.normal(image.shape), label

    def lr_scheduler(self, lr_init, global_step):
        total = self.epoch * self.batches
        return tf.keras.optimizers.schedules.CosineDecay(lr_init, total)(global_step)

    def metrics_op(self, inputs, outputs):
        correct = tf.reduce_sum(tf.cast(tf.argmax(outputs, 1) == inputs, tf.float32))
        count = len(inputs)
        return correct / count

    def loss_op(self, labels, logits):
        return tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)


class PreNet(tf.keras.Model):
    def __init__(self):
        super().__init__()
        self.conv = tf.keras.layers.Conv2D(8, 3, padding="same", use_bias=False)
        self.norm = tf.keras.layers.BatchNormalization()

    def call(self, inputs, training=True):
        return tf.nn.relu(self.norm(self.conv(inputs), training))


class PostNet(tf.keras.Model):
    def __init__(self):
        super().__init__()
        self.dropout = tf.keras.layers.Dropout(0.1)
        self.classifier = tf.keras.layers.Dense(10)

    def call(self, inputs, training=True):
        return self.classifier(self.dropout(tf.reduce_mean(inputs, (1, 2)), training))
"""

USER_MODULES = {"pytorch": _PYTORCH, "tensorflow": _TENSORFLOW}

SCENARIOS = {
    "pytorch": _SCENARIO,
    "tensorflow": (
        _SCENARIO.replace("PyTorch", "TensorFlow")
        .replace("pytorch_", "tensorflow_")
        .replace("channels_first", "channels_last")
        .replace("[1, 8, 8]", "[8, 8, 1]")
    ),
}
