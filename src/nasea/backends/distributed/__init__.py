"""Several processes as one backend: the part that does not depend on the framework.

Rank 0 *leads*: it runs the pipeline. The other ranks *follow*: they wait for commands from the
leader's backend, run them too, and agree with it on whether they succeeded (docs/decisions/0070).
The frameworks' own parts are in ``torch/distributed`` and ``tensorflow/distributed``.

- ``ranks``: all communication between the processes.
- ``leader``: what the backend of rank 0 does in addition; ``follower``: what the other ranks run.
- ``work_queue``: candidates, taken by whichever rank is free.
- ``process_group``: the processes of a run as the pipeline sees them; ``multi_process``: several
  of them, managed by rank 0; ``processes``: starts them on this machine.
"""
