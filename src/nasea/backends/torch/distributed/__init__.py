"""Several processes as one backend, with PyTorch; see :mod:`nasea.backends.distributed`.

- ``process_group``: the processes, started here or joined; ``follower``: what the other ranks run.
- ``ranks``: their communication, over ``torch.distributed``.
- ``trainer``: a training step; ``sync_norm``: batch normalisation over all ranks.
"""
