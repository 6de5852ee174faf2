"""An image folder, or TFRecords of it, as users read them with TensorFlow; reads are counted."""

import os
from pathlib import Path

import numpy as np
import tensorflow as tf

READS, SIDE = os.environ["LOADING_READS"], int(os.environ["LOADING_SIDE"])


def count(label):
    with open(READS, "ab", buffering=0) as reads:
        reads.write(b".")
    return label


def decoded(encoded, label):
    image = tf.io.decode_jpeg(encoded, channels=3)
    image = tf.image.resize(tf.cast(image, tf.float32) / 255.0, (SIDE, SIDE))
    counted = tf.numpy_function(count, [label], tf.int64)
    return image, tf.ensure_shape(counted, ())


class UserModule:
    def __init__(self, epoch, batch_size):
        self.batch_size = batch_size

    def build_dataset_search(self, dataset_dir, is_training):
        root = Path(dataset_dir)
        names = sorted(path.name for path in root.iterdir())
        files = [(str(path), n) for n, name in enumerate(names)
                 for path in sorted((root / name).iterdir())]  # fmt: skip
        paths, labels = zip(*files, strict=True)
        dataset = tf.data.Dataset.from_tensor_slices((list(paths), np.array(labels, np.int64)))
        if is_training:
            dataset = dataset.shuffle(len(files))
        dataset = dataset.map(
            lambda path, label: decoded(tf.io.read_file(path), label),
            num_parallel_calls=tf.data.AUTOTUNE,
        )
        return dataset.batch(self.batch_size), len(files)

    def lr_scheduler(self, lr_init, global_step):
        return lr_init

    def metrics_op(self, inputs, outputs):
        return tf.reduce_mean(tf.cast(tf.argmax(outputs, 1) == inputs, tf.float32))

    def loss_op(self, labels, logits):
        return tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)


class PreNet(tf.keras.Model):
    def __init__(self):
        super().__init__()
        self.conv = tf.keras.layers.Conv2D(8, 4, 4, activation="relu")

    def call(self, inputs, training=True):
        return self.conv(inputs)


class PostNet(tf.keras.Model):
    def __init__(self):
        super().__init__()
        self.linear = tf.keras.layers.Dense(1000)

    def call(self, inputs, training=True):
        return self.linear(tf.reduce_mean(inputs, (1, 2)))
