"""Several processes as one backend, with TensorFlow; see :mod:`nasea.backends.distributed`.

- ``process_group``: the processes, started here or joined; ``follower``: what the other ranks run.
- ``ranks``: their communication, over the hub; ``collectives``: sums and copies of tensors.
- ``trainer``: a training step.
"""
