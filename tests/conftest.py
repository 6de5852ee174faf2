"""What holds for all tests."""

import os

# As nasea itself does before it loads torch: tests share their machine with other things.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
# As nasea itself does before it loads TensorFlow, which TensorBoard's reader may load before it.
os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# TensorFlow settles its threads once a process, and sums come out otherwise with others: a search
# in this process must do as one in a process of its own.
os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")
os.environ.setdefault("TF_NUM_INTEROP_THREADS", "1")
