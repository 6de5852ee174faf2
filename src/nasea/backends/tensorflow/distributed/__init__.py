"""Several processes as one backend, with TensorFlow; see :mod:`nasea.backends.distributed`.

- ``process_group``: the processes, started here or joined; ``follower`` is what the other ones run.
- ``ranks``: what they say to each other, over the hub; ``collectives``: how tensors are summed.
- ``trainer``: a training step.
"""
