"""Digits of 8x8 pixels by their class: 64 networks, some seconds from start to end.

Where tests edit the modules, both frameworks' have the same text: ``return correct / count``,
``Dropout(0.1)`` and so on.
"""

from __future__ import annotations

from nasea.terms import Framework

from .files import Files
from .pytorch import CLASSIFYING, COSINE, PRE_NET, WITH_DIGITS, user_module
from .scenarios import scenario
from .tensorflow import PRE_NET as PRE_NET_OF_TENSORFLOW

_PYTORCH = (
    user_module(
        WITH_DIGITS
        + """
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
""",
        "Digits(dataset_dir)",
        COSINE,
        CLASSIFYING,
    )
    + PRE_NET
    + """

class PostNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.dropout = nn.Dropout(0.1)
        self.classifier = nn.Linear(16, 10)

    def forward(self, inputs):
        return self.classifier(self.dropout(inputs.mean((2, 3))))
"""
)

_TENSORFLOW = (
    """\
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
"""
    + PRE_NET_OF_TENSORFLOW
    + """

class PostNet(tf.keras.Model):
    def __init__(self):
        super().__init__()
        self.dropout = tf.keras.layers.Dropout(0.1)
        self.classifier = tf.keras.layers.Dense(10)

    def call(self, inputs, training=True):
        return self.classifier(self.dropout(tf.reduce_mean(inputs, (1, 2)), training))
"""
)


def _scenario(framework: Framework, layout: str, shape: list[int]) -> str:
    return scenario(
        framework,
        "image_classification",
        strategy={"batch_size": 32, "epochs": 6, "seed": 0},
        budget=12000,
        supernet={
            "data_format": layout,
            "input_shape": shape,
            "filters": [8, 8, 16],
            "strides": [1, 1, 2],
            "blocks": "[separable_k3, inverted_k3_e3, basic_x0.5, basic_x1]",
        },
        optimizer={"type": "Adam", "learning_rate": 0.03},
        data="digits",
        pre_train_dir=None,
        searcher={"generation_num": 3, "pop_size": 6, "bn_images": 64, "metric_mode": "auto"},
        resource={"data_workers": 0},
    )


FILES: dict[Framework, Files] = {
    "pytorch": Files(_scenario("pytorch", "channels_first", [1, 8, 8]), _PYTORCH),
    "tensorflow": Files(_scenario("tensorflow", "channels_last", [8, 8, 1]), _TENSORFLOW),
}
