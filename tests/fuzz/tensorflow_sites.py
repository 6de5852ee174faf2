"""Where a TensorFlow module can be odd."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .mutations import Site
from .torch_sites import method

_SEGMENTATION = """

class UserModule(UserModule):
    def build_dataset_search(self, dataset_dir, is_training, is_shuffle):
        n = int(dataset_dir)
        images, _ = images_and_labels(n)
        masks = np.int32(images[..., 0] > 0.6)
        masks[:, 0] = 255
        dataset = tf.data.Dataset.from_tensor_slices({"image": images, "label": masks})
        dataset = dataset.shuffle(n) if is_shuffle else dataset
        return dataset.batch(self.batch_size), n

    def loss_op(self, labels, logits):
        known = labels != 255
        each = tf.nn.sparse_softmax_cross_entropy_with_logits(tf.where(known, labels, 0), logits)
        return tf.where(known, each, 0.0)

    def metrics_op(self, inputs, outputs):
        right = tf.cast(tf.argmax(outputs, -1, tf.int32) == inputs, tf.float32)
        return tf.reduce_sum(right) / tf.reduce_sum(tf.cast(inputs != 255, tf.float32))


class PostNet(tf.keras.Model):
    def __init__(self):
        super().__init__()
        self.classifier = tf.keras.layers.Conv2D(2, 1)

    def call(self, inputs, training=True):
        return tf.image.resize(self.classifier(tf.concat(inputs, -1)), (8, 8))
"""

_BASE = """

def pick(outputs):
    if isinstance(outputs, tf.Tensor):
        known = outputs.shape.rank is not None and outputs.dtype.is_floating
        fits = known and outputs.shape[1:] == {shape}
        return outputs if fits else None
    inner = outputs.values() if isinstance(outputs, dict) else outputs
    found = [pick(x) for x in inner if isinstance(x, (tf.Tensor, dict, list, tuple))]
    return next((x for x in found if x is not None), None)


class UserModule(UserModule):
    def loss_op(self, labels, logits):
        return super().loss_op(labels, pick(logits))

    def metrics_op(self, inputs, outputs):
        return super().metrics_op({asked})
"""

_OF_BATCH, _OF_ALL = "inputs, pick(outputs)", "[0, lambda x: pick(inputs[1](x))], outputs"

BASES = {
    "classification": _BASE.replace("{shape}", "(10,)").replace("{asked}", _OF_BATCH),
    "segmentation": _SEGMENTATION
    + _BASE.replace("{shape}", "(8, 8, 2)").replace("{asked}", _OF_BATCH),
    "detection": _BASE.replace("{shape}", "(10,)").replace("{asked}", _OF_ALL),
}
"""Task -> what the module has besides the small project's."""

CHANGES: Mapping[str, dict[str, Any]] = {
    "classification": {},
    "segmentation": {"task": "segmentation", "supernet__feature_choose": [0]},
    "detection": {},
}
"""Task -> what the scenario has besides the small project's."""

_DATA = ("data set", "build_dataset_search", "loss_op", "metrics_op", "PreNet", "input_shape")
_CALL = "out = super().call(inputs, training)"

_PIPELINES = (
    "out", "out[0]", "list(out)", "(out[0], 3)", "(out[0].repeat(), out[1])",
    "(out[0].take(0), out[1])", "(out[0].unbatch(), out[1])", "(out[0], np.int64(out[1]))",
    "(list(out[0]), out[1])",
)  # fmt: skip

_RETURNED = {
    "classification": (
        *_PIPELINES,
        "(out[0].map(lambda x, y: x), out[1])",
        "(out[0].map(lambda x, y: (y, x)), out[1])",
        "(out[0].map(lambda x, y: (x, x)), out[1])",
        "(out[0].map(lambda x, y: (x * float('nan'), y)), out[1])",
    ),
    "segmentation": (
        *_PIPELINES,
        "(out[0].map(lambda x: x['image']), out[1])",
        "(out[0].map(lambda x: (x['image'], x['label'])), out[1])",
        "(out[0].map(lambda x: (x['label'], x['image'])), out[1])",
        "(out[0].map(lambda x: {**x, 'label': x['label'][:, :3]}), out[1])",
        "(out[0].map(lambda x: {**x, 'image': x['image'] * float('nan')}), out[1])",
    ),
    "detection": (
        "out", "out[0]", "list(out)", "(out[0], 3)", "(iter(()), out[1])", "(out[0], np.int64(3))",
        "((x for x in [(0, 0)]), out[1])", "(next(out[0]), out[1])", "([out[0]], out[1])",
        "([next(out[0][0]), out[0][1]] if not is_training else out[0], out[1])",
        "([out[0][0], None], out[1]) if not is_training else out",
        "((x[::-1] for x in out[0]), out[1]) if is_training else out",
        "((x[:1] for x in out[0]), out[1]) if is_training else out",
        "((list(map(list, x)) for x in out[0]), out[1]) if is_training else out",
    ),
}  # fmt: skip


