"""User modules in the habits of code for TensorFlow 1.12 to 2.8, one for each task.

Branches by ``tf.__version__`` without an ``else``, layers that are never called, a softmax before a
cross-entropy of Keras, an output that is kept on the model, layers of ``tensorflow.python.keras``
made in ``call`` with ``K.variable``, a size of batch that is read from a shape.
"""

from __future__ import annotations

from . import published_detection, published_segmentation
from .files import Files, changed
from .scenarios import scenario

_CLASSIFICATION = """\
import tensorflow as tf
from sklearn.datasets import load_digits

if tf.__version__.startswith("2.8"):
    from tensorflow.keras import backend as K
    from tensorflow.keras.layers import BatchNormalization, Conv2D, Dense, GlobalAveragePooling2D
elif tf.__version__ == "1.12.0":
    from tensorflow.python.keras import backend as K
    from tensorflow.python.keras.layers import BatchNormalization, Conv2D, Dense


class UserModule:
    def __init__(self, epoch, batch_size):
        self.epoch, self.batch_size = epoch, batch_size
        self.loss = tf.keras.losses.SparseCategoricalCrossentropy()

    def build_dataset_search(self, dataset_dir, is_training):
        digits = load_digits()
        part = slice(0, 160) if is_training else slice(200, 261)
        images = tf.cast(digits.images[part, :, :, None] / 16, tf.float32)
        data = tf.data.Dataset.from_tensor_slices((images, digits.target[part]))
        return data.batch(self.batch_size).repeat(), len(images)

    def lr_scheduler(self, lr_init, global_step):
        return tf.compat.v1.train.exponential_decay(lr_init, global_step, 100, 0.9)

    def metrics_op(self, inputs, outputs):
        found = K.in_top_k(outputs, tf.cast(inputs, tf.int32), 1)
        return tf.reduce_mean(tf.cast(found, tf.float32))

    def loss_op(self, labels, logits):
        return self.loss(labels, logits)


class PreNet(tf.keras.Model):
    def __init__(self):
        super(PreNet, self).__init__()
        self.conv = Conv2D(8, 3, padding="same", use_bias=False)
        self.norm = BatchNormalization(axis=-1)
        self.shortcut = [Conv2D(8, 1), BatchNormalization(axis=-1)]  # switched off

    def call(self, inputs, training=True):
        return tf.nn.relu(self.norm(self.conv(inputs), training))


class PostNet(tf.keras.Model):
    def __init__(self):
        super(PostNet, self).__init__()
        self.pool = GlobalAveragePooling2D()
        self.norm = BatchNormalization()  # switched off
        self.aux = tf.keras.Sequential([Dense(8), Dense(10)])  # so is this
        self.known = tf.keras.Sequential([Dense(3, input_shape=(5,))])  # 18 weights, without a use
        self.classifier = Dense(10, activation="softmax")

    def call(self, inputs, training=True):
        return self.classifier(self.pool(inputs))
"""


_SEGMENTATION = changed(
    published_segmentation.FILES.module,
    (
        "import tensorflow as tf\n",
        """import tensorflow as tf
from tensorflow.python.keras import backend as K
from tensorflow.python.keras.layers import BatchNormalization, Conv2D

version = tf.__version__
if version in ("2.1.0", "2.8.0"):
    resize = tf.image.resize
elif version == "1.12.0":
    resize = tf.image.resize_bilinear
""",
    ),
    (
        """        self.low = tf.keras.layers.Conv2D(8, 1, activation="relu")
""",
        """        self.low = Conv2D(8, 1, activation="relu")
        self.norms = {"low": BatchNormalization(), "last": BatchNormalization()}  # switched off
        self.outputs_dict = {"semantic": {}}
""",
    ),
    (
        """        last = tf.image.resize(last, low.shape[1:3])
""",
        """        last = resize(last, K.int_shape(low)[1:3])
""",
    ),
    (
        """        return {"semantic": {"merged_logits": self.classifier(joined)}}
""",
        """        self.outputs_dict["semantic"]["merged_logits"] = self.classifier(joined)
        return self.outputs_dict
""",
    ),
)

