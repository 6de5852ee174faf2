"""A program that times an exported file on one thread; see ``runtimes.seconds_alone``."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import tensorflow as tf

from nasea.backends.export.timing import median_seconds
from nasea.backends.tensorflow.export.runtimes import LOADERS


def main() -> None:
    """Print the median seconds of the request in the first argument, JSON."""
    format, path, names, shape = json.loads(sys.argv[1])
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    run = LOADERS[format](Path(path), names)
    images = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    print(median_seconds(lambda: run(images)))


if __name__ == "__main__":
    main()
