"""Where a TensorFlow module can be odd."""

from __future__ import annotations

from .mutations import Site
from .torch_sites import method

BASE = """

def pick(outputs):
    if isinstance(outputs, tf.Tensor):
        fits = outputs.shape.rank == 2 and outputs.shape[1] == 10 and outputs.dtype.is_floating
        return outputs if fits else None
    inner = outputs.values() if isinstance(outputs, dict) else outputs
    found = [pick(x) for x in inner if isinstance(x, (tf.Tensor, dict, list, tuple))]
    return next((x for x in found if x is not None), None)


class UserModule(UserModule):
    def loss_op(self, labels, logits):
        return super().loss_op(labels, pick(logits))

    def metrics_op(self, inputs, outputs):
        return super().metrics_op(inputs, pick(outputs))
"""

_DATA = ("data set", "build_dataset_search", "loss_op", "metrics_op", "PreNet", "input_shape")
_CALL = "out = super().call(inputs, training)"

SITES = {
    site.name: site
    for site in (
        Site("import", "\n\ndef _odd():\n    {body}\n\n\n_odd()\n", (), ("user_module.py",)),
        method("UserModule", "__init__(self, epoch, batch_size)", (), "UserModule("),
        method(
            "UserModule",
            "build_dataset_search(self, dataset_dir, is_training)",
            ("out", "out[0]", "list(out)", "(out[0], 3)", "(out[0].repeat(), out[1])",
             "(out[0].take(0), out[1])", "(out[0].unbatch(), out[1])", "(out[0], np.int64(out[1]))",
             "(out[0].map(lambda x, y: x), out[1])", "(out[0].map(lambda x, y: (y, x)), out[1])",
             "(out[0].map(lambda x, y: (x, x)), out[1])", "(list(out[0]), out[1])",
             "(out[0].map(lambda x, y: (x * float('nan'), y)), out[1])"),
            *_DATA, "data_num", "loss",
            first="out = super().build_dataset_search(dataset_dir, is_training)",
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
             "[out, 3, 'text']", "{'a': {'b': [out]}}", "tf.RaggedTensor.from_tensor(out)"),
            "PostNet", "loss_op", "metrics_op",
            first=_CALL,
        ),
    )
}  # fmt: skip

VALUES = (
    "tf.zeros(())",
    "tf.zeros((0,))",
    "tf.zeros((8, 10))",
    "tf.ones((8, 4, 4, 8))",
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
