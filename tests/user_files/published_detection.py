"""A detection project of the kind that is published for TensorFlow, on made-up scenes.

A class that generates batches, with options for what is in them; anchors and a learned scale as
layers that are built in ``call``; boxes encoded against the anchors; a metric that decodes, writes
a COCO result file of a fixed name and ends the program where nothing was found.
"""

from __future__ import annotations

from .files import Files
from .scenarios import scenario

_MODULE = '''\
import json
from math import ceil

import numpy as np
import tensorflow as tf

SIZE, CLASSES = 32, 3
SCALES = (7, 11)  # pixels, of the anchors of each predictor
VARIANCES = np.array([0.1, 0.1, 0.2, 0.2], np.float32)


def scene(seed):
    """An image of bright squares (class 1) and dark ones with a bright edge (class 2)."""
    draw = np.random.default_rng(seed)
    image = draw.integers(70, 110, (SIZE, SIZE, 3)).astype(np.uint8)
    boxes = []
    for _ in range(draw.integers(1, 3)):
        side = int(draw.integers(6, 13))
        x, y = (int(place) for place in draw.integers(0, SIZE - side, 2))
        box = [int(draw.integers(1, CLASSES)), x, y, x + side, y + side]
        if any(overlap(np.array(box[1:]), np.array([b[1:]]))[0] > 0 for b in boxes):
            continue
        image[y : y + side, x : x + side] = 235
        if box[0] == 2:
            image[y + 2 : y + side - 2, x + 2 : x + side - 2] = 10
        boxes.append(box)
    return image, np.array(boxes, np.float64).reshape(-1, 5)


def overlap(box, boxes):
    """Intersection over union of a box with others, corners each."""
    low, high = np.maximum(box[:2], boxes[:, :2]), np.minimum(box[2:], boxes[:, 2:])
    inter = np.prod(np.maximum(high - low, 0), axis=1)
    area = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
    return inter / (np.prod(box[2:] - box[:2]) + area - inter)


class DataGenerator:
    """Images with boxes, and an endless generator over them."""

    def __init__(self, first, count):
        scenes = [scene(first + i) for i in range(count)]
        self.images = [image for image, _ in scenes]
        self.labels = [boxes for _, boxes in scenes]
        self.image_ids = [f"scene-{first + i}" for i in range(count)]

    def get_dataset_size(self):
        return len(self.images)

    def generate(self, batch_size, shuffle, label_encoder=None, returns=("images", "labels")):
        order = np.arange(len(self.images))
        current = len(order)
        while True:
            if current >= len(order):
                current = 0
                if shuffle:
                    order = np.random.permutation(order)
            indices = order[current : current + batch_size]
            current += batch_size
            images, labels = [], []
            for i in indices:
                image, boxes = self.images[i], self.labels[i].copy()
                if shuffle and np.random.rand() < 0.5:
                    image = image[:, ::-1]
                    boxes[:, [1, 3]] = SIZE - boxes[:, [3, 1]]
                images.append(image)
                labels.append(boxes)
            parts = {
                "images": np.array(images),
                "labels": label_encoder(labels) if label_encoder else labels,
                "image_ids": [self.image_ids[i] for i in indices],
                "inverse_transforms": [[lambda boxes: boxes] for _ in indices],
            }
            yield tuple(parts[name] for name in returns)


def anchors_of(side, scale):
    """(side * side, 4): centre and size of the anchors of a feature map, in pixels."""
    middle = (np.arange(side) + 0.5) * SIZE / side
    x, y = (axis.reshape(-1) for axis in np.meshgrid(middle, middle))
    return np.stack([x, y, np.full_like(x, scale), np.full_like(x, scale)], 1).astype(np.float32)


class Encoder:
    """Boxes as what the network shall say: classes, offsets, anchors, variances."""

    def __init__(self):
        self.anchors = np.concatenate([anchors_of(16, SCALES[0]), anchors_of(8, SCALES[1])])

    def __call__(self, labels):
        count = len(self.anchors)
        encoded = np.zeros((len(labels), count, CLASSES + 12))
        encoded[..., 0] = 1
        encoded[..., -8:-4] = self.anchors
        encoded[..., -4:] = VARIANCES
        low, high = self.anchors[:, :2], self.anchors[:, 2:] / 2
        corners = np.concatenate([low - high, low + high], 1)
        for target, boxes in zip(encoded, labels, strict=True):
            for label, *box in boxes:
                box = np.array(box)
                ratio = overlap(box, corners)
                matched = ratio >= min(0.4, ratio.max())
                target[matched, :CLASSES] = np.eye(CLASSES)[int(label)]
                sides, centre = box[2:] - box[:2], (box[2:] + box[:2]) / 2
                anchors = self.anchors[matched]
                target[matched, CLASSES : CLASSES + 2] = (centre - anchors[:, :2]) / anchors[:, 2:]
                target[matched, CLASSES + 2 : CLASSES + 4] = np.log(sides / anchors[:, 2:])
        encoded[..., CLASSES : CLASSES + 4] /= VARIANCES
        return encoded


def decoded(prediction, threshold=0.5):
    """(class, score, corners) of what a network says of an image, without doubles."""
    anchors, variances = prediction[:, -8:-4], prediction[:, -4:]
    offsets = prediction[:, CLASSES : CLASSES + 4] * variances
    centre = offsets[:, :2] * anchors[:, 2:] + anchors[:, :2]
    sides = np.exp(np.clip(offsets[:, 2:], -4, 4)) * anchors[:, 2:]
    corners = np.concatenate([centre - sides / 2, centre + sides / 2], 1)
    found = []
    for label in range(1, CLASSES):
        scores = prediction[:, label]
        rest = np.flatnonzero(scores > threshold)
        rest = rest[np.argsort(-scores[rest], kind="stable")][:50]
        while len(rest):
            best, rest = rest[0], rest[1:]
            found.append((label, float(scores[best]), corners[best]))
            rest = rest[overlap(corners[best], corners[rest]) < 0.3]
    return found


def average_precision(results, truth):
    """Mean over classes of the precision at all recalls, at an overlap of 0.5."""
    values = []
    for label in range(1, CLASSES):
        boxes = {one: b[b[:, 0] == label][:, 1:] for one, b in truth.items()}
        total = sum(map(len, boxes.values()))
        mine = sorted((r for r in results if r["category_id"] == label), key=lambda r: -r["score"])
        hits, taken = [], {one: set() for one in boxes}
        for result in mine:
            x, y, w, h = result["bbox"]
            there = boxes[result["image_id"]]
            ratio = overlap(np.array([x, y, x + w, y + h]), there) if len(there) else np.zeros(1)
            best = int(ratio.argmax())
            hit = ratio[best] >= 0.5 and best not in taken[result["image_id"]]
            taken[result["image_id"]].add(best)
            hits.append(hit)
        right = np.cumsum(hits)
        precision = right / (np.arange(len(hits)) + 1)
        values.append(float((precision * np.array(hits)).sum() / max(total, 1)))
    return sum(values) / len(values)


class UserModule:
    class_names = ["nothing", "bright", "dark"]

    def __init__(self, epoch, batch_size):
        self.epoch = epoch
        self.batch_size = batch_size

    def build_dataset_search(self, dataset_dir, is_training, is_shuffle):
        if is_training:
            train = DataGenerator(0, 60)
            self.steps = ceil(train.get_dataset_size() / self.batch_size)
            generator = train.generate(self.batch_size, is_shuffle, Encoder())
            return generator, train.get_dataset_size()
        val = DataGenerator(1000, 22)
        self.truth = dict(zip(val.image_ids, val.labels, strict=True))
        returns = ("images", "image_ids", "inverse_transforms")
        return val.generate(8, False, None, returns), val, val.get_dataset_size()

    def lr_scheduler(self, lr_init, global_step):
        return tf.keras.experimental.CosineDecay(lr_init, self.epoch * self.steps)(global_step)

    def metrics_op(self, inputs, outputs):
        valid_dir, model = inputs
        generator, image_ids, size = outputs
        results = []
        for _ in range(ceil(size / 8)):
            images, ids, inverse = next(generator)
            for prediction, one, back in zip(model(images, training=False), ids, inverse):
                for label, score, corners in decoded(prediction.numpy()):
                    x0, y0, x1, y1 = (float(value) for value in back[0](corners))
                    box = [x0, y0, x1 - x0, y1 - y0]
                    results.append(
                        {"image_id": one, "category_id": label, "bbox": box, "score": score}
                    )
        if not results:
            print("nothing was detected")
            exit(-1)
        with open("results.json", "w") as file:
            json.dump(results, file)
        with open("results.json") as file:
            results = json.load(file)
        return average_precision(results, {one: self.truth[one] for one in image_ids})

    def loss_op(self, labels, logits):
        sure = tf.math.log(tf.maximum(logits[:, :, :CLASSES], 1e-15))
        of_class = -tf.reduce_sum(labels[:, :, :CLASSES] * sure, -1)
        gap = tf.abs(labels[:, :, CLASSES:-8] - logits[:, :, CLASSES:-8])
        of_place = tf.reduce_sum(tf.where(gap < 1.0, 0.5 * gap**2, gap - 0.5), -1)
        positive = tf.reduce_max(labels[:, :, 1:CLASSES], -1)
        count = tf.reduce_sum(positive)
        negative = of_class * labels[:, :, 0]
        keep = tf.cast(tf.minimum(3 * count + 8, tf.cast(tf.size(negative), tf.float32)), tf.int32)
        hardest, _ = tf.nn.top_k(tf.reshape(negative, [-1]), keep)
        total = tf.reduce_sum((of_class + of_place) * positive) + tf.reduce_sum(hardest)
        return total / tf.maximum(count, 1.0)

    def pictures(self, images, labels, outputs):
        ids, _ = labels
        drawn = []
        for image, one, prediction in zip(images.numpy(), ids, outputs.numpy()):
            found = decoded(prediction)
            truth = self.truth[one]
            drawn.append(
                {
                    "image": image.astype(np.uint8),
                    "truth": {"boxes": truth[:, 1:], "labels": truth[:, 0]},
                    "found": {
                        "boxes": [corners for _, _, corners in found],
                        "labels": [label for label, _, _ in found],
                        "scores": [score for _, score, _ in found],
                    },
                }
            )
        return drawn


class L2Normalization(tf.keras.layers.Layer):
    """Features of length one, times a learned scale."""

    def __init__(self, initial, **options):
        super().__init__(**options)
        self.initial = initial

    def build(self, input_shape):
        start = tf.keras.initializers.Constant(self.initial)
        self.scale = self.add_weight("scale", (input_shape[-1],), initializer=start)
        super().build(input_shape)

    def call(self, inputs):
        return tf.nn.l2_normalize(inputs, -1) * self.scale


class AnchorBoxes(tf.keras.layers.Layer):
    """The anchors of a feature map, once for every image."""

    def __init__(self, scale, **options):
        super().__init__(**options)
        self.scale = scale

    def call(self, inputs):
        anchors = anchors_of(tf.keras.backend.int_shape(inputs)[1], self.scale)
        whole = np.concatenate([anchors, np.tile(VARIANCES, (len(anchors), 1))], 1)
        return tf.tile(tf.constant(whole)[None], (tf.shape(inputs)[0], 1, 1))


class PreNet(tf.keras.Model):
    def __init__(self):
        super().__init__()
        self.conv = tf.keras.layers.Conv2D(8, 3, strides=2, padding="same", use_bias=False)
        self.norm = tf.keras.layers.BatchNormalization()

    def call(self, inputs, training=True):
        inputs = tf.cast(inputs, tf.float32) / 127.5 - 1.0
        return tf.nn.relu(self.norm(self.conv(inputs), training))


class PostNet(tf.keras.Model):
    def __init__(self):
        super().__init__()
        self.classes = [self.predictor(CLASSES) for _ in SCALES]
        self.places = [self.predictor(4) for _ in SCALES]

    def predictor(self, channels):
        small = tf.keras.initializers.RandomNormal(stddev=0.01)
        return tf.keras.layers.Conv2D(channels, 3, padding="same", kernel_initializer=small)

    def call(self, inputs, training=True):
        first, last = inputs
        first = L2Normalization(4.0, name="first_norm")(first)
        parts = []
        for index, feature in enumerate((first, last)):
            scores = tf.keras.layers.Reshape((-1, CLASSES))(self.classes[index](feature))
            places = tf.keras.layers.Reshape((-1, 4))(self.places[index](feature))
            scores = tf.keras.layers.Activation("softmax")(scores)
            parts.append(tf.concat([scores, places, AnchorBoxes(SCALES[index])(feature)], 2))
        return tf.keras.layers.Concatenate(axis=1)(parts)
'''

_SCENARIO = scenario(
    "tensorflow",
    "object_detection",
    strategy={"batch_size": 10, "epochs": 8, "seed": 0},
    budget=12000,
    supernet={
        "input_shape": (32, 32, 3),
        "filters": [12, 16],
        "strides": [1, 2],
        "feature_choose": [0],
        "blocks": "[separable_k3, basic_x0.5, basic_x1]",
    },
    optimizer={"type": "Adam", "learning_rate": 0.01},
    data="scenes",
    searcher={"generation_num": 2, "pop_size": 4, "bn_images": 30, "eval_images": 14},
)

FILES = Files(_SCENARIO, _MODULE)
