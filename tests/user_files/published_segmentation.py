"""A segmentation project of the kind that is published for TensorFlow, on made-up scenes.

Elements that are dicts, an evaluation batch of one, borders to ignore, a head that joins a layer of
high resolution with the last one and leaves it to the tool to merge scores and labels. The sizes of
the images are no multiples of the strides.
"""

from __future__ import annotations

from .files import Files
from .scenarios import scenario

_MODULE = '''\
import numpy as np
import tensorflow as tf

HEIGHT, WIDTH, CLASSES, IGNORED = 29, 21, 3, 255


def scene(seed):
    """An image of bright squares (class 1) and dark ones (class 2), and its mask."""
    draw = np.random.default_rng(seed)
    image = draw.normal(0.0, 0.2, (HEIGHT, WIDTH, 1)).astype(np.float32)
    mask = np.zeros((HEIGHT, WIDTH, 1), np.int32)
    for label, shade in ((1, 1.0), (2, -1.0)):
        side = draw.integers(5, 11)
        y, x = draw.integers(0, HEIGHT - side), draw.integers(0, WIDTH - side)
        image[y : y + side, x : x + side] += shade - image[y : y + side, x : x + side].mean()
        mask[y : y + side, x : x + side] = IGNORED
        mask[y + 1 : y + side - 1, x + 1 : x + side - 1] = label
    return image, mask


class UserModule:
    class_names = ["ground", "bright", "dark"]

    def __init__(self, epoch, batch_size):
        self.epoch = epoch
        self.batch_size = batch_size

    def build_dataset_search(self, dataset_dir, is_training, is_shuffle):
        first, count = (0, 42) if is_training else (1000, 12)
        images, masks = (np.stack(part) for part in zip(*map(scene, range(first, first + count))))
        names = [f"scene-{first + i}" for i in range(count)]
        dataset = tf.data.Dataset.from_tensor_slices(
            {"image": images, "label": masks, "name": names}
        )
        if is_training:
            self.steps = count // self.batch_size
        if is_shuffle:
            dataset = dataset.shuffle(count).map(self.flipped)
        return dataset.batch(self.batch_size if is_training else 1).repeat(), count

    def flipped(self, element):
        if tf.random.uniform(()) < 0.5:
            both = {name: tf.reverse(element[name], [1]) for name in ("image", "label")}
            element = {**element, **both}
        return element

    def lr_scheduler(self, lr_init, global_step):
        total = self.epoch * self.steps
        return tf.compat.v1.train.polynomial_decay(lr_init, global_step, total, 0.0, power=0.9)

    def metrics_op(self, inputs, outputs):
        labels = tf.reshape(inputs, [-1])
        known = labels != IGNORED
        found = tf.reshape(outputs["semantic"], [-1])
        table = tf.math.confusion_matrix(labels[known], found[known], CLASSES, dtype=tf.float32)
        shared = tf.linalg.diag_part(table)
        union = tf.reduce_sum(table, 0) + tf.reduce_sum(table, 1) - shared
        return tf.reduce_mean(tf.math.divide_no_nan(shared, union))

    def loss_op(self, labels, logits):
        logits = logits["semantic"]["merged_logits"]
        logits = tf.image.resize(logits, (HEIGHT, WIDTH))
        labels = tf.squeeze(labels, -1)
        known = tf.cast(labels != IGNORED, tf.float32)
        labels = tf.where(labels == IGNORED, 0, labels)
        return tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits) * known


class PreNet(tf.keras.Model):
    def __init__(self):
        super().__init__()
        self.conv = tf.keras.layers.Conv2D(8, 3, strides=2, padding="same", use_bias=False)
        self.norm = tf.keras.layers.BatchNormalization()

    def call(self, inputs, training=True):
        return tf.nn.relu(self.norm(self.conv(inputs), training))


class PostNet(tf.keras.Model):
    def __init__(self):
        super().__init__()
        self.low = tf.keras.layers.Conv2D(8, 1, activation="relu")
        self.classifier = tf.keras.layers.Conv2D(CLASSES, 1)

    def call(self, inputs, training=True):
        low, last = inputs
        last = tf.image.resize(last, low.shape[1:3])
        joined = tf.concat([self.low(low), last], -1)
        return {"semantic": {"merged_logits": self.classifier(joined)}}
'''

_SCENARIO = scenario(
    "tensorflow",
    "semantic_segmentation",
    strategy={"batch_size": 8, "epochs": 6, "seed": 0},
    budget=12000,
    supernet={
        "input_shape": [29, 21, 1],
        "filters": [8, 12],
        "strides": [1, 2],
        "blocks": "[separable_k3, basic_x0.5, basic_x1]",
    },
    optimizer={"learning_rate": 0.2},
    data="scenes",
    searcher={"generation_num": 2, "pop_size": 4, "bn_images": 32, "eval_images": 9},
)

FILES = Files(_SCENARIO, _MODULE)
