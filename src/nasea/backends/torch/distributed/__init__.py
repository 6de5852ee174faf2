"""Several processes as one backend, with PyTorch; see :mod:`nasea.backends.distributed`.

- ``process_group``: the processes, started here or joined; ``follower`` is what the other ones run.
- ``ranks``: what they say to each other, over ``torch.distributed``.
- ``trainer``: a training step; ``sync_norm``: batch normalisation over all ranks.
"""
