"""Several processes as one backend: what does not depend on the framework.

Rank 0 runs the pipeline and *leads*; the others *follow*: they wait for what the leader's backend
does on all devices, do the same, and agree with it whether it went well (docs/decisions/0070). The
frameworks' own parts are in ``torch/distributed`` and ``tensorflow/distributed``.

- ``ranks``: all that the processes say to each other.
- ``leader``: what the backend of rank 0 does besides; ``follower``: what the other ranks run.
- ``work_queue``: candidates taken by whoever is free.
- ``process_group``: what a run knows of its processes; ``multi_process``: several of them, held by
  rank 0; ``processes``: started here.
"""