_DETECTION = changed(
    published_detection.FILES.module,
    (
        "import tensorflow as tf\n",
        """import tensorflow as tf
import tensorflow.python.keras.backend as K
from tensorflow.python.keras.engine.topology import InputSpec, Layer

if tf.__version__[:3] == "2.8":
    from tensorflow.keras.layers import Activation, Concatenate, Conv2D, Reshape
elif tf.__version__ == "2.1.0":
    from tensorflow_core.python.keras.layers import Activation, Concatenate, Conv2D, Reshape
""",
    ),
    (
        "class L2Normalization(tf.keras.layers.Layer):",
        "class L2Normalization(Layer):",
    ),
    (
        """        super().__init__(**options)
        self.initial = initial

    def build(self, input_shape):
        start = tf.keras.initializers.Constant(self.initial)
        self.scale = self.add_weight("scale", (input_shape[-1],), initializer=start)
        super().build(input_shape)

    def call(self, inputs):
        return tf.nn.l2_normalize(inputs, -1) * self.scale
""",
        """        self.initial = initial
        super(L2Normalization, self).__init__(**options)

    def build(self, input_shape):
        self.input_spec = [InputSpec(shape=input_shape)]
        start = np.full(int(input_shape[-1]), self.initial, np.float32)
        self.scale = K.variable(start, name=self.name + "_scale")
        self._trainable_weights = [self.scale]
        super(L2Normalization, self).build(input_shape)

    def call(self, inputs, mask=None):
        return K.l2_normalize(inputs, -1) * self.scale
""",
    ),
    (
        "class AnchorBoxes(tf.keras.layers.Layer):",
        "class AnchorBoxes(Layer):",
    ),
    (
        """        return tf.tile(tf.constant(whole)[None], (tf.shape(inputs)[0], 1, 1))
""",
        """        boxes = [whole[None]] * inputs.shape.as_list()[0]
        return K.constant(np.concatenate(boxes, axis=0), dtype="float32")
""",
    ),
    ("        return tf.keras.layers.Conv2D(channels", "        return Conv2D(channels"),
    (
        """            scores = tf.keras.layers.Reshape((-1, CLASSES))(self.classes[index](feature))
            places = tf.keras.layers.Reshape((-1, 4))(self.places[index](feature))
            scores = tf.keras.layers.Activation("softmax")(scores)
""",
        """            scores = Reshape((-1, CLASSES))(self.classes[index](feature))
            places = Reshape((-1, 4))(self.places[index](feature))
            scores = Activation("softmax")(scores)
""",
    ),
    (
        "        return tf.keras.layers.Concatenate(axis=1)(parts)\n",
        "        return Concatenate(axis=1)(parts)\n",
    ),
)

_SMALL = (
    ("generation_num: 2", "generation_num: 1"),
    ("pop_size: 4", "pop_size: 3"),
    ("blocks: [separable_k3, basic_x0.5, basic_x1]", "blocks: [separable_k3, basic_x0.5]"),
)

FILES = {
    "classification": Files(
        scenario(
            "tensorflow",
            "image_classification",
            strategy={"batch_size": 32, "epochs": 1, "seed": 0},
            budget=12000,
            supernet={
                "input_shape": (8, 8, 1),
                "filters": [8, 12],
                "strides": [1, 2],
                "blocks": "[separable_k3, basic_x0.5]",
            },
            optimizer={"type": "Adam", "learning_rate": 0.02},
            data="digits",
            pre_train_dir=None,
            searcher={"generation_num": 1, "pop_size": 3, "bn_images": 32, "metric_mode": "max"},
        ),
        _CLASSIFICATION,
    ),
    "segmentation": Files(
        changed(
            published_segmentation.FILES.scenario,
            *_SMALL,
            ("epochs: 6", "epochs: 2"),
            ("bn_images: 32", "bn_images: 16\n      metric_mode: max"),
        ),
        _SEGMENTATION,
    ),
    "detection": Files(
        changed(
            published_detection.FILES.scenario,
            *_SMALL,
            ("epochs: 8", "epochs: 5"),
            ("bn_images: 30", "bn_images: 20\n      metric_mode: max"),
        ),
        _DETECTION,
    ),
}
"""By task."""
