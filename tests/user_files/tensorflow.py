"""A part of TensorFlow modules that is the same in several."""

from __future__ import annotations

PRE_NET = """

class PreNet(tf.keras.Model):
    def __init__(self):
        super().__init__()
        self.conv = tf.keras.layers.Conv2D(8, 3, padding="same", use_bias=False)
        self.norm = tf.keras.layers.BatchNormalization()

    def call(self, inputs, training=True):
        return tf.nn.relu(self.norm(self.conv(inputs), training))
"""