def sites_of(task: str) -> dict[str, Site]:
    """Where a module of a task can be odd."""
    arguments = "dataset_dir, is_training"
    arguments += "" if task == "classification" else ", is_shuffle"
    data = method(
        "UserModule",
        f"build_dataset_search(self, {arguments})",
        _RETURNED[task],
        *_DATA,
        "data_num",
        "loss",
        "generator",
        "val_dataset",
        first=f"out = super().build_dataset_search({arguments})",
    )
    return {site.name: site for site in (data, *_SITES)}


_SITES = (
    Site("import", "\n\ndef _odd():\n    {body}\n\n\n_odd()\n", (), ("user_module.py",)),
    method(
        "UserModule",
        "__init__(self, epoch, batch_size)",
        (),
        "UserModule(", "'UserModule' object has no attribute",
    ),
    method(
        "UserModule",
        "lr_scheduler(self, lr_init, global_step)",
        ("lr_init", "np.float64(lr_init)", "tf.constant(lr_init)", "lambda: lr_init",
         "tf.constant([lr_init])", "-lr_init", "str(lr_init)"),
        "lr_scheduler", "the loss became", "learning rate",
    ),
    method(
        "UserModule",
        "loss_op(self, labels, logits)",
        ("out", "tf.stop_gradient(out)", "out.numpy()", "tf.cast(out, tf.float64)",
         "tf.stack([out, out])", "out * float('nan')", "out * 0"),
        "loss",
        first="out = super().loss_op(labels, logits)",
    ),
    method(
        "UserModule",
        "metrics_op(self, inputs, outputs)",
        ("out", "out.numpy()", "float(out)", "[out]", "tf.stack([out])"),
        "metric",
        first="out = super().metrics_op(inputs, outputs)",
    ),
    method("PreNet", "__init__(self)", (), "PreNet", first="super().__init__()"),
    method(
        "PreNet",
        "call(self, inputs, training=True)",
        ("out", "tf.cast(out, tf.float64)", "out[:3]", "out[..., :0]", "out * float('nan')",
         "tf.reduce_mean(out)", "[out]", "out.numpy()"),
        "PreNet", "loss",
        first=_CALL,
    ),
    method("PostNet", "__init__(self)", (), "PostNet", first="super().__init__()"),
    method(
        "PostNet",
        "call(self, inputs, training=True)",
        ("out", "(out, inputs)", "{'a': out, 'b': None}", "tf.stop_gradient(out)", "out[:1]",
         "tf.cast(out, tf.float64)", "out * float('nan')", "tf.transpose(out)",
         "[out, 3, 'text']", "{'a': {'b': [out]}}", "{'a': {'merged_logits': out}}",
         "list(out)", "tf.RaggedTensor.from_tensor(out)"),
        "PostNet", "loss_op", "metrics_op",
        first=_CALL,
    ),
)  # fmt: skip

VALUES = (
    "tf.zeros(())",
    "tf.zeros((0,))",
    "tf.zeros((8, 10))",
    "tf.ones((8, 4, 4, 8))",
    "tf.ones((8, 8, 8, 2))",
    "tf.Variable(tf.ones((8, 10)))",
    "tf.fill((8, 10), float('nan'))",
    "tf.ones((8, 10), tf.uint16)",
    "tf.ones((2,), tf.complex64)",
    "tf.constant(['a'])",
    "tf.ragged.constant([[1], []])",
    "tf.sparse.eye(2)",
    "tf.data.Dataset.range(3)",
    "tf.keras.layers.Dense(3)",
    "tf.TensorSpec((2,))",
)
